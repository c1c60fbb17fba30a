"""What the gap recursion takes, before it is run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from oracles.state_space_oracle import StateSpaceOracle
from theory.laws.gap_lengths import reaches
from theory.laws.gap_links import step_matrices
from theory.laws.gap_sizes import sizes_work
from theory.unmasking.reveals import EachWith
from theory.unmasking.schedules import IID, FixedSizes

NEGLIGIBLE = 1e-20
"""Runs that weigh less than this are left out in floats, if the result then has all its digits."""

BATCH = 2**22
"""Entries of the links of the sequences that are worked on at a time."""


@dataclass(frozen=True)
class GapCost:
    """What an answer takes: multiplications with an addition each, and numbers held at a time."""

    work: float
    numbers: float


def gap_cost(chain: StateSpaceOracle, schedule: IID | FixedSizes) -> GapCost:
    """What `gap_error_rate` takes, if the rate is small; half of it if not.

    iid, homogeneous: (L+1)^3 V^2 (V+1)^2 / 3 multiplications a step, fewer as the gaps get short in floats;
    else (L V)^4 / 12 a step.  Sizes: see `theory.laws.gap_sizes`.
    """
    length, vocab = float(chain.length), float(chain.vocab_size)
    nodes = length * vocab + 2
    if isinstance(schedule, FixedSizes):
        kept = float(np.prod([size + 1.0 for size in schedule.sizes[1:-1]]))
        return GapCost(sizes_work(nodes, schedule.sizes), (4 + 3 * vocab) * kept * nodes**2)
    steps = reveals_of(chain, schedule)
    if not has_one_step(chain):
        return GapCost(len(steps) * nodes**4 / 12, 12 * nodes**2)
    negligible = NEGLIGIBLE if chain.arithmetic.name.startswith("float") else 0.0
    longest = [*reaches(steps, chain.length, negligible)[1:], 1]
    followed = sum(_triples(reach, band) for reach, band in pairwise(longest))
    pairs = vocab**2 * (vocab + 1) ** 2
    return GapCost(2 * followed * pairs, length**2 * (vocab * (vocab + 1) ** 2 / 2 + 3 * vocab**2))


def sequence_cost(chain: StateSpaceOracle, schedule: IID | FixedSizes, count: int) -> GapCost:
    """What `sequence_ratios` of so many sequences takes."""
    nodes = chain.length + 2.0
    held = 6 * max(nodes**2, min(count * nodes**2, BATCH))
    if isinstance(schedule, FixedSizes):
        kept = float(np.prod([size + 1.0 for size in schedule.sizes[1:-1]]))
        return GapCost(count * sizes_work(nodes, schedule.sizes), held * kept)
    return GapCost(count * schedule.steps * nodes**4 / 24, held)


def has_one_step(chain: StateSpaceOracle) -> bool:
    """Whether the same matrix takes every token to the next."""
    return len({id(step) for step in step_matrices(chain)[1]}) <= 1


def reveals_of(chain: StateSpaceOracle, schedule: IID) -> list[EachWith]:
    """What every step reveals, in the numbers of the chain."""
    return [schedule.reveal(step, chain.arithmetic) for step in range(schedule.steps)]


def _triples(reach: float, band: float) -> float:
    """About how many places i < j < r there are up to the reach, with j - i up to the band: r^3 / 6 without."""
    band = min(band, reach)
    return reach * band**2 / 2 - band**3 / 3 + band * (reach - band) ** 2 / 2
