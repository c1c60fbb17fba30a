"""Ways of unmasking: what a sampler does to a batch of patterns at each step.

Oblivious schedules, planners, block-wise decoding and remasking all are one; `Draw` decides whether a step
samples, follows every branch, or scores given sequences.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from math import comb, log10
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Scalar
from oracles.patterns import Tokens
from theory.unmasking.draws import EVERY_ROW, Draw, Places, Rows


class Context(NamedTuple):
    """Each of these positions is revealed when exactly `revealed` are known, with this probability."""

    positions: list[int]
    revealed: list[int]
    weight: Scalar


class Unmasking(ABC):
    """A way of unmasking.

    remasks: whether a revealed token may be masked again, so that it only ends with its last step;
    forceable: whether every token it draws is kept, so that p_pi(x) follows from the draws (see `ForcedDraw`);
    mixes: whether it chooses one of several ways before the first step (see `parts`);
    oblivious: whether what it reveals when has nothing to do with the tokens (see `contexts`).
    """

    oblivious: bool = False
    remasks: bool = False
    forceable: bool = True
    mixes: bool = False

    @abstractmethod
    def check(self, masked: Sequence[int]) -> None:
        """ValueError unless it reveals exactly these masked positions."""

    @abstractmethod
    def most_steps(self, length: int) -> int:
        """The largest number of steps for this number of masked positions."""

    @abstractmethod
    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        """Step 0, 1, .. on patterns `[B, L]`, restricted to the positions in `scope` `[L]`.

        Positions that a sampler names itself, as in the blocks of a partition, count within the scope.
        Returns the patterns it leads to, and which row each of them continues.
        """

    @abstractmethod
    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        """At most how many outcomes one step has, from a pattern with so many entries masked and observed."""

    def transitions(self, vocab_size: int, length: int) -> int:
        """At most how many pairs of a pattern and an outcome all steps have: the cost of following them."""
        patterns = (
            comb(length, m) * vocab_size ** (length - m) * self.outcomes(m, length - m, vocab_size)
            for m in range(length + 1)
        )
        return self.most_steps(length) * sum(patterns)

    def one_at_a_time(self, length: int) -> bool:
        """Whether no step reveals two tokens: the ideal denoiser then samples q itself, in whatever order."""
        return False

    def expected_calls(self, length: int, number_system: Arithmetic) -> Scalar | None:
        """The expected number of steps in which something is drawn; None if that depends on the tokens."""
        return None

    def parts(self, number_system: Arithmetic) -> list[tuple[Scalar, Unmasking]]:
        """Samplers without a choice before the first step, and with which probability each is followed."""
        return [(1, self)]

    def contexts(self, length: int, number_system: Arithmetic) -> Iterator[Context]:
        """What may be revealed when each position is; ValueError if that depends on the tokens."""
        raise ValueError(
            f"schedule: expected one that looks at no token, got {self!r}: its contexts have no law of their own"
        )

    def with_denoisers(self, move: Callable[[Any], Any]) -> Unmasking:
        """The same with `move` applied to every denoiser it consults of its own."""
        return self

    def log10_transitions(self, vocab_size: int, length: int) -> float:
        """log10 of `transitions`; of the number of patterns alone where there are more than 10^1000 of them."""
        patterns = length * log10(vocab_size + 1)
        return patterns if patterns > 1000 else log10(self.transitions(vocab_size, length))

    def relabelled(self, masked: Sequence[int]) -> Unmasking:
        """The same with these masked positions numbered 0, 1, .. in order."""
        return self


def read_inner(inner: Any) -> Unmasking:
    """A way of unmasking that another one is made of; ValueError if it is none, or a mixture."""
    if not isinstance(inner, Unmasking):
        raise ValueError(f"inner: expected a schedule or planner, got {inner!r}")
    if inner.mixes:
        raise ValueError(f"inner: expected one way of unmasking, got {inner!r}: mix whole samplers instead")
    return inner


def fill_in(patterns: Tokens, chosen: Places, denoiser: Any, draw: Draw) -> tuple[Rows, Tokens]:
    """Draw the chosen entries, independently given the patterns.  Rows with nothing chosen cost no call."""
    busy = chosen.any(axis=1)
    if not busy.any():
        return EVERY_ROW, patterns
    return draw.tokens(patterns, chosen, denoiser(patterns[busy], chosen[busy]))


def follow_on(rows: Rows, later: Rows) -> Rows:
    """Rows of rows: which row of the first batch each outcome of the second choice continues."""
    if isinstance(rows, slice):
        return later
    return rows[later]
