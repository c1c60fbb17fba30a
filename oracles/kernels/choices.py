"""Drawing one index a row of weights, compiled: the rows are read once and nothing is written but the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.kernels.compiled import kernel, over_blocks

ROWS = 2**12
"""Rows a thread takes at a time."""

RUN = 16
"""Weights that are added up before looking whether the point is among them."""


def choose(weights: NDArray[Any], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """The index at which the running sum of each row of `weights` `[B, K]` exceeds `uniform` `[B]` of its total.

    -1 where a row has no positive weight.
    """
    chosen = np.empty(len(weights), dtype=np.int64)

    def work(part: slice) -> None:
        _choose(weights[part], uniform[part], chosen[part])

    over_blocks(work, len(weights), ROWS)
    return chosen


@kernel
def _choose(weights, uniform, chosen):
    rows, width = weights.shape
    last = (width - 1) // RUN
    sums = np.empty(last + 1, np.float64)
    for b in range(rows):
        total = 0.0
        for j in range(last + 1):
            part = 0.0
            for k in range(j * RUN, min((j + 1) * RUN, width)):
                part += weights[b, k]
            sums[j] = part
            total += part
        left, j = uniform[b] * total, 0
        while j < last and left >= sums[j]:
            left -= sums[j]
            j += 1
        index, running = j * RUN, 0.0
        end = min(index + RUN, width) - 1
        running = weights[b, index] * 1.0
        while index < end and running <= left:
            index += 1
            running += weights[b, index]
        # Rounding may carry the point past the last positive weight.
        while index >= 0 and not weights[b, index] > 0:
            index -= 1
        chosen[b] = index
