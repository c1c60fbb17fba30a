"""Forward-backward for dense and shift transitions, compiled, over a block of patterns at a time.

Messages are `[H, K]`, one column a pattern (a lane), so that every loop runs along contiguous lanes.  A shift
transition `weights[d, r, v]` is, for every r, a matrix product over d; a dense one is the case R = 1:
    push: next[(r, v), k] = sum_d weights[d, r, v] belief[(d, r), k]
    pull: message[(d, r), k] = sum_v weights[d, r, v] joined[(r, v), k]
Two orders of the states occur: natural, s = d R + r, in which a push writes, and by r first ("moved"), in
which it reads.  Beliefs are kept moved, and only where some position of the block is wanted.
"""

from __future__ import annotations

import math

import numpy as np

from oracles.kernels.compiled import kernel

FLOOR = 2.0**-32
"""A message in float64 is rescaled once its sum is below this."""

PLACES = 8
"""Positions that are normalised before their rows are written."""

SAFE32, SAFE64 = 1e-30, 1e-290
"""A law of the state that sums to less, in float32 or float64, may have lost digits to underflow."""


@kernel
def _by_position(patterns, chosen):
    """Tokens and choices by position, `[L, K]`; the first and the last position wanted (L, -1 if none)."""
    lanes, length = patterns.shape
    tokens = np.empty((length, lanes), np.uintp)  # unsigned: no check for indices from the end
    asked = np.empty((length, lanes), np.bool_)
    first, last = length, -1
    for i in range(length):
        for k in range(lanes):
            tokens[i, k], asked[i, k] = patterns[k, i], chosen[k, i]
        if asked[i].any():
            first, last = min(first, i), i
    return tokens, asked, first, last


@kernel
def _move(moves, steps, i, length, start):
    """(offset, D, R, A) of the transition that leaves position i; at the end all states are d."""
    if i < length - 1:
        move = steps[i]
        return moves[move, 0], moves[move, 1], moves[move, 2], moves[move, 3]
    if length == 1:
        return 0, start, 1, 0
    move = steps[length - 2]
    return 0, moves[move, 2] * moves[move, 3], 1, 0


@kernel
def _observe(tokens, size, vocab, table, newest, observed, natural, totals):
    """Multiply every lane by P(its token | state); leaves the sums of the lanes in `totals`."""
    lanes = len(tokens)
    totals[:] = 0
    if newest:
        for v in range(vocab):
            row = observed[v]
            for k in range(lanes):
                row[k] = (tokens[k] == vocab) | (tokens[k] == v)
        v = 0
        for s in range(size):
            row, target = observed[v], natural[s * lanes : (s + 1) * lanes]
            for k in range(lanes):
                target[k] *= row[k]
                totals[k] += target[k]
            v = v + 1 if v + 1 < vocab else 0
        return
    for s in range(size):
        row, target = table[s], natural[s * lanes : (s + 1) * lanes]
        for k in range(lanes):
            target[k] *= row[tokens[k]]
            totals[k] += target[k]


@kernel
def _rescale(messages, size, totals, bad):
    """Bring the sum of every lane into [1/2, 1) by a power of two once any lane has fallen far below."""
    lanes = len(totals)
    floor = FLOOR if messages.itemsize == 8 else 0.5
    if totals.min() >= floor:
        return
    for k in range(lanes):
        if not totals[k] > 0:
            bad[k], totals[k] = True, 1
        totals[k] = math.ldexp(1.0, -math.frexp(totals[k])[1])
    for s in range(size):
        target = messages[s * lanes : (s + 1) * lanes]
        for k in range(lanes):
            target[k] *= totals[k]


@kernel
def _transpose(source, target, rows, columns, lanes):
    for a in range(rows):
        for b in range(columns):
            x = source[(a * columns + b) * lanes : (a * columns + b + 1) * lanes]
            y = target[(b * rows + a) * lanes : (b * rows + a + 1) * lanes]
            for k in range(lanes):
                y[k] = x[k]


@kernel
def _combine(beliefs, messages, size, states, lanes, totals):
    """belief * message, the law of the state up to a factor, and its sums."""
    totals[:] = 0
    for s in range(size):
        x, y = beliefs[s * lanes : (s + 1) * lanes], messages[s * lanes : (s + 1) * lanes]
        z = states[s * lanes : (s + 1) * lanes]
        for k in range(lanes):
            product = x[k] * y[k]
            z[k] = product
            totals[k] += product


@kernel
def _sum_by_token(states, D, R, vocab, lanes, masses):
    """Add up the states (moved order) whose newest token is the same."""
    masses[:] = 0
    for r in range(R):
        for d in range(D):
            x = states[(r * D + d) * lanes : (r * D + d + 1) * lanes]
            row = masses[(d * R + r) % vocab]
            for k in range(lanes):
                row[k] += x[k]


