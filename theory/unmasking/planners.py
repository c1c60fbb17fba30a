"""Planners: adaptive ways of unmasking, in which the denoiser's answers decide what is revealed next.

Every planner reveals at least one token a step and never remasks.  Positions that are equally good are taken
from the left: exactly for exact laws, within the tolerance of `ties` for floats.  By default a planner
looks at the denoiser that also fills in; `scores` names another one to look at.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens
from oracles.validation import read_count, read_fraction
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import EVERY_ROW, Draw, Places, Rows
from theory.unmasking.rankings import Keys, entropies, lack_of_confidence, lack_of_margin, waiting
from theory.unmasking.ties import at_most, comparable


class Adaptive(Unmasking):
    """A way of unmasking that looks at the answers of a denoiser.  scores: which; by default that of the sampler."""

    def __init__(self, scores: Any = None) -> None:
        self.scores = scores

    def check(self, masked: Sequence[int]) -> None:
        """Any number of positions is fine."""

    def most_steps(self, length: int) -> int:
        return length

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return vocab_size**masked

    def transitions(self, vocab_size: int, length: int) -> int:
        # No step is counted twice: what a planner does depends on the pattern alone.
        return sum(
            comb(length, m) * vocab_size ** (length - m) * self.outcomes(m, length - m, vocab_size)
            for m in range(length + 1)
        )

    def with_denoisers(self, move: Callable[[Any], Any]) -> Adaptive:
        if self.scores is None:
            return self
        moved = copy(self)
        moved.scores = move(self.scores)
        return moved

    def asked(self, patterns: Tokens, masked: Places, denoiser: Any) -> tuple[Array, Array]:
        """The token laws `[masked.sum(), V]` that fill in, and those that the planner looks at."""
        busy = masked.any(axis=1)
        request = patterns[busy], masked[busy]
        answers = denoiser(*request)
        return answers, answers if self.scores is None else self.scores(*request)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in vars(self).items() if k != "scores")
        return f"{type(self).__name__}({options})"


class Planner(Adaptive):
    """Positions are chosen by the token laws there, then filled in independently."""

    @abstractmethod
    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        """What step `number` reveals, `[B, L]`, from token laws `[masked.sum(), V]`; at least one a row."""

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        oracle = denoiser.oracle
        masked = (patterns == oracle.mask) & scope
        busy = masked.any(axis=1)
        if not busy.any():
            return EVERY_ROW, patterns
        answers, seen = self.asked(patterns, masked, denoiser)
        chosen = np.zeros_like(masked)
        chosen[np.ix_(busy, scope)] = self.choose(
            seen, masked[np.ix_(busy, scope)], number, oracle.arithmetic
        )
        kept = oracle.arithmetic.index(np.flatnonzero(chosen[masked]))
        return draw.tokens(patterns, chosen, answers[kept])


class _Sized(Adaptive):
    """So many positions a step.  k: tokens a step (fewer at the end), or a list of N sizes."""

    def __init__(self, k: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.k = _read_sizes(k)

    def size(self, number: int) -> int:
        """The size of step `number`."""
        return self.k[number] if isinstance(self.k, tuple) else self.k

    @property
    def largest(self) -> int:
        """The largest size."""
        return max(self.k) if isinstance(self.k, tuple) else self.k

    def check(self, masked: Sequence[int]) -> None:
        if isinstance(self.k, tuple) and sum(self.k) != len(masked):
            raise ValueError(f"k: expected a sum of {len(masked)} (the masked positions), got {sum(self.k)}")

    def most_steps(self, length: int) -> int:
        return len(self.k) if isinstance(self.k, tuple) else -(-length // self.k)

    def expected_calls(self, length: int, number_system: Arithmetic) -> int:
        return sum(size > 0 for size in self.k) if isinstance(self.k, tuple) else self.most_steps(length)


class _BestFew(_Sized, Planner):
    """The k positions with the smallest key."""

    @abstractmethod
    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        """How much each entry would rather wait."""

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        return masked & (waiting(self.keys(answers, system), masked, system) < self.size(number))

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return vocab_size ** min(masked, self.largest)

    def one_at_a_time(self, length: int) -> bool:
        return min(self.largest, length) <= 1


class TopK(_BestFew):
    """The k positions whose most probable token is most probable: top-k confidence."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return lack_of_confidence(answers, system)


class Margin(_BestFew):
    """The k positions with the largest margin between the two most probable tokens (Kim et al. 2025)."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return lack_of_margin(answers, system)


class LowestEntropy(_BestFew):
    """The k positions whose token law has the lowest entropy."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return entropies(answers, system)


class Threshold(Planner):
    """Every position whose most probable token has probability >= `probability`; at least the best one."""

    def __init__(self, probability: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.probability = read_fraction("probability", probability)
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability: expected a number in [0, 1], got {probability!r}")

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        keys = lack_of_confidence(answers, system)
        chosen = masked & (waiting(keys, masked, system) == 0)
        chosen[masked] |= at_most(keys, -self.probability, system)
        return chosen


class LowConfidence(_Sized):
    """Draw a token at every masked position and keep the k most probable draws (LLaDA's low-confidence remasking).

    What is not kept stays masked.  k: tokens a step, or a list of N sizes.  Unlike for `TopK`, what is revealed
    depends on the drawn tokens, so that a step is no product of token laws even in one position.
    """

    forceable = False

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        oracle, size = denoiser.oracle, self.size(number)
        masked = (patterns == oracle.mask) & scope
        if not size or not masked.any():
            return EVERY_ROW, patterns
        answers, seen = self.asked(patterns, masked, denoiser)
        values = comparable("denoiser", seen, oracle.arithmetic)
        rows, filled = draw.tokens(patterns, masked, answers)
        drawn = masked[rows]
        slots = (masked.reshape(-1).cumsum() - 1).reshape(masked.shape)[rows]
        keys = -values[slots[drawn], filled[drawn]]
        kept = np.zeros_like(drawn)
        some = drawn.any(axis=1)
        kept[some] = waiting(keys, drawn[some], oracle.arithmetic) < size
        return rows, np.where(drawn & ~kept, oracle.mask, filled)


def _read_sizes(k: Any) -> int | tuple[int, ...]:
    """Tokens a step as one number >= 1, or as a list of numbers >= 0; ValueError."""
    if hasattr(k, "tolist"):
        k = k.tolist()
    if not isinstance(k, Sequence):
        return read_count("k", k)
    sizes = tuple(read_count("k", size, minimum=0) for size in k)
    if not sizes:
        raise ValueError("k: expected at least one step, got none")
    return sizes
