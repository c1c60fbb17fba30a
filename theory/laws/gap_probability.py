"""Exact laws of iid samplers of first-order Markov chains with the ideal denoiser, at any length.

The chains are those of `theory.chain_entropies.is_chain`, homogeneous or not; what is left of one after a prompt
is one again.  Nothing is approximated: in floats, runs of the sampler that together weigh less than the rounding
of the result are left out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.patterns import read_patterns
from oracles.state_space_oracle import StateSpaceOracle
from theory.laws.gap_lengths import LengthRecursion, reaches
from theory.laws.gap_links import Links, chain_links, sequence_links, step_matrices
from theory.laws.gap_recursion import GapRecursion
from theory.reveals import EachWith
from theory.schedules import IID

NEGLIGIBLE = 1e-20
"""Runs that weigh less than this are left out in floats, if the result then has all its digits."""


@dataclass(frozen=True)
class GapCost:
    """What an error rate takes: multiplications with an addition each, and numbers held at a time."""

    work: float
    numbers: float


def gap_error_rate(chain: StateSpaceOracle, schedule: IID) -> Scalar:
    """SER = 1 - p(support of q) of the sampler, in the arithmetic of the chain.

    Summed as the probability of the first step that goes wrong, so a small SER has as many digits as a large
    one: the relative error is a few N L roundings.  ArithmeticError if the chain's own probabilities
    underflow.  Cost: `gap_cost`.
    """
    system, schedule_reveals = chain.arithmetic, reveals_of(chain, schedule)
    with system.context():
        if _cannot_err(chain):
            return system.element(system.zeros(1)[0])
        if not has_one_step(chain):
            links = chain_links(chain)
            edges = _between_neighbours(links, system)
            wrong = GapRecursion(links, system, edges, complement=True).whole(schedule_reveals)[1]
            assert wrong is not None
            return system.element(wrong[0])
        recursion = LengthRecursion(chain, complement=True)
        if not system.name.startswith("float"):
            return system.element(recursion.whole(schedule_reveals)[1])
        rounding = 2.0**-24 if system.name == "float32" else sys.float_info.epsilon / 2
        negligible = NEGLIGIBLE
        while True:
            wrong = system.element(recursion.whole(schedule_reveals, negligible)[1])
            if negligible <= rounding * wrong:
                return wrong
            negligible = rounding * wrong / 4


def gap_cost(chain: StateSpaceOracle, schedule: IID) -> GapCost:
    """What `gap_error_rate` takes.

    Homogeneous: (L+1)^3 V^2 (V+1)^2 / 3 multiplications a step, fewer as the gaps get short in floats.
    Otherwise (L V)^4 / 12.
    """
    length, vocab, steps = float(chain.length), float(chain.vocab_size), reveals_of(chain, schedule)
    if not has_one_step(chain):
        nodes = length * vocab + 2
        return GapCost(len(steps) * nodes**4 / 12, 12 * nodes**2)
    negligible = NEGLIGIBLE if chain.arithmetic.name.startswith("float") else 0.0
    followed = sum(float(reach) ** 3 for reach in reaches(steps, chain.length, negligible)[1:])
    pairs = vocab**2 * (vocab + 1) ** 2
    return GapCost(followed * pairs / 3, length**2 * (vocab * (vocab + 1) ** 2 / 2 + 3 * vocab**2))


def sequence_ratios(chain: StateSpaceOracle, schedule: IID, tokens: Any) -> Array:
    """p(x) / q(x) of possible sequences `[B, L]`, `[B]`: how much more often the sampler generates them.

    Times q(x) this is p(x), and its logarithm does not underflow at any length.  ValueError for an impossible
    sequence (its probability depends on what the denoiser answers in impossible contexts).
    Cost: N L^4 / 24 multiplications and as many additions a sequence.
    """
    batch, _ = read_patterns("tokens", tokens, chain.length, chain.vocab_size - 1)
    possible = np.asarray(chain.in_support(batch))
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"tokens: expected possible sequences, got {batch[first].tolist()} (row {first})")
    system = chain.arithmetic
    with system.context():
        links = sequence_links(chain, batch)
        edges = _between_neighbours(links, system)
        divisors = system.where(links.possible, links.chances, system.ones(1))
        steps = reveals_of(chain, schedule)
        return GapRecursion(links, system, system.divide(edges, divisors)).whole(steps)[0]


def has_one_step(chain: StateSpaceOracle) -> bool:
    """Whether the same matrix takes every token to the next."""
    return len({id(step) for step in step_matrices(chain)[1]}) <= 1


def reveals_of(chain: StateSpaceOracle, schedule: IID) -> list[EachWith]:
    """What every step reveals, in the numbers of the chain."""
    return [schedule.reveal(step, chain.arithmetic) for step in range(schedule.steps)]


def _cannot_err(chain: StateSpaceOracle) -> bool:
    """Whether any token that can stand at a position may follow any that can stand before it."""
    support = chain.support()
    assert isinstance(support, StateSpaceOracle)
    visited, steps = step_matrices(support)
    for step in steps:
        following = np.any(np.asarray(step)[visited], axis=0)
        if not np.asarray(step)[np.ix_(visited, following)].all():
            return False
        visited = following
    return True


def _between_neighbours(links: Links, system: Arithmetic) -> Array:
    """1 for a gap without masked positions whose right end may follow its left one, `[B, n, n]`."""
    adjacent = links.places[None, :] == links.places[:, None] + 1
    return system.where(links.possible & adjacent, system.ones(1), system.zeros(1))
