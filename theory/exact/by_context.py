"""Exact numbers of positions in contexts, and their sums over what a schedule reveals when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from math import comb

from theory.exact.log_sums import LogSum
from theory.exact.ordered_partitions import ordered_partitions
from theory.exact.profile import contexts
from theory.unmasking.schedules import IID, FixedSizes


class ByContext(ABC):
    """A number f(i, S) for every position i and every set S of others, in bits.  length: L."""

    length: int

    @abstractmethod
    def of(self, position: int, given: Collection[int]) -> LogSum:
        """f(i, S)."""

    def in_blocks(self, blocks: Sequence[Sequence[int]]) -> LogSum:
        """sum_i f(i, S_{<k(i)}) for an ordered partition: S is what is revealed before the block of i."""
        total, done = LogSum({}), set[int]()
        for block in blocks:
            total = sum((self.of(i, done) for i in block), total)
            done |= set(block)
        return total

    def expected(self, schedule: IID | FixedSizes) -> LogSum:
        """The mean of `in_blocks` over the ordered partitions of a schedule."""
        partitions = ordered_partitions(schedule, self.length)
        return sum((chance * self.in_blocks(blocks) for blocks, chance in partitions), LogSum({}))

    def mean_in_context(self, size: int) -> LogSum:
        """The mean of f(i, S) over i and |S| = m."""
        terms = (self.of(i, given) for i, given in contexts(self.length, size))
        return sum(terms, LogSum({})) / (self.length * comb(self.length - 1, size))
