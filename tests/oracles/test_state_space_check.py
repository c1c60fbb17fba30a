from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from oracles.hmm import HMM
from oracles.ngram import MarkovChain
from oracles.state_space import DenseTransition, StateSpace
from oracles.state_space_check import check_state_space

EXACT = arithmetic("exact")


def space(initial: Any, transitions: Any, emissions: Any) -> StateSpace:
    """A state space of exact numbers; arrays given as one object stay one object."""
    made: dict[int, Any] = {}
    for array in (*transitions, *emissions):
        made[id(array)] = EXACT.array(array)
    steps = {id(array): DenseTransition(made[id(array)]) for array in transitions}
    return StateSpace(
        EXACT.array(initial),
        tuple(steps[id(array)] for array in transitions),
        tuple(made[id(array)] for array in emissions),
    )


HALF = Fraction(1, 2)
STAY = [[1, 0], [0, 1]]
LEAVE = [[0, 1], [0, 0]]
COIN = [[HALF, HALF], [HALF, HALF]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (space([1, 1], [STAY], [COIN, COIN]), r"initial: .* sum 2"),
        (space([[1]], [], [[[1]]]), "initial: expected one probability a state"),
        (space([1, 0, 0], [STAY], [COIN, COIN]), r"emission\[0\]: expected shape \(3, 2\)"),
        (space([1, 0], [[[1]]], [COIN, COIN]), r"transition\[0\]: expected rows for 2 states, got 1"),
        (space([1, 0], [[[1], [1]]], [COIN, COIN]), r"emission\[1\]: expected shape \(1, 2\)"),
        (space([1, 0], [COIN, LEAVE, LEAVE], [COIN] * 4), r"transition\[1\]: .*row \(1,\) with sum 0"),
        (space([1, 0], [LEAVE, LEAVE], [COIN] * 3), r"transition: .*row \(1,\) with sum 0"),
        (space([1, 0], [LEAVE], [STAY, [[1, 0], [0, 0]]]), r"emission\[1\]: .*row \(1,\) with sum 0"),
        (space([1, 0], [[[2, -1], [0, 1]]], [COIN, COIN]), "transition: expected non-negative"),
        (space([1], [], [[[]]]), "emission: expected at least one token"),
    ],
)
def test_wrong_spaces_are_named(wrong: StateSpace, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_state_space(wrong, EXACT)


def test_rows_that_are_never_used_may_be_zero() -> None:
    check_state_space(space([1, 0], [LEAVE, STAY], [[[1, 0], [0, 0]], COIN, COIN]), EXACT)


def test_a_float_that_underflows_hides_no_row() -> None:
    """The last state is reached with probability 1e-600, so its zero row counts."""
    double = arithmetic("float64")
    steps = [[[1.0, 1e-300, 0], [0, 1, 0], [0, 0, 1]], [[1.0, 0, 0], [0, 1, 1e-300], [0, 0, 1]]]
    last = [[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]
    chain = StateSpace(
        double.array([1.0, 0, 0]),
        tuple(DenseTransition(double.array(step)) for step in [*steps, last]),
        tuple(double.array([[1.0]] * 3) for _ in range(4)),
    )
    with pytest.raises(ValueError, match=r"transition\[2\]: .*row \(2,\) with sum 0"):
        check_state_space(chain, double)


def test_a_long_homogeneous_law_is_checked_in_full() -> None:
    """The matrices repeat 10^4 times; the state that is reached only after 50 steps has a wrong row."""
    size = 50
    move = np.eye(size + 1, k=1)
    move[:size] /= 2
    move[:size, :size] += np.eye(size) / 2
    law = HMM(np.eye(size + 1)[0], move + np.diag([0.0] * size + [1.0]), np.ones((size + 1, 1)), 10**4)
    check_state_space(law.space, law.arithmetic)
    wrong = StateSpace(
        law.space.initial,
        (DenseTransition(law.arithmetic.array(move)),) * (10**4 - 1),
        law.space.emissions,
    )
    with pytest.raises(ValueError, match=r"row \(50,\) with sum 0"):
        check_state_space(wrong, law.arithmetic)


MOVES = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=3, max_size=3)


@given(st.lists(MOVES, min_size=1, max_size=2), st.lists(st.integers(0, 1), min_size=1, max_size=8))
def test_zero_rows_are_refused_exactly_where_a_walk_uses_them(choices: list[Any], order: list[int]) -> None:
    """Against a walk along every step with sets of states."""
    matrices = [
        [[Fraction(int(entry), max(sum(row), 1)) for entry in row] for row in moves] for moves in choices
    ]
    steps = [matrices[k % len(matrices)] for k in order]
    given_space = space([1, 0, 0], steps, [[[1]] * 3] * (len(steps) + 1))
    here, stuck = {0}, False
    for step in steps:
        stuck |= any(not any(step[state]) for state in here)
        here = {target for state in here for target in range(3) if step[state][target]}
    if stuck:
        with pytest.raises(ValueError, match="transition"):
            check_state_space(given_space, EXACT)
    else:
        check_state_space(given_space, EXACT)


def test_derived_laws_pass() -> None:
    chain = MarkovChain(["1/2", "1/2"], [["1/3", "2/3"], [1, 0]], 6)
    for law in (HMM(["1/2", "1/2"], [["1/3", "2/3"], [1, 0]], COIN, 5).condition([2, 2, 0, 2, 1]), chain):
        check_state_space(law.state_space(), law.arithmetic)
        check_state_space(law.to("boolean").state_space(), arithmetic("boolean"))
