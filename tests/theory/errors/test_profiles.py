"""Errors by step and by position against the definition, over all partitions and all orders within a step."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table, zoo
from oracles.arithmetic import arithmetic
from oracles.testing import markov_chains, oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import ScheduleCase, as_law, log_close, schedule_cases
from theory import (
    IID,
    ErrorProfile,
    FixedSizes,
    OneOf,
    Partition,
    TopK,
    error_by_position,
    error_by_step,
    expected_kl,
)

BALL = arithmetic("ball", bits=128)


def conditional_entropy(q: Oracle) -> Callable[[int, frozenset[int]], arb]:
    """H(X_i | X_S) in bits, from the joint law."""

    @cache
    def entropy(positions: frozenset[int]) -> arb:
        marginal: dict[tuple[int, ...], Any] = {}
        for x, p in as_law(q).items():
            kept = tuple(x[i] for i in sorted(positions))
            marginal[kept] = marginal.get(kept, 0) + p
        return brute_force.entropy(marginal)

    return lambda i, s: entropy(s | {i}) - entropy(s)


def by_definition(q: Oracle, case: ScheduleCase) -> tuple[list[arb], list[arb]]:
    """(by step, by position): the gain of every position from those before it in its step, over all orders."""
    h = conditional_entropy(q)
    steps, positions = [arb(0)] * len(case.partitions[0][1]), [arb(0)] * q.length
    for weight, blocks in case.partitions:
        done: frozenset[int] = frozenset()
        for step, block in enumerate(blocks):
            share = weight / math.factorial(len(block))
            for order in itertools.permutations(block):
                for rank, i in enumerate(order):
                    gain = h(i, done) - h(i, done | frozenset(order[:rank]))
                    steps[step] += gain * brute_force.ball(share)
                    positions[i] += gain * brute_force.ball(share)
            done |= set(block)
    return steps, positions


def agree(profile: ErrorProfile, expected: list[arb]) -> bool:
    return len(profile) == len(expected) and all(
        log_close(a, b, BALL) for a, b in zip(profile, expected, strict=True)
    )


@settings(max_examples=60)
@given(data=st.data(), q=oracles(max_length=4))
def test_by_definition(data: st.DataObject, q: Oracle) -> None:
    case = data.draw(schedule_cases(q.length))
    with BALL.context():
        steps, positions = by_definition(q, case)
    by_step, by_position = error_by_step(q, case.schedule), error_by_position(q, case.schedule)
    assert agree(by_step, steps)
    assert agree(by_position, positions)
    assert agree(error_by_step(q, case.schedule, method="enumeration"), steps)
    assert agree(error_by_position(q, case.schedule, method="enumeration"), positions)
    assert by_step.places == tuple(range(len(steps)))
    assert by_position.places == tuple(range(q.length))
    assert (by_step.unit, by_step.guarantee) == ("bits", "enclosure at 128 bits")


@settings(max_examples=60)
@given(data=st.data(), q=markov_chains(max_length=6))
def test_pairs_of_a_chain_equal_enumeration(data: st.DataObject, q: MarkovChain) -> None:
    schedule = data.draw(schedule_cases(q.length)).schedule
    total = expected_kl(q, schedule, method="enumeration").value
    for profile in (error_by_step, error_by_position):
        pairs, every = (profile(q, schedule, method=name) for name in ("pairs", "enumeration"))
        assert agree(pairs, list(every))
        assert log_close(pairs.total, total, BALL)
        rounded = profile(q.to("float64"), schedule, method="pairs")
        np.testing.assert_allclose(rounded, np.asarray(every), atol=1e-13)
        assert rounded.guarantee == "float64 rounding"


@settings(max_examples=25)
@given(data=st.data(), q=oracles(max_length=4))
def test_under_a_prompt(data: st.DataObject, q: Oracle) -> None:
    prompt = np.array(data.draw(patterns(q, possible=True)))
    free = np.flatnonzero(prompt == q.mask)
    if not free.size:
        return
    rest = Table.of(q).condition(prompt).marginal(free)
    schedule = data.draw(schedule_cases(len(free))).schedule
    moved = schedule
    if isinstance(schedule, Partition):
        moved = Partition([[int(free[i]) for i in block] for block in schedule.blocks])
    for profile in (error_by_step, error_by_position):
        assert agree(profile(q, moved, given=prompt), list(profile(rest, schedule)))
    assert error_by_position(q, moved, given=prompt).places == tuple(free.tolist())


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "symbolic"])
@settings(max_examples=10)
@given(data=st.data())
def test_other_number_systems(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=2 if name == "symbolic" else 3))
    schedule = data.draw(schedule_cases(q.length)).schedule
    for profile in (error_by_step, error_by_position):
        expected = np.asarray(profile(q, schedule))
        moved = profile(q.to(name), schedule)
        np.testing.assert_allclose(moved, expected, atol=1e-5 if name == "float32" else 1e-12)


@settings(max_examples=15)
@given(data=st.data(), q=oracles(max_length=4))
def test_mixtures_are_averaged_step_by_step(data: st.DataObject, q: Oracle) -> None:
    cases = [data.draw(schedule_cases(q.length)) for _ in range(2)]
    share = data.draw(st.fractions(0, 1, max_denominator=3))
    both = OneOf([case.schedule for case in cases], [share, 1 - share])
    for profile in (error_by_step, error_by_position):
        first, second = (list(profile(q, case.schedule)) for case in cases)
        with BALL.context():
            averaged = [
                brute_force.ball(share) * a + brute_force.ball(1 - share) * b
                for a, b in itertools.zip_longest(first, second, fillvalue=arb(0))
            ]
        assert agree(profile(q, both), averaged)


# ------------------------------------------------------------------ exact zeros, real lengths


def test_one_position_at_a_time_costs_exactly_nothing() -> None:
    for q in (zoo.golden_mean(5), zoo.topic_hmm(5, 2, 1), zoo.golden_mean(5).to("float64")):
        for schedule in (FixedSizes([1] * 5), Partition([[3], [1], [0], [4], [2]])):
            assert all(value == 0 for value in error_by_step(q, schedule))
        assert all(value == 0 for value in error_by_step(q, Partition([[3], [1], [0], [], [4], [2]])))
    exact = error_by_position(zoo.golden_mean(5), FixedSizes([1] * 5))
    assert all(value == 0 for value in exact)
    idle = error_by_step(zoo.golden_mean(5), IID([Fraction(1, 2), 0, Fraction(1, 2)]))
    assert idle[1] == 0
    assert idle[0] > 0


def test_the_two_sentences_abab_and_baba() -> None:
    """Whatever is drawn together with the first token errs: L/2 of the first step's bits are all there is."""
    q = zoo.ababbaba(6)
    with BALL.context():
        assert [
            value.overlaps(arb(n))
            for value, n in zip(error_by_step(q, FixedSizes([3, 3])), (2, 0), strict=True)
        ]
        assert all(value.overlaps(arb(fmpq(2, 6))) for value in error_by_position(q, FixedSizes([3, 3])))


