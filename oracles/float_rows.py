"""What a row of floats that misses 1 stands for: the distribution it is proportional to.

Rounding makes the rows of an honest law miss 1 by a unit or two in the last place, and constructors let them miss
it by `ROW_TOLERANCE`.  Multiplied as they are, such rows give the future of every state a total probability of
its own, the product of the sums of its rows, and tilt the law towards states whose rows sum to more: in float32
by 4e-5 after 4096 steps.  So probabilities and conditionals of float laws read every row divided by its sum, in
float64.  This also restores what rounding took from a probability near 1, since 1 minus the others is kept where
they are: a float32 chain that hardly ever moves keeps its digits.  A row of zeros (a state that is never
visited) stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracles.arithmetic import Arithmetic, arithmetic
from oracles.state_space import StateSpace, TokenEmissions, Transition

if TYPE_CHECKING:  # loaded with the first float array
    import torch


def over_sums(rows: torch.Tensor) -> torch.Tensor:
    """Every row `[..., V]` divided by its sum, in float64."""
    wide = rows.double()
    totals = wide.sum(-1, keepdim=True)
    return wide / totals.where(totals > 0, 1.0)


def with_rows_over_sums(space: StateSpace) -> StateSpace:
    """The state space of a float law in float64, every row divided by its sum."""
    wide = space.map(lambda array: array.double())
    system = arithmetic("float64", device=str(wide.initial.device))
    moves = {key: _transition_over_sums(t, system) for key, t in {id(t): t for t in wide.transitions}.items()}
    emissions = wide.emissions
    if not isinstance(emissions, TokenEmissions):
        words = {key: over_sums(e) for key, e in {id(e): e for e in emissions}.items()}
        emissions = tuple(words[id(e)] for e in emissions)
    return StateSpace(over_sums(wide.initial), tuple(moves[id(t)] for t in wide.transitions), emissions)


def _transition_over_sums(transition: Transition, system: Arithmetic) -> Transition:
    ones = system.ones(transition.shape[1])
    totals = transition.pull(ones[None], system)[0]
    return transition.scaled(1 / totals.where(totals > 0, 1.0), ones, system)
