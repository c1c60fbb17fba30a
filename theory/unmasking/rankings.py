"""How planners rank masked positions: one key for every masked entry, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from theory.unmasking.draws import Places
from theory.unmasking.ties import ascending, comparable, places

Keys = NDArray[Any]
"""One number for every masked entry, `[M]`, the smallest first: floats, rationals or exact sums of logarithms."""


def entropies(answers: Array, system: Arithmetic) -> Keys:
    """Entropies of token laws `[M, V]` in bits: floats, or exact sums of logarithms for an exact law."""
    if system.name != "exact":
        return comparable("denoiser", system.sum(system.plogp(answers), 1), system)
    from theory.exact import log_sums

    known: dict[tuple[Any, ...], Any] = {}
    out = np.empty(len(answers), dtype=object)
    for index, law in enumerate(answers):
        # Entropy does not depend on the order: the same object for the same probabilities compares fast.
        signature = tuple(sorted((int(p.p), int(p.q)) for p in law))
        if signature not in known:
            known[signature] = log_sums.entropy(law)
        out[index] = known[signature]
    return out


def lack_of_confidence(answers: Array, system: Arithmetic) -> Keys:
    """Minus the probability of the most probable token."""
    return -comparable("denoiser", answers, system).max(axis=1)


def lack_of_margin(answers: Array, system: Arithmetic) -> Keys:
    """Minus the lead of the most probable token over the next; -1 where there is only one token."""
    values = np.sort(comparable("denoiser", answers, system), axis=1)
    return -(values[:, -1] - values[:, -2]) if values.shape[1] > 1 else -values[:, -1]


ORDERS: dict[str, Callable[[Array, Places, Arithmetic], Keys]] = {
    "left": lambda answers, masked, system: np.nonzero(masked)[1],
    "entropy": lambda answers, masked, system: entropies(answers, system),
    "confidence": lambda answers, masked, system: lack_of_confidence(answers, system),
    "margin": lambda answers, masked, system: lack_of_margin(answers, system),
}
"""Orders by name: the keys of token laws `[masked.sum(), V]`."""


def waiting(keys: Keys, masked: Places, system: Arithmetic) -> NDArray[np.int64]:
    """How many masked entries of its row come before each, smallest key first; L for the others, `[B, L]`."""
    batch, length = masked.shape
    if keys.dtype != object:
        dense = np.full((batch, length), np.inf)
        dense[masked] = keys
        place = places(ascending(dense, system))
    else:
        place = np.zeros((batch, length), dtype=np.int64)
        start = 0
        for row in range(batch):
            here = np.flatnonzero(masked[row])
            place[row, here] = places(ascending(keys[start : start + len(here)], system))
            start += len(here)
    return np.where(masked, place, length)
