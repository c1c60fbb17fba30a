from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import Arithmetic, arithmetic
from oracles.state_space import DenseTransition, ShiftTransition, Transition
from oracles.testing.comparison import Comparison
from oracles.transitions import NONE, BlockTransition, SparseTransition, forgetting
from tests.oracles.twins import ARITHMETICS, TOLERANCE, Draw

EXACT = arithmetic("exact")
NUMBERS = st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(2)])


def numbers(draw: Draw, *shape: int) -> np.ndarray:
    flat = draw(st.lists(NUMBERS, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(flat, dtype=object).reshape(shape)


@st.composite
def sparse(draw: Draw) -> tuple[SparseTransition, np.ndarray]:
    """A sparse transition and its matrix, entry by entry."""
    states, width, rows, choices = (draw(st.integers(1, 3)) for _ in range(4))
    labels = draw(st.lists(st.integers(0, rows - 1), min_size=states, max_size=states))
    choices = min(choices, width)
    different = st.lists(st.integers(0, width - 1), min_size=1, max_size=choices, unique=True)
    targets = [draw(different) for _ in range(rows)]
    targets = [[*row, *[NONE] * (choices - len(row))] for row in targets]
    weights, scale = numbers(draw, rows, choices), numbers(draw, states)
    weights[np.array(targets) == NONE] = Fraction(0)
    matrix = np.full((states, width), Fraction(0), dtype=object)
    for state, label in enumerate(labels):
        for target, weight in zip(targets[label], weights[label], strict=True):
            if target != NONE:
                matrix[state, target] += scale[state] * weight
    move = SparseTransition(
        np.array(labels), np.array(targets), EXACT.array(weights), EXACT.array(scale), width
    )
    return move, matrix


@st.composite
def dense(draw: Draw) -> tuple[DenseTransition, np.ndarray]:
    matrix = numbers(draw, draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return DenseTransition(EXACT.array(matrix)), matrix


@st.composite
def shifts(draw: Draw) -> tuple[ShiftTransition, np.ndarray]:
    dropped, kept, added = (draw(st.integers(1, 2)) for _ in range(3))
    weights = numbers(draw, dropped, kept, added)
    matrix = np.full((dropped * kept, kept * added), Fraction(0), dtype=object)
    for d, r, v in np.ndindex(weights.shape):
        matrix[d * kept + r, r * added + v] = weights[d, r, v]
    return ShiftTransition(EXACT.array(weights)), matrix


@st.composite
def forgetful(draw: Draw) -> tuple[SparseTransition, np.ndarray]:
    states, law = draw(st.integers(1, 3)), numbers(draw, draw(st.integers(1, 3)))
    return forgetting(states, EXACT.array(law), EXACT), np.stack([law] * states)


@st.composite
def blocks(draw: Draw) -> tuple[BlockTransition, np.ndarray]:
    parts = draw(st.lists(st.one_of(sparse(), dense(), shifts(), forgetful()), min_size=1, max_size=3))
    shape = np.sum([matrix.shape for _, matrix in parts], axis=0)
    matrix = np.full(shape, Fraction(0), dtype=object)
    row = column = 0
    for _, part in parts:
        matrix[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return BlockTransition(tuple(move for move, _ in parts)), matrix


ANY = st.one_of(sparse(), dense(), shifts(), forgetful(), blocks())


def converted(system: Arithmetic, values: Any) -> Any:
    return np.array(values != 0, dtype=bool) if system.name == "boolean" else system.array(values)


@pytest.mark.parametrize("name", ARITHMETICS)
@given(pair=ANY, data=st.data())
def test_moves_messages_as_its_matrix_does(name: str, pair: tuple[Transition, np.ndarray], data: Any) -> None:
    move, matrix = pair
    system = arithmetic(name)
    equal = Comparison(system, TOLERANCE.get(name, 0.0)).equal
    there = move.map(lambda array: converted(system, array))
    assert there.shape == matrix.shape
    assert equal(there.dense(system), converted(system, matrix)).all()
    forth, back = numbers(data.draw, 2, matrix.shape[0]), numbers(data.draw, 2, matrix.shape[1])
    assert equal(there.push(converted(system, forth), system), converted(system, forth @ matrix)).all()
    assert equal(there.pull(converted(system, back), system), converted(system, back @ matrix.T)).all()
    scaled = there.scaled(converted(system, forth[0]), converted(system, back[0]), system)
    product = forth[0][:, None] * matrix * back[0]
    assert equal(scaled.dense(system), converted(system, product)).all()
    assert equal(scaled.push(converted(system, forth), system), converted(system, forth @ product)).all()


@pytest.mark.parametrize("name", ["exact", "float64", "boolean"])
@given(pair=ANY, data=st.data())
def test_rows_and_successors_spell_the_matrix(
    name: str, pair: tuple[Transition, np.ndarray], data: Any
) -> None:
    move, matrix = pair
    system = arithmetic(name)
    there = move.map(lambda array: converted(system, array))
    states = np.array(data.draw(st.lists(st.integers(0, matrix.shape[0] - 1), max_size=4)), dtype=np.int64)
    rows = there.rows(states, system)
    found = EXACT.zeros(len(states), matrix.shape[1])
    entries, choices = np.nonzero(~np.asarray(system.is_zero(rows)))
    reached = there.successors(states[entries], choices)
    for entry, choice, after in zip(entries, choices, reached, strict=True):
        found[entry, after] += move.rows(states, EXACT)[entry, choice]
    assert (found == EXACT.array(matrix)[states]).all()