@pytest.mark.parametrize(
    "schedule", [IID.uniform(8), FixedSizes([32] * 8), IID.from_alpha(lambda t: 1 - t * t, 8)]
)
def test_real_lengths(schedule: Any) -> None:
    """Balls and floats agree; the ends of a stationary chain, with one neighbour each, lose less than its middle."""
    q = zoo.noisy_cycle(256)
    total = expected_kl(q, schedule).value
    for profile in (error_by_step, error_by_position):
        exact, rounded = profile(q, schedule), profile(q.to("float64"), schedule)
        assert log_close(exact.total, total, BALL)
        np.testing.assert_allclose(rounded, np.asarray(exact), atol=1e-12)
        assert all(value > 0 for value in rounded)
    np.testing.assert_allclose(rounded, np.asarray(rounded)[::-1], atol=1e-12)
    assert rounded[0] < rounded[5] < rounded[128] * 1.001


def test_bad_input() -> None:
    q = zoo.topic_hmm(40)
    for profile in (error_by_step, error_by_position):
        with pytest.raises(ValueError, match=r"q: .* is too large: enumeration would take"):
            profile(q, FixedSizes([20, 20]))
        with pytest.raises(ValueError, match="sizes: expected a sum of 40"):
            profile(q, FixedSizes([20, 21]))
        with pytest.raises(ValueError, match="method: expected one of enumeration for"):
            profile(zoo.parity(4), Partition([[0, 1], [2, 3]]), method="pairs")
        with pytest.raises(
            ValueError, match="schedule: expected IID, FixedSizes, Partition or a mixture of them"
        ):
            profile(zoo.parity(4), TopK(2))
    assert "bits" in repr(error_by_step(zoo.parity(4), FixedSizes([2, 2])))
