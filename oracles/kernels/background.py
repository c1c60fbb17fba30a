"""Conditionals of chains over thousands of tokens: listed successors and a shared background, compiled.

Messages are `[V, LANES]` in float64, one column a pattern: an entry of the transition costs one access to memory
and one vector operation.  What is known from the left waits in the answer itself, in the law's
own precision, until the pass from the right reaches it: nothing else as large is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.background import BackgroundTransition
from oracles.float_rows import with_rows_over_sums
from oracles.kernels.compiled import kernel, over_blocks
from oracles.patterns import Tokens
from oracles.state_space import StateSpace
from oracles.steps import distinct

LANES = 8
"""Patterns a block: a cache line, known when the kernels are compiled.  Lanes that no pattern takes idle along."""

SAFE = {"float32": 1e-25, "float64": 1e-280}
"""A law of a token that sums to less may have lost digits to underflow."""


@dataclass(frozen=True, eq=False)
class BackgroundMessages:
    """A chain whose steps share entries, rest and background, packed for the compiled pass.

    scales `[D, 2, V]`: left and right of each distinct step; which `[L-1]`: the step's row there.
    """

    initial: NDArray[np.float64]
    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float64]
    rest: NDArray[np.float64]
    background: NDArray[np.float64]
    scales: NDArray[np.float64]
    which: NDArray[np.int64]
    safe: float

    @classmethod
    def pack(cls, space: StateSpace) -> BackgroundMessages:
        """The chain of more than one position; its rows are read as `oracles.float_rows` says."""
        safe = SAFE[str(space.initial.numpy().dtype)]
        space = with_rows_over_sums(space)
        different = [step for _, step in distinct(space.transitions)]
        number = {id(step): n for n, step in enumerate(different)}
        first: Any = different[0]
        arrays = (space.initial, first.weights, first.rest, first.background)
        start, weights, rest, background = (array.numpy() for array in arrays)
        return cls(
            start, first.starts, first.targets.astype(np.int32), weights, rest, background,
            np.stack([[step.left.numpy(), step.right.numpy()] for step in different]),
            np.array([number[id(step)] for step in space.transitions]), safe,
        )  # fmt: skip

    def conditionals(
        self, patterns: Tokens, chosen: NDArray[np.bool_], out: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Write the chosen entries row by row into `out` `[chosen.sum(), V]`; which patterns are doubtful."""
        bad = np.zeros(len(patterns), dtype=bool)
        counts = chosen.sum(axis=1)
        first_row = np.cumsum(counts) - counts
        law = (
            self.initial, self.starts, self.targets, self.weights, self.rest, self.background, self.scales,
            self.which, self.safe,
        )  # fmt: skip

        def work(part: slice) -> None:
            conditionals_block(patterns[part], chosen[part], first_row[part], *law, out, bad[part])

        over_blocks(work, len(patterns), LANES)
        return bad


def product(step: BackgroundTransition, messages: NDArray[Any], *, forward: bool) -> NDArray[np.float64]:
    """`step.push` (forward) or `step.pull` of messages `[B, V]`: floats, or Booleans that are then counted."""
    arrays = (step.weights, step.rest, step.background, step.left, step.right)
    weights, rest, background, left, right = map(np.asarray, arrays)
    out = np.empty((len(messages), step.shape[1 if forward else 0]))
    move = _push if forward else _pull

    def work(part: slice) -> None:
        columns = np.zeros((messages.shape[1], LANES))
        columns[:, : len(messages[part])] = messages[part].T
        moved = np.empty((out.shape[1], LANES))
        move(columns, step.starts, step.targets, weights, rest, background, left, right, moved)
        out[part] = moved[:, : len(messages[part])].T

    over_blocks(work, len(messages), LANES)
    return out


@kernel
def _observe(tokens, messages, safe, bad):
    """Keep what agrees with every lane's token, and bring each lane's sum to 1."""
    vocab = len(messages)
    totals = np.zeros(LANES)
    for v in range(vocab):
        for k in range(LANES):
            totals[k] += messages[v, k]
    for k in range(len(tokens)):
        token = tokens[k]
        if token != vocab:
            kept = messages[token, k]
            for v in range(vocab):
                messages[v, k] = 0
            messages[token, k] = kept
            totals[k] = kept
        if not totals[k] >= safe:
            bad[k], totals[k] = True, 1
    for k in range(LANES):
        totals[k] = 1 / totals[k]
    for v in range(vocab):
        for k in range(LANES):
            messages[v, k] *= totals[k]


@kernel
def _scale(messages, factors):
    for v in range(len(messages)):
        for k in range(LANES):
            messages[v, k] *= factors[v]


