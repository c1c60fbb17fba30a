"""What one step of an oblivious schedule reveals, whatever the tokens turn out to be."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import ClassVar, NamedTuple

import numpy as np

from oracles.arithmetic import Scalar
from theory.unmasking.draws import EVERY_ROW, Draw, Places, Rows

Positions = tuple[int, ...]


class Branch(NamedTuple):
    """One case of a reveal, in which nothing but the free positions is left to chance.

    revealed: positions that are revealed; free: those that each are with the reveal's `rate`, independently;
    weight: the probability of the case.
    """

    revealed: Positions
    free: Positions
    weight: Scalar


class Reveal(ABC):
    """The law of the set of positions that a step reveals, given those that are masked.

    rate, stay: the probabilities with which a free position of a branch is revealed, or not.
    """

    rate: Scalar
    stay: Scalar

    @abstractmethod
    def branches(self, masked: Positions) -> Iterator[Branch]:
        """The cases for one set of masked positions, whose weights sum to 1."""

    @abstractmethod
    def choose(self, masked: Places, draw: Draw) -> tuple[Rows, Places]:
        """The sets that `draw` makes of it for every row of masked entries `[B, L]`."""


class ByCount(Reveal):
    """A reveal that treats all masked positions alike."""

    @abstractmethod
    def set_probability(self, masked: int, revealed: int) -> Scalar:
        """The probability that a given set of `revealed` of the `masked` positions is what is revealed."""


@dataclass(frozen=True)
class EachWith(ByCount):
    """Every masked position is revealed independently.

    rate: with this probability; stay: 1 - rate, which the schedule may know to more digits.
    """

    rate: Scalar
    stay: Scalar

    def branches(self, masked: Positions) -> Iterator[Branch]:
        yield Branch((), masked, 1)

    def choose(self, masked: Places, draw: Draw) -> tuple[Rows, Places]:
        return draw.coins(masked, self.rate, self.stay)

    def set_probability(self, masked: int, revealed: int) -> Scalar:
        return self.rate**revealed * self.stay ** (masked - revealed)


class WholeSet(Reveal):
    """A reveal without free positions."""

    rate: ClassVar[Scalar] = 0
    stay: ClassVar[Scalar] = 1


@dataclass(frozen=True)
class UniformSubset(WholeSet, ByCount):
    """A uniformly random set of this many masked positions is revealed."""

    size: int

    def branches(self, masked: Positions) -> Iterator[Branch]:
        weight = Fraction(1, math.comb(len(masked), self.size))
        for revealed in combinations(masked, self.size):
            yield Branch(revealed, (), weight)

    def choose(self, masked: Places, draw: Draw) -> tuple[Rows, Places]:
        return draw.subset(masked, self.size)

    def set_probability(self, masked: int, revealed: int) -> Scalar:
        return Fraction(revealed == self.size, max(1, math.comb(masked, revealed)))


@dataclass(frozen=True)
class Chosen(WholeSet):
    """Exactly these positions are revealed."""

    positions: Positions

    def branches(self, masked: Positions) -> Iterator[Branch]:
        yield Branch(tuple(position for position in masked if position in self.positions), (), 1)

    def choose(self, masked: Places, draw: Draw) -> tuple[Rows, Places]:
        revealed = np.zeros_like(masked)
        revealed[:, list(self.positions)] = True
        return EVERY_ROW, revealed & masked
