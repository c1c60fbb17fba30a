"""The exact law of a sampler by branching over every outcome of every step, equal states merged.

The state is a pattern, so step k holds a mass for each of the (V+1)**L patterns.  From a pattern with m masked
positions a step reaches (V+1)**m others: (2V+1)**L transitions a step, done one set of masked positions at a
time as outer products over positions.  Nothing here knows about chains: it is the twin of every faster route.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens, all_sequences
from theory.schedules import Chosen, EachWith, Reveal, Schedule, UniformSubset

FLOAT_BUDGET = 4e9
OBJECT_BUDGET = 2e7
"""Transitions that are computed without refusing: in floats, and in exact, ball or symbolic numbers."""


def transitions(law: Oracle, schedule: Schedule) -> float:
    """The cost of enumeration: N (2V+1)**L transitions."""
    return schedule.steps * float(2 * law.vocab_size + 1) ** law.length


def check_budget(law: Oracle, schedule: Schedule) -> None:
    """ValueError with the estimated cost when enumeration would be too large."""
    cost = transitions(law, schedule)
    budget = FLOAT_BUDGET if law.arithmetic.name.startswith("float") else OBJECT_BUDGET
    if cost > budget:
        raise ValueError(
            f"schedule: enumerating {schedule.steps} steps at V={law.vocab_size}, L={law.length} takes about "
            f"{cost:.1e} transitions; the budget in {law.arithmetic.name} is {budget:.0e}"
        )


def enumerate_law(law: Oracle, schedule: Schedule, denoiser: Any) -> Array:
    """p(x) of the sampler for every x, shape `(V,)*L`, in the arithmetic of the oracle.

    ValueError if the schedule does not fit the length or the cost exceeds the budget.
    """
    schedule.check(range(law.length))
    check_budget(law, schedule)
    branching = _Branching(law, denoiser)
    with law.arithmetic.context():
        masses = branching.start()
        for step in range(schedule.steps):
            masses = branching.advance(masses, schedule.reveal(step, law.arithmetic))
        return branching.finished(masses)


class _Branching:
    """Masses over patterns, flat in base V+1, and their transition under one reveal."""

    def __init__(self, law: Oracle, denoiser: Any) -> None:
        self.law = law
        self.denoiser = denoiser
        self.system: Arithmetic = law.arithmetic
        self.place = (law.vocab_size + 1) ** np.arange(law.length)[::-1]
        self._answers: dict[tuple[int, ...], tuple[Tokens, Array]] = {}

    def start(self) -> Array:
        masses = self.system.zeros((self.law.vocab_size + 1) ** self.law.length)
        masses[-1:] = self.system.ones(1)  # the all-masked pattern comes last
        return masses

    def finished(self, masses: Array) -> Array:
        flat = all_sequences(self.law.vocab_size, self.law.length) @ self.place
        return masses[self.system.index(flat)].reshape((self.law.vocab_size,) * self.law.length)

    def advance(self, masses: Array, reveal: Reveal) -> Array:
        after = self.system.zeros(masses.shape[0])
        for masked in _subsets(self.law.length):
            contexts = self._contexts(masked)
            flat = contexts @ self.place
            current = masses[self.system.index(flat)]
            occupied = ~np.asarray(self.system.is_zero(current))
            if not occupied.any():
                continue
            flat, contexts = flat[occupied], contexts[occupied]
            outcomes, offsets = self._outcomes(contexts, masked, reveal)
            mass = current[self.system.index(np.flatnonzero(occupied))][:, None] * outcomes
            target = self.system.index(flat[:, None] + offsets[None])
            # Within one set of masked positions no two (context, outcome) pairs meet in a pattern.
            after[target] = after[target] + mass
        return after

    def _contexts(self, masked: tuple[int, ...]) -> Tokens:
        """All patterns whose masked positions are exactly these, `[V**(L-m), L]`."""
        law = self.law
        observed = [i for i in range(law.length) if i not in masked]
        patterns = np.full((law.vocab_size ** len(observed), law.length), law.mask, dtype=np.int64)
        patterns[:, observed] = all_sequences(law.vocab_size, len(observed))
        return patterns

    def _answer(self, contexts: Tokens, masked: tuple[int, ...]) -> Array:
        """The denoiser at these contexts; most steps ask what the step before asked."""
        known = self._answers.get(masked)
        if known is None or not np.array_equal(known[0], contexts):
            known = (contexts, self.denoiser(contexts, list(masked)))
            self._answers[masked] = known
        return known[1]

    def _outcomes(
        self, contexts: Tokens, masked: tuple[int, ...], reveal: Reveal
    ) -> tuple[Array, NDArray[np.int64]]:
        """Probabilities `[contexts, (V+1)**m]` of what the masked positions become, and index offsets."""
        system, vocab = self.system, self.law.vocab_size
        probabilities = system.ones(len(contexts), 1)
        offsets = np.zeros(1, dtype=np.int64)
        shown = _reveal_factors(reveal, masked, system)
        answers = self._answer(contexts, masked) if any(yes is not None for yes, _ in shown) else None
        for rank, (position, (yes, no)) in enumerate(zip(masked, shown, strict=True)):
            stays = system.ones(len(contexts), 1) * no
            if yes is None or answers is None:
                factor, moves = stays, np.zeros(1, dtype=np.int64)
            else:
                factor = system.concat([answers[:, rank, :] * yes, stays], 1)
                moves = (np.arange(vocab + 1) - vocab) * self.place[position]
            probabilities = (probabilities[:, :, None] * factor[:, None, :]).reshape(len(contexts), -1)
            offsets = (offsets[:, None] + moves[None]).reshape(-1)
        if isinstance(reveal, UniformSubset) and reveal.size:
            kept = _revealed_counts(len(masked), vocab) == reveal.size
            probabilities = probabilities[:, system.index(np.flatnonzero(kept))]
            share = (
                system.array([Fraction(1, comb(len(masked), reveal.size))]) if kept.any() else system.zeros(1)
            )
            return probabilities * share, offsets[kept]
        return probabilities, offsets


def _subsets(length: int) -> Iterator[tuple[int, ...]]:
    for size in range(length + 1):
        yield from combinations(range(length), size)


def _reveal_factors(
    reveal: Reveal, masked: tuple[int, ...], number_system: Arithmetic
) -> list[tuple[Any, Any]]:
    """For every masked position the weights of revealing it (None: it cannot be) and of leaving it."""
    one, zero = number_system.ones(1), number_system.zeros(1)
    if isinstance(reveal, EachWith):
        rate = zero + reveal.rate
        return [(rate, one - rate)] * len(masked)
    if isinstance(reveal, Chosen):
        return [(one, zero) if i in reveal.positions else (None, one) for i in masked]
    if reveal.size == 0:
        return [(None, one)] * len(masked)
    return [(one, one)] * len(masked)


def _revealed_counts(masked: int, vocab: int) -> NDArray[np.int64]:
    """How many positions each of the (V+1)**m outcomes reveals (the outcome V leaves one masked)."""
    counts = np.zeros(1, dtype=np.int64)
    for _ in range(masked):
        counts = (counts[:, None] + (np.arange(vocab + 1) < vocab)[None]).reshape(-1)
    return counts
