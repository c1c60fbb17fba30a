"""Which contexts a law ever visits, decided on the zero pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Possible = NDArray[np.bool_]


def occupied(start: Possible, moves: Iterable[Possible]) -> Iterator[Possible]:
    """States `[H]` that can be occupied before each move, a Boolean `[D, R, V]` (see ShiftTransition)."""
    current = start
    for move in moves:
        yield current
        dropped, kept, _ = move.shape
        current = (current.reshape(dropped, kept, 1) & move).any(axis=0).reshape(-1)
