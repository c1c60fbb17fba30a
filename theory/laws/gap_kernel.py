"""The gap recursion of given sequences, compiled: one token a position leaves no matrix products worth the name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Array
from oracles.kernels.compiled import kernel, over_blocks

Numbers = NDArray[Any]


def whole_gaps(chances: Array, edges: Array, rates: Array, stays: Array) -> NDArray[Any]:
    """A_1 of the whole sequences, `[B]`, as `GapRecursion.whole` with one node a place: on the CPU, in floats.

    chances, edges `[B, n, n]`; rates, stays `[N]`.
    """
    arrays = [values.contiguous().numpy() for values in (chances, edges, rates, stays)]
    whole = np.empty(len(chances), dtype=arrays[0].dtype)

    def work(part: slice) -> None:
        _fill(arrays[0][part], arrays[1][part], arrays[2], arrays[3], whole[part])

    over_blocks(work, len(chances), 1)
    return whole


@kernel
def _fill(chances: Numbers, edges: Numbers, rates: Numbers, stays: Numbers, whole: Numbers) -> None:
    nodes = chances.shape[1]
    kept = np.empty((nodes, nodes), dtype=chances.dtype)  # M[v, w], by w
    paths = np.empty((nodes, nodes), dtype=chances.dtype)  # F[v] of the gaps from u to every w, by v
    power = np.empty(nodes, dtype=chances.dtype)
    for row in range(len(chances)):
        chance = chances[row]
        filled = edges[row].copy()
        for step in range(len(rates) - 1, -1, -1):
            power[0] = 1
            for i in range(1, nodes):
                power[i] = power[i - 1] * stays[step]
            for left in range(nodes):
                for right in range(left + 1, nodes):
                    kept[right, left] = filled[left, right] * power[right - left - 1]
            # Before the first step there is but one gap.
            for left in range(nodes - 2 if step else 1):
                first = left + 2 if step else nodes - 1
                _from_left(left, first, chance, kept, rates[step], paths, filled[left])
        whole[row] = filled[0, nodes - 1]


@kernel
def _from_left(
    left: int, first: int, chance: Numbers, kept: Numbers, rate: float, paths: Numbers, filled: Numbers
) -> None:
    """Set A_k[u, w] for one u and all w from the first on."""
    nodes = len(chance)
    for right in range(first, nodes):
        filled[right] = kept[right, left]
    for here in range(left + 1, nodes - 1):
        start = max(first, here + 1)
        total = paths[here]
        total[start:] = kept[here, left]
        before = left + 1
        while before + 4 <= here:
            a, b = kept[here, before], kept[here, before + 1]
            c, d = kept[here, before + 2], kept[here, before + 3]
            for right in range(start, nodes):
                total[right] += (
                    a * paths[before, right]
                    + b * paths[before + 1, right]
                    + c * paths[before + 2, right]
                    + d * paths[before + 3, right]
                )
            before += 4
        for other in range(before, here):
            for right in range(start, nodes):
                total[right] += kept[here, other] * paths[other, right]
        outgoing = rate * chance[left, here]
        for right in range(start, nodes):
            total[right] *= outgoing * chance[here, right] / chance[left, right]
            filled[right] += total[right] * kept[right, here]
