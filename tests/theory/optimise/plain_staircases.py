"""The lowest staircases by trying every start: the twin of `theory.optimise.staircase`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def plain_staircases(heights: NDArray[Any], steps: int) -> NDArray[np.int32]:
    """`[N, L+1]`: the starts, O(L^2 N), for any heights: sums and comparisons are all it needs of them."""
    length = len(heights)
    starts = np.zeros((steps, length + 1), dtype=np.int32)
    best = [m * heights[0] for m in range(length + 1)]
    for row in starts[1:]:
        before, best = best, list(best)
        for m in range(1, length + 1):
            costs = [before[a] + (m - a) * heights[a] for a in range(m)] + [before[m]]
            row[m] = min(range(m + 1), key=costs.__getitem__)
            best[m] = costs[row[m]]
    return starts