@kernel
def _normalise(tokens, asked, masses, totals, sums, bad):
    """Divide every lane by its sum, or make it certain of an observed token; all lanes at a time."""
    vocab, lanes = masses.shape
    safe = SAFE64 if masses.itemsize == 8 else SAFE32
    sums[:] = 0
    for v in range(vocab):
        row = masses[v]
        for k in range(lanes):
            sums[k] += row[k]
    for k in range(lanes):
        lost = not totals[k] >= safe or (tokens[k] == vocab and not sums[k] > 0)
        bad[k] |= asked[k] and lost
        sums[k] = 1 / sums[k]
    for v in range(vocab):
        row = masses[v]
        for k in range(lanes):
            certain = masses.dtype.type(tokens[k] == np.uintp(v))
            row[k] = row[k] * sums[k] if tokens[k] == vocab else certain


@kernel
def _write(asked, places, answers, slots, out):
    """Write the answers `[n, V, K]` for n places into the rows of `out` of the lanes that want them."""
    # Several places at a time: their rows lie side by side, those of different lanes far apart.
    _, vocab, lanes = answers.shape
    for k in range(lanes):
        for n in range(len(places)):
            if asked[places[n], k]:
                slots[k] -= 1
                row = slots[k]
                for v in range(vocab):
                    out[row, v] = answers[n, v, k]


@kernel
def conditionals_block(  # noqa: C901 (one pass, inlined by hand where arrays are shared)
    patterns, chosen, first_row, initial, pushes, pulls, moves, steps,
    evidence, which, readout, newest, kept, out, bad,
):  # fmt: skip
    """Write the conditionals of the chosen entries of K patterns `[K, L]` into rows of `out` `[N, V]`.

    first_row `[K]`: where each pattern's rows begin in `out`.  moves `[M, 4]`: (offset, D, R, A) of each
    distinct transition in the flat `pushes` (as [R, A, D]) and `pulls` (as [R, D, A]); steps `[L-1]`: which move.
    evidence `[E, H, V+1]` (1 for 'masked'), readout `[E, V H]`, which `[L]`; unused if `newest`: then a state's
    token is s mod V.  kept `[P, H, K]`: room for the beliefs.  bad `[K]`: set where digits may have been lost.
    """
    lanes, length = patterns.shape
    vocab = out.shape[1]
    widest = kept.shape[1]
    tokens, asked, first, last = _by_position(patterns, chosen)
    natural = np.empty(widest * lanes, initial.dtype)
    moved = np.empty(widest * lanes, initial.dtype)
    states = np.empty(widest * lanes, kept.dtype)
    answers, places, ready = np.empty((PLACES, vocab, lanes), kept.dtype), np.empty(PLACES, np.int64), 0
    totals, sums = np.empty(lanes, initial.dtype), np.empty(lanes, kept.dtype)
    observed = np.empty((vocab, lanes), initial.dtype)

    for s in range(initial.size):
        natural[s * lanes : (s + 1) * lanes] = initial[s]
    used = 0
    for i in range(last + 1):
        offset, D, R, A = _move(moves, steps, i, length, initial.size)
        table = evidence[0 if newest else which[i]]
        _observe(tokens[i], D * R, vocab, table, newest, observed, natural, totals)
        _rescale(natural, D * R, totals, bad)
        _transpose(natural, moved, D, R, lanes)
        if asked[i].any():
            row = kept[used].reshape(-1)
            for j in range(D * R * lanes):
                row[j] = moved[j]
            used += 1
        if i < last:
            for r in range(R):
                matrix = pushes[offset + r * A * D : offset + (r + 1) * A * D].reshape((A, D))
                source = moved[r * D * lanes : (r + 1) * D * lanes].reshape((D, lanes))
                np.dot(matrix, source, natural[r * A * lanes : (r + 1) * A * lanes].reshape((A, lanes)))

    slots = first_row + chosen.sum(axis=1)
    for i in range(length - 1, first - 1, -1):
        offset, D, R, A = _move(moves, steps, i, length, initial.size)
        if i == length - 1:
            moved[: D * R * lanes] = 1
        else:
            for r in range(R):
                matrix = pulls[offset + r * A * D : offset + (r + 1) * A * D].reshape((D, A))
                source = natural[r * A * lanes : (r + 1) * A * lanes].reshape((A, lanes))
                np.dot(matrix, source, moved[r * D * lanes : (r + 1) * D * lanes].reshape((D, lanes)))
        if asked[i].any():
            used -= 1
            masses, places[ready] = answers[ready], i
            _combine(kept[used].reshape(-1), moved, D * R, states, lanes, totals)
            if newest:
                _sum_by_token(states, D, R, vocab, lanes, masses)
            elif (asked[i] & (tokens[i] == vocab)).any():
                matrix = readout[which[i], : vocab * D * R].reshape((vocab, D * R))
                np.dot(matrix, states[: D * R * lanes].reshape((D * R, lanes)), masses)
            _normalise(tokens[i], asked[i], masses, totals, sums, bad)
            ready += 1
            if ready == PLACES or used == 0:
                _write(asked, places[:ready], answers, slots, out)
                ready = 0
        if i > first:
            _transpose(moved, natural, R, D, lanes)
            table = evidence[0 if newest else which[i]]
            _observe(tokens[i], D * R, vocab, table, newest, observed, natural, totals)
            _rescale(natural, D * R, totals, bad)
