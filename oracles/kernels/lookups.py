"""The compiled twin of `GapTables.token_masses`: lookups row by row, normalised as they are written."""

from __future__ import annotations

import numpy as np

from oracles.kernels.compiled import kernel


@kernel
def look_up(patterns, chosen, first_row, forward, backward, prior, safe, out, bad):
    """Write the conditionals of the chosen entries of patterns `[B, L]` into rows of `out` `[N, V]`.

    forward, backward `[L, V, V]` and prior `[L, V]` as in `GapTables`; first_row `[B]`: where each pattern's rows
    begin in `out`.  bad `[B]`: set where a probability falls below `safe`, so that digits, or all, may be lost.
    """
    batch, length = patterns.shape
    vocab = prior.shape[1]
    nearest = np.empty(length, np.int64)  # the first revealed position from here on
    for b in range(batch):
        following = length
        for i in range(length - 1, -1, -1):
            if patterns[b, i] != vocab:
                following = i
            nearest[i] = following
        left, slot = -1, first_row[b]
        for i in range(length):
            token = patterns[b, i]
            # The law of X_i given what is revealed before it.
            before = prior[i] if left < 0 else forward[i - left, patterns[b, left]]
            if token != vocab:
                if not before[token] >= safe:
                    bad[b] = True
                left = i
            if not chosen[b, i]:
                continue
            row = out[slot]
            slot += 1
            if token != vocab:
                row[:] = 0
                row[token] = 1
            elif nearest[i] == length:
                bad[b] |= not _normalised(before, row, safe)
            else:
                after = backward[nearest[i] - i, patterns[b, nearest[i]]]
                bad[b] |= not _normalised_product(before, after, row, safe)


@kernel
def _normalised(weights, row, safe):
    total = weights[0] * 0
    for v in range(len(row)):
        total += weights[v]
    if not total >= safe:
        return False
    inverse = 1 / total
    for v in range(len(row)):
        row[v] = weights[v] * inverse
    return True


@kernel
def _normalised_product(before, after, row, safe):
    # Computed twice rather than stored once: `row` is fresh memory, and writing it is what takes time.
    total = before[0] * 0
    for v in range(len(row)):
        total += before[v] * after[v]
    if not total >= safe:
        return False
    inverse = 1 / total
    for v in range(len(row)):
        row[v] = before[v] * after[v] * inverse
    return True
