"""Planners: adaptive ways of unmasking, in which the denoiser's answers decide what is revealed next.

Every planner reveals at least one token a step and never remasks.  Positions that are equally good are taken
from the left: exactly for exact laws, within the tolerance of `theory.ties` for floats.  By default a planner
looks at the denoiser that also fills in; `scores` names another one to look at.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory import log_sums
from theory.draws import EVERY_ROW, Draw, Places, Rows
from theory.ties import ascending, comparable, places, tolerance
from theory.unmasking import Unmasking

Keys = NDArray[Any]
"""One number for every masked entry, `[M]`: floats, rationals or exact sums of logarithms."""


class Planner(Unmasking):
    """A way of unmasking that looks at the answers of a denoiser.  scores: which; by default that of the sampler."""

    def __init__(self, scores: Any = None) -> None:
        self.scores = scores

    @abstractmethod
    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        """What step `number` reveals, `[B, L]`, from token laws `[masked.sum(), V]`; at least one a row."""

    def check(self, masked: Sequence[int]) -> None:
        """Any number of positions is fine."""

    def most_steps(self, length: int) -> int:
        return length

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        oracle = denoiser.oracle
        masked = (patterns == oracle.mask) & scope
        busy = masked.any(axis=1)
        if not busy.any():
            return EVERY_ROW, patterns
        request = patterns[busy], masked[busy]
        answers = denoiser(*request)
        seen = answers if self.scores is None else self.scores(*request)
        chosen = np.zeros_like(masked)
        chosen[busy] = self.choose(seen, masked[busy], number, oracle.arithmetic)
        kept = oracle.arithmetic.index(np.flatnonzero(chosen[masked]))
        return draw.tokens(patterns, chosen, answers[kept])

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return vocab_size**masked

    def transitions(self, vocab_size: int, length: int) -> int:
        # No step is counted twice: what a planner does depends on the pattern alone.
        return sum(
            comb(length, m) * vocab_size ** (length - m) * self.outcomes(m, length - m, vocab_size)
            for m in range(length + 1)
        )

    def with_denoisers(self, move: Callable[[Any], Any]) -> Planner:
        if self.scores is None:
            return self
        moved = copy(self)
        moved.scores = move(self.scores)
        return moved

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v}" for k, v in vars(self).items() if k != "scores")
        return f"{type(self).__name__}({options})"


class _BestFew(Planner):
    """The k positions with the smallest key.  k: tokens a step (fewer at the end), or a list of N sizes."""

    def __init__(self, k: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.k = read_sizes("k", k)

    @abstractmethod
    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        """How much each entry would rather wait."""

    def check(self, masked: Sequence[int]) -> None:
        check_sizes("k", self.k, len(masked))

    def most_steps(self, length: int) -> int:
        return len(self.k) if isinstance(self.k, tuple) else -(-length // self.k)

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        return masked & (waiting(self.keys(answers, system), masked, system) < size_of(self.k, number))

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return vocab_size ** min(masked, largest(self.k))

    def one_at_a_time(self, length: int) -> bool:
        return largest(self.k) <= 1

    def expected_calls(self, length: int, number_system: Arithmetic) -> int:
        return sum(size > 0 for size in self.k) if isinstance(self.k, tuple) else self.most_steps(length)


class TopK(_BestFew):
    """The k positions whose most probable token is most probable: top-k confidence."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return _lack_of_confidence(answers, system)


