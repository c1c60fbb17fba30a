"""Transitions against their matrices."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import NAMES, arithmetic
from oracles.state_space import DenseTransition, ShiftTransition, StateSpace, Transition
from tests.oracles.test_arithmetic import agree, arrays


@st.composite
def transitions(draw: Any) -> tuple[Transition, np.ndarray]:
    """A transition over fractions, with the matrix it stands for written out entry by entry."""
    if draw(st.booleans()):
        matrix = draw(arrays(draw(st.integers(1, 4)), draw(st.integers(1, 4))))
        return DenseTransition(matrix), matrix
    dropped, kept, added = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    weights = draw(arrays(dropped, kept, added))
    matrix = np.zeros((dropped * kept, kept * added), dtype=object)
    for d, r, v in np.ndindex(weights.shape):
        matrix[d * kept + r, r * added + v] = weights[d, r, v]
    return ShiftTransition(weights), matrix


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_every_operation_is_that_of_the_matrix(name: str, data: st.DataObject) -> None:
    system = arithmetic(name)
    exact, matrix = data.draw(transitions())
    transition = exact.map(system.array)
    rows, columns = matrix.shape
    assert transition.shape == matrix.shape
    batch = data.draw(st.integers(0, 2))
    before, after = data.draw(arrays(batch, rows)), data.draw(arrays(batch, columns))
    left, right = data.draw(arrays(rows)), data.draw(arrays(columns))
    with system.context():
        assert agree(system, transition.dense(system), matrix)
        assert agree(system, Transition.dense(transition, system), matrix)
        assert agree(
            system, transition.push(system.array(before).reshape(batch, rows), system), before @ matrix
        )
        assert agree(
            system, transition.pull(system.array(after).reshape(batch, columns), system), after @ matrix.T
        )
        scaled = transition.scaled(system.array(left), system.array(right), system)
        assert agree(system, scaled.dense(system), left[:, None] * matrix * right)


@given(transitions())
def test_rows_and_successors_list_the_entries_of_the_matrix(pair: tuple[Transition, np.ndarray]) -> None:
    transition, matrix = pair
    system = arithmetic("exact")
    transition = transition.map(system.array)
    states = np.arange(matrix.shape[0])
    rows = transition.rows(states, system)
    found = np.zeros_like(matrix)
    for state, choice in np.ndindex(rows.shape):
        target = transition.successors(np.array([state]), np.array([choice]))[0]
        found[state, target] += rows[state, choice]
    assert found.tolist() == matrix.tolist()


def test_map_visits_every_distinct_array_once_and_keeps_it_shared() -> None:
    system = arithmetic("exact")
    step, other = DenseTransition(system.ones(2, 2)), ShiftTransition(system.ones(1, 2, 1))
    emission = system.ones(2, 3)
    space = StateSpace(system.ones(2), (step, step, other), (emission, emission, emission, system.ones(2, 3)))
    arrays = space.arrays()
    assert len(arrays) == len({id(array) for array in arrays}) == 5
    moved = space.map(lambda array: array + array)
    assert moved.length == 4
    assert moved.transitions[0] is moved.transitions[1]
    assert moved.emissions[0] is moved.emissions[2]
    assert moved.emissions[3].tolist() == [[2, 2, 2]] * 2
