"""Errors where a sampler goes, exactly and by running it, against a recursion over ordered partitions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from oracles import Result, uniform_on, zoo
from oracles.testing import tables
from tests.theory import brute_force
from tests.theory.cases import as_law, close, denoiser_cases, log_close, schedule_cases
from tests.theory.learning import twins
from theory import IID, FixedSizes, LowConfidence, OneOf, Partition, TopK, bounds, sequence_error_rate
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.exact.learning import LearningErrors
from theory.learning import context_errors, estimate_visited_errors, visited_errors
from theory.learning.visited import expected_visits
from theory.samplers import read_problem

SMALL = tables(max_length=3)
CONFIDENCE = 1 - 1e-8
"""Of each interval: there are fewer than a hundred."""


@settings(max_examples=40)
@given(st.data())
def test_against_all_branches(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    own = data.draw(st.booleans())
    sampler = brute_force.ideal(as_law(q), q.vocab_size)
    total, possible, impossible = twins.visited(
        as_law(q), case.partitions, denoiser.twin, denoiser.twin if own else sampler, q.vocab_size
    )
    with ctx.workprec(brute_force.BITS):
        mean = total / brute_force.ball(possible)
    for name in ("exact", "float64"):
        law = q.to(name)
        errors = context_errors(law, denoiser.of(law))
        found = visited_errors(errors, case.schedule, None if own else Ideal(law))
        assert log_close(found.total.value, total, law.arithmetic)
        assert log_close(found.mean.value, mean, law.arithmetic)
        assert close(found.impossible.value, impossible / (possible + impossible), law.arithmetic)


@pytest.mark.parametrize("schedule", [IID([1]), FixedSizes([2, 1]), IID(["1/3", "2/3"])])
def test_exact_numbers_by_definition_agree(schedule) -> None:
    q = zoo.golden_mean(3)
    denoiser = Perturbed(Windowed(q, 0), "1/5")
    exact, errors = LearningErrors(q, denoiser), context_errors(q, denoiser)
    for sampler in (None, Ideal(q)):
        wanted = exact.expected_visited(schedule, sampler).enclosure(200)
        assert visited_errors(errors, schedule, sampler).total.value.overlaps(wanted)


@settings(max_examples=25)
@given(st.data())
def test_sets_and_branches_count_the_same_visits(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    for name in ("exact", "float64"):
        law = q.to(name)
        problem = read_problem(law, case.schedule, denoiser.of(law))
        ways = [expected_visits(problem, method) for method in ("enumeration", "branching")]
        assert {tuple(way.shape) for way in ways} == {((q.vocab_size + 1) ** q.length, q.length)}
        for one, other in zip(*(law.arithmetic.tolist(way.reshape(-1)) for way in ways), strict=True):
            assert close(one, Fraction(str(other)) if name == "exact" else other, law.arithmetic)


def test_one_token_at_a_time_the_ideal_sampler_goes_where_q_does() -> None:
    """Its contexts are those of the forward process, so that L times the mean is the gap of the NELBO."""
    q = zoo.golden_mean(4)
    errors = context_errors(q, Perturbed(Ideal(q), "1/5"))
    found = visited_errors(errors, FixedSizes([1] * 4), Ideal(q))
    assert found.impossible.value == 0
    assert found.mean.value.overlaps(errors.average.value)


def test_planners_and_mixtures_and_dropped_tokens() -> None:
    """A mixture is the mean of its parts; a planner that redraws visits more contexts than there are positions."""
    q = zoo.golden_mean(4)
    errors = context_errors(q, Perturbed(Ideal(q), "1/5"))
    for parts in ([FixedSizes([2, 2]), Partition([[0, 2], [1, 3]])], [IID.uniform(2), TopK(2)]):
        mixed = visited_errors(errors, OneOf(parts, ["1/4", "3/4"])).total.value
        first, second = (visited_errors(errors, part).total.value for part in parts)
        assert mixed.overlaps(first / 4 + second * 3 / 4)
    redrawn, planned = (visited_errors(errors, each) for each in (LowConfidence(2), TopK(2)))
    for found, more in ((redrawn, True), (planned, False)):
        possible = float(found.total) / float(found.mean)
        assert (possible / (1 - float(found.impossible)) > 4 + 1e-9) is more
        assert 0 < found.impossible.value < 1


def test_a_prompt() -> None:
    q = zoo.golden_mean(4)
    errors = context_errors(q, Perturbed(Ideal(q), "1/5"), given=[1, 2, 2, 2])
    reduced = q.condition([1, 2, 2, 2]).marginal([1, 2, 3])
    alone = context_errors(reduced, Perturbed(Ideal(reduced), "1/5"))
    found, wanted = (visited_errors(each, FixedSizes([2, 1])) for each in (errors, alone))
    assert found.total.value.overlaps(wanted.total.value)
    assert found.impossible.value == wanted.impossible.value


def test_infinite_errors_count_only_where_the_sampler_goes() -> None:
    q = uniform_on(["00", "11"], 2).to("float64")
    greedy = context_errors(q, Tempered(Ideal(q), 0))
    assert math.isinf(float(visited_errors(greedy, FixedSizes([2])).total.value))
    assert float(visited_errors(greedy, Partition([[0], [1]]), Ideal(q)).impossible.value) == 0


@settings(max_examples=20)
@given(st.data())
def test_it_bounds_how_far_error_rates_are_apart(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    case = data.draw(schedule_cases(q.length))
    denoiser = Perturbed(Ideal(q), data.draw(st.sampled_from(["1/10", "1/2", 1])))
    spent = visited_errors(context_errors(q, denoiser), case.schedule, Ideal(q)).total.value
    ideal = sequence_error_rate(q, case.schedule).value
    low, high = bounds.error_rate_range(ideal, spent)
    assert low <= sequence_error_rate(q, case.schedule, denoiser).value <= high


@pytest.mark.parametrize(
    "schedule", [IID.uniform(2), Partition([[0, 3], [1, 2, 4]]), TopK(2), LowConfidence(2)]
)
@pytest.mark.parametrize("own", [True, False])
def test_estimates_contain_what_is_exact(schedule, own: bool) -> None:
    q = zoo.golden_mean(5).to("float64")
    denoiser, sampler = Perturbed(Windowed(q, 1), 0.2), None if own else Ideal(q)
    exact = visited_errors(context_errors(q, denoiser), schedule, sampler)
    found = estimate_visited_errors(
        q, schedule, denoiser, 1500, sampler=sampler, confidence=CONFIDENCE, seed=1
    )
    assert found.mean.contains(exact.mean)
    assert found.total.contains(exact.total)
    if not isinstance(schedule, LowConfidence):  # for which it is the mean of shares
        assert found.impossible.contains(exact.impossible)
    assert found.mean.high - found.mean.low < 0.05


@pytest.mark.parametrize("confidence", [0.5, 0.99])
def test_intervals_are_those_of_the_runs(confidence: float) -> None:
    """Runs of two kinds, told apart by their visits, from which all that is estimated follows.

    Three equal tokens from left to right: at the third the context is impossible, or the same error is met again.
    """
    q, n = uniform_on(["000", "111"], 2).to("float64"), 400
    found = estimate_visited_errors(
        q, Partition([[0], [1], [2]]), Perturbed(Ideal(q), 0.5), n, confidence=confidence, seed=1
    )
    strayed = round(found.impossible.value * 3 * n)  # one visit of three
    assert 0 < strayed < n
    assert found.impossible.value == pytest.approx(strayed / (3 * n))
    one = -math.log2(0.75)
    kinds = np.repeat([0, 1], [n - strayed, strayed])
    errors, possible = np.array([2 * one, one])[kinds], np.array([3, 2])[kinds]
    (variance, both), (_, visits) = np.cov(errors, possible)
    ratio = errors.mean() / possible.mean()
    around = math.sqrt((variance - 2 * ratio * both + ratio**2 * visits) / n)  # the delta method
    factor = student.ppf((1 + confidence) / 2, n - 1)
    for number, value, half in (
        (found.total, errors.mean(), factor * math.sqrt(variance / n)),
        (found.mean, ratio, factor * around / possible.mean()),
        (found.impossible, strayed / (3 * n), math.sqrt(math.log(2 / (1 - confidence)) / (2 * n))),
    ):
        assert (number.value, number.low, number.high) == pytest.approx((value, value - half, value + half))


def test_where_every_sequence_is_possible_so_is_every_context() -> None:
    q = zoo.sticky_chain(4).to("float64")
    found = estimate_visited_errors(q, IID.uniform(2), Windowed(q, 0), 2, seed=1).impossible
    assert isinstance(found, Result)
    assert (found.value, found.method) == (0, "full support")


def test_estimates_of_an_exact_law_a_prompt_and_of_infinity() -> None:
    q = zoo.golden_mean(3)
    found = estimate_visited_errors(
        q, IID.uniform(2), Perturbed(Ideal(q), "1/5"), 20, given=[0, 2, 2], seed=0
    )
    assert 0 < found.total.value < 1
    greedy = estimate_visited_errors(q, IID.uniform(2), Tempered(Ideal(q), 0), 20, seed=0)
    assert math.isinf(greedy.mean.value)
    assert math.isinf(greedy.total.high)
    with pytest.raises(ValueError, match="n: expected"):
        estimate_visited_errors(q, IID.uniform(2), Ideal(q), 1, seed=0)
