"""What a state space must satisfy to be a law, checked once a distinct matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array, arithmetic
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
    visited = _visits(space, number_system)
    for name, steps in (("emission", space.emissions), ("transition", space.transitions)):
        different = distinct(steps)
        for step, matrix in different:
            label = name if len(different) == 1 else f"{name}[{step}]"
            unvisited = ~visited[id(matrix)]
            check_distributions(label, _rows(matrix, number_system), number_system, may_vanish=unvisited)


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


def _visits(space: StateSpace, number_system: Arithmetic) -> dict[int, NDArray[np.bool_]]:
    """For every distinct matrix, the states in which it is ever used."""
    visited: dict[int, NDArray[np.bool_]] = {}
    for matrix, states in _occupied(space, number_system):
        visited[id(matrix)] = visited.get(id(matrix), False) | states
    return visited


def _occupied(space: StateSpace, number_system: Arithmetic) -> Iterator[tuple[Any, NDArray[np.bool_]]]:
    """Each matrix with each set of states it meets, once: repeated steps soon repeat their state sets."""
    boolean = arithmetic("boolean")
    nonzero: dict[int, Transition] = {}
    moved: dict[tuple[int, bytes], NDArray[np.bool_]] = {}
    emitted: set[tuple[int, bytes]] = set()
    current = ~np.asarray(number_system.is_zero(space.initial))
    for i, emission in enumerate(space.emissions):
        here = current.tobytes()
        if (id(emission), here) not in emitted:
            emitted.add((id(emission), here))
            yield emission, current
        if i + 1 == space.length:
            return
        transition = space.transitions[i]
        key = (id(transition), here)
        if key not in moved:
            if id(transition) not in nonzero:
                nonzero[id(transition)] = transition.map(lambda a: ~number_system.is_zero(a))
            moved[key] = nonzero[id(transition)].push(current[None], boolean)[0]
            yield transition, current
        current = moved[key]
