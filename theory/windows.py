"""Errors of schedules at any length, bounded through windows.

Conditioning on less never lowers an entropy: H(X_i | X_S) <= H(X_i | X_{S in a window around i}).  A window of a
stationary law is the same law, shorter, so a few short laws serve every position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import NGram, Oracle, Result
from theory.schedules import IID
from theory.subset_entropies import subset_entropies
from theory.window_entropies import WindowEntropy, Windows, enclosed, narrow, read_hidden


def windowed_expected_kl(q: NGram, schedule: IID, radius: int) -> Result:
    """An upper bound on E KL in bits: sum_k w_k h(c_{k-1}) - H(X) with h taken within windows.

    h(c) <= sum_i E_{S~Bernoulli(c)} H(X_i | X_j, j in S, |i-j| <= radius).  It is attained for radius >= L-1, and
    for one step at any radius.  Cost: tables of (V+1)^{2 radius + 1} patterns, whatever L.
    ValueError unless q is exact, homogeneous and stationary.
    """
    _check_stationary(q)
    logs = q.arithmetic.logs
    positions = Counter((min(i, radius), min(q.length - 1 - i, radius)) for i in range(q.length))
    with logs.context():
        weights = logs.array(q.arithmetic.tolist(schedule.weights_in(q.arithmetic)))
        done = np.concatenate([logs.zeros(1), np.cumsum(weights)[:-1]])
        total = logs.zeros(len(done))
        for (left, right), count in positions.items():
            total = total + count * _mean_over_sets(_window_entropies(q, left, right), done)
        value = (weights * total).sum() - q.entropy().value
    method = f"windows of {2 * radius + 1} tokens"
    return Result(value, "bits", method, f"upper bound, {logs.guarantee}")


def windowed_partition_kl(q: Oracle, blocks: Sequence[Sequence[int]], *, width: float = 1e-6) -> Result:
    """KL(q||p_pi) in bits of a fixed ordered partition, for any law with a state space, enclosed in `bounds`:

        KL(q||p_pi) = sum over steps and over their positions i, in order, of I(X_i; X_E | X_{S_<k}),

    E the positions before i in its step.  The first of a step costs nothing, so that one token a step gives
    exactly 0; each of the others is a difference of two entropies that windows enclose.  Chains have a
    direct route (`chain_errors_by_step`).
    width: how far apart the bounds may be; where that takes more than a bounded amount of work the notes say
    that it was not reached.  ValueError for a law without a state space.
    """
    law = read_hidden(q)
    windows = Windows(law)
    terms: list[tuple[WindowEntropy, WindowEntropy]] = []
    revealed: list[int] = []
    for block in blocks:
        earlier = revealed
        for place, position in enumerate(sorted(block)):
            if place > 0:
                terms.append((windows.entropy(position, revealed), windows.entropy(position, earlier)))
            earlier = [*earlier, position]
        revealed = earlier
    if not terms:
        logs = law.arithmetic.logs
        return Result(logs.element(logs.zeros(1)[0]), "bits", "one token a step", logs.guarantee)
    entropies = [entropy for term in terms for entropy in term]
    narrow(entropies, width)
    with windows.system.context():
        low = high = windows.system.zeros(1)[0]
        for alone, told in terms:
            gain = alone.low - told.high  # no information is negative, so a bound below 0 says nothing
            low = low + (gain if gain > 0 else 0)
            high = high + alone.high - told.low
    return enclosed(law, low, high, max(entropy.tokens for entropy in entropies), width)


def _window_entropies(q: Oracle, left: int, right: int) -> list[Any]:
    """sum over sets of m others in the window of H(X_i | those), for m = 0..left+right, in bits."""
    width = left + 1 + right
    entropies = subset_entropies(q.marginal(range(width)))
    without, with_centre = np.moveaxis(entropies, left, 0).reshape(2, -1)
    sizes = np.bitwise_count(np.arange(2 ** (width - 1)))
    return [(with_centre - without)[sizes == m].sum() for m in range(width)]


def _mean_over_sets(totals: list[Any], chances: NDArray[Any]) -> NDArray[Any]:
    """sum_m c^m (1-c)^{M-m} totals[m] for every chance c, M = len(totals) - 1, by Horner's rule in both."""
    value, power = chances * 0, chances * 0 + 1
    for total in totals:
        value = value * (1 - chances) + total * power
        power = power * chances
    return value


def _check_stationary(q: NGram) -> None:
    if q.arithmetic.name != "exact" or not q.homogeneous:
        raise ValueError(f"q: expected an exact homogeneous n-gram, got {q!r}")
    context = q.order - 1
    if q.length > context > 0:
        shifted = q.marginal(range(1, context + 1)).joint()
        if not np.array_equal(shifted.reshape(-1), q.initial.reshape(-1)):
            raise ValueError("q: expected a stationary n-gram, got one whose first tokens follow another law")
