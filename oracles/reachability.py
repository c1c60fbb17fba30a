"""Which states a law ever visits, decided on the zero pattern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import arithmetic
from oracles.state_space import Transition

Possible = NDArray[np.bool_]


def occupied(start: Possible, transitions: Iterable[Transition]) -> list[Possible]:
    """The states that can be occupied before every transition, over Booleans, and after the last.

    `[H_i]` each.  Repeated transitions soon repeat their state sets, and a repeated set is the same object.
    """
    boolean = arithmetic("boolean")
    known = {start.tobytes(): start}
    moved: dict[tuple[int, int], Possible] = {}
    current, out = start, [start]
    for transition in transitions:
        key = id(transition), id(current)
        if key not in moved:
            reached = transition.push(current[None], boolean)[0]
            moved[key] = known.setdefault(reached.tobytes(), reached)
        current = moved[key]
        out.append(current)
    return out


def visited(matrices: Sequence[Any], states: Iterable[Possible]) -> dict[int, Possible]:
    """For every distinct matrix, by its id, the states it is ever applied in."""
    pairs = {(id(matrix), id(current)): current for matrix, current in zip(matrices, states, strict=False)}
    out: dict[int, Possible] = {}
    for (matrix, _), current in pairs.items():
        out[matrix] = out[matrix] | current if matrix in out else current
    return out
