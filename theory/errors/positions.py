"""What every position costs: its share of the expected KL of an oblivious schedule.

The positions of a step are read in uniformly random order, so that a step's total correlation splits by the
chain rule; the share of position i is
    e_i = E[H(X_i | X_{S_<k}) - H(X_i | X_{S_<k}, X_{those before i in its step})],
k the step of i.  It is a difference of two averages of H(X_i | X_S): over the sets S in whose context i is
revealed, and over the sets S before i in the random order of all positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Array, convert
from oracles.state_space_oracle import StateSpaceOracle
from theory.information.pair_information import PairInformation
from theory.information.subset_entropies import conditional_entropies
from theory.unmasking.oblivious import Exchangeable
from theory.unmasking.schedules import Partition


def size_weights(law: Oracle, schedule: Exchangeable) -> Array:
    """g(m) - 1/L for m = 0..L-1, in the log arithmetic.

    The chances that a position is revealed in a context of m others, and that m are before it in random order.
    """
    system, logs = law.arithmetic, law.arithmetic.logs
    with system.context():
        # Before conversion: where the two agree an exact law must see exactly 0.
        excess = schedule.context_sizes(law.length, system) - system.array([Fraction(1, law.length)])
    return convert(excess, system, logs)


def enumerated_position_errors(law: Oracle, schedule: Exchangeable | Partition) -> Array:
    """e_i for every position i, `[L]`, from H(X_i | X_S) for every set S."""
    logs = law.arithmetic.logs
    entropies = conditional_entropies(law).reshape(law.length, -1)
    with logs.context():
        if isinstance(schedule, Exchangeable):
            sizes = np.bitwise_count(np.arange(2**law.length - 1)).astype(np.int64)
            chances = logs.array([Fraction(1, comb(law.length - 1, m)) for m in range(law.length)])
            weights = (size_weights(law, schedule) * chances)[logs.index(sizes)]
            return logs.sum(entropies[:, :-1] * weights, 1)
        shares = [logs.zeros(1)[0]] * law.length
        for position, contexts in _partition_weights(schedule):
            for context, weight in contexts:
                number = sum(1 << (law.length - 1 - i) for i in context)
                shares[position] = shares[position] + logs.array([weight])[0] * entropies[position, number]
        return logs.stack(shares)


def _partition_weights(
    schedule: Partition,
) -> Iterator[tuple[int, Iterator[tuple[tuple[int, ...], Fraction]]]]:
    """For every position the sets S, with the chance of S as its context less that of S before it."""
    done: tuple[int, ...] = ()
    for block in schedule.blocks:
        for position in block:
            others = [i for i in block if i != position]
            yield position, _order_weights(done, others)
        done = (*done, *block)


def _order_weights(done: tuple[int, ...], others: list[int]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    count = len(others) + 1
    for size in range(count):
        weight = int(size == 0) - Fraction(1, count * comb(count - 1, size))
        if weight:
            for earlier in combinations(others, size):
                yield (*done, *earlier), weight


def chain_position_errors(chain: StateSpaceOracle, schedule: Exchangeable) -> Array:
    """e_i for every position i of a law that `is_chain`, `[L]`, in its log arithmetic; O(L^2) beyond the pairs.

    Averaged over the sets S of m positions, with v(m) = `size_weights` and binomials 0 out of range,
        e_i = - sum over l of I(X_l; X_i) b(|i-l|) + sum over l < i < r of I(X_l; X_r) a(r-l),
        b(d) = sum_m v(m) C(L-1-d, m-1) / C(L-1, m),  a(d) = sum_m v(m) C(L-1-d, m-2) / C(L-1, m):
    b(d) that l is the nearest of S on its side of i, a(d) that l and r are the nearest on both.
    """
    information = PairInformation(chain)
    system, length = information.system, chain.length
    with system.context():
        weights = size_weights(chain, schedule)
        errors = system.zeros(length)
        whole = system.array(np.arange(length))
        beside = whole / max(length - 1, 1)  # C(L-1-d, m-1) / C(L-1, m), here at d = 1
        around = beside * (whole - 1) / max(length - 2, 1)  # C(L-1-d, m-2) / C(L-1, m), here at d = 2
        for gap in range(1, length):
            pairs = information.at_gap(gap)
            near = system.sum(weights * beside, 0) * pairs
            errors[gap:] = errors[gap:] - near
            errors[: length - gap] = errors[: length - gap] - near
            if gap > 1:
                between = system.concat([system.zeros(1), pairs.cumsum(0)])
                inner = np.arange(length)
                upto = system.index(np.minimum(inner, length - gap))
                before = system.index(np.maximum(inner - gap + 1, 0))
                errors = errors + system.sum(weights * around, 0) * (between[upto] - between[before])
                around = around * (length + 1 - gap - whole) / max(length - 1 - gap, 1)
            beside = beside * (length - gap - whole) / max(length - 1 - gap, 1)
        return errors
