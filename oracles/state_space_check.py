"""What a state space must satisfy to be a law, checked once a distinct matrix."""

from __future__ import annotations

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.reachability import Possible, occupied, visited
from oracles.state_space import StateSpace, Transition
from oracles.steps import distinct
from oracles.validation import check_distributions, check_shape


def check_state_space(space: StateSpace, number_system: Arithmetic) -> None:
    """ValueError unless the shapes fit and every row that the law uses is a probability distribution.

    The row of a state that is never visited while its matrix is in use may be all zero.  Visits are decided
    on the zero pattern, so a float that underflows cannot hide a wrong row.
    """
    _check_shapes(space)
    check_distributions("initial", space.initial, number_system)
    states = _occupied(space, number_system)
    for name, steps in (("emission", space.emissions), ("transition", space.transitions)):
        different, seen = distinct(steps), visited(steps, states)
        for step, matrix in different:
            label = name if len(different) == 1 else f"{name}[{step}]"
            unvisited = ~seen[id(matrix)]
            check_distributions(label, _rows(matrix, number_system), number_system, may_vanish=unvisited)


def _occupied(space: StateSpace, number_system: Arithmetic) -> list[Possible]:
    """The states that the law can occupy at every position."""

    def possible(array: Array) -> Possible:
        return np.logical_not(number_system.is_zero(array))

    moves = {id(step): step.map(possible) for _, step in distinct(space.transitions)}
    return occupied(possible(space.initial), [moves[id(step)] for step in space.transitions])


def _rows(matrix: Transition | Array, number_system: Arithmetic) -> Array:
    if isinstance(matrix, Transition):
        return matrix.rows(np.arange(matrix.shape[0]), number_system)
    return matrix


def _check_shapes(space: StateSpace) -> None:
    if len(space.initial.shape) != 1 or not len(space.initial):
        shape = tuple(space.initial.shape)
        raise ValueError(f"initial: expected one probability a state, got shape {shape}")
    states, vocab = int(space.initial.shape[0]), int(space.emissions[0].shape[-1])
    if not vocab:
        raise ValueError("emission: expected at least one token, got none")
    checked = None
    for i, emission in enumerate(space.emissions):
        transition = space.transitions[i] if i + 1 < space.length else None
        step = states, id(emission), id(transition)
        if step == checked:
            continue  # the very step before this one, which kept the number of states
        checked = step
        check_shape(f"emission[{i}]", emission, (states, vocab))
        if transition is not None:
            before, after = transition.shape
            if before != states:
                raise ValueError(f"transition[{i}]: expected rows for {states} states, got {before}")
            states = after
