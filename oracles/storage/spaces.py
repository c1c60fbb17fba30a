"""State spaces as JSON: every transition in the form in which it is small."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic
from oracles.background import BackgroundTransition
from oracles.patterns import read_integers
from oracles.state_space import (
    DenseTransition,
    ShiftTransition,
    States,
    StateSpace,
    TokenEmissions,
    Transition,
)
from oracles.storage.literals import read_numbers, write_numbers
from oracles.storage.steps import read_runs, write_runs
from oracles.transitions import NONE, BlockTransition, SparseTransition
from oracles.validation import check_shape, read_count

_FORMS = ("dense", "shift", "sparse", "background", "blocks")
_BACKGROUND = ("rest", "background", "left", "right")
_SPARSE = {"labels", "targets", "weights", "scale", "width"}


def write_space(space: StateSpace, number_system: Arithmetic) -> dict[str, Any]:
    """The three fields of a state space, matrices that repeat written once."""
    return {
        "initial": write_numbers(space.initial, number_system),
        "transition": write_runs(space.transitions, lambda t: _write_transition(t, number_system)),
        "emission": _write_emissions(space.emissions, number_system),
    }


def read_space(document: dict[str, Any], length: int, number_system: Arithmetic) -> StateSpace:
    """The state space of those fields; ValueError for what is malformed, shapes and sums aside."""

    def numbers(name: str, value: Any) -> Any:
        return _read_axes(name, value, 2, number_system)

    def transition(name: str, value: Any) -> Transition:
        return _read_transition(name, value, number_system)

    initial = _read_axes("initial", document["initial"], 1, number_system)
    transitions = read_runs("transition", document["transition"], transition, length - 1)
    emission = document["emission"]
    if isinstance(emission, dict) and set(emission) == {"tokens"}:
        vocab = read_count("emission.tokens", emission["tokens"])
        return StateSpace(
            initial, tuple(transitions), TokenEmissions(number_system.array([0, 1]), vocab, length)
        )
    emissions = read_runs("emission", emission, numbers, length)
    return StateSpace(initial, tuple(transitions), tuple(emissions))


def _write_emissions(emissions: Sequence[Any], number_system: Arithmetic) -> dict[str, Any]:
    if isinstance(emissions, TokenEmissions):
        return {"tokens": emissions.vocab_size}
    return write_runs(emissions, lambda e: write_numbers(e, number_system))


def _write_transition(transition: Transition, number_system: Arithmetic) -> dict[str, Any]:
    if isinstance(transition, ShiftTransition):
        return {"shift": write_numbers(transition.weights, number_system)}
    if isinstance(transition, BlockTransition):
        return {"blocks": [_write_transition(block, number_system) for block in transition.blocks]}
    if isinstance(transition, SparseTransition):
        return {
            "sparse": {
                "labels": transition.labels.tolist(),
                "targets": transition.targets.tolist(),
                "weights": write_numbers(transition.weights, number_system),
                "scale": write_numbers(transition.scale, number_system),
                "width": int(transition.width),
            }
        }
    if isinstance(transition, BackgroundTransition):
        numbers = {name: write_numbers(getattr(transition, name), number_system) for name in _BACKGROUND}
        return {"background": write_listed(transition, number_system) | numbers}
    return {"dense": write_numbers(transition.dense(number_system), number_system)}


def _read_transition(name: str, value: Any, number_system: Arithmetic) -> Transition:
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _FORMS:
        raise ValueError(f"{name}: expected an object with one of the keys {', '.join(_FORMS)}")
    ((form, content),) = value.items()
    inner = f"{name}.{form}"
    if form == "dense":
        return DenseTransition(_read_axes(inner, content, 2, number_system))
    if form == "shift":
        return ShiftTransition(_read_axes(inner, content, 3, number_system))
    if form == "sparse":
        return _read_sparse(inner, content, number_system)
    if form == "background":
        return _read_background(inner, content, number_system)
    if not isinstance(content, list) or not content:
        raise ValueError(f"{inner}: expected at least one transition")
    blocks = (_read_transition(f"{inner}[{k}]", block, number_system) for k, block in enumerate(content))
    return BlockTransition(tuple(blocks))


def _read_sparse(name: str, value: Any, number_system: Arithmetic) -> SparseTransition:
    if not isinstance(value, dict) or set(value) != _SPARSE:
        raise ValueError(f"{name}: expected an object with the keys {', '.join(sorted(_SPARSE))}")
    width = read_count(f"{name}.width", value["width"])
    weights = _read_axes(f"{name}.weights", value["weights"], 2, number_system)
    groups = int(weights.shape[0])
    targets = _read_indices(f"{name}.targets", value["targets"], NONE, width - 1)
    check_shape(f"{name}.targets", targets, tuple(weights.shape))
    labels = _read_indices(f"{name}.labels", value["labels"], 0, groups - 1)
    scale = _read_axes(f"{name}.scale", value["scale"], 1, number_system)
    check_shape(f"{name}.labels", labels, tuple(scale.shape))
    if ((targets == NONE) & ~np.asarray(number_system.is_zero(weights))).any():
        raise ValueError(f"{name}.weights: expected zeros where the target is {NONE}")
    return SparseTransition(labels, targets, weights, scale, width)


def write_listed(transition: BackgroundTransition, number_system: Arithmetic) -> dict[str, Any]:
    """The listed successors and their weights, a row a state."""
    places = [slice(start, end) for start, end in itertools.pairwise(transition.starts.tolist())]
    weights = write_numbers(transition.weights, number_system)
    return {
        "targets": [transition.targets[place].tolist() for place in places],
        "weights": [weights[place] for place in places],
    }


def read_rows(name: str, value: Any, number_system: Arithmetic) -> list[Any]:
    """Rows of numbers, of any lengths."""
    if not isinstance(value, list):
        raise ValueError(f"{name}: expected a list of rows")
    return [_read_axes(f"{name}[{row}]", numbers, 1, number_system) for row, numbers in enumerate(value)]


def _read_background(name: str, value: Any, number_system: Arithmetic) -> BackgroundTransition:
    if not isinstance(value, dict) or set(value) != {"targets", "weights", *_BACKGROUND}:
        keys = ", ".join(("targets", "weights", *_BACKGROUND))
        raise ValueError(f"{name}: expected an object with the keys {keys}")
    rest, background, left, right = (
        _read_axes(f"{name}.{field}", value[field], 1, number_system) for field in _BACKGROUND
    )
    rows = read_rows(f"{name}.weights", value["weights"], number_system)
    check_shape(f"{name}.rest", rest, (len(rows),))
    check_shape(f"{name}.left", left, (len(rows),))
    check_shape(f"{name}.right", right, (len(background),))
    if not isinstance(value["targets"], list) or len(value["targets"]) != len(rows):
        raise ValueError(f"{name}.targets: expected {len(rows)} rows")
    targets = [
        _read_indices(f"{name}.targets[{row}]", listed, 0, len(background) - 1)
        for row, listed in enumerate(value["targets"])
    ]
    for row, (listed, weights) in enumerate(zip(targets, rows, strict=True)):
        check_shape(f"{name}.targets[{row}]", listed, tuple(weights.shape))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    flat = number_system.concat([number_system.zeros(0), *rows])
    joined = np.concatenate([np.zeros(0, dtype=np.int64), *targets])
    return BackgroundTransition(starts, joined, flat, rest, background, left, right)


def _read_axes(name: str, value: Any, axes: int, number_system: Arithmetic) -> Any:
    array = read_numbers(name, value, number_system)
    if array.ndim != axes:
        raise ValueError(f"{name}: expected {axes} axes, got shape {tuple(array.shape)}")
    return array


def _read_indices(name: str, value: Any, smallest: int, largest: int) -> States:
    indices = read_integers(name, value)
    if indices.size and not (indices.min() >= smallest and indices.max() <= largest):
        raise ValueError(f"{name}: expected integers in {smallest}..{largest}")
    return indices
