"""Errors context by context, and every mean of them, against sums over all contexts in rationals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Result, uniform_on, zoo
from oracles.testing import tables
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, log_close
from tests.theory.learning import twins
from theory import bounds
from theory.denoisers import Function, Ideal, Perturbed, Tempered, Windowed
from theory.exact.learning import LearningErrors, nats_above
from theory.learning import context_errors, error_at_rate, largest_over_rates, nats
from theory.learning.contexts import ENTRIES
from theory.likelihood.nelbo import nelbo

SMALL = tables(max_length=3)
SYSTEMS = ("exact", "float64", "float32", "ball")


@settings(max_examples=30)
@given(st.data())
def test_every_mean_against_all_contexts(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    denoiser = data.draw(denoiser_cases(q))
    law, vocab, length = as_law(q), q.vocab_size, q.length
    table = twins.by_position_and_revealed(law, denoiser.twin, vocab, length)
    worst = [arb(0)] * length
    for context, _ in twins.contexts(law, vocab, length):
        errors = [twins.error(law, denoiser.twin, context, i, vocab) for i in twins.masked(context, length)]
        worst[len(context)] = max(worst[len(context)], *errors, key=float)
    largest = max(worst, key=float)
    rate = data.draw(st.fractions(0, 1, max_denominator=5))
    at_rate = twins.at_rate(law, denoiser.twin, vocab, length, rate)
    with ctx.workprec(brute_force.BITS):
        by_size = [sum((row[m] for row in table), arb(0)) / length for m in range(length)]
        by_position = [sum(row, arb(0)) / length for row in table]
        average = sum(by_size, arb(0)) / length
    for name in data.draw(st.permutations(SYSTEMS))[:2]:
        found = context_errors(q.to(name), denoiser.of(q.to(name)))
        system = q.to(name).arithmetic
        assert log_close(found.worst.value.value, largest, system)
        assert log_close(found.average.value, average, system)
        assert log_close(error_at_rate(found.by_revealed, rate), at_rate, system)
        for m in range(length):
            assert log_close(found.by_revealed[m], by_size[m], system)
            assert log_close(found.worst_by_revealed[m], worst[m], system)
        for i in range(length):
            assert log_close(found.by_position[i], by_position[i], system)


@settings(max_examples=15)
@given(st.data())
def test_exact_numbers_by_definition_agree(data: st.DataObject) -> None:
    """Rational combinations of logarithms, whose largest is decided, lie in the balls."""
    q = data.draw(SMALL)
    denoiser = Perturbed(data.draw(st.sampled_from([Ideal(q), Windowed(q, 0)])), "1/7")
    exact, balls = LearningErrors(q, denoiser), context_errors(q, denoiser)
    with ctx.workprec(200):
        assert balls.worst.value.value.overlaps(exact.worst().enclosure())
        assert balls.average.value.overlaps(exact.average().enclosure())
        assert error_at_rate(balls.by_revealed, "1/3").overlaps(exact.at_rate("1/3").enclosure())
        for m in range(q.length):
            assert balls.by_revealed[m].overlaps(exact.mean_in_context(m).enclosure())
        nats_of_worst = nats(balls.worst.value).value
        assert nats_of_worst.overlaps(exact.worst().enclosure() * arb.const_log2())
        assert not nats_above(exact.worst()) < nats_of_worst


@settings(max_examples=25)
@given(st.data())
def test_training_sees_the_mean_over_all_rates(data: st.DataObject) -> None:
    """NELBO - H(q) = sum_m g(m) = the sum over positions = L times the average; tied to `theory.likelihood`."""
    q = data.draw(SMALL)
    denoiser = data.draw(denoiser_cases(q)).of(q)
    found = context_errors(q, denoiser)
    gap = nelbo(q, None, denoiser).value - q.entropy().value
    if not gap.is_finite():
        assert math.isinf(float(found.average.value))
        return
    with ctx.workprec(128):
        assert gap.overlaps(sum(found.by_revealed, arb(0)))
        assert gap.overlaps(found.by_position.total)
        assert gap.overlaps(found.average.value * q.length)


@settings(max_examples=25)
@given(st.data())
def test_the_senses_are_in_order(data: st.DataObject) -> None:
    q = data.draw(SMALL).to("float64")
    found = context_errors(q, Perturbed(Ideal(q), 0.2))
    peak = largest_over_rates(found.by_revealed)
    rates = np.linspace(0, 1, 41)
    along = [float(error_at_rate(found.by_revealed, Fraction(rate))) for rate in rates]
    assert max(along) <= float(peak.value) + 1e-11
    assert float(error_at_rate(found.by_revealed, peak.rate)) == pytest.approx(float(peak.value), abs=1e-11)
    assert float(peak.value) <= max(map(float, found.by_revealed)) + 1e-12
    assert max(map(float, found.by_revealed)) <= float(found.worst.value) + 1e-12
    assert float(found.worst.value) == max(map(float, found.worst_by_revealed))
    most = float(bounds.perturbation_error(Fraction(1, 5), q.vocab_size))
    assert float(found.worst.value) <= most + 1e-12


def test_the_largest_error_and_where_it_is() -> None:
    q = zoo.golden_mean(4)
    found = context_errors(q, Perturbed(Ideal(q), "1/10"))
    assert found.worst.value.value.overlaps(bounds.perturbation_error(fmpq(1, 10), 2).enclosure(200))
    pattern, position = found.worst.pattern, found.worst.position
    assert pattern[position] == q.mask
    ideal, answer = (d([pattern], [position])[0, 0] for d in (Ideal(q), Perturbed(Ideal(q), "1/10")))
    assert ideal.tolist() == [1, 0]
    assert answer.tolist() == [fmpq(19, 20), fmpq(1, 20)]


def test_a_rate_in_between_can_be_the_worst() -> None:
    """A denoiser of the neighbours errs where some are masked: the polynomial in t has its maximum inside."""
    q = zoo.sticky_chain(5)
    for law in (q, q.to("float64")):
        peak = largest_over_rates(context_errors(law, Windowed(law, 1)).by_revealed)
        assert float(peak.rate) == pytest.approx(0.6387, abs=1e-3)
        assert float(peak.value) == pytest.approx(0.175316622906, abs=1e-11)


def test_the_ball_of_the_largest_over_rates_holds_it() -> None:
    """What lies within a width of the largest is not yet it: the polynomial is followed to its maximum by thirds."""
    q = zoo.sticky_chain(3)
    profile = context_errors(q, Windowed(q, 1)).by_revealed
    found = largest_over_rates(profile)
    low, high = found.rate - Fraction(1, 100), found.rate + Fraction(1, 100)
    for _ in range(100):
        third = (high - low) / 3
        inner = [error_at_rate(profile, rate) for rate in (low + third, high - third)]
        if inner[0] < inner[1]:
            low += third
        else:
            high -= third
        low, high = (end.limit_denominator(10**20) for end in (low, high))
    assert found.value.value.contains(error_at_rate(profile, low).mid())
    assert found.value.value.rad() < 1e-11


def test_nats_of_floats() -> None:
    assert nats(Result(2.0, "bits", "", "")).value == pytest.approx(math.log(4), rel=1e-15)


def test_with_a_prompt_it_is_about_what_is_left() -> None:
    q = zoo.golden_mean(4)
    given_pattern = [0, 2, 2, 1]
    reduced = q.condition(given_pattern).marginal([1, 2])
    found = context_errors(q, Perturbed(Ideal(q), "1/10"), given=given_pattern)
    alone = context_errors(reduced, Perturbed(Ideal(reduced), "1/10"))
    assert found.average.value.overlaps(alone.average.value)
    assert found.by_position.places == (1, 2)
    assert found.worst.pattern[[0, 3]].tolist() == [0, 1]
    assert found.worst.position in (1, 2)


def test_the_ideal_denoiser_has_no_error() -> None:
    for q in (zoo.golden_mean(3), zoo.parity(3), uniform_on(["0"], 1), uniform_on(["000"], 1)):
        found = context_errors(q)
        assert found.worst.value.value == 0
        assert found.worst.pattern[found.worst.position] == q.mask
        assert found.average.value == 0
        assert largest_over_rates(found.by_revealed).value.value == 0


def test_infinite_where_something_possible_is_missed() -> None:
    q = zoo.golden_mean(3).to("float64")
    found = context_errors(q, Tempered(Ideal(q), 0))
    assert math.isinf(float(found.worst.value))
    assert math.isinf(float(found.average))
    assert float(error_at_rate(found.by_revealed, 0)) == found.by_revealed[2]
    blind = uniform_on(["01", "10"], 2).to("float64")  # certain of the second token once the first is seen
    found = context_errors(blind, Tempered(Ideal(blind), 0))
    assert float(error_at_rate(found.by_revealed, 0)) == 0
    assert math.isinf(float(error_at_rate(found.by_revealed, "1/2")))
    assert largest_over_rates(found.by_revealed).rate == 1


def test_rates_at_the_ends_see_nothing_of_what_is_infinite_elsewhere() -> None:
    q = zoo.noisy_cycle(2, size=2, noise=1).to("float64")

    def answer(patterns: np.ndarray):
        first = np.where((patterns == q.mask).all(axis=1), 0.5, 1.0)
        return np.stack([first, 1 - first], axis=-1)[:, None].repeat(2, axis=1)

    found = context_errors(q, Function(q, answer)).by_revealed
    assert [float(error_at_rate(found, rate)) for rate in (1, "1/2", 0)] == [0, math.inf, math.inf]
    assert largest_over_rates(found).rate == 0


def test_symbols_have_means_but_no_largest() -> None:
    q = uniform_on(["00", "11"], 2).to("symbolic")
    found = context_errors(q, Perturbed(Ideal(q), "1/3"))
    exact = LearningErrors(q.to("exact"), Perturbed(Ideal(q.to("exact")), "1/3"))
    assert float(found.average.value) == pytest.approx(float(exact.average()), abs=1e-12)
    with pytest.raises(ValueError, match="got symbols"):
        _ = found.worst
    with pytest.raises(ValueError, match="got symbols"):
        largest_over_rates(found.by_revealed)


def test_bad_input() -> None:
    q = zoo.golden_mean(3)
    found = context_errors(q)
    with pytest.raises(ValueError, match="c: expected a number in"):
        error_at_rate(found.by_revealed, 2)
    with pytest.raises(ValueError, match="contexts and positions in exact, got"):
        context_errors(zoo.golden_mean(12))
    assert 3**12 * 12 > ENTRIES["exact"]
    with pytest.raises(ValueError, match="denoiser: expected V=2, L=3"):
        context_errors(q, Ideal(zoo.golden_mean(4)))
