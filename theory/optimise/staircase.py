"""The lowest staircase of N steps above a nonincreasing sequence, by dynamic programming.

Sizes and iid weights cost what the left Riemann sum of a nonincreasing function costs, so both are staircases:

    D[k][m] = min_{a <= m} D[k-1][a] + (m - a) f(a),   D[0][0] = 0,

the least sum over the first m places with k steps, the last of which starts at a.  Steps may be empty.
All in integers, so that ties are ties: among equals the smallest a is taken.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Heights = NDArray[Any]
"""f(0..L-1), `[L]`, int64 or Python integers."""

Starts = NDArray[np.int32]
"""`[N, L+1]`: at [k, m] the a that attains D[k+1][m], where the last of k + 1 steps over m places starts."""

ENTRIES = 2**28
"""Largest N (L + 1): 1 GiB of starts."""


def lowest_staircases(heights: Heights, steps: int) -> Starts:
    """The starts of the best staircases of 1..N steps; O(L N) for any nonincreasing heights.

    In m the candidates are lines of slope f(a), which come in falling order, and m only grows: a queue of the
    lines that are still lowest somewhere moves on monotonically, each line entering and leaving it once.
    ValueError if the heights rise anywhere, or the table of starts would be too large.
    """
    if (heights[1:] > heights[:-1]).any():
        raise ValueError("heights: expected a sequence that never rises, got one that does")
    length, starts = len(heights), _room(len(heights), steps)
    fill = _fill if heights.dtype.hasobject else _compiled()
    best, queue, since = (np.empty(length + 1, dtype=kind) for kind in (heights.dtype, np.int64, np.int64))
    fill(heights, starts, _one_step(heights), best, queue, since)
    return starts


def step_sizes(starts: Starts, steps: int) -> list[int]:
    """The sizes of the best staircase of that many steps, or of all if there are fewer; the empty ones last."""
    sizes, stop = [], starts.shape[1] - 1
    for row in reversed(starts[:steps]):
        sizes.append(stop - int(row[stop]))
        stop = int(row[stop])
    filled = [size for size in reversed(sizes) if size]
    return filled + [0] * (len(sizes) - len(filled))


def _one_step(heights: Heights) -> NDArray[Any]:
    """D[1][0..L] = m f(0)."""
    return np.array([m * heights[0] for m in range(len(heights) + 1)], dtype=heights.dtype)


def _room(length: int, steps: int) -> Starts:
    if steps * (length + 1) > ENTRIES:
        raise ValueError(
            f"steps: expected at most {ENTRIES // (length + 1)} for {length} places, got {steps}"
        )
    return np.zeros((steps, length + 1), dtype=np.int32)


def _fill(heights: Any, starts: Any, before: Any, best: Any, queue: Any, since: Any) -> None:
    """Fill rows 1.. of `starts` from the least sums `before` of one step; the other arrays are work space.

    queue[first:last]: the lines that are lowest somewhere from here on; since[j]: from which m on line j is
    strictly below the one before it.
    """
    length = len(heights)
    for k in range(1, len(starts)):
        first = last = 0
        for m in range(length + 1):
            # The line of a = L would be an empty step at the end: it costs D[k-1][L] and nothing comes after.
            slope = heights[m] if m < length else heights[length - 1]
            shift = before[m] - m * slope
            crossing = 0
            while last > first:
                other = int(queue[last - 1])
                ahead = shift - (before[other] - other * heights[other])
                if slope == heights[other]:
                    crossing = m if ahead < 0 else length + 1
                else:
                    crossing = max(ahead // (heights[other] - slope) + 1, m)
                if crossing > since[last - 1] or crossing > length:
                    break
                last -= 1
            if last == first or crossing <= length:
                queue[last], since[last] = m, crossing if last > first else m
                last += 1
            while first + 1 < last and since[first + 1] <= m:
                first += 1
            start = int(queue[first])
            starts[k, m] = start
            best[m] = before[start] + (m - start) * heights[min(start, length - 1)]
        for m in range(length + 1):
            before[m] = best[m]


@cache
def _compiled() -> Any:
    from oracles.kernels.compiled import kernel

    return kernel(_fill)
