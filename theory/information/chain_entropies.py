"""The information profile of a first-order Markov chain from the entropies of pairs of tokens, in polynomial time.

Between two revealed tokens a chain is independent of the rest, so only the nearest revealed neighbours l < i < r
of a position matter:
    H(X_i | X_l, X_r) = H(X_i) - I(X_l; X_i) - I(X_i; X_r) + I(X_l; X_r),
and the same with the terms of a missing neighbour left out.  Averaged over position and set, only the sums
J(d) = sum_l I(X_l; X_{l+d}) of every gap d remain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.entropy import in_logs
from oracles.oracle import Oracle
from oracles.state_space import StateSpace, TokenEmissions
from oracles.state_space_oracle import StateSpaceOracle

PAIR_LIMITS = {"float32": 2e12, "float64": 2e12, "exact": 2e8, "ball": 2e8, "symbolic": 1e5, "tracked": 1e6}
"""Largest `pairwise_work` that is taken on, by arithmetic: about a minute on two cores."""

_BLOCK = 2**17
"""Entries of the transition products held at a time: they stay in a core's cache."""


def is_chain(q: Oracle) -> TypeGuard[StateSpaceOracle]:
    """Whether the law is a first-order Markov chain by its form: its states are its tokens."""
    with q.arithmetic.context():
        return isinstance(q, StateSpaceOracle) and _states_are_tokens(q.space, q.arithmetic)


def _states_are_tokens(space: StateSpace, system: Arithmetic) -> bool:
    """Whether state h can emit nothing but token h."""
    if isinstance(space.emissions, TokenEmissions):
        return True
    for emission in {id(e): e for e in space.emissions}.values():
        states, tokens = emission.shape
        if states != tokens or not system.is_zero(emission)[~np.eye(tokens, dtype=bool)].all():
            return False
    return True


def is_homogeneous(chain: StateSpaceOracle) -> bool:
    """Whether one transition serves every step."""
    return len({id(transition) for transition in chain.space.transitions}) <= 1


def pairwise_work(chain: StateSpaceOracle) -> float:
    """Multiplications and logarithms of `pairwise_profile`."""
    length, vocab = float(chain.length), float(chain.vocab_size)
    if is_homogeneous(chain):
        return length * vocab**2 + max(length - 2, 0) * vocab**3 + length**2
    return length**2 / 2 * vocab**2 + (length - 1) * (length - 2) / 2 * vocab**3


def pairwise_profile(chain: StateSpaceOracle) -> Array:
    """f(0..L-1) in bits, `[L]`, of a law that `is_chain`:

        f(s) = f(0) - sum_d J(d) (2 C(L-d-1, s-1) - (d-1) C(L-d-1, s-2)) / (L C(L-1, s)),

    binomials 0 out of range.  A position has a neighbour at gap d on two sides, with s-1 of the other revealed
    positions outside the gap; a gap of d holds d-1 positions, with s-2 outside.
    O(L V^3 + L^2) if homogeneous, else O(L^2 V^3), in the oracle's log arithmetic.
    """
    system = chain.arithmetic.logs
    with system.context():
        return _averaged(*information_by_gap(chain), system)


def information_by_gap(chain: StateSpaceOracle) -> tuple[Array, Array]:
    """H(X_i), `[L]`, and J(d) = sum_l I(X_l; X_{l+d}) for d = 1..L-1, `[L-1]`, in bits, of a law that `is_chain`.

    In the oracle's log arithmetic; O(L V^3) if homogeneous, else O(L^2 V^3).
    """
    law = in_logs(chain)
    system, space = law.arithmetic, law.space
    with system.context():
        distinct = {id(t): t for t in space.transitions}
        matrices = {key: transition.dense(system) for key, transition in distinct.items()}
        steps = [matrices[id(t)] for t in space.transitions]
        if len(matrices) == 1:
            return _homogeneous(space.initial, steps[0], law.length, system)
        return _inhomogeneous(space.initial, steps, system)


