"""Bounded families of instances, of which a claim is checked on every member.

    instances=grid(q=every_law(2, 2, 3), steps=[1, 2])     # all 175 laws with counts up to 3 on 2^2, 2 steps each

Members are made one at a time; how many there are is known beforehand.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import comb, gcd
from typing import Any

import numpy as np
from flint import fmpq

from oracles import Table


@dataclass(frozen=True)
class Family:
    """All values of one kind; words: what they are, in the plural."""

    words: str
    members: Callable[[], Iterator[Any]]

    def __iter__(self) -> Iterator[Any]:
        return self.members()

    def __len__(self) -> int:
        return self._size

    @cached_property
    def _size(self) -> int:
        return sum(1 for _ in self.members())


@dataclass(frozen=True)
class Counted(Family):
    """A family whose size has a formula."""

    size: int

    def __len__(self) -> int:
        return self.size


def every_language(vocab_size: int, length: int) -> Family:
    """Uniform laws on every non-empty set of words of V^L."""
    words = vocab_size**length
    return Counted(
        f"languages of length {length} over {vocab_size} tokens",
        lambda: (
            _table(counts, vocab_size, length)
            for counts in itertools.product((0, 1), repeat=words)
            if any(counts)
        ),
        2**words - 1,
    )


def every_law(vocab_size: int, length: int, most: int) -> Family:
    """Laws on V^L proportional to integer counts up to `most`; each law once, by counts without a common factor."""
    words = vocab_size**length
    return Family(
        f"laws of length {length} over {vocab_size} tokens with counts up to {most}",
        lambda: (
            _table(counts, vocab_size, length)
            for counts in itertools.product(range(most + 1), repeat=words)
            if gcd(*counts) == 1
        ),
    )


def every_weights(steps: int, denominator: int) -> Family:
    """Weights of N steps, multiples of 1/denominator, some of which may be 0."""
    return Counted(
        f"weights of {steps} steps in multiples of 1/{denominator}",
        lambda: (
            [fmpq(part, denominator) for part in parts] for parts in _weak_compositions(denominator, steps)
        ),
        comb(denominator + steps - 1, steps - 1),
    )


def every_composition(total: int) -> Family:
    """Sizes of non-empty steps that reveal `total` positions, in every order."""
    return Counted(
        f"sizes of steps that reveal {total} positions", lambda: _compositions(total), 2 ** max(total - 1, 0)
    )


def every_partition(length: int) -> Family:
    """Ordered partitions of the positions 0 .. L-1 into non-empty blocks."""
    return Family(
        f"ordered partitions of {length} positions", lambda: _ordered_partitions(list(range(length)))
    )


def _table(counts: tuple[int, ...], vocab_size: int, length: int) -> Table:
    law = np.array([fmpq(count, sum(counts)) for count in counts], dtype=object)
    return Table(law.reshape((vocab_size,) * length))


def _weak_compositions(total: int, parts: int) -> Iterator[list[int]]:
    if parts == 1:
        yield [total]
        return
    for first in range(total, -1, -1):
        for rest in _weak_compositions(total - first, parts - 1):
            yield [first, *rest]


def _compositions(total: int) -> Iterator[list[int]]:
    if total == 0:
        yield []
    for first in range(total, 0, -1):
        for rest in _compositions(total - first):
            yield [first, *rest]


def _ordered_partitions(positions: list[int]) -> Iterator[list[list[int]]]:
    """By the first block, larger ones first."""
    if not positions:
        yield []
    for size in range(len(positions), 0, -1):
        for block in itertools.combinations(positions, size):
            rest = [position for position in positions if position not in block]
            for others in _ordered_partitions(rest):
                yield [list(block), *others]
