"""Reliability curves against sums over all contexts in rationals; what bins hide is said."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import uniform_on, zoo
from oracles.testing import tables
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases
from tests.theory.learning import twins
from theory.denoisers import Function, Ideal, Perturbed, Windowed
from theory.learning import calibration, context_errors, estimate_calibration
from theory.learning.calibration import EVENTS, calibration_of
from theory.monte_carlo import clopper_pearson

SMALL = tables(max_length=3)
CONFIDENCE = 1 - 1e-8
"""Of each interval: there are fewer than a hundred."""


def all_events(law, denoise, vocab, length, events):
    """(weight, prediction, true chance) of every event, weights of all contexts summing to 1."""
    for context, mass in twins.contexts(law, vocab, length):
        weight = mass / (length**2 * comb(length - 1, len(context)))
        for i in twins.masked(context, length):
            answer, truth = denoise(context, i), brute_force.token_law(law, context, i, vocab)
            chosen = range(vocab) if events == "tokens" else [max(range(vocab), key=lambda v: answer[v])]
            yield from ((weight, answer[v], truth[v]) for v in chosen)


@settings(max_examples=40)
@given(st.data())
def test_against_all_contexts(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    denoiser, events = data.draw(denoiser_cases(q)), data.draw(st.sampled_from(EVENTS))
    count = data.draw(st.integers(1, 6))
    met = list(all_events(as_law(q), denoiser.twin, q.vocab_size, q.length, events))
    found = calibration(q, denoiser.of(q), events=events, bins=count)
    half = 2 if events == "tokens" else 1
    total = Fraction(0)
    for k, each in enumerate(found.bins):
        inside = [event for event in met if min(int(event[1] * count), count - 1) == k]
        mass = sum((w for w, _, _ in inside), Fraction(0))
        gap = abs(sum((w * (p - t) for w, p, t in inside), Fraction(0))) / half
        assert (each.low, each.high) == (Fraction(k, count), Fraction(k + 1, count))
        assert Fraction(str(each.mass)) == mass
        assert Fraction(str(each.gap)) == gap
        assert Fraction(str(each.spread)) == sum((w * abs(p - t) for w, p, t in inside), Fraction(0)) / half
        if mass:
            assert each.prediction == _rational(sum((w * p for w, p, _ in inside), Fraction(0)) / mass)
            assert each.chance == _rational(sum((w * t for w, _, t in inside), Fraction(0)) / mass)
        else:
            assert each.prediction is None
        total += gap
    levels = {p: Fraction(0) for _, p, _ in met}
    for w, p, t in met:
        levels[p] += w * (p - t) / half
    assert found.ece.value == _rational(total)
    assert found.level_error.value == _rational(sum(map(abs, levels.values())))
    assert found.error.value == _rational(sum((w * abs(p - t) for w, p, t in met), Fraction(0)) / half)
    assert found.ece.value <= found.error.value
    assert found.level_error.value <= found.error.value
    assert sum((each.mass for each in found.bins), fmpq(0)) == (q.vocab_size if events == "tokens" else 1)


def _rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


@pytest.mark.parametrize("events", EVENTS)
def test_floats_agree_with_rationals(events: str) -> None:
    q = zoo.non_unifilar_hmm(4)
    exact = calibration(q, Perturbed(Ideal(q), "1/7"), events=events, bins=7)
    for name, error in (("float64", 1e-12), ("float32", 1e-5)):
        law = q.to(name)
        found = calibration(law, Perturbed(Ideal(law), 1 / 7), events=events, bins=7)
        for number in ("error", "level_error", "ece"):
            ours, theirs = (float(getattr(each, number)) for each in (found, exact))
            assert ours == pytest.approx(theirs, abs=error)
        assert [float(b.mass) for b in found.bins] == pytest.approx(
            [float(b.mass) for b in exact.bins], abs=error
        )


@pytest.mark.parametrize(("name", "rounding"), [("float64", 1e-13), ("float32", 1e-7)])
def test_predictions_that_rounding_tells_apart_are_equal(name: str, rounding: float) -> None:
    """What is called even happens with probability 1/4 half of the time, and with 3/4 otherwise."""
    q = zoo.noisy_cycle(2, size=2, noise="1/2").to(name)  # 3/4 that the other token follows

    def answer(patterns: np.ndarray):
        first = np.where(patterns[:, ::-1] == 0, 0.5 + rounding, 0.5)
        return q.arithmetic.array(np.stack([first, 1 - first], axis=-1))

    found = calibration(q, Function(q, answer))
    assert float(found.level_error) == pytest.approx(0, abs=1e-6)
    assert float(found.error) == pytest.approx(1 / 8, rel=1e-5)


def test_the_ideal_denoiser_is_calibrated() -> None:
    for q in (zoo.golden_mean(4), uniform_on(["0"], 1)):
        for events in EVENTS:
            assert calibration(q, events=events).error.value == 0


def test_a_blind_denoiser_is_calibrated_too_and_the_spread_says_so() -> None:
    """Marginals are right on average over everything they are asked: calibration is not knowledge."""
    q = zoo.golden_mean(4)
    found = calibration(q, Windowed(q, 0))
    assert found.level_error.value == 0
    assert found.ece.value == 0
    assert found.error.value == fmpq(71, 432)
    assert sum((each.spread for each in found.bins), fmpq(0)) == found.error.value


def test_estimates_contain_what_is_exact() -> None:
    q = zoo.golden_mean(6).to("float64")
    denoiser = Perturbed(Windowed(q, 1), 0.2)
    for events in EVENTS:
        exact = calibration(q, denoiser, events=events)
        found = estimate_calibration(q, denoiser, 2000, events=events, confidence=CONFIDENCE, seed=1)
        assert found.error.contains(exact.error)
        assert found.error.high - found.error.low < 0.05
        assert "2000 draws" in found.ece.guarantee
        assert float(found.ece) == pytest.approx(float(exact.ece), abs=0.02)
        assert sum(each.mass for each in found.bins) == pytest.approx(2 if events == "tokens" else 1)


@pytest.mark.parametrize("size", range(3))
def test_estimates_see_as_much_as_contexts_in_continuous_time(size: int) -> None:
    """A denoiser that errs, by 1/4, only where so many tokens are seen: so is every third context."""
    q, n = zoo.noisy_cycle(3, size=2, noise=1).to("float64"), 1000

    def answer(patterns: np.ndarray):
        first = np.where((patterns < 2).sum(axis=1) == size, 0.75, 0.5)
        return np.stack([first, 1 - first], axis=-1)[:, None].repeat(3, axis=1)

    found = estimate_calibration(q, Function(q, answer), n, confidence=CONFIDENCE, seed=1)
    count = round(found.error.value * 4 * n)
    assert found.error.value * 4 * n == pytest.approx(count, abs=1e-9)
    low, high = clopper_pearson(count, n, CONFIDENCE)
    assert low <= 1 / 3 <= high


def test_bad_input() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match="events: expected one of tokens, top"):
        calibration(q, events="words")
    with pytest.raises(ValueError, match="bins: expected"):
        calibration(q, bins=0)
    with pytest.raises(ValueError, match="denoiser: expected floats or exact rationals"):
        calibration_of(context_errors(q.to("ball")))
