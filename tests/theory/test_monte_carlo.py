"""The samplers drawn at random: their frequencies against the exact laws, and intervals that hold exactly."""

import math
from collections import Counter
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, uniform_on, zoo
from oracles.testing import markov_chains, oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, schedule_cases
from theory import IID, FixedSizes, Partition, Schedule, sequence_error_rate, simulate
from theory.denoisers import Function, Ideal, Perturbed
from theory.estimators import estimate_sequence_error_rate
from theory.monte_carlo import (
    Estimate,
    clopper_pearson,
    hoeffding,
    run_sampler,
)
from theory.samplers import read_problem

ERROR_PROBABILITY = 1e-7
"""Chance that a comparison of one law with its draws fails although they agree; the seeds are fixed."""


def assert_drawn_from(law: brute_force.Law, drawn: np.ndarray) -> None:
    """Nothing impossible, and every frequency within its exact interval (union bound over the sequences)."""
    counts = Counter(map(tuple, drawn.tolist()))
    assert all(law.get(x, 0) > 0 for x in counts)
    confidence = 1 - ERROR_PROBABILITY / len(law)
    for x, probability in law.items():
        low, high = clopper_pearson(counts[x], len(drawn), confidence)
        assert low <= probability <= high


# ------------------------------------------------------------------ draws


@pytest.mark.parametrize(("name", "n"), [("float64", 3000), ("float32", 3000), ("exact", 300)])
@settings(max_examples=20)
@given(data=st.data())
def test_draws_follow_the_exact_law(name: str, n: int, data: st.DataObject) -> None:
    """20 laws, each failing with probability at most 1e-7."""
    q = data.draw(oracles(max_length=3))
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    expected = brute_force.sampler_law(case.partitions, denoiser.twin, q.vocab_size)
    moved = q.to(name)
    drawn = simulate(moved, case.schedule, n, denoiser=denoiser.of(moved), seed=1)
    assert_drawn_from(expected, drawn)


@settings(max_examples=20)
@given(data=st.data(), q=oracles(max_length=4))
def test_prompts_are_kept_and_the_rest_is_conditional(data: st.DataObject, q: Oracle) -> None:
    """20 laws, each failing with probability at most 1e-7."""
    prompt = np.array(data.draw(patterns(q, possible=True)))
    free = np.flatnonzero(prompt == q.mask)
    if not free.size:
        return
    case = data.draw(schedule_cases(len(free)))
    schedule = case.schedule
    if isinstance(schedule, Partition):
        schedule = Partition([free[list(block)].tolist() for block in schedule.blocks])
    drawn = simulate(q.to("float64"), schedule, 2000, given=prompt, seed=2)
    observed = prompt != q.mask
    assert (drawn[:, observed] == prompt[observed]).all()
    rest = brute_force.given(as_law(q), frozenset((int(i), int(prompt[i])) for i in np.flatnonzero(observed)))
    twin = brute_force.ideal(rest, q.vocab_size)
    assert_drawn_from(brute_force.sampler_law(case.partitions, twin, q.vocab_size), drawn[:, free])


@settings(max_examples=20)
@given(data=st.data(), q=markov_chains(position_dependent=False))
def test_homogeneous_chains_have_a_path_of_their_own(data: st.DataObject, q: MarkovChain) -> None:
    """20 laws, each failing with probability at most 1e-7."""
    case = data.draw(schedule_cases(q.length))
    twin = brute_force.ideal(as_law(q), q.vocab_size)
    drawn = simulate(q.to("float64"), case.schedule, 3000, seed=3)
    assert_drawn_from(brute_force.sampler_law(case.partitions, twin, q.vocab_size), drawn)


def test_one_token_a_step_never_leaves_the_support() -> None:
    for q in (zoo.golden_mean(60).to("float32"), zoo.topic_hmm(24).to("float64")):
        orders = [FixedSizes([1] * q.length), Partition([[i] for i in reversed(range(q.length))])]
        for schedule in orders:
            assert q.in_support(simulate(q, schedule, 200, seed=4)).all()


def test_shapes_and_tokens() -> None:
    q = zoo.golden_mean(5).to("float64")
    for n in (0, 1, 7):
        drawn = simulate(q, IID.uniform(3), n, seed=0)
        assert drawn.shape == (n, 5)
        assert drawn.dtype == np.int64
        assert ((0 <= drawn) & (drawn < 2)).all()
        assert simulate(q, IID.uniform(3), n, given=[0, 2, 2, 2, 2], seed=0).shape == (n, 5)


