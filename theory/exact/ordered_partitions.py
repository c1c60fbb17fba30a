"""Ordered partitions of the positions with their probabilities under a schedule, and exact means over them.

The definition of E KL, term by term, for short sequences: the twin of every formula for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import factorial, prod
from typing import Any

from flint import fmpq

from oracles import Oracle
from theory.exact import information as exact
from theory.exact.log_sums import Bits, Chance, LogSum, rational
from theory.metrics import sampler_law
from theory.unmasking.schedules import IID, FixedSizes, Partition

Blocks = list[list[int]]


def ordered_partitions(schedule: IID | FixedSizes, length: int) -> Iterator[tuple[Blocks, fmpq]]:
    """Every ordered partition of positive probability, with that probability; N^L of them at most."""
    for steps in product(range(schedule.steps), repeat=length):
        blocks = [[i for i, step in enumerate(steps) if step == k] for k in range(schedule.steps)]
        if chance := _chance(schedule, [len(block) for block in blocks]):
            yield blocks, chance


def mean_divergence(q: Oracle, schedule: IID | FixedSizes, denoiser: Any = None) -> Bits:
    """E_pi KL(q || p_pi) in bits: of the law of the sampler for every ordered partition, averaged."""
    terms = (
        chance * exact.divergence(sampler_law(q, Partition(blocks), denoiser))
        for blocks, chance in ordered_partitions(schedule, q.length)
    )
    return sum(terms, LogSum({}))


def size_vectors(length: int, steps: int) -> Iterator[list[int]]:
    """All sizes n_1, .., n_N >= 0 that sum to L."""
    if steps == 1:
        yield [length]
        return
    for first in range(length + 1):
        for rest in size_vectors(length - first, steps - 1):
            yield [first, *rest]


def multinomial(sizes: Sequence[int], weights: Sequence[Any]) -> Chance:
    """L!/prod n_k! prod w_k^{n_k}: the probability that an iid schedule reveals n_k positions in step k."""
    arrangements = factorial(sum(sizes)) // prod(map(factorial, sizes))
    return prod((rational(w) ** n for w, n in zip(weights, sizes, strict=True)), start=fmpq(arrangements))


def mean_over_sizes(length: int, weights: Sequence[Any], value: Callable[[list[int]], Any]) -> Any:
    """sum_n Multinomial(n; L, w) value(n)."""
    first, *others = (multinomial(n, weights) * value(n) for n in size_vectors(length, len(weights)))
    return sum(others, first)


def _chance(schedule: IID | FixedSizes, sizes: Sequence[int]) -> Chance:
    """The probability of one ordered partition with these sizes."""
    if isinstance(schedule, FixedSizes):
        arrangements = factorial(sum(sizes)) // prod(map(factorial, sizes))
        return fmpq(1, arrangements) if tuple(sizes) == schedule.sizes else fmpq(0)
    weights = [rational(weight) for weight in schedule.weights]
    return prod((weight**size for weight, size in zip(weights, sizes, strict=True)), start=fmpq(1))