@kernel
def _push(beliefs, starts, targets, weights, rest, background, left, right, following):
    vocab = len(rest)
    _scale(beliefs, left)
    shared = np.zeros(LANES)
    for a in range(vocab):
        for k in range(LANES):
            shared[k] += rest[a] * beliefs[a, k]
    for b in range(len(background)):
        for k in range(LANES):
            following[b, k] = background[b] * shared[k]
    for a in range(vocab):
        if not beliefs[a].any():
            continue
        for e in range(starts[a], starts[a + 1]):
            weight, target = weights[e], np.uintp(targets[e])
            for k in range(LANES):
                following[target, k] += weight * beliefs[a, k]
    _scale(following, right)


@kernel
def _pull(joined, starts, targets, weights, rest, background, left, right, message):
    vocab = len(rest)
    _scale(joined, right)
    shared = np.zeros(LANES)
    for b in range(len(background)):
        for k in range(LANES):
            shared[k] += background[b] * joined[b, k]
    for a in range(vocab):
        for k in range(LANES):
            message[a, k] = rest[a] * shared[k]
        for e in range(starts[a], starts[a + 1]):
            weight, target = weights[e], np.uintp(targets[e])
            for k in range(LANES):
                message[a, k] += weight * joined[target, k]
    _scale(message, left)


@kernel
def _keep(tokens, wanted, beliefs, slots, out):
    """Leave what is known from the left in the rows of the answer."""
    vocab = len(beliefs)
    for k in range(len(tokens)):
        if not wanted[k]:
            continue
        if tokens[k] == vocab:
            row = out[slots[k]]
            for v in range(vocab):
                row[v] = beliefs[v, k]
        slots[k] += 1


@kernel
def _finish(tokens, wanted, message, slots, out, safe, bad):
    """Multiply by what is known from the right and normalise; an observed token is certain."""
    vocab = len(message)
    for k in range(len(tokens)):
        if not wanted[k]:
            continue
        slots[k] -= 1
        row = out[slots[k]]
        if tokens[k] != vocab:
            row[:] = 0
            row[tokens[k]] = 1
            continue
        total = 0.0
        for v in range(vocab):
            total += row[v] * message[v, k]
        if not total >= safe:
            bad[k], total = True, 1.0
        inverse = 1 / total
        for v in range(vocab):
            row[v] = row[v] * message[v, k] * inverse


@kernel
def _extent(chosen):
    """The first and the last position of which something is wanted; 0 if nothing is, for what is to be checked."""
    first, last = chosen.shape[1], -1
    for k in range(chosen.shape[0]):
        for i in range(chosen.shape[1]):
            if chosen[k, i]:
                first, last = min(first, i), max(last, i)
    return (first, last) if last >= 0 else (0, 0)


@kernel
def _meet(beliefs, message, safe, bad):
    """Doubt the patterns of which the two sides do not go together, whether or not a masked token is wanted."""
    for k in range(len(bad)):
        total = 0.0
        for v in range(len(beliefs)):
            total += beliefs[v, k] * message[v, k]
        if not total >= safe:
            bad[k] = True


@kernel
def conditionals_block(
    patterns,
    chosen,
    first_row,
    initial,
    starts,
    targets,
    weights,
    rest,
    background,
    scales,
    which,
    safe,
    out,
    bad,
):
    """Write the conditionals of the chosen entries of at most `LANES` patterns `[K, L]` into rows of `out` `[N, V]`.

    first_row `[K]`: where each pattern's rows begin in `out`.  bad `[K]`: set where digits may have been lost.
    """
    length, vocab = patterns.shape[1], len(initial)
    current, other = np.empty((vocab, LANES)), np.empty((vocab, LANES))
    first, last = _extent(chosen)

    known, slots = np.empty((vocab, LANES)), first_row.copy()
    for v in range(vocab):
        current[v] = initial[v]
    for i in range(last + 1):
        _observe(patterns[:, i], current, safe, bad)
        _keep(patterns[:, i], chosen[:, i], current, slots, out)
        if i == first:
            known[:] = current
        if i < last:
            scale = scales[which[i]]
            _push(current, starts, targets, weights, rest, background, scale[0], scale[1], other)
            current, other = other, current

    current[:] = 1
    for i in range(length - 1, first - 1, -1):
        _finish(patterns[:, i], chosen[:, i], current, slots, out, safe, bad)
        if i > first:
            _observe(patterns[:, i], current, safe, bad)
            scale = scales[which[i - 1]]
            _pull(current, starts, targets, weights, rest, background, scale[0], scale[1], other)
            current, other = other, current
    _meet(known, current, safe, bad)