@pytest.mark.parametrize("name", ["float64", "exact"])
def test_a_seed_repeats_its_draws(name: str) -> None:
    q, schedule = zoo.golden_mean(6).to(name), IID.uniform(4)
    first, again, other = (simulate(q, schedule, 50, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_blocks_bound_memory_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """One law, failing with probability at most 1e-7."""
    q = zoo.golden_mean(3)
    partitions = list(brute_force.iid_partitions([Fraction(1, 2)] * 2, 3))
    expected = brute_force.sampler_law(partitions, brute_force.ideal(as_law(q), 2), 2)
    monkeypatch.setattr("theory.monte_carlo.BLOCK_ENTRIES", 6 * 100)
    problem = read_problem(q.to("float64"), IID.uniform(2))
    assert_drawn_from(expected, run_sampler(problem, 1950, np.random.default_rng(7)))


def test_more_steps_than_positions() -> None:
    q = uniform_on(["01", "10"], 2).to("float32")
    drawn = simulate(q, IID.uniform(500), 400, seed=8)
    # Both positions fall in one step with probability 1/500: more than 20 times in 400 < 1e-20.
    assert np.count_nonzero(~q.in_support(drawn)) <= 20


def test_contexts_of_probability_zero_are_met() -> None:
    q = uniform_on(["000", "111"], 2).to("float64")
    with pytest.raises(ValueError, match="patterns: expected possible patterns"):
        simulate(q, FixedSizes([2, 1]), 100, denoiser=Ideal(q, "raise"), seed=9)
    chain = zoo.golden_mean(4).to("float64")
    with pytest.raises(ValueError, match="patterns: expected possible patterns"):
        simulate(chain, FixedSizes([3, 1]), 100, denoiser=Ideal(chain, "raise"), seed=9)


# ------------------------------------------------------------------ estimates


@pytest.mark.parametrize(
    ("q", "schedule"),
    [
        (zoo.golden_mean(6), IID.uniform(3)),
        (zoo.sticky_chain(4), IID.uniform(2)),
        (zoo.all_equal(5), FixedSizes([2, 2, 1])),
        (zoo.parity(6), IID(["1/2", "0", "1/2"])),
        (zoo.tetracode(), Partition([[0, 1], [2, 3]])),
        (zoo.ababbaba(6), FixedSizes([3, 3])),
        (zoo.non_unifilar_hmm(5), IID.uniform(4)),
    ],
    ids=lambda value: repr(value),
)
def test_the_exact_error_rate_is_in_the_interval(q: Oracle, schedule: Schedule) -> None:
    """Three intervals, each missing with probability at most 1e-7."""
    floats = q.to("float64")
    for denoiser, twin in (
        (None, None),
        (Perturbed(Ideal(floats), 0.25), Perturbed(Ideal(q), Fraction(1, 4))),
    ):
        exact = sequence_error_rate(q, schedule, twin).value
        estimate = estimate_sequence_error_rate(
            floats, schedule, 4000, denoiser=denoiser, confidence=1 - ERROR_PROBABILITY, seed=10
        )
        assert estimate.contains(exact)
        assert (estimate.n, estimate.unit) == (4000, "probability")
    prompt = np.concatenate([floats.sample(1, seed=1)[0, :1], [q.mask] * (q.length - 1)])
    if isinstance(schedule, IID):
        exact = sequence_error_rate(q, schedule, given=prompt).value
        estimate = estimate_sequence_error_rate(
            floats, schedule, 4000, given=prompt, confidence=1 - ERROR_PROBABILITY, seed=11
        )
        assert estimate.contains(exact)


def test_an_estimate_says_what_it_is() -> None:
    estimate = Estimate(0.25, 0.2, 0.3, 0.99, 100, "probability", "Clopper-Pearson interval")
    assert str(estimate) == "0.25 [0.2, 0.3] probability (0.99 Clopper-Pearson interval, n=100)"
    assert estimate.contains(Fraction(1, 4))
    assert estimate.contains(0.3)
    assert not estimate.contains(0.31)


# ------------------------------------------------------------------ intervals


def binomial_tail(n: int, least: int, p: Fraction) -> Fraction:
    """P(X >= least)."""
    return sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(least, n + 1)), Fraction(0))


@given(st.integers(1, 40), st.data(), st.sampled_from([0.5, 0.95, 1 - 1e-6]))
def test_clopper_pearson_solves_its_equations(n: int, data: st.DataObject, confidence: float) -> None:
    """At the ends, as many successes as were seen (or more, or fewer) have probability (1 - confidence) / 2."""
    seen = data.draw(st.integers(0, n))
    low, high = clopper_pearson(seen, n, confidence)
    tail = (1 - confidence) / 2
    assert 0 <= low <= seen / n <= high <= 1
    if seen == 0:
        assert low == 0
    else:
        assert float(binomial_tail(n, seen, Fraction(low))) == pytest.approx(tail, rel=1e-9)
    if seen == n:
        assert high == 1
    else:
        assert float(1 - binomial_tail(n, seen + 1, Fraction(high))) == pytest.approx(tail, rel=1e-9)


