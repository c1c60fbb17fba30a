"""The exact law of a sampler by following every outcome of every step, equal states merged.

The state is a pattern and the number of steps done.  Positions are only ever revealed, so the patterns are
emptied one set of masked positions at a time, the largest first: all steps that start from such a set share
the denoiser's answers there.  Nothing here knows about chains: it is the twin of every faster route.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from math import log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar, arithmetic, convert
from oracles.patterns import all_sequences
from theory.unmasking.oblivious import Schedule
from theory.unmasking.reveals import Positions

FLOAT_BUDGET = 4 * 10**9
OBJECT_BUDGET = 2 * 10**7
"""Transitions that are computed without refusing: in floats, and in exact, ball or symbolic numbers."""

STATE_LIMIT = 2**27
"""Largest number of float states, (V+1)**L patterns at N times, that are held: 1 GiB in float64, and as much
again for what is on its way."""

Watch = Callable[[Positions, Array], None]
"""Told of every set of masked positions: P(in a context of the others before step k), `[V^(L-m), N]`."""

Steps = dict[int, tuple[Scalar, Scalar, Scalar]]
"""By step: the weight of a branch, and the rates at which its free positions are revealed and stay."""


def check_budget(law: Oracle, schedule: Schedule) -> None:
    """ValueError with the estimated cost when enumeration would be too large."""
    transitions = schedule.log10_transitions(law.vocab_size, law.length)
    states = law.length * log10(law.vocab_size + 1) + log10(schedule.steps)
    floats = law.arithmetic.name.startswith("float")
    budget, limit = (FLOAT_BUDGET, STATE_LIMIT) if floats else (OBJECT_BUDGET, OBJECT_BUDGET)
    if transitions > log10(budget) or states > log10(limit):
        raise ValueError(
            f"schedule: enumerating {schedule.steps} steps at V={law.vocab_size}, L={law.length} takes about "
            f"1e{transitions:.1f} transitions between 1e{states:.1f} states; in "
            f"{law.arithmetic.name} at most {budget:.0e} and {limit:.0e} are accepted"
        )


def enumerate_law(law: Oracle, schedule: Schedule, denoiser: Any, watch: Watch | None = None) -> Array:
    """p(x) of the sampler for every x, shape `(V,)*L`, in the arithmetic of the oracle.

    watch: what is to be told where the sampler is on its way.
    ValueError if the schedule does not fit the length or the cost exceeds the budget.
    """
    return _enumerated(law, schedule, denoiser, law.arithmetic, watch)


def enumerate_support(law: Oracle, schedule: Schedule, denoiser: Any) -> NDArray[np.bool_]:
    """Which x the sampler can generate, `(V,)*L`: the zero pattern of its law, where floats would underflow."""
    return _enumerated(law, schedule, denoiser, arithmetic("boolean"), None)


def _enumerated(
    law: Oracle, schedule: Schedule, denoiser: Any, number_system: Arithmetic, watch: Watch | None
) -> Array:
    schedule.check(range(law.length))
    check_budget(law, schedule)
    with law.arithmetic.context():
        states = _States(law, schedule, denoiser, number_system, watch)
        for size in range(law.length, 0, -1):
            for masked in schedule.masked_sets(law.length, size):
                states.leave(masked)
        return states.finished()


class _States:
    """`arrived[x_0, .., x_{L-1}, k]`: the probability that step k is the one that leads to the pattern x."""

    def __init__(
        self,
        law: Oracle,
        schedule: Schedule,
        denoiser: Any,
        number_system: Arithmetic,
        watch: Watch | None,
    ) -> None:
        self.law, self.denoiser, self.system, self.watch = law, denoiser, number_system, watch
        self.reveals = [schedule.reveal(step, law.arithmetic) for step in range(schedule.steps)]
        self.arrived = number_system.zeros(*(law.vocab_size + 1,) * law.length, schedule.steps)

    def finished(self) -> Array:
        """The law of the patterns in which nothing is masked."""
        return self.system.sum(self.arrived[self._with({})], self.law.length)

    def leave(self, masked: Positions) -> None:
        """Send on the mass of the patterns in which exactly these positions are masked."""
        present = self._present(masked)
        branches = self._branches(masked, present)
        if not branches:
            return
        if self.watch is not None:
            self.watch(masked, present)
        answers = self._answers(masked, present)
        for (revealed, free), steps in branches.items():
            window = slice(min(steps), max(steps) + 1)
            factors = [steps.get(step, (0, 0, 0)) for step in range(window.start, window.stop)]
            weight, rate, stay = self._numbers(list(zip(*factors, strict=True)))
            moved = (present[:, window] * weight)[:, None]  # [contexts, outcomes, steps]
            for rank, position in enumerate(masked):
                outcomes = answers[:, rank, :, None]
                if position in free:
                    kept = stay + self.system.zeros(len(present), 1, 1)
                    outcomes = self.system.concat([outcomes * rate, kept], 1)
                if position in free or position in revealed:
                    moved = (moved[:, :, None] * outcomes[:, None]).reshape(len(present), -1, len(factors))
            self._add(moved, masked, revealed, free, window)

    def _with(self, kinds: dict[int, slice]) -> tuple[slice, ...]:
        """The index of a block of patterns: any token where `kinds` does not say otherwise."""
        tokens = slice(self.law.vocab_size)
        return tuple(kinds.get(i, tokens) for i in range(self.law.length))

    def _present(self, masked: Positions) -> Array:
        """P(at the pattern before step k, having just arrived), `[contexts, N]`."""
        mask = slice(self.law.mask, None)
        arrived = self.arrived[self._with(dict.fromkeys(masked, mask))].reshape(-1, len(self.reveals))
        start = self.system.ones if len(masked) == self.law.length else self.system.zeros
        return self.system.concat([start(len(arrived), 1), arrived[:, :-1]], 1)

    def _branches(self, masked: Positions, present: Array) -> dict[tuple[Positions, Positions], Steps]:
        """The branches of every step, equal ones together; adds to `present` what stays for another step."""
        found: dict[tuple[Positions, Positions], Steps] = defaultdict(dict)
        for step, reveal in enumerate(self.reveals):
            if self.system.is_zero(present[:, step]).all():
                continue
            for revealed, free, weight in reveal.branches(masked):
                if revealed or free:
                    found[revealed, free][step] = (weight, reveal.rate, reveal.stay)
                if not revealed and step + 1 < len(self.reveals):
                    staying = present[:, step] * self._numbers([weight * reveal.stay ** len(free)])
                    present[:, step + 1] = present[:, step + 1] + staying
        return found

    def _answers(self, masked: Positions, present: Array) -> Array:
        """The denoiser at the masked positions of every context, `[contexts, m, V]`; 0 in those never met."""
        law = self.law
        patterns = np.full((len(present), law.length), law.mask, dtype=np.int64)
        observed = [i for i in range(law.length) if i not in masked]
        patterns[:, observed] = all_sequences(law.vocab_size, len(observed))
        met = np.flatnonzero(~self.system.is_zero(present).all(axis=1))
        answers = self.system.zeros(len(patterns), len(masked), law.vocab_size)
        answers[self.system.index(met)] = self._converted(self.denoiser(patterns[met], list(masked)))
        return answers

    def _add(
        self, moved: Array, masked: Positions, revealed: Positions, free: Positions, window: slice
    ) -> None:
        """Let `[contexts, outcomes, steps]` arrive at the patterns it leads to."""
        kinds = dict.fromkeys(masked, slice(self.law.mask, None))
        kinds |= dict.fromkeys(revealed, slice(self.law.vocab_size)) | dict.fromkeys(free, slice(None))
        target = self.arrived[(*self._with(kinds), window)]
        order = sorted(range(self.law.length), key=lambda i: i in masked)
        axes = [*order, self.law.length]
        ordered = moved.reshape([target.shape[i] for i in axes])
        target += self.system.permute(ordered, np.argsort(axes).tolist())

    def _numbers(self, values: Any) -> Array:
        """Numbers of the law, or Fractions, in the system that is computed in."""
        return self._converted(self.law.arithmetic.array(values))

    def _converted(self, values: Array) -> Array:
        own = self.law.arithmetic
        return values if self.system is own else convert(values, own, self.system)
