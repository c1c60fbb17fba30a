"""Whether a law gives every sequence of tokens a chance, decided over the zero pattern."""

from __future__ import annotations

import numpy as np

from oracles import NGram, Oracle, SparseMarkovChain
from oracles.arithmetic import Arithmetic, Array
from oracles.background import BackgroundTransition
from oracles.steps import distinct

ENTRIES = 2**22
"""Largest table (sets of states, tokens, states) of one position of the subset construction."""


def everything_possible(law: Oracle) -> bool | None:
    """Whether the support is all of V**L; None where finding out would take too long.

    The subset construction: after a possible prefix the law can be in some set of states; every sequence is
    possible if from every such set every token can be emitted.
    """
    support = law.support()
    if isinstance(support, NGram) and support.length >= support.order:
        steps = [transition for _, transition in distinct(support.transitions)]
        return all(bool(np.all(possible)) for possible in (support.initial, *steps))
    if isinstance(support, SparseMarkovChain):
        moves = [step for _, step in distinct(support.transitions[: support.length - 1])]
        return bool(np.all(support.initial)) and all(_full(step, support.arithmetic) for step in moves)
    space, system = support.state_space(), support.arithmetic
    sets = np.asarray(space.initial)[None]
    for position, emission in enumerate(space.emissions):
        if sets.size * emission.shape[1] > ENTRIES:
            return None
        emitted = sets[:, None] & np.asarray(emission).T
        if not emitted.any(axis=2).all():
            return False
        if position + 1 < space.length:
            reached = space.transitions[position].push(emitted.reshape(-1, sets.shape[1]), system)
            sets = _different(reached)
    return True


def _different(sets: Array) -> Array:
    """Each set of states once."""
    _, first = np.unique(np.packbits(sets, axis=1), axis=0, return_index=True)
    return sets[first]


def _full(step: BackgroundTransition, system: Arithmetic) -> bool:
    """Whether every state can be followed by every state: whole rows, some of them at a time."""
    block = max(1, ENTRIES // step.shape[1])
    starts = range(0, step.shape[0], block)
    rows = (np.arange(start, min(start + block, step.shape[0])) for start in starts)
    return all(bool(np.all(step.rows(part, system))) for part in rows)
