"""The three ways to resolve a random choice: one outcome, every outcome, and given tokens."""

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.arithmetic import Arithmetic, arithmetic
from oracles.testing import oracles
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.adaptive_cases import entropy_cases
from tests.theory.cases import as_law
from theory import FixedSizes, TopK, Unmasking
from theory.denoisers import Ideal
from theory.monte_carlo import clopper_pearson
from theory.unmasking.draws import BranchingDraw, ForcedDraw, RandomDraw

EXACT, DOUBLE = arithmetic("exact"), arithmetic("float64")
THIRD = Fraction(1, 3)

Outcomes = dict[Any, Fraction]


def branched(draw: BranchingDraw, rows: Any, outcomes: np.ndarray) -> Outcomes:
    """The probability of every outcome of every row; an outcome comes up once."""
    found = {}
    for row, outcome, weight in zip(rows.tolist(), outcomes.tolist(), draw.weights, strict=True):
        key = (row, tuple(outcome))
        assert key not in found
        found[key] = Fraction(str(weight)) if isinstance(weight, fmpq) else float(weight)
    return found


def branching(rows: int, system: Arithmetic = EXACT) -> BranchingDraw:
    return BranchingDraw(system, system, system.ones(rows))


@given(allowed=st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=3))
def test_coins_branch_into_every_set(allowed: list[list[bool]]) -> None:
    draw = branching(len(allowed))
    found = branched(draw, *draw.coins(np.array(allowed), fmpq(1, 3), fmpq(2, 3)))
    expected = {}
    for row, may in enumerate(allowed):
        for heads in product([False, True], repeat=3):
            if all(may[i] or not heads[i] for i in range(3)):
                k, m = sum(heads), sum(may)
                expected[row, heads] = THIRD**k * (1 - THIRD) ** (m - k)
    assert found == expected


def test_certain_coins_do_not_branch() -> None:
    for rate in (0, 1):
        draw = branching(1)
        rows, heads = draw.coins(np.array([[True, False, True]]), rate, 1 - rate)
        assert rows.tolist() == [0]
        assert heads.tolist() == [[bool(rate), False, bool(rate)]]


@given(
    allowed=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=3),
    size=st.integers(0, 5),
)
def test_subsets_are_equally_likely(allowed: list[list[bool]], size: int) -> None:
    draw = branching(len(allowed))
    found = branched(draw, *draw.subset(np.array(allowed), size))
    expected = {}
    for row, may in enumerate(allowed):
        free = [i for i in range(4) if may[i]]
        taken = min(size, len(free))
        for chosen in combinations(free, taken):
            expected[row, tuple(i in chosen for i in range(4))] = Fraction(1, comb(len(free), taken))
    assert found == expected


def test_tokens_are_drawn_independently_and_calls_counted() -> None:
    patterns = np.array([[2, 2, 0], [1, 2, 2]])
    chosen = np.array([[True, True, False], [False, False, False]])
    answers = EXACT.array([["1/3", "2/3"], [0, 1]])
    draw = BranchingDraw(EXACT, EXACT, EXACT.array(["1/4", "3/4"]))
    found = branched(draw, *draw.tokens(patterns, chosen, answers))
    assert found == {
        (0, (0, 1, 0)): Fraction(1, 12),
        (0, (1, 1, 0)): Fraction(1, 6),
        (1, (1, 2, 2)): Fraction(3, 4),
    }
    assert draw.calls == Fraction(1, 4)


def test_zero_weights_are_dropped_and_supports_survive_underflow() -> None:
    system, boolean = DOUBLE, arithmetic("boolean")
    answers = system.array([[1e-200, 1 - 1e-200]] * 2)
    patterns, chosen = np.array([[2, 2]]), np.ones((1, 2), dtype=bool)
    draw = branching(1, system)
    assert len(draw.tokens(patterns, chosen, answers)[0]) == 3
    support = BranchingDraw(system, boolean, boolean.ones(1))
    _, filled = support.tokens(patterns, chosen, answers)
    assert filled.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert support.weights.all()


# ------------------------------------------------------------------ random draws

N, FAILURE = 40_000, 1e-9


def frequent(count: int, probability: float) -> bool:
    """Whether a count of N is as probable as it should be; wrong once in 1e9."""
    low, high = clopper_pearson(count, N, 1 - FAILURE)
    return low <= probability <= high