class Margin(_BestFew):
    """The k positions with the largest margin between the two most probable tokens (Kim et al. 2025)."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return _lack_of_margin(answers, system)


class LowestEntropy(_BestFew):
    """The k positions whose token law has the lowest entropy."""

    def keys(self, answers: Array, system: Arithmetic) -> Keys:
        return entropies(answers, system)


class Threshold(Planner):
    """Every position whose most probable token has probability >= `probability`; at least the best one."""

    def __init__(self, probability: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.probability = _read_number("probability", probability)
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability: expected a number in [0, 1], got {probability!r}")

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        keys = _lack_of_confidence(answers, system)
        chosen = masked & (waiting(keys, masked, system) == 0)
        chosen[masked] |= np.asarray(keys <= _limit(-self.probability, system), dtype=bool)
        return chosen


class _EntropyBudget(Planner):
    """Positions in a stated order until their entropies use up a budget in bits."""

    def __init__(self, bits: Any, order: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.bits = _read_number("bits", bits)
        if self.bits < 0:
            raise ValueError(f"bits: expected a number >= 0, got {bits!r}")
        self.order = (
            order if isinstance(order, str) else tuple(read_count("order", i, minimum=0) for i in order)
        )
        if isinstance(order, str) and order not in ORDERS:
            raise ValueError(
                f"order: expected one of {', '.join(ORDERS)} or a list of positions, got {order!r}"
            )

    @abstractmethod
    def within(self, entropy: NDArray[Any], limit: Any) -> NDArray[np.bool_]:
        """Which to take of entropies `[B, L]` in order (0 from the last masked one on)."""

    def check(self, masked: Sequence[int]) -> None:
        if isinstance(self.order, tuple) and sorted(self.order) != sorted(masked):
            raise ValueError(
                f"order: expected the masked positions {sorted(masked)} in some order, got {list(self.order)}"
            )

    def relabelled(self, masked: Sequence[int]) -> Unmasking:
        if isinstance(self.order, str):
            return self
        rank = {position: index for index, position in enumerate(masked)}
        moved = copy(self)
        moved.order = tuple(rank[position] for position in self.order)
        return moved

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        bits = entropies(answers, system)
        if isinstance(self.order, str):
            keys = ORDERS[self.order](answers, masked, system)
        else:
            keys = np.argsort(self.order)[np.nonzero(masked)[1]]
        place = waiting(keys, masked, system)
        order = np.argsort(place, axis=1, kind="stable")
        dense = np.full(masked.shape, 0 * bits[0], dtype=bits.dtype)
        dense[masked] = bits
        taken = self.within(np.take_along_axis(dense, order, axis=1), _limit(self.bits, system))
        chosen = np.empty_like(masked)
        np.put_along_axis(chosen, order, np.asarray(taken, dtype=bool), axis=1)
        return masked & (chosen | (place == 0))


class EntropyBounded(_EntropyBudget):
    """The longest prefix in the order whose sum of entropies less the largest is <= `bits` (EB-sampler).

    The total correlation of a step is then at most `bits` (Ben-Hamu et al. 2025).  order: "entropy" (default),
    "confidence", "margin", "left" or a list of positions.
    """

    def __init__(self, bits: Any, order: Any = "entropy", scores: Any = None) -> None:
        super().__init__(bits, order, scores)

    def within(self, entropy: NDArray[Any], limit: Any) -> NDArray[np.bool_]:
        largest_yet = np.maximum.accumulate(entropy, axis=1)
        return np.cumsum(entropy, axis=1) - largest_yet <= limit


class EntropySum(_EntropyBudget):
    """Positions in the order until the sum of their entropies first exceeds `bits` (Cai & Li 2026).

    crossing: whether the position at which it does is still revealed; without it a step reveals those before,
    but at least one.  order: "left" (default), "entropy", "confidence", "margin" or a list of positions.
    """

    def __init__(self, bits: Any, order: Any = "left", crossing: bool = True, scores: Any = None) -> None:
        super().__init__(bits, order, scores)
        self.crossing = crossing

    def within(self, entropy: NDArray[Any], limit: Any) -> NDArray[np.bool_]:
        total = np.cumsum(entropy, axis=1)
        return (total - entropy if self.crossing else total) <= limit


class LowConfidence(Planner):
    """Draw a token at every masked position and keep the k most probable draws (LLaDA's low-confidence remasking).

    What is not kept stays masked.  k: tokens a step, or a list of N sizes.  Unlike for `TopK`, what is revealed
    depends on the drawn tokens, so that a step is no product of token laws even in one position.
    """

    forceable = False

    def __init__(self, k: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.k = read_sizes("k", k)

    check = _BestFew.check
    most_steps = _BestFew.most_steps
    expected_calls = _BestFew.expected_calls

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        return masked

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        oracle = denoiser.oracle
        masked = (patterns == oracle.mask) & scope
        busy = masked.any(axis=1)
        if not busy.any():
            return EVERY_ROW, patterns
        request = patterns[busy], masked[busy]
        answers = denoiser(*request)
        seen = answers if self.scores is None else self.scores(*request)
        values = comparable("denoiser", seen, oracle.arithmetic)
        rows, filled = draw.tokens(patterns, masked, answers)
        drawn = masked[rows]
        slots = (masked.reshape(-1).cumsum() - 1).reshape(masked.shape)[rows]
        keys = -values[slots[drawn], filled[drawn]]
        kept = np.zeros_like(drawn)
        some = drawn.any(axis=1)
        kept[some] = waiting(keys, drawn[some], oracle.arithmetic) < size_of(self.k, number)
        return rows, np.where(drawn & ~kept, oracle.mask, filled)


# ------------------------------------------------------------------ keys and orders


def entropies(answers: Array, system: Arithmetic) -> Keys:
    """Entropies of token laws `[M, V]` in bits: floats, or exact sums of logarithms for an exact law."""
    if system.name != "exact":
        return comparable("denoiser", system.sum(system.plogp(answers), 1), system)
    known: dict[tuple[Any, ...], Any] = {}
    out = np.empty(len(answers), dtype=object)
    for index, law in enumerate(answers):
        # Entropy does not depend on the order: the same object for the same probabilities compares fast.
        signature = tuple(sorted((int(p.p), int(p.q)) for p in law))
        if signature not in known:
            known[signature] = log_sums.entropy(law)
        out[index] = known[signature]
    return out


def _lack_of_confidence(answers: Array, system: Arithmetic) -> Keys:
    return -comparable("denoiser", answers, system).max(axis=1)


def _lack_of_margin(answers: Array, system: Arithmetic) -> Keys:
    values = np.sort(comparable("denoiser", answers, system), axis=1)
    return -(values[:, -1] - values[:, -2]) if values.shape[1] > 1 else -values[:, -1]


ORDERS: dict[str, Callable[[Array, Places, Arithmetic], Keys]] = {
    "left": lambda answers, masked, system: np.nonzero(masked)[1],
    "entropy": lambda answers, masked, system: entropies(answers, system),
    "confidence": lambda answers, masked, system: _lack_of_confidence(answers, system),
    "margin": lambda answers, masked, system: _lack_of_margin(answers, system),
}


def waiting(keys: Keys, masked: Places, system: Arithmetic) -> NDArray[np.int64]:
    """How many masked entries of its row come before each, smallest key first; L for the others, `[B, L]`."""
    batch, length = masked.shape
    if keys.dtype != object:
        dense = np.full((batch, length), np.inf)
        dense[masked] = keys
        place = places(ascending(dense, system))
    else:
        place = np.zeros((batch, length), dtype=np.int64)
        start = 0
        for row in range(batch):
            here = np.flatnonzero(masked[row])
            place[row, here] = places(ascending(keys[start : start + len(here)], system))
            start += len(here)
    return np.where(masked, place, length)


def read_sizes(name: str, k: Any) -> int | tuple[int, ...]:
    """Tokens a step as one number >= 1, or as a list of numbers >= 0; ValueError."""
    if hasattr(k, "tolist"):
        k = k.tolist()
    if isinstance(k, Sequence):
        sizes = tuple(read_count(name, size, minimum=0) for size in k)
        if not sizes:
            raise ValueError(f"{name}: expected at least one step, got none")
        return sizes
    return read_count(name, k)


def check_sizes(name: str, k: int | tuple[int, ...], masked: int) -> None:
    """ValueError unless the sizes reveal exactly so many positions."""
    if isinstance(k, tuple) and sum(k) != masked:
        raise ValueError(f"{name}: expected a sum of {masked} (the masked positions), got {sum(k)}")


def size_of(k: int | tuple[int, ...], number: int) -> int:
    """The size of step `number`."""
    return k[number] if isinstance(k, tuple) else k


def largest(k: int | tuple[int, ...]) -> int:
    """The largest size."""
    return max(k) if isinstance(k, tuple) else k


def _read_number(name: str, value: Any) -> Fraction:
    try:
        if isinstance(value, bool):
            raise ValueError
        return Fraction(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"{name}: expected a number, got {value!r}") from error


def _limit(value: Fraction, system: Arithmetic) -> Any:
    """A bound to compare keys with; in floats what exceeds it by the tolerance still counts as within."""
    return (
        fmpq(value.numerator, value.denominator)
        if system.name == "exact"
        else float(value) + tolerance(system)
    )
