"""What one step of an oblivious schedule reveals: every branch for the exact laws, one draw for Monte Carlo."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Scalar

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
        """The cases, whose weights sum to 1."""

    @abstractmethod
    def draw(self, masked: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """One random set for every row: masked `[B, L]` -> revealed `[B, L]`."""


@dataclass(frozen=True)
class EachWith(Reveal):
    """Every masked position is revealed independently.

    rate: with this probability; stay: 1 - rate, which the schedule may know to more digits.
    """

    rate: Scalar
    stay: Scalar

    def branches(self, masked: Positions) -> Iterator[Branch]:
        yield Branch((), masked, 1)

    def draw(self, masked: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        return masked & (rng.random(masked.shape) < float(self.rate))


class WholeSet(Reveal):
    """A reveal without free positions."""

    rate: ClassVar[Scalar] = 0
    stay: ClassVar[Scalar] = 1


@dataclass(frozen=True)
class UniformSubset(WholeSet):
    """A uniformly random set of this many masked positions is revealed."""

    size: int

    def branches(self, masked: Positions) -> Iterator[Branch]:
        weight = Fraction(1, math.comb(len(masked), self.size))
        for revealed in combinations(masked, self.size):
            yield Branch(revealed, (), weight)

    def draw(self, masked: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        revealed = np.zeros_like(masked)
        if self.size:
            keys = np.where(masked, rng.random(masked.shape), math.inf)
            chosen = np.argpartition(keys, self.size - 1, axis=1)[:, : self.size]
            np.put_along_axis(revealed, chosen, True, axis=1)
        return revealed


@dataclass(frozen=True)
class Chosen(WholeSet):
    """Exactly these positions are revealed."""

    positions: Positions

    def branches(self, masked: Positions) -> Iterator[Branch]:
        yield Branch(tuple(position for position in masked if position in self.positions), (), 1)

    def draw(self, masked: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        revealed = np.zeros_like(masked)
        revealed[:, list(self.positions)] = True
        return revealed & masked
