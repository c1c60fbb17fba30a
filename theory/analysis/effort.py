"""How much Monte Carlo a given time allows, from a model of the cost: the same draws on every machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from oracles import Oracle, Table
from oracles.background import BackgroundTransition
from oracles.state_space import ShiftTransition, TokenEmissions, Transition
from oracles.table import PATTERN_TABLE_KEPT
from oracles.transitions import BlockTransition, SparseTransition

LEAST_DRAWS = 20
"""Fewer draws than this are not worth an interval."""

ENTRY = 1e-8
"""Seconds that one entry of a pattern costs a sampler, whatever the law; like all of these on two shared cores."""

MULTIPLICATION, LOOKUP = 2e-11, 2.5e-10
"""Seconds of a multiplication in compiled messages, and elsewhere, where numbers come from memory."""

STATE, PLAIN_STATE = 3e-9, 1e-7
"""Seconds of what else is done with a state of a position, compiled or not."""

CALL, PLAIN_POSITION = 5e-4, 1.5e-4
"""Seconds a batch takes whatever its size: in all where a kernel is called, else for every position."""

BATCH = 500
"""Patterns of a usual batch."""


@dataclass(frozen=True)
class Effort:
    """The time that conditionals take, in seconds: a batch of n patterns costs `call + n * pattern`."""

    pattern: float
    call: float

    @classmethod
    def of(cls, law: Oracle) -> Effort:
        """The time of a float law's conditionals at some positions of every pattern."""
        found = _tabulated(law) if isinstance(law, Table) else _by_path(law)
        return cls(found.pattern + ENTRY * law.length, found.call)

    def seconds(self, passes: int, draws: int) -> float:
        """Estimated time of `draws` draws that need so many conditionals each."""
        return passes * (self.call + draws * self.pattern)

    def draws(self, passes: int, seconds: float, wanted: int) -> int:
        """The number of draws that fit, at most `wanted`; 0 if that is fewer than are worth it."""
        fitting = int((seconds / passes - self.call) / self.pattern + 1e-9)
        return min(fitting, wanted) if fitting >= min(LEAST_DRAWS, wanted) else 0


def share_out(effort: Effort, passes: Sequence[int], seconds: float, wanted: int) -> list[int]:
    """Draws for each of several estimates within a common time, in seconds.

    If there is time for it, each gets the least that is worth it; all get as much of the rest, and what a cheap
    one leaves over goes to the others.
    """
    draws, reserved = [0] * len(passes), [effort.seconds(count, min(LEAST_DRAWS, wanted)) for count in passes]
    if sum(reserved) > seconds:
        reserved = [0.0] * len(passes)
    left = seconds - sum(reserved)
    for rank, index in enumerate(sorted(range(len(passes)), key=lambda index: passes[index])):
        share = reserved[index] + left / (len(passes) - rank)
        draws[index] = effort.draws(passes[index], share, wanted)
        left += reserved[index] - (effort.seconds(passes[index], draws[index]) if draws[index] else 0.0)
    return draws


def minutes_enough(effort: Effort, passes: Sequence[int], wanted: int) -> int:
    """A time, in minutes and a power of two, in which every estimate gets draws."""
    minutes = 1
    while 0 in share_out(effort, passes, 60 * minutes, wanted):
        minutes *= 2
    return minutes


def _tabulated(law: Table) -> Effort:
    kept = law.length * math.log(law.vocab_size + 1) <= math.log(PATTERN_TABLE_KEPT)
    sums = 1.0 if kept else float(law.vocab_size) ** law.length
    return Effort(law.length * law.vocab_size * sums * LOOKUP, CALL)


def _by_path(law: Oracle) -> Effort:
    """By the way that conditionals of a usual batch go."""
    path = law.explain(BATCH).name
    if path == "transition powers":
        return Effort(law.length * law.vocab_size * LOOKUP, CALL)
    space = law.state_space()
    states, moves = sum(space.sizes), {id(transition): _moves(transition) for transition in space.transitions}
    products = 2.0 * sum(moves[id(transition)] for transition in space.transitions)
    if not isinstance(space.emissions, TokenEmissions):
        products += states * law.vocab_size
    if path == "compiled messages":
        return Effort(products * MULTIPLICATION + states * STATE, CALL)
    return Effort(products * LOOKUP + states * PLAIN_STATE, law.length * PLAIN_POSITION)


def _moves(transition: Transition) -> int:
    """The entries of a transition as it is stored."""
    if isinstance(transition, BlockTransition):
        return sum(_moves(block) for block in transition.blocks)
    if isinstance(transition, BackgroundTransition):
        return len(transition.targets) + sum(transition.shape)
    if isinstance(transition, ShiftTransition | SparseTransition):
        return math.prod(transition.weights.shape)
    return math.prod(transition.shape)
