"""A Markov chain as runs of shared information, in exact numbers.

The run i..j carries w(i, j) = I(X_i; X_j | X_{i-1}, X_{j+1}) bits that its tokens share and no other token has
(w(i, i) = H(X_i | X_{i-1}, X_{i+1})), and there is nothing else: H(X_A | X_S) is the sum of w over the runs that meet
A and miss S.  So a chain costs a sampler what independent blocks of equal tokens would: a run that is first revealed
by k of its tokens at a time costs (k - 1) w.  Source: Kawabata & Yeung 1992 (the I-measure of a Markov chain is
nowhere negative, and lies on runs); the rest is derived for this project.  In bits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from theory.exact.log_sums import Bits, LogSum
from theory.exact.profile import Entropies

Runs = Mapping[tuple[int, int], Bits]
"""w(i, j) of the run i..j, both ends in it."""


def co_information(entropies: Entropies, positions: Collection[int], given: Collection[int] = ()) -> Bits:
    """I(X_a; X_b; ..|X_S), what all these tokens share: sum over T in A, not empty, of (-1)^{|T|+1} H(X_T | X_S)."""
    total = LogSum({})
    for size in range(1, len(positions) + 1):
        for some in combinations(positions, size):
            term = entropies.conditional(some, given)
            total = total + term if size % 2 else total - term
    return total


def run_information(entropies: Entropies) -> Runs:
    """w(i, j) for all i <= j, of any law (of one that is no chain, they do not add up to its entropies)."""
    found = {}
    for i in range(entropies.length):
        for j in range(i, entropies.length):
            given = [k for k in (i - 1, j + 1) if 0 <= k < entropies.length]
            found[i, j] = entropies.mutual(i, j, given) if i < j else entropies.conditional([i], given)
    return found


def met(runs: Runs, positions: Collection[int], given: Collection[int]) -> Bits:
    """The sum of w over the runs that meet A and miss S: H(X_A | X_S) of a Markov chain."""
    shared = (
        w
        for (i, j), w in runs.items()
        if any(i <= a <= j for a in positions) and not any(i <= s <= j for s in given)
    )
    return sum(shared, LogSum({}))


def partition_cost(runs: Runs, blocks: Sequence[Sequence[int]]) -> Bits:
    """sum over runs of w(i, j) (k - 1), k the tokens of the run that the first block to meet it reveals."""
    total = LogSum({})
    for (i, j), shared in runs.items():
        first = next(met for block in blocks if (met := sum(i <= place <= j for place in block)))
        total = total + (first - 1) * shared
    return total


def by_length(runs: Runs) -> list[Bits]:
    """B_1, .., B_L: the sums of w over the runs of b tokens.

    They add up to H(X); sum_b b B_b over b >= 2 is SI, sum_b (b-1) B_b is TC, sum of B_b over b >= 2 is DTC.
    """
    length = 1 + max(j for _, j in runs)
    totals = [LogSum({})] * length
    for (i, j), w in runs.items():
        totals[j - i] = totals[j - i] + w
    return totals
