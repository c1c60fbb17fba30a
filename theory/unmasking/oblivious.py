"""Oblivious schedules: which positions are revealed at each step, whatever the tokens turn out to be.

A schedule is the law of a random ordered partition (S_1, .., S_N) of the positions.  It is described step by
step, as a :class:`~theory.unmasking.reveals.Reveal` of the positions still masked, so that one description serves the
exact laws, which branch over every outcome, and Monte Carlo, which draws one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens
from theory.unmasking.base import Context, Unmasking, fill_in, follow_on
from theory.unmasking.draws import Draw, Rows
from theory.unmasking.reveals import Reveal


class Schedule(Unmasking):
    """A way of unmasking in N steps that looks at no token."""

    oblivious = True

    @property
    @abstractmethod
    def steps(self) -> int:
        """N, the number of steps (calls of the denoiser, unless a step reveals nothing)."""

    @abstractmethod
    def reveal(self, step: int, number_system: Arithmetic) -> Reveal:
        """What step 0..N-1 reveals; probabilities are numbers of `number_system`."""

    def masked_sets(self, length: int, size: int) -> Iterable[tuple[int, ...]]:
        """The sets of `size` positions that can be what is masked before some step, in ascending order each."""
        return combinations(range(length), size)

    def most_steps(self, length: int) -> int:
        return self.steps

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        oracle = denoiser.oracle
        masked = (patterns == oracle.mask)[:, scope]
        rows, here = self.reveal(number, oracle.arithmetic).choose(masked, draw)
        patterns = patterns[rows]
        revealed = np.zeros(patterns.shape, dtype=bool)
        revealed[:, scope] = here
        later, patterns = fill_in(patterns, revealed, denoiser, draw)
        return follow_on(rows, later), patterns


class Exchangeable(Schedule):
    """A schedule that treats all positions alike: iid and fixed-size schedules, and their mixtures."""

    @abstractmethod
    def context_sizes(self, length: int, number_system: Arithmetic) -> Array:
        """g(0..L-1): the probability that a given position is revealed when m others already are.

        Given m, the set of those others is uniform, so sum_m g(m) = 1 and every expectation over the context
        of a position is sum_m g(m) times an average over sets of size m.
        """

    def contexts(self, length: int, number_system: Arithmetic) -> Iterator[Context]:
        by_size = self.context_sizes(length, number_system)
        for size in range(length):
            if number_system.is_zero(by_size[size : size + 1]).all():
                continue
            weight = number_system.element(by_size[size] / comb(length - 1, size))
            for revealed in combinations(range(length), size):
                yield Context([i for i in range(length) if i not in revealed], list(revealed), weight)
