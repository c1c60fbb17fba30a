"""The entropies of all 2**L sets of positions, from the table of all (V+1)**L pattern probabilities."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.memory import TABLE_LIMIT
from oracles.oracle import Oracle

PATTERN_LIMITS = {
    "float32": TABLE_LIMIT,
    "float64": TABLE_LIMIT,
    "exact": 2 * 10**6,
    "ball": 2 * 10**6,
    "symbolic": 10**4,
    "tracked": 10**5,
}
"""Largest (V+1)**L that is enumerated, by arithmetic: at most about a minute of work."""


def pattern_count(q: Oracle) -> float:
    """(V+1)**L, or infinity where that is astronomical."""
    digits = q.length * math.log10(q.vocab_size + 1)
    return math.inf if digits > 300 else float((q.vocab_size + 1) ** q.length)


def subset_entropies(q: Oracle) -> Array:
    """H(X_S) in bits for every set S of positions, shape `(2,)*L`: index 1 where the position is in S.

    H(X_S) = sum over x_S of -p log2 p, all sets at once: the table of -p log2 p over patterns is summed over
    the V tokens of every axis in turn.  In the oracle's log arithmetic.  ValueError if the table is too large.
    """
    logs = q.arithmetic.logs
    table = q.pattern_table()
    with logs.context():
        terms = q.arithmetic.plogp(table).reshape(-1, 1)
        return summed_over_tokens(terms, q.vocab_size, q.length, logs).reshape((2,) * q.length)


def summed_over_tokens(terms: Array, vocab: int, length: int, system: Arithmetic) -> Array:
    """Terms of all patterns `[(V+1)^L, K]` -> their sums over the patterns that observe one set, `[2^L, K]`."""
    for axis in range(length):
        split = terms.reshape(2**axis, vocab + 1, -1)
        terms = system.stack([split[:, vocab], system.sum(split[:, :vocab], 1)], 1)
    return terms.reshape(2**length, -1)


def conditional_entropies(q: Oracle) -> Array:
    """H(X_i | X_S) in bits for every position i and set S, shape `[L, 2, .., 2]`; 0 where i is in S.

    Index [i, s_0, .., s_{L-1}] with s_j = 1 where j is in S.  In the oracle's log arithmetic.
    """
    entropies, logs = subset_entropies(q), q.arithmetic.logs
    with logs.context():
        return logs.stack(
            [entropies[(slice(None),) * i + (slice(1, 2),)] - entropies for i in range(q.length)]
        )


def enumerated_profile(q: Oracle) -> Array:
    """f(0..L-1) in bits, `[L]`, for any oracle.

    Averaged over i and S, H(X_i | X_S) = H(X_{S+i}) - H(X_S) is the step of the mean entropy of m positions:
    f(m) = mean_{|S|=m+1} H(X_S) - mean_{|S|=m} H(X_S).  Absolute rounding error about 1e-16 H(X).
    """
    logs, length = q.arithmetic.logs, q.length
    entropies = subset_entropies(q).reshape(-1)
    sizes = np.bitwise_count(np.arange(2**length))
    with logs.context():
        totals = [logs.sum(entropies[logs.index(np.flatnonzero(sizes == m))], 0) for m in range(length + 1)]
        means = [total / logs.array(math.comb(length, m)) for m, total in enumerate(totals)]
        return logs.stack([after - before for before, after in pairwise(means)])
