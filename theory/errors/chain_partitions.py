"""Where a fixed ordered partition of the positions of a first-order Markov chain makes its errors, at any length.

Positions of one step cost something only where two of them fall into the same gap between revealed tokens:
    TC(X_{S_k} | X_{S_<k}) = sum over neighbours a < b in a step and a gap (l, r) of I(X_a; X_b | X_l, X_r),
    I(X_a; X_b | X_l, X_r) = I(X_a; X_b) - I(X_l; X_b) - I(X_a; X_r) + I(X_l; X_r).
So a partition that never puts two into one gap, such as bisection, has a KL of exactly 0, in balls too.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np

from oracles.arithmetic import Array
from oracles.state_space_oracle import StateSpaceOracle
from theory.information.chain_entropies import is_homogeneous
from theory.information.pair_information import PairInformation

Blocks = Sequence[Sequence[int]]


def partition_work(chain: StateSpaceOracle) -> float:
    """At most how many multiplications `chain_errors_by_step` takes: those of all gaps."""
    length, vocab = float(chain.length), float(chain.vocab_size)
    return length * vocab**3 * (1 if is_homogeneous(chain) else length / 2) + length**2 * vocab


def chain_errors_by_step(chain: StateSpaceOracle, blocks: Blocks) -> Array:
    """TC(X_{S_k} | X_{S_<k}) in bits for every step k of a partition, `[N]`; they sum to KL(q||p_pi).

    In the log arithmetic of a law that `is_chain`; floats: absolute error about 1e-15 bits a position.
    """
    information = PairInformation(chain)
    between, system = information.between, information.system
    with system.context():
        errors = [system.element(system.zeros(1)[0]) for _ in blocks]
        for step, left, together, right in _shared_gaps(blocks, chain.length):
            ends = between(left, right)
            for a, b in pairwise(together):
                errors[step] += between(a, b) - between(left, b) - between(a, right) + ends
        return system.array(errors)


def chain_errors_by_position(chain: StateSpaceOracle, blocks: Blocks) -> Array:
    """The share of every position in KL(q||p_pi) in bits, `[L]`, as `error_by_position` defines it.

    With k positions of a step in a gap, in random order, the nearest earlier ones around position t are at
    ranks s < t < u with probability int_0^1 c^e (1-c)^(u-s-2) dc, where e counts those of s and u that are no
    ends of the gap.  O(k^2) a gap.
    """
    information = PairInformation(chain)
    system = information.system
    with system.context():
        shares = [system.element(system.zeros(1)[0])] * chain.length
        for _, left, together, right in _shared_gaps(blocks, chain.length):
            values = _shares([left, *together, right], information)
            for position, value in zip(together, system.tolist(values), strict=True):
                shares[position] = value
        return system.array(shares)


def _shares(places: list[int], information: PairInformation) -> Array:
    """The shares of the k positions between the ends of a gap, `[k]`.

    places: l, the k positions, r.  A share is E[I(X_t; X_s) + I(X_t; X_u) - I(X_s; X_u)] over the nearest earlier
    s and u, less the same for the ends of the gap: they are always there, so their terms get weight - 1.
    """
    system, count = information.system, len(places) - 2
    shares = system.zeros(count)
    for s in range(count + 1):
        for u in range(s + 1, count + 2):
            pair = information.between(places[s], places[u])
            last, first = u == count + 1, s == 0
            if not first and not last:
                weight = system.array([_nearest(1, u - s)])[0]
                shares[s - 1] = shares[s - 1] + weight * pair
                shares[u - 1] = shares[u - 1] + weight * pair
            elif not (first and last):
                inner = u if first else s
                weight = system.array([_nearest(0, u - s) - 1])[0]
                shares[inner - 1] = shares[inner - 1] + weight * pair
            if u - s > 1:
                whole = int(first and last)
                weight = system.array([_around(2 - first - last, u - s) - whole])[0]
                shares[s : u - 1] = shares[s : u - 1] - weight * pair
    return shares


def _nearest(real: int, distance: int) -> Fraction:
    """int_0^1 c^e (1-c)^(d-1) dc, e <= 1: that the nearest earlier one on a side is d ranks away, or the end."""
    return Fraction(1, distance * (distance + 1)) if real else Fraction(1, distance)


def _around(real: int, distance: int) -> Fraction:
    """int_0^1 c^e (1-c)^(d-2) dc, e <= 2: that the nearest earlier ones on both sides are d ranks apart."""
    below = [Fraction(1, distance - 1), Fraction(1, distance * (distance - 1))]
    return [*below, Fraction(2, (distance + 1) * distance * (distance - 1))][real]


def _shared_gaps(blocks: Blocks, length: int) -> Iterator[tuple[int, int, list[int], int]]:
    """(step, l, its positions in between, r) for the gaps in which a step reveals more than one position."""
    revealed = [-1, length]
    for step, block in enumerate(blocks):
        starts = {position: bisect(revealed, position) for position in sorted(block)}
        for place, group in groupby(starts, key=starts.__getitem__):
            together = list(group)
            if len(together) > 1:
                yield step, revealed[place - 1], together, revealed[place]
        revealed = np.sort([*revealed, *block]).tolist()
