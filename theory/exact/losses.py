"""The losses of a denoiser in every context as exact numbers, and the objectives that are made of them, in bits.

l(i, S) = E_q[-log2 d(x_i | x_S)].  For short laws the twin of `theory.likelihood.nelbo`, by
the definitions of the objectives.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.patterns import all_sequences
from theory.exact.by_context import ByContext
from theory.exact.log_sums import LogSum, log2
from theory.exact.profile import contexts
from theory.samplers import one_by_one


class Losses(ByContext):
    """f(i, S) = l(i, S): over ordered partitions, E_q[-log2] of what a sampler generates, the NELBO of its steps.

    ValueError if one of them is infinite.
    """

    def __init__(self, q: Oracle, denoiser: Any = None) -> None:
        problem = one_by_one(q, denoiser)
        self.length = q.length
        self._of = {
            (i, given): _loss(q, problem.denoiser, i, sorted(given))
            for size in range(q.length)
            for i, given in contexts(q.length, size)
        }

    def of(self, position: int, given: Collection[int]) -> LogSum:
        """l(i, S)."""
        return self._of[position, frozenset(given)]

    def any_order(self) -> LogSum:
        """The loss of an autoregressive model in uniformly random order: the mean over all L! orders."""
        orders = [self.in_blocks([[i] for i in order]) for order in permutations(range(self.length))]
        return sum(orders, LogSum({})) / factorial(self.length)

    def masked(self, masked: int) -> LogSum:
        """The mean of sum over masked i of l(i, S), over the sets of so many masked positions."""
        return masked * self.mean_in_context(self.length - masked)

    def by_count(self) -> LogSum:
        """E[L/j times the loss of j masked positions], j uniform in 1..L: the objective of LLaDA and RADD."""
        return sum((self.masked(j) / j for j in range(1, self.length + 1)), LogSum({}))

    def weighted(self, weights: Sequence[Any]) -> LogSum:
        """sum_j weights[j-1] times the loss of j masked positions."""
        return sum((weight * self.masked(j) for j, weight in enumerate(weights, start=1)), LogSum({}))


def _loss(q: Oracle, denoiser: Any, position: int, given: list[int]) -> LogSum:
    patterns = np.full((q.vocab_size ** len(given), q.length), q.mask, dtype=np.int64)
    patterns[:, given] = all_sequences(q.vocab_size, len(given))
    patterns = patterns[np.asarray(q.in_support(patterns))]
    answers = np.asarray(denoiser(patterns, [position]))[:, 0]
    filled = np.repeat(patterns[:, None], q.vocab_size, axis=1)
    filled[:, :, position] = np.arange(q.vocab_size)
    masses = np.asarray(q.probability(filled))
    met = [(m, d) for m, d in zip(masses.reshape(-1), answers.reshape(-1), strict=True) if m != 0]
    if any(d == 0 for _, d in met):
        raise ValueError("denoiser: expected a positive probability of every possible token, got 0")
    return sum((-m * log2(Fraction(int(d.p), int(d.q))) for m, d in met), LogSum({}))
