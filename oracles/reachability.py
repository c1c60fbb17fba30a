"""Which contexts a law ever visits, decided on the zero pattern."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Possible = NDArray[np.bool_]


def unvisited(start: Possible, moves: Sequence[Possible]) -> Possible:
    """States `[H]` not occupied after these moves, each a Boolean `[D, R, V]` shift (see ShiftTransition)."""
    current = start
    for move in moves:
        current = _moved(current, move)
    return ~current


def never_visited(start: Possible, move: Possible, steps: int) -> Possible:
    """States `[H]` occupied at none of the times 0..steps when one move repeats."""
    seen = current = start
    for _ in range(steps):
        current = _moved(current, move)
        if not (current & ~seen).any():
            break  # every state seen so far has been moved on, so nothing new can appear
        seen = seen | current
    return ~seen


def _moved(current: Possible, move: Possible) -> Possible:
    dropped, kept, _ = move.shape
    return (current.reshape(dropped, kept, 1) & move).any(axis=0).reshape(-1)
