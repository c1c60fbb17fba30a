"""Schedules against the list of their ordered partitions."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from oracles.testing import size_vectors, weights
from tests.theory import brute_force
from tests.theory.cases import ScheduleCase, schedule_cases
from theory import IID, FixedSizes, Partition
from theory.unmasking.draws import RandomDraw
from theory.unmasking.oblivious import Exchangeable
from theory.unmasking.reveals import Chosen, EachWith, UniformSubset

EXACT, FLOAT64, FLOAT32, BALL, SYMBOLIC = (
    arithmetic(name) for name in ("exact", "float64", "float32", "ball", "symbolic")
)


# ------------------------------------------------------------------ what is revealed


def partition_law(case: ScheduleCase, length: int) -> dict[brute_force.Blocks, Any]:
    """The law of the ordered partition, by following the branches of every reveal."""
    states: dict[brute_force.Blocks, Any] = {(): Fraction(1)}
    for step in range(case.schedule.steps):
        reveal, after = case.schedule.reveal(step, EXACT), {}
        for blocks, mass in states.items():
            masked = tuple(i for i in range(length) if not any(i in block for block in blocks))
            for revealed, free, weight in reveal.branches(masked):
                for chosen in range(2 ** len(free)):
                    picked = [i for bit, i in enumerate(free) if chosen >> bit & 1]
                    rate, stay = Fraction(str(reveal.rate)), Fraction(str(reveal.stay))
                    share = rate ** len(picked) * stay ** (len(free) - len(picked))
                    reached = (*blocks, tuple(sorted({*revealed, *picked})))
                    after[reached] = after.get(reached, 0) + mass * weight * share
        states = {blocks: mass for blocks, mass in after.items() if mass}
    return states


@given(data=st.data(), length=st.integers(1, 4))
def test_the_steps_add_up_to_the_law_of_the_partition(data: st.DataObject, length: int) -> None:
    case = data.draw(schedule_cases(length))
    case.schedule.check(range(length))
    expected: dict[brute_force.Blocks, Fraction] = {}
    for weight, blocks in case.partitions:
        if weight:
            key = tuple(tuple(sorted(block)) for block in blocks)
            expected[key] = expected.get(key, Fraction(0)) + weight
    assert partition_law(case, length) == expected


@given(data=st.data(), length=st.integers(1, 4))
def test_the_number_of_transitions(data: st.DataObject, length: int) -> None:
    """Over all partitions into what was revealed, what is revealed and what stays."""
    case, vocab = data.draw(schedule_cases(length)), data.draw(st.integers(1, 3))
    seen = {
        (step, tuple(sorted(sum(blocks[:step], ()))), tuple(sorted(blocks[step])))
        for _, blocks in case.partitions
        for step in range(len(blocks))
    }
    # An iid schedule is charged for what weights of zero rule out as well.
    assert case.schedule.transitions(vocab, length) == sum(
        vocab ** (len(before) + len(now)) for _, before, now in seen
    ) or isinstance(case.schedule, IID)
    if isinstance(case.schedule, IID):
        assert case.schedule.transitions(vocab, length) == case.schedule.steps * (2 * vocab + 1) ** length


@given(data=st.data(), length=st.integers(1, 4))
def test_context_sizes(data: st.DataObject, length: int) -> None:
    case = data.draw(schedule_cases(length))
    if not isinstance(case.schedule, Exchangeable):
        return
    expected = [Fraction(0)] * length
    for weight, blocks in case.partitions:
        step = next(k for k, block in enumerate(blocks) if 0 in block)
        expected[sum(len(block) for block in blocks[:step])] += weight
    assert case.schedule.context_sizes(length, EXACT).tolist() == expected
    for system in (FLOAT64, FLOAT32):
        found = case.schedule.context_sizes(length, system).tolist()
        assert found == pytest.approx([float(x) for x in expected], rel=1e-5, abs=1e-7)


def test_context_sizes_of_a_long_schedule_sum_to_one() -> None:
    for system in (FLOAT64, FLOAT32):
        found = IID.uniform(64).context_sizes(256, system)
        assert float(found.sum()) == pytest.approx(1, abs=1e-4)
        assert float(found.min()) >= 0
    assert FixedSizes([100] * 3).context_sizes(300, EXACT).sum() == 1


# ------------------------------------------------------------------ iid


@given(chosen=st.integers(1, 6).flatmap(weights))
def test_rates_are_exact_and_end_with_certainty(chosen: list[Fraction]) -> None:
    schedule, left = IID(chosen), Fraction(1)
    last = max(k for k, weight in enumerate(chosen) if weight)
    for step, weight in enumerate(chosen):
        reveal = schedule.reveal(step, EXACT)
        assert (reveal.rate, reveal.stay) == ((weight / left, 1 - weight / left) if step < last else (1, 0))
        left -= weight
        for system in (FLOAT64, FLOAT32, BALL, SYMBOLIC):
            moved = schedule.reveal(step, system)
            if step >= last:
                assert moved == EachWith(1, 0)
            assert abs(float(moved.rate) - float(reveal.rate)) < 1e-7


@given(st.lists(st.floats(1e-9, 1), min_size=1, max_size=40), st.sampled_from([np.float64, np.float32]))
def test_rounding_leaves_nothing_masked(drawn: list[float], dtype: Any) -> None:
    chosen = np.array(drawn, dtype=dtype)
    chosen /= chosen.sum()
    schedule = IID(chosen)
    for system in (FLOAT64, FLOAT32):
        assert schedule.reveal(len(drawn) - 1, system) == EachWith(1.0, 0.0)
        assert all(0 <= schedule.reveal(k, system).rate <= 1 for k in range(len(drawn)))


def test_balls_and_symbols_end_with_certainty() -> None:
    with BALL.context():
        third = arb(1) / 3
    schedule = IID([third, third, third])
    assert schedule.reveal(2, BALL) == EachWith(1, 0)
    assert schedule.reveal(1, BALL).rate.contains(0.5)
    w = sympy.Symbol("w", positive=True)
    schedule = IID([w, w, 1 - 2 * w])
    assert schedule.reveal(2, SYMBOLIC) == EachWith(1, 0)
    assert sympy.simplify(schedule.reveal(1, SYMBOLIC).rate - w / (1 - w)) == 0


def test_stay_keeps_its_digits() -> None:
    tiny = Fraction(1, 10**12)
    reveal = IID([1 - tiny, tiny]).reveal(0, FLOAT64)
    assert reveal.stay == 1e-12
    assert reveal.rate == 1 - 1e-12


def test_uniform() -> None:
    assert IID.uniform(3).weights.tolist() == [Fraction(1, 3)] * 3
    assert IID.uniform(3).steps == 3
    assert [IID.uniform(4).reveal(k, EXACT).rate for k in range(4)] == [Fraction(1, 4 - k) for k in range(4)]


def test_from_alpha() -> None:
    assert IID.from_alpha(lambda t: 1 - t, 5).weights.tolist() == IID.uniform(5).weights.tolist()
    squared = IID.from_alpha(lambda t: 1 - t**2, 3)
    # From t = 1 down: alpha(2/3) - alpha(1) comes first.
    assert squared.weights.tolist() == [Fraction(5, 9), Fraction(3, 9), Fraction(1, 9)]
    cosine = IID.from_alpha(lambda t: math.cos(math.pi * t / 2), 4)
    assert cosine.weights[0] == pytest.approx(math.cos(math.pi * 3 / 8))
    assert float(cosine.weights.sum()) == pytest.approx(1)
    exact = IID.from_alpha(lambda t: sympy.cos(sympy.pi * t / 2), 3)
    assert exact.weights_in(SYMBOLIC)[0] == sympy.Rational(1, 2)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (lambda t: t, r"alpha: expected alpha\(0\) = 1 and alpha\(1\) = 0, got 0 and 1"),
        (lambda t: 1 - t / 2, "alpha: expected alpha"),
        (lambda t: 1 - 3 * t + 2 * t**2, "alpha: expected a nonincreasing function"),
        (lambda t: math.nan, "weights: expected finite"),
    ],
)
def test_alpha_must_fall_from_one_to_zero(alpha: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IID.from_alpha(alpha, 4)


def test_weights_in_other_systems() -> None:
    exact = IID(["1/3", "2/3"])
    assert exact.weights_in(FLOAT32).dtype == torch.float32
    with BALL.context():
        assert (2 * exact.weights_in(BALL)[0]).overlaps(exact.weights_in(BALL)[1])
        assert exact.weights_in(BALL)[0].rad() < 1e-30
    assert exact.weights_in(SYMBOLIC)[0] == sympy.Rational(1, 3)
    assert exact.checked_weights(BALL) is exact.weights
    w = sympy.Symbol("w", positive=True)
    assert IID([w, 1 - w]).weights_in(SYMBOLIC)[0] == w
    assert IID([sympy.sqrt(2) - 1, 2 - sympy.sqrt(2)]).weights_in(FLOAT64)[0].item() == pytest.approx(
        math.sqrt(2) - 1
    )


@pytest.mark.parametrize(
    ("chosen", "system", "reason"),
    [
        ([0.5, 0.5], EXACT, "got float64: write them as fractions"),
        (np.array([0.5, 0.5], dtype=np.float32), BALL, "got float32: write them as fractions"),
        ([0.5, 0.5], SYMBOLIC, "got float64"),
        ([sympy.Symbol("w"), 1 - sympy.Symbol("w")], EXACT, "got symbolic"),
        ([sympy.Symbol("w"), 1 - sympy.Symbol("w")], FLOAT64, "got symbolic"),
        ([arb(1)], EXACT, "got ball"),
        ([Fraction(1, 10**400), 1 - Fraction(1, 10**400)], FLOAT64, "is not zero, but a float64 would"),
    ],
)
def test_weights_that_a_law_cannot_use(chosen: Any, system: Any, reason: str) -> None:
    schedule = IID(chosen)
    for use in (schedule.checked_weights, schedule.weights_in, lambda system: schedule.reveal(0, system)):
        with pytest.raises(ValueError, match=f"weights: expected numbers that a law in .*{reason}"):
            use(system)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([], "weights: expected one probability a step"),
        (Fraction(1), "weights: expected one probability a step"),
        ([[Fraction(1)]], "weights: expected one probability a step"),
        (["1/2", "1/3"], "weights: expected probabilities that sum to 1, got the entries with sum 5/6|row"),
        (["3/2", "-1/2"], "weights: expected non-negative probabilities, got -1/2"),
        ([0.5, 0.6], "weights: expected probabilities that sum to 1"),
        ([math.nan, 0.5], "weights: expected finite probabilities"),
        (["a"], "weights: expected an array of exact numbers"),
        ([True], "weights: expected an array of exact numbers"),
    ],
)
def test_bad_weights(chosen: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IID(chosen)


@pytest.mark.parametrize("steps", [0, -1, True])
def test_bad_numbers_of_steps(steps: Any) -> None:
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1"):
        IID.uniform(steps)
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1"):
        IID.from_alpha(lambda t: 1 - t, steps)


# ------------------------------------------------------------------ sizes and partitions


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedSizes(3), "sizes: expected a list, got 3"),
        (lambda: FixedSizes("21"), "sizes: expected an integer of at least 0, got '2'"),
        (lambda: Partition([0, 1]), "blocks: expected a list, got 0"),
        (lambda: FixedSizes([]), "sizes: expected at least one step"),
        (lambda: FixedSizes([1, -1]), "sizes: expected an integer of at least 0, got -1"),
        (lambda: FixedSizes([1, 1.5]), "sizes: expected an integer of at least 0, got 1.5"),
        (lambda: FixedSizes([1, 1]).check(range(3)), r"sizes: expected a sum of 3 \(the masked positions\)"),
        (lambda: Partition([]), "blocks: expected at least one step"),
        (lambda: Partition([[0, -1]]), "blocks: expected an integer of at least 0, got -1"),
        (lambda: Partition([[0], [2]]).check(range(3)), r"blocks: .* got missing \[1\], not masked \[\]"),
        (lambda: Partition([[0], [1]]).check([0]), r"missing \[\], not masked \[1\], repeated \[\]"),
        (lambda: Partition([[0], [1, 0]]).check(range(2)), r"repeated \[0\]"),
    ],
)
def test_bad_sizes_and_blocks(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_partitions_are_renumbered_within_a_prompt() -> None:
    assert Partition([[5, 2], [], [9]]).relabelled([2, 5, 9]).blocks == ((1, 0), (), (2,))


def test_numpy_integers_will_do() -> None:
    assert FixedSizes(np.array([2, 1])).sizes == (2, 1)
    assert Partition(np.array([[0, 1], [2, 3]])).blocks == ((0, 1), (2, 3))


def test_how_schedules_are_shown() -> None:
    assert repr(IID.uniform(2)) == "IID(2 steps: 1/2, 1/2)"
    assert repr(IID.uniform(5)) == "IID(5 steps: 1/5, 1/5, 1/5, 1/5, ...)"
    assert repr(FixedSizes([2, 0])) == "FixedSizes([2, 0])"
    assert repr(FixedSizes([1] * 1000)) == "FixedSizes([1, 1, 1, 1, ...: 1000 steps])"
    assert repr(Partition([[0], [1]])) == "Partition([[0], [1]])"
    assert repr(Partition([[i] for i in range(40)])) == "Partition([[0], [1], [2], [3], ...: 40 steps])"


# ------------------------------------------------------------------ random draws


@settings(max_examples=25)
@given(data=st.data(), length=st.integers(1, 5))
def test_drawn_partitions_are_partitions(data: st.DataObject, length: int) -> None:
    case = data.draw(schedule_cases(length))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    left, possible = np.ones((7, length), dtype=bool), {}
    for _, blocks in case.partitions:
        possible.setdefault(tuple(tuple(sorted(block)) for block in blocks), None)
    drawn: list[list[tuple[int, ...]]] = [[] for _ in left]
    for step in range(case.schedule.steps):
        revealed = case.schedule.reveal(step, FLOAT64).choose(left, RandomDraw(FLOAT64, rng))[1]
        assert revealed.dtype == bool
        assert not (revealed & ~left).any()
        left &= ~revealed
        for row, blocks in zip(revealed, drawn, strict=True):
            blocks.append(tuple(np.flatnonzero(row).tolist()))
    assert not left.any()
    assert all(tuple(blocks) in possible for blocks in drawn)


@pytest.mark.parametrize(
    ("reveal", "chance"),
    [(EachWith(0.3, 0.7), 0.3), (UniformSubset(2), 0.5), (Chosen((1, 3)), None), (UniformSubset(0), 0.0)],
)
def test_drawn_sets_have_the_right_law(reveal: Any, chance: float | None) -> None:
    """By Hoeffding's inequality for four positions: fails with probability 8 exp(-2 n d^2) = 1e-6."""
    n = 40_000
    masked = np.tile([True, True, False, True, True], (n, 1))
    _, drawn = reveal.choose(masked, RandomDraw(FLOAT64, np.random.default_rng(1)))
    assert not drawn[:, 2].any()
    if chance is None:
        np.testing.assert_array_equal(drawn, np.tile([False, True, False, True, False], (n, 1)))
        return
    assert np.abs(drawn[:, [0, 1, 3, 4]].mean(axis=0) - chance).max() < math.sqrt(math.log(8e6) / (2 * n))
    if isinstance(reveal, UniformSubset):
        assert (drawn.sum(axis=1) == reveal.size).all()


