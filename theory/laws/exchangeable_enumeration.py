"""Enumeration fused into one pass for schedules that treat all positions alike, in floats on the CPU.

The same states and branches as `theory.laws.enumeration`, its plain twin: for such a schedule the probability of
revealing a set depends only on its size and on how many positions are masked, so one product of answers serves
all steps at once.  The work is one multiplication and addition for every transition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Array
from oracles.patterns import Tokens, all_sequences
from theory.unmasking.oblivious import Exchangeable
from theory.unmasking.reveals import ByCount

Floats = NDArray[Any]

GROUP = 2**15
"""Patterns for which the denoiser is asked at a time, about."""


def applies(law: Oracle, schedule: Any) -> bool:
    """Whether the fused pass can take this law and schedule."""
    device = getattr(law.arithmetic, "device", None)
    return isinstance(schedule, Exchangeable) and device is not None and device.type == "cpu"


def enumerate_exchangeable(law: Oracle, schedule: Exchangeable, denoiser: Any) -> Array:
    """p(x) for every x, `(V,)*L`.  The caller has checked the budget and that this `applies`."""
    from theory.laws.spreading import spread  # on demand: it brings the compiler

    length, vocab = law.length, law.vocab_size
    weights = _set_weights(law, schedule)
    place = (vocab + 1) ** np.arange(length)[::-1]
    arrived = np.zeros(((vocab + 1) ** length, schedule.steps), dtype=weights.dtype)
    scratch = [np.empty((vocab + 1) ** length, dtype=kind) for kind in (weights.dtype, np.int64, np.int8)]
    for size in range(length, 0, -1):
        for group in _groups(schedule.masked_sets(length, size), vocab ** (length - size)):
            leaving = [_leaving(law, masked, weights[:, size], arrived, place) for masked in group]
            for part, answers in _answered(law, [part for part in leaving if len(part.base)], denoiser):
                spread(arrived, part.base, place[list(part.masked)], answers, part.shares, *scratch)
    complete = all_sequences(vocab, length) @ place
    return law.arithmetic.array(arrived[complete].sum(axis=1)).reshape((vocab,) * length)


def _groups(sets: Iterable[tuple[int, ...]], patterns: int) -> Iterator[list[tuple[int, ...]]]:
    """Sets of masked positions with so many patterns each, as many together as have about `GROUP` patterns."""
    left = iter(sets)
    while group := list(islice(left, max(1, GROUP // patterns))):
        yield group


class _Leaving(NamedTuple):
    """Patterns with the same m masked positions that have mass to send on.

    base `[X]`: their numbers, masked positions counted as token 0; shares `[X, m+1, N]` as in `spread`.
    """

    masked: tuple[int, ...]
    patterns: Tokens
    base: Tokens
    shares: Floats


def _leaving(
    law: Oracle, masked: tuple[int, ...], weights: Floats, arrived: Floats, place: Tokens
) -> _Leaving:
    observed = [i for i in range(law.length) if i not in masked]
    contexts = all_sequences(law.vocab_size, len(observed))
    base = contexts @ place[observed]
    present = _present(arrived[base + law.mask * place[list(masked)].sum()], weights[:, 0], not observed)
    met = np.flatnonzero(present.any(axis=1))
    patterns = np.full((len(met), law.length), law.mask, dtype=np.int64)
    patterns[:, observed] = contexts[met]
    return _Leaving(
        masked, patterns, base[met], present[met, None, :] * weights[:, : len(masked) + 1].T[None]
    )


def _answered(law: Oracle, leaving: list[_Leaving], denoiser: Any) -> Iterator[tuple[_Leaving, Floats]]:
    """The answers `[X, m, V]` for every set that has mass: the denoiser is asked once for all of them."""
    if not leaving:
        return
    patterns = np.concatenate([part.patterns for part in leaving])
    answers = denoiser(patterns, patterns == law.mask).numpy().reshape(len(patterns), -1, law.vocab_size)
    start = 0
    for part in leaving:
        stop = start + len(part.base)
        yield part, answers[start:stop]
        start = stop


def _present(arrived: Floats, staying: Floats, start: bool) -> Floats:
    """P(at the pattern before step k) from that of having just been led there, `[X, N]`."""
    present = np.zeros_like(arrived)
    present[:, 0] = start
    for step in range(1, arrived.shape[1]):
        present[:, step] = arrived[:, step - 1] + present[:, step - 1] * staying[step - 1]
    return present


def _set_weights(law: Oracle, schedule: Exchangeable) -> Floats:
    """The probability that step k reveals a given set of r of m masked positions, `[N, m, r]`."""
    length = law.length
    table = np.zeros((schedule.steps, length + 1, length + 1))
    for step in range(schedule.steps):
        reveal = schedule.reveal(step, law.arithmetic)
        assert isinstance(reveal, ByCount)
        for masked in range(length + 1):
            table[step, masked, : masked + 1] = [
                float(reveal.set_probability(masked, r)) for r in range(masked + 1)
            ]
    return table.astype(law.arithmetic.name)