def test_clopper_pearson_known_values() -> None:
    # The rule of three, exactly; and a textbook value: 4 of 10 at 95% (e.g. R's binom.test).
    low, high = clopper_pearson(0, 10, 0.95)
    assert (low, high) == (0, pytest.approx(1 - 0.025**0.1))
    assert clopper_pearson(4, 10, 0.95) == pytest.approx((0.1215523, 0.7376219), abs=1e-7)
    assert clopper_pearson(10, 10, 0.95) == (pytest.approx(0.025**0.1), 1)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [1, 7, 12])
def test_intervals_cover_by_exact_sums(n: int, confidence: float) -> None:
    """P(the interval contains p) >= confidence, for p on a grid, by summing over all outcomes."""
    binomials = [clopper_pearson(k, n, confidence) for k in range(n + 1)]
    bounded = [hoeffding(np.repeat([0.0, 1.0], [n - k, k]), 0, 1, confidence) for k in range(n + 1)]
    for p in (Fraction(i, 60) for i in range(61)):
        chance = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
        for intervals in (binomials, bounded):
            covered = sum(c for c, (low, high) in zip(chance, intervals, strict=True) if low <= p <= high)
            assert covered >= confidence


def test_hoeffding_known_values() -> None:
    low, high = hoeffding(np.full(200, 3.0), 1, 5, 0.95)
    assert (low + high) / 2 == pytest.approx(3)
    assert high - low == pytest.approx(2 * 4 * math.sqrt(math.log(40) / 400))
    with pytest.raises(ValueError, match=r"values: expected at least one, all in \[0, 1\]"):
        hoeffding(np.array([0.5, 1.1]), 0, 1, 0.9)


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q, s: simulate(q, s, -1, seed=0), "n: expected an integer of at least 0, got -1"),
        (lambda q, s: simulate(q, s, 1, seed=-1), "seed: expected an integer of at least 0, got -1"),
        (lambda q, s: simulate(q.to("ball"), s, 1, seed=0), "q: expected a law in floats or exact .* ball"),
        (lambda q, s: simulate(q.to("symbolic"), s, 1, seed=0), "q: expected a law in floats .* symbolic"),
        (lambda q, s: simulate(q.support(), s, 1, seed=0), "q: expected a law with probabilities"),
        (lambda q, s: simulate(q, FixedSizes([2]), 1, seed=0), "sizes: expected a sum of 3"),
        (
            lambda q, s: simulate(q, IID([0.5, 0.5]), 1, seed=0),
            "weights: expected numbers that a law in exact",
        ),
        (lambda q, s: simulate(q, s, 1, given=[1, 1, 2], seed=0), "given: expected a possible pattern"),
        (lambda q, s: estimate_sequence_error_rate(q, s, 0, seed=0), "n: expected an integer of at least 1"),
        (
            lambda q, s: estimate_sequence_error_rate(q, s, 5, confidence=1.0, seed=0),
            r"confidence: expected a number strictly between 0 and 1, got 1\.0",
        ),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(zoo.golden_mean(3), IID.uniform(2))


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, math.nan])
def test_bad_confidence(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence: expected a number strictly between 0 and 1"):
        clopper_pearson(1, 2, confidence)
    with pytest.raises(ValueError, match="confidence: expected a number strictly between 0 and 1"):
        hoeffding(np.ones(3), 0, 1, confidence)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_bad_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=r"successes: expected 0\.\.n with n >= 1"):
        clopper_pearson(successes, n, 0.9)


@pytest.mark.parametrize("values", [[], [math.nan], [0.5, -0.1], [2.0]])
def test_bad_values(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"values: expected at least one, all in \[0, 1\]"):
        hoeffding(np.array(values), 0, 1, 0.9)


def test_symbols_cannot_be_drawn() -> None:
    w = sympy.Symbol("w", positive=True)
    with pytest.raises(
        ValueError, match="weights: expected numbers that a law in float64 can use, got symbolic"
    ):
        simulate(zoo.golden_mean(3).to("float64"), IID([w, 1 - w]), 3, seed=0)


def test_bad_answers_are_noticed_while_sampling() -> None:
    q = zoo.golden_mean(3).to("float64")
    broken = Function(q, lambda rows: np.full((*rows.shape, 2), 0.4))
    with pytest.raises(ValueError, match="denoiser: expected probabilities that sum to 1"):
        simulate(q, IID.uniform(2), 3, denoiser=broken, seed=0)
