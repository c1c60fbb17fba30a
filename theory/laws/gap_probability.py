"""What the gap recursion answers about iid samplers of first-order Markov chains with the ideal denoiser."""

from __future__ import annotations

from typing import Any

from oracles.arithmetic import Array, Scalar
from oracles.patterns import read_patterns
from oracles.state_space_oracle import StateSpaceOracle
from theory.laws.gap_links import Links, chain_links, sequence_links
from theory.laws.gap_recursion import GapRecursion
from theory.reveals import EachWith
from theory.schedules import IID


def sequence_ratios(chain: StateSpaceOracle, schedule: IID, tokens: Any) -> Array:
    """p(x) / q(x) of possible sequences `[B, L]`, `[B]`: how much more often the sampler generates them."""
    batch, _ = read_patterns("tokens", tokens, chain.length, chain.vocab_size - 1)
    system = chain.arithmetic
    with system.context():
        links = sequence_links(chain, batch)
        edges = _between_neighbours(links, system)
        inverse = system.quotient_or_zero(edges, system.where(links.possible, links.chances, system.ones(1)))
        return GapRecursion(links, system, inverse).whole(_reveals(chain, schedule))[0]


def gap_error_rate(chain: StateSpaceOracle, schedule: IID) -> Scalar:
    """SER of the sampler."""
    system = chain.arithmetic
    with system.context():
        links = chain_links(chain)
        edges = _between_neighbours(links, system)
        wrong = GapRecursion(links, system, edges, complement=True).whole(_reveals(chain, schedule))[1]
        assert wrong is not None
        return system.element(wrong[0])


def _between_neighbours(links: Links, system: Any) -> Array:
    adjacent = links.places[None, :] == links.places[:, None] + 1
    return system.where(links.possible & adjacent, system.ones(1), system.zeros(1))


def _reveals(chain: StateSpaceOracle, schedule: IID) -> list[EachWith]:
    return [schedule.reveal(step, chain.arithmetic) for step in range(schedule.steps)]