def test_random_choices_are_those_of_the_branches() -> None:
    """17 frequencies, each with an exact interval that fails once in 1e9."""
    allowed = np.array([[True, False, True, True]])
    many = np.repeat(allowed, N, axis=0)
    answers = np.tile([[0.2, 0.3, 0.5], [0.0, 0.6, 0.4]], (N, 1))
    patterns, chosen = np.full((N, 2), 3), np.ones((N, 2), dtype=bool)
    random, exact = RandomDraw(DOUBLE, np.random.default_rng(1)), branching(1, DOUBLE)
    for drawn, expected in (
        (random.coins(many, 0.3, 0.7)[1], branched(exact, *exact.coins(allowed, 0.3, 0.7))),
        (random.subset(many, 2)[1], branched(exact := branching(1, DOUBLE), *exact.subset(allowed, 2))),
        (
            random.tokens(patterns, chosen, DOUBLE.array(answers))[1],
            branched(
                exact := branching(1, DOUBLE),
                *exact.tokens(patterns[:1], chosen[:1], DOUBLE.array(answers[:2])),
            ),
        ),
    ):
        counts = Counter(map(tuple, drawn.tolist()))
        assert set(counts) <= {outcome for _, outcome in expected}
        assert all(frequent(counts[outcome], float(p)) for (_, outcome), p in expected.items())
    assert random.calls == N


def test_a_subset_takes_all_where_there_are_fewer() -> None:
    random = RandomDraw(DOUBLE, np.random.default_rng(0))
    allowed = np.array([[True, False, True], [False, False, False], [True, True, True]])
    _, chosen = random.subset(allowed, 2)
    assert chosen.sum(axis=1).tolist() == [2, 0, 2]
    assert not (chosen & ~allowed).any()
    for size in (0, 5):
        np.testing.assert_array_equal(random.subset(allowed, size)[1], allowed & bool(size))


# ------------------------------------------------------------------ forced draws


def forced(q: Oracle, unmasking: Unmasking, sequences: list[tuple[int, ...]], seed: int) -> ForcedDraw:
    """A run in which these sequences come out."""
    draw = ForcedDraw(q.arithmetic, np.random.default_rng(seed), np.array(sequences))
    patterns, scope = np.full((len(sequences), q.length), q.mask), np.ones(q.length, dtype=bool)
    for number in range(unmasking.most_steps(q.length)):
        _, patterns = unmasking.step(number, patterns, scope, Ideal(q), draw)
    np.testing.assert_array_equal(patterns, sequences)
    return draw


@settings(max_examples=40)
@given(data=st.data(), q=oracles(max_length=3))
def test_where_nothing_is_random_but_the_tokens_the_forced_path_has_the_whole_law(
    data: st.DataObject, q: Oracle
) -> None:
    """ln p(x) of every possible sequence, and the steps on its way."""
    case, law = data.draw(entropy_cases(q.length, q.vocab_size)), as_law(q)
    denoise = brute_force.ideal(law, q.vocab_size)
    expected = twins.follow(case.way(denoise), range(q.length)).law
    possible = [x for x, p in law.items() if p]
    draw = forced(q, case.of(q), possible, seed=0)
    for x, value in zip(possible, draw.log_probability, strict=True):
        assert float(value) == pytest.approx(math.log(expected[x]), abs=1e-12)


def test_steps_of_a_forced_path() -> None:
    q = zoo.golden_mean(4)
    assert forced(q, TopK(2), [(0, 0, 0, 0), (0, 1, 0, 1)], seed=0).calls == 4


def test_the_mean_over_orders_is_the_law() -> None:
    """p(x) = E_pi p_pi(x): all 6 orders of two tokens out of four come up, equally often."""
    q = zoo.golden_mean(4).to("float64")
    x = (0, 1, 0, 0)
    law = brute_force.sampler_law(
        brute_force.sizes_partitions([2, 2], 4), brute_force.ideal(as_law(zoo.golden_mean(4)), 2), 2
    )
    orders = [
        float(brute_force.law_of_partition(blocks, brute_force.ideal(as_law(zoo.golden_mean(4)), 2), 2)[x])
        for _, blocks in brute_force.sizes_partitions([2, 2], 4)
    ]
    n = 20_000
    draw = forced(q, FixedSizes([2, 2]), [x] * n, seed=3)
    values = np.exp(draw.log_probability.numpy())
    np.testing.assert_allclose(np.unique(values.round(12)), np.unique(np.round(orders, 12)), rtol=1e-9)
    # Hoeffding: the mean of n values in a range r misses by more than t with probability 2 exp(-2 n t^2 / r^2).
    width = (max(orders) - min(orders)) * math.sqrt(math.log(2e9) / (2 * n))
    assert abs(values.mean() - float(law[x])) <= width
