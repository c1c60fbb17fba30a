"""Entropies of a token averaged over the sets revealed around it, enclosed through windows of one radius.

With a window from i - w to i + w and Z the hidden states just outside of it (none where the sequence ends),
for every set T of window positions, if S is T and anything outside of the window,
    H(X_i | X_T, Z) <= H(X_i | X_S) <= H(X_i | X_T).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, Scalar
from theory.information.subset_entropies import summed_over_tokens
from theory.information.window_entropies import ALL_ENTRIES, WINDOW_ENTRIES, Windows
from theory.unmasking.oblivious import Exchangeable
from theory.unmasking.schedules import IID


@dataclass(frozen=True)
class _Window:
    """Where a window begins and ends, its centre, and where the states beyond it are taken, if at all."""

    first: int
    centre: int
    last: int
    start: int | None
    end: int | None

    @property
    def points(self) -> list[int]:
        return list(range(self.first, self.last + 1))


def mean_entropies(windows: Windows, schedule: Exchangeable, radius: int) -> tuple[Scalar, Scalar] | None:
    """Bounds on sum_i E H(X_i | X_S), S what is revealed before i: H(X) + E KL of the schedule.

    Windows that look alike are computed once.  None if all of them together are too much work.
    """
    system, length = windows.system, windows.law.length
    counts: Counter[Any] = Counter()
    examples: dict[Any, _Window] = {}
    for position in range(length):
        window = _around(position, radius, length)
        key = windows.key(window.points, position, window.start, window.end)
        counts[key] += 1
        examples.setdefault(key, window)
    work = [_entries(windows, window) for window in examples.values()]
    limit = WINDOW_ENTRIES[system.name]
    if max(work) > limit or sum(work) > ALL_ENTRIES * limit:
        return None
    low = high = system.zeros(1)[0]
    with system.context():
        for key, window in examples.items():
            weights = _chances_of_size(schedule, len(window.points) - 1, length, system)
            below, above = (system.sum(weights * means, 0) for means in _means(windows, window))
            low, high = low + counts[key] * below, high + counts[key] * above
    return low, high


def _around(position: int, radius: int, length: int) -> _Window:
    first, last = max(position - radius, 0), min(position + radius, length - 1)
    return _Window(
        first, position, last, first - 1 if first else None, last + 1 if last + 1 < length else None
    )


def _means(windows: Windows, window: _Window) -> tuple[Array, Array]:
    """The means of H(X_i | X_T, Z) and of H(X_i | X_T) over the sets of t others in the window, each `[W]`."""
    system, vocab = windows.system, windows.law.vocab_size
    place = window.centre - window.first
    width = len(window.points)
    joint = system.permute(windows.joint(window.points, window.start, window.end), (1, 0, 2))
    tables = joint.reshape(vocab**width, -1), system.sum(joint, (1, 2))[:, None]
    low, high = (_means_by_size(table, vocab, width, place, system) for table in tables)
    return low, high


def _means_by_size(table: Array, vocab: int, width: int, place: int, system: Arithmetic) -> Array:
    """The means from P(tokens, states) `[V^W, K]`."""
    for axis in range(width):
        split = table.reshape((vocab + 1) ** axis, vocab, -1)
        table = system.concat([split, system.sum(split, 1)[:, None]], 1)
    terms = system.plogp(table.reshape((vocab + 1) ** width, -1))
    entropies = system.sum(summed_over_tokens(terms, vocab, width, system), 1)
    pairs = entropies.reshape(2**place, 2, -1)
    steps = (pairs[:, 1] - pairs[:, 0]).reshape(-1)
    sizes = np.bitwise_count(np.arange(2 ** (width - 1)))
    totals = [system.sum(steps[system.index(np.flatnonzero(sizes == t))], 0) for t in range(width)]
    counts = system.array([comb(width - 1, t) for t in range(width)])
    return system.stack(totals) / counts


def _chances_of_size(schedule: Exchangeable, others: int, length: int, system: Arithmetic) -> Array:
    """P(t of the others in the window are revealed before the centre), t = 0..others."""
    if isinstance(schedule, IID):  # what it does to a window is the same schedule
        return schedule.context_sizes(others + 1, system)
    everywhere = schedule.context_sizes(length, system)
    chances = system.zeros(others + 1)
    for m in np.flatnonzero(~system.is_zero(everywhere)).tolist():
        outside = [comb(length - 1 - others, m - t) if t <= m else 0 for t in range(others + 1)]
        ways = [comb(others, t) * count for t, count in enumerate(outside)]
        inside = system.array([Fraction(way, comb(length - 1, m)) for way in ways])
        chances = chances + everywhere[m] * inside
    return chances


def _entries(windows: Windows, window: _Window) -> float:
    """Size of the largest table: states before and after, and a pattern in between."""
    emissions = windows.space.emissions
    states = [1 if place is None else int(emissions[place].shape[0]) for place in (window.start, window.end)]
    return float(states[0] * states[1]) * float(windows.law.vocab_size + 1) ** len(window.points)