def test_nothing_is_drawn_from_no_rows() -> None:
    draw = RandomDraw(FLOAT64, np.random.default_rng(0))
    for reveal in (EachWith(0.5, 0.5), UniformSubset(2), UniformSubset(0), Chosen((0,))):
        assert reveal.choose(np.ones((0, 3), dtype=bool), draw)[1].shape == (0, 3)


@given(data=st.data(), length=st.integers(1, 5))
def test_every_set_of_the_size_is_drawn(data: st.DataObject, length: int) -> None:
    size = data.draw(st.integers(0, length))
    draw = RandomDraw(FLOAT64, np.random.default_rng(3))
    _, drawn = UniformSubset(size).choose(np.ones((200, length), dtype=bool), draw)
    # One of at most ten sets is missed with probability 10 (1 - 1/10)^200 < 1e-8.
    assert len(np.unique(drawn, axis=0)) == math.comb(length, size)


@given(st.integers(1, 6).flatmap(lambda n: st.tuples(st.just(n), size_vectors(n, 4))))
def test_branches_weigh_one(case: tuple[int, list[int]]) -> None:
    length, sizes = case
    left = tuple(range(length))
    for size in sizes:
        branches = list(UniformSubset(size).branches(left))
        assert sum(branch.weight for branch in branches) == 1
        assert len({branch.revealed for branch in branches}) == len(branches)
        left = left[size:]
