"""How much Monte Carlo a given time allows, from a model of the cost: the same draws on every machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from oracles import MarkovChain, Oracle, Table
from oracles.background import BackgroundTransition
from oracles.ngram import POWER_ENTRIES
from oracles.state_space import ShiftTransition, TokenEmissions, Transition
from oracles.table import PATTERN_TABLE_KEPT
from oracles.transitions import BlockTransition, SparseTransition

RATE = 4e9
"""Multiplications a second, about, on two cores."""

LEAST_DRAWS = 20
"""Fewer draws than this are not worth an interval."""

_CALL = 1.5e5
"""What one position costs whatever the number of patterns, in multiplications."""

_STATE = 32
"""What the elementwise operations on one state cost, in multiplications."""


@dataclass(frozen=True)
class Effort:
    """The cost of conditionals in multiplications: a batch of n patterns costs `call + n * pattern`."""

    pattern: float
    call: float

    @classmethod
    def of(cls, law: Oracle) -> Effort:
        """The cost of a float law's conditionals at some positions of every pattern."""
        return cls(_pattern_work(law), law.length * _CALL)

    def seconds(self, passes: int, draws: int) -> float:
        """Estimated time of `draws` draws that need so many conditionals each."""
        return passes * (self.call + draws * self.pattern) / RATE

    def draws(self, passes: int, seconds: float, wanted: int) -> int:
        """The number of draws that fit, at most `wanted`; 0 if that is fewer than are worth it."""
        fitting = int((seconds * RATE / passes - self.call) / self.pattern)
        return min(fitting, wanted) if fitting >= min(LEAST_DRAWS, wanted) else 0


def share_out(effort: Effort, passes: Sequence[int], seconds: float, wanted: int) -> list[int]:
    """Draws for each of several estimates within a common time; what a cheap one leaves over goes to the others."""
    draws, left = [0] * len(passes), seconds
    for rank, index in enumerate(sorted(range(len(passes)), key=lambda index: passes[index])):
        share = left / (len(passes) - rank)
        draws[index] = effort.draws(passes[index], share, wanted)
        left -= effort.seconds(passes[index], draws[index]) if draws[index] else 0.0
    return draws


def minutes_enough(effort: Effort, passes: Sequence[int], wanted: int) -> int:
    """A time, in minutes and a power of two, in which every estimate gets draws."""
    minutes = 1
    while 0 in share_out(effort, passes, 60 * minutes, wanted):
        minutes *= 2
    return minutes


def _pattern_work(law: Oracle) -> float:
    length, vocab = law.length, law.vocab_size
    if isinstance(law, MarkovChain) and law.homogeneous and length * vocab**2 <= POWER_ENTRIES:
        return float(length * vocab)  # looked up, see oracles.kernels.gaps
    if isinstance(law, Table):
        kept = length * math.log(vocab + 1) <= math.log(PATTERN_TABLE_KEPT)
        return float(length * vocab) * (1.0 if kept else float(vocab) ** length)
    space = law.state_space()
    states = sum(space.sizes)
    moves = {id(transition): _moves(transition) for transition in space.transitions}
    read_off = 0 if isinstance(space.emissions, TokenEmissions) else vocab
    return 2.0 * sum(moves[id(transition)] for transition in space.transitions) + states * (_STATE + read_off)


def _moves(transition: Transition) -> int:
    """The entries of a transition as it is stored."""
    if isinstance(transition, BlockTransition):
        return sum(_moves(block) for block in transition.blocks)
    if isinstance(transition, BackgroundTransition):
        return len(transition.targets) + sum(transition.shape)
    if isinstance(transition, ShiftTransition | SparseTransition):
        return math.prod(transition.weights.shape)
    return math.prod(transition.shape)