def _homogeneous(initial: Array, step: Array, length: int, system: Arithmetic) -> tuple[Array, Array]:
    """H(X_i) `[L]` and J(1..L-1) `[L-1]` of a chain with one transition.

    sum_l H(X_{l+d} | X_l) = sum_a (expected visits to a in the first L-d positions) H(row a of P^d).
    """
    marginals = _orbit(initial[None], step, length, system)[:, 0]
    entropies = system.sum(system.plogp(marginals), 1)
    # Indexed by the number of pairs n = L - d: visits to a at 0..n-1, and the entropies of the last n tokens.
    visits = marginals.cumsum(0)
    ends = entropies[system.index(np.arange(length)[::-1].copy())].cumsum(0)
    shared = []
    gap = 1
    for powers in _powers(step, length - 1, system):
        rows = system.sum(system.plogp(powers), 2)
        pairs = system.index(length - gap - 1 - np.arange(len(rows)))
        shared.append(ends[pairs] - system.sum(visits[pairs] * rows, 1))
        gap += len(rows)
    return entropies, system.concat(shared)


def _powers(step: Array, count: int, system: Arithmetic) -> Iterator[Array]:
    """P^1, .., P^count in blocks `[B, V, V]`."""
    vocab = step.shape[0]
    block = _orbit(step, step, min(count, max(1, _BLOCK // vocab**2)), system)
    stride = block[-1]
    for left in range(count, 0, -len(block)):
        yield block[:left]
        if left > len(block):
            block = system.matmul(block.reshape(-1, vocab), stride).reshape(block.shape)


def _orbit(start: Array, step: Array, count: int, system: Arithmetic) -> Array:
    """start, start P, .., start P^(count-1) as `[count, K, V]`, by doubling."""
    orbit, power = start[None], step
    while len(orbit) < count:
        moved = system.matmul(orbit.reshape(-1, orbit.shape[-1]), power).reshape(orbit.shape)
        orbit = system.concat([orbit, moved[: count - len(orbit)]])
        power = system.matmul(power, power)
    return orbit


def _inhomogeneous(initial: Array, steps: list[Array], system: Arithmetic) -> tuple[Array, Array]:
    """H(X_i) `[L]` and J(1..L-1) `[L-1]` of a chain with a transition for every step."""
    marginals = [initial]
    for step in steps:
        marginals.append(system.matmul(marginals[-1][None], step)[0])
    laws = system.stack(marginals)
    entropies = system.sum(system.plogp(laws), 1)
    length, block = len(marginals), max(1, _BLOCK // initial.shape[0] ** 2)
    shared = system.zeros(length - 1)
    each = system.stack(steps) if steps else shared
    for first in range(0, length - 1, block):
        across = each[first : first + block]
        for gap in range(1, length - first):
            if gap > 1:
                across = across[: length - first - gap]
                across = system.matmul(across, each[first + gap - 1 :][: len(across)])
            last = first + len(across)
            conditional = system.sum(laws[first:last] * system.sum(system.plogp(across), 2), (0, 1))
            reached = system.sum(entropies[first + gap : last + gap], 0)
            shared[gap - 1] = shared[gap - 1] + reached - conditional
    return entropies, shared


def _averaged(entropies: Array, shared: Array, system: Arithmetic) -> Array:
    """f from the H(X_i) and J(1..L-1), gap by gap.

    apart[s-2] = C(L-d-1, s-2) / C(L, s) is the probability that two given positions at gap d are in a random set
    of s positions and none between them is.  From gap to gap it is multiplied by (L-d-s+1) / (L-d-1), which is
    at most 1: no factorials, no cancellation.
    """
    length = entropies.shape[0]
    whole = system.array(np.arange(length + 1))
    falling = whole[system.index(np.arange(length - 1, 0, -1))]
    profile = system.sum(entropies, 0) / whole[length] + system.zeros(length)
    beside, between = system.zeros(length - 1), system.zeros(length - 1)
    apart = whole[1:-1] * whole[2:] / (whole[length] * falling[0]) if length > 1 else beside
    for gap in range(1, length):
        if gap > 1:
            apart = apart[:-1] * (falling[gap - 1 :] / falling[gap - 1])
        informed = shared[gap - 1] * apart
        beside[: length - gap] += informed
        between[: length - gap] += informed * whole[gap - 1]
    # beside[s-1] belongs to sets of s+1 positions (i and its s companions), between[s-2] to the s alone.
    profile[1:] -= 2 * beside / whole[2:]
    profile[2:] += between[:-1] / whole[system.index(np.arange(length - 2, 0, -1))]
    return profile
