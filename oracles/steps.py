"""Parameters that are one array for every step, or a list with one array a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oracles.arithmetic import Arithmetic, Array
from oracles.validation import read_array

STEP_LIMIT = 10**6
"""Most steps of a law: each takes an entry in several lists, whatever matrices they share."""


def read_steps(
    name: str, values: Any, depth: int, steps: int, number_system: Arithmetic
) -> tuple[Array, ...]:
    """One array for every step: the same object repeated if the user gave a single array.

    A single array is kept, and checked, even when the law is too short to use it; an empty list is then
    as good.  ValueError for more than `STEP_LIMIT` steps.
    """
    check_steps(steps)
    if isinstance(values, list | tuple) and not values and steps == 0:
        return ()
    if isinstance(values, list | tuple) and values and _depth(values) == depth + 1:
        if len(values) != steps:
            raise ValueError(f"{name}: expected one array or a list of {steps}, got a list of {len(values)}")
        distinct = {
            id(value): read_array(f"{name}[{i}]", value, number_system) for i, value in enumerate(values)
        }
        return tuple(distinct[id(value)] for value in values)
    array = read_array(name, values, number_system)
    if array.ndim == depth + 1:
        if array.shape[0] != steps:
            raise ValueError(f"{name}: expected one array or {steps} of them, got {array.shape[0]}")
        return tuple(array[i] for i in range(steps))
    if array.ndim != depth:
        raise ValueError(
            f"{name}: expected {depth} axes (or one more, a step first), got shape {tuple(array.shape)}"
        )
    return (array,) * max(steps, 1)


def check_steps(steps: int) -> int:
    """The number of steps; ValueError for more than `STEP_LIMIT`."""
    if steps > STEP_LIMIT:
        raise ValueError(f"length: expected a law of at most {STEP_LIMIT:,} steps, got one of {steps:,}")
    return steps


def _depth(values: Any) -> int:
    """Nesting depth of a list of numbers or arrays."""
    if hasattr(values, "ndim"):
        return values.ndim
    return 1 + _depth(values[0]) if isinstance(values, list | tuple) and values else 0


def distinct(arrays: Sequence[Array]) -> list[tuple[int, Array]]:
    """The different array objects of a sequence, each with the step at which it first appears."""
    first: dict[int, int] = {}
    for index, array in enumerate(arrays):
        first.setdefault(id(array), index)
    return [(index, arrays[index]) for index in first.values()]
