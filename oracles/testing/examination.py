"""What the laws look at: an oracle, the patterns it is examined on, and its answers there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.oracle import Oracle
from oracles.patterns import Tokens, all_patterns
from oracles.testing.comparison import SMALLEST_NORMAL, Comparison, default_tolerance

SAMPLED = ("float32", "float64", "exact")
"""The arithmetics whose laws can be sampled."""


@dataclass(frozen=True)
class Fault:
    """Where a law fails, and how."""

    pattern: list[int] | None
    message: str


@dataclass(frozen=True)
class Examination:
    """An oracle under examination.  `patterns` `[B, L]` are all of them if `complete`, else random ones."""

    oracle: Oracle
    patterns: Tokens
    complete: bool
    seed: int
    samples: int
    comparison: Comparison

    @property
    def system(self) -> Arithmetic:
        """The oracle's arithmetic."""
        return self.oracle.arithmetic

    @cached_property
    def logs(self) -> Comparison | None:
        """Equality of logarithms; None for Booleans, which have none."""
        if self.system.name == "boolean":
            return None
        return Comparison(self.system.logs, self.comparison.tolerance, logarithms=True)

    @property
    def samplable(self) -> bool:
        """Whether laws in this arithmetic can be sampled."""
        return self.system.name in SAMPLED

    def context(self) -> AbstractContextManager[None]:
        """The precision the answers are compared in."""
        return self.system.context() if self.logs is None else self.logs.system.context()

    def rng(self) -> np.random.Generator:
        """The examination's randomness, from the start: a law does not depend on those before it."""
        return np.random.default_rng(self.seed)

    # ------------------------------------------------------------------ answers, asked for once

    @cached_property
    def probabilities(self) -> Array:
        """P of every examined pattern, `[B]`."""
        return self.oracle.probability(self.patterns)

    @cached_property
    def zero(self) -> NDArray[np.bool_]:
        """Which of them are 0."""
        return np.asarray(self.system.is_zero(self.probabilities))

    @cached_property
    def supported(self) -> NDArray[np.bool_]:
        """Which patterns the oracle says are possible."""
        return np.asarray(self.oracle.in_support(self.patterns))

    @cached_property
    def underflowed(self) -> NDArray[np.bool_]:
        """Which possible patterns have a probability too small for the floats that hold it."""
        if self.system.name not in SMALLEST_NORMAL:
            return np.zeros(len(self.patterns), dtype=bool)
        tiny = np.array(self.system.tolist(self.probabilities)) < SMALLEST_NORMAL[self.system.name]
        return self.supported & tiny & np.isfinite(self.system.tolist(self.oracle.log_prob(self.patterns)))

    @cached_property
    def possible(self) -> Tokens:
        """The patterns that are possible; nothing observed always is."""
        return self.patterns[self.supported]

    @cached_property
    def impossible(self) -> Tokens:
        """The patterns that are not."""
        return self.patterns[~self.supported]

    @cached_property
    def conditionals(self) -> Array:
        """The conditionals of `possible`."""
        return self.oracle.conditionals(self.possible)

    # ------------------------------------------------------------------ patterns made from patterns

    @cached_property
    def sequences(self) -> Tokens:
        """The patterns without a mask."""
        return self.patterns[(self.patterns != self.oracle.mask).all(axis=1)]

    @cached_property
    def positions(self) -> list[int]:
        """Positions to look at one by one, in random order: at most 8 of an oracle too large for all."""
        order = self.rng().permutation(self.oracle.length)
        return order[: self.oracle.length if self.complete else 8].tolist()

    @cached_property
    def events(self) -> Tokens:
        """Patterns whose frequency among samples is tested: on a large oracle, pairs of tokens."""
        if self.complete:
            return self.patterns
        events = np.full_like(self.sequences, self.oracle.mask)
        rng = self.rng()
        for event, sequence in zip(events, self.sequences, strict=True):
            pair = rng.permutation(self.oracle.length)[:2]
            event[pair] = sequence[pair]
        return events

    def some(self, patterns: Tokens, count: int) -> Tokens:
        """At most `count` of the patterns, at random."""
        if len(patterns) <= count:
            return patterns
        return patterns[np.sort(self.rng().permutation(len(patterns))[:count])]

    def filled(self, patterns: Tokens, position: int) -> Tokens:
        """The patterns with each token in turn at a position, `[V, B, L]`."""
        filled = np.repeat(patterns[None], self.oracle.vocab_size, axis=0)
        filled[:, :, position] = np.arange(self.oracle.vocab_size)[:, None]
        return filled

    def merged(self, patterns: Tokens, pattern: Tokens) -> tuple[Tokens, NDArray[np.bool_]]:
        """What the patterns and one more pattern say together, and whether they do not contradict it."""
        mask = self.oracle.mask
        agree = ((patterns == mask) | (pattern == mask) | (patterns == pattern)).all(axis=1)
        return np.where(pattern == mask, patterns, pattern), agree

    # ------------------------------------------------------------------ faults

    def faults(self, wrong: NDArray[np.bool_], patterns: Tokens, message: str) -> Iterator[Fault]:
        """A fault for the first pattern marked as wrong, if any."""
        for index in np.argwhere(wrong)[:1]:
            yield Fault(patterns[tuple(index)].tolist(), message)

    def differences(
        self,
        patterns: Tokens,
        found: Array,
        expected: Array,
        what: str,
        comparison: Comparison | None = None,
    ) -> Iterator[Fault]:
        """A fault for the first entry that differs; the leading axes are those of `patterns` `[..., L]`."""
        comparison = comparison or self.comparison
        batch = patterns.shape[:-1]
        if tuple(found.shape[: len(batch)]) != batch:
            yield Fault(None, f"{what}: expected a batch of shape {batch}, got {tuple(found.shape)}")
            return
        for index in np.argwhere(~comparison.equal(found, expected))[:1]:
            lists = comparison.listed(found, expected)
            got, wanted = (values[tuple(index)] for values in lists)
            pattern = patterns[tuple(index[: len(batch)])].tolist()
            yield Fault(pattern, f"{what}: expected {wanted}, got {got}")


def examine(q: Oracle, seed: int, samples: int, limit: int, tolerance: float | None) -> Examination:
    """The examination of an oracle on all its patterns if there are at most `limit`, else on random ones.

    ValueError if there are more and the oracle's arithmetic has no samples to make random ones from.
    """
    complete = q.length * np.log(q.vocab_size + 1) <= np.log(limit) + 1e-9
    if not complete and q.arithmetic.name not in SAMPLED:
        raise ValueError(
            f"limit: expected at least the {q.vocab_size + 1}**{q.length} patterns of a law in "
            f"{q.arithmetic.name}, which has no samples to choose from, got {limit}"
        )
    patterns = all_patterns(q.vocab_size, q.length) if complete else _random_patterns(q, seed, limit)
    if tolerance is None:
        tolerance = default_tolerance(q.arithmetic, q.length)
    return Examination(q, patterns, bool(complete), seed, samples, Comparison(q.arithmetic, tolerance))


def _random_patterns(q: Oracle, seed: int, limit: int) -> Tokens:
    """Samples; samples with random positions masked; and those with one token changed at random."""
    rng = np.random.default_rng(seed)
    count = max(limit // 3, 1)
    sequences = q.sample(count, seed)
    shown = rng.random((count, q.length)) < rng.random((count, 1))
    masked = np.where(shown, sequences, q.mask)
    changed = masked.copy()
    places = rng.integers(0, q.length, count)
    changed[np.arange(count), places] = rng.integers(0, q.vocab_size, count)
    return np.concatenate([q.all_masked()[None], sequences, masked, changed])
