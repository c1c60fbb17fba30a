"""Where randomness enters a sampler: one description of it, three ways to resolve its random choices.

A sampler works on a batch of patterns `[B, L]` and leaves every random choice to a `Draw`.  `RandomDraw` picks
one outcome a row: samples; `ScoredDraw` also keeps how probable their tokens were.  `BranchingDraw` follows every
outcome with its probability: the exact law.  `ForcedDraw` picks the sets of positions at random but has the
tokens come out as given sequences, and keeps the probability of that: p_pi(x) for sequences x of any length.

Every choice answers `(rows, outcome)`: `rows` says which row of the batch each outcome continues.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array, Scalar, convert
from oracles.patterns import Tokens

Places = NDArray[np.bool_]
"""Entries of a batch of patterns, `[B, L]`."""

Rows = Any
"""Indices `[B']` into the batch, or `slice(None)` where every row goes on as itself."""

EVERY_ROW = slice(None)


class Draw(ABC):
    """Resolves the random choices of a sampler.  calls: denoiser calls so far, as a total or an expectation."""

    calls: Any

    @abstractmethod
    def coins(self, allowed: Places, rate: Scalar, stay: Scalar) -> tuple[Rows, Places]:
        """Each allowed entry independently with probability `rate`; stay = 1 - rate."""

    @abstractmethod
    def subset(self, allowed: Places, size: int) -> tuple[Rows, Places]:
        """A uniformly random set of `size` allowed entries of every row; all of them where there are fewer."""

    @abstractmethod
    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        """The patterns with a token drawn at every chosen entry, from `answers` `[chosen.sum(), V]` row by row."""


class RandomDraw(Draw):
    """One random outcome for every row.  number_system: that of the answers."""

    def __init__(self, number_system: Arithmetic, rng: np.random.Generator) -> None:
        self.system, self.rng, self.calls = number_system, rng, 0

    def coins(self, allowed: Places, rate: Scalar, stay: Scalar) -> tuple[Rows, Places]:
        places = np.flatnonzero(allowed)
        heads = np.zeros(allowed.size, dtype=bool)
        heads[places[self.rng.random(len(places)) < float(rate)]] = True
        return EVERY_ROW, heads.reshape(allowed.shape)

    def subset(self, allowed: Places, size: int) -> tuple[Rows, Places]:
        chosen = np.zeros_like(allowed)
        size = min(size, allowed.shape[1])
        if size:
            keys = np.where(allowed, self.rng.random(allowed.shape), np.inf)
            np.put_along_axis(chosen, np.argpartition(keys, size - 1, axis=1)[:, :size], True, axis=1)
        return EVERY_ROW, chosen & allowed

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        self.calls += int(chosen.any(axis=1).sum())
        filled = patterns.copy()
        filled[chosen] = self.system.draw(answers, self.rng)
        return EVERY_ROW, filled


class ScoredDraw(RandomDraw):
    """Random outcomes of n rows that keep how probable their tokens were.

    log_probability `[n]`, in nats: the sum of the logarithms of the answers at the tokens drawn.
    chance: whether some set was left to chance, so that p(x) is an average over more than this one.
    """

    def __init__(self, number_system: Arithmetic, rng: np.random.Generator, n: int) -> None:
        super().__init__(number_system, rng)
        self.log_probability = number_system.logs.zeros(n)
        self.chance = False

    def coins(self, allowed: Places, rate: Scalar, stay: Scalar) -> tuple[Rows, Places]:
        self.chance |= bool(0 < rate < 1 and allowed.any())
        return super().coins(allowed, rate, stay)

    def subset(self, allowed: Places, size: int) -> tuple[Rows, Places]:
        self.chance |= bool((allowed.sum(axis=1) > size).any()) and size > 0
        return super().subset(allowed, size)

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        rows, filled = super().tokens(patterns, chosen, answers)
        self._score(chosen, filled, answers)
        return rows, filled

    def _score(self, chosen: Places, filled: Tokens, answers: Array) -> None:
        index, system = self.system.index, self.system
        rows = np.nonzero(chosen)[0]
        wanted = answers[index(np.arange(len(rows))), index(filled[chosen])]
        with system.logs.context():
            self.log_probability = system.logs.scatter_sum(self.log_probability, rows, system.ln(wanted))


class ForcedDraw(ScoredDraw):
    """Random sets, but the tokens of given sequences `[n, L]`."""

    def __init__(self, number_system: Arithmetic, rng: np.random.Generator, sequences: Tokens) -> None:
        super().__init__(number_system, rng, len(sequences))
        self.sequences = sequences

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        self.calls += int(chosen.any(axis=1).sum())
        filled = np.where(chosen, self.sequences, patterns)
        self._score(chosen, filled, answers)
        return EVERY_ROW, filled


class BranchingDraw(Draw):
    """Every outcome of every row, with its probability.

    source: the number system of the answers; target: that of the weights `[B]`, the probabilities of the rows
    (they differ where only the support is wanted).  Outcomes of probability zero are dropped at once.
    """

    def __init__(self, source: Arithmetic, target: Arithmetic, weights: Array) -> None:
        self.source, self.target, self.weights = source, target, weights
        self.calls = target.zeros(1)[0]

    def coins(self, allowed: Places, rate: Scalar, stay: Scalar) -> tuple[Rows, Places]:
        factors = self._numbers([stay, rate])
        rows, heads = np.arange(len(allowed)), np.zeros_like(allowed)
        for i in range(allowed.shape[1]):
            parent, option = _options(np.where(allowed[rows, i], 2, 1))
            kept = self._multiply(parent, allowed[rows[parent], i], factors, option)
            parent, option = parent[kept], option[kept]
            rows, heads = rows[parent], heads[parent]
            heads[:, i] = allowed[rows, i] & (option == 1)
        return rows, heads

    def subset(self, allowed: Places, size: int) -> tuple[Rows, Places]:
        rows, chosen = np.arange(len(allowed)), np.zeros_like(allowed)
        wanted = np.minimum(size, allowed.sum(axis=1))
        left = allowed[:, ::-1].cumsum(axis=1)[:, ::-1]  # allowed entries from here on
        shares = self._numbers([Fraction(1, comb(m, min(size, m))) for m in range(allowed.shape[1] + 1)])
        for i in range(allowed.shape[1]):
            missing = wanted[rows] - chosen.sum(axis=1)
            free = allowed[rows, i]
            may_take, may_leave = free & (missing > 0), ~free | (left[rows, i] > missing)
            parent, option = _options(may_take.astype(np.int64) + may_leave)
            take = np.where(may_leave[parent], option == 1, True)
            rows, chosen = rows[parent], chosen[parent]
            chosen[:, i] = take
        self.weights = self._at(self.weights, rows) * self._at(shares, allowed.sum(axis=1)[rows])
        return rows, chosen

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        vocab = answers.shape[-1]
        flat = self._moved(answers).reshape(-1)
        self._count_calls(np.asarray(chosen.any(axis=1)))
        slots = (chosen.reshape(-1).cumsum() - 1).reshape(chosen.shape) * vocab
        rows, filled = np.arange(len(patterns)), patterns
        for i in np.flatnonzero(chosen.any(axis=0)):
            parent, option = _options(np.where(chosen[rows, i], vocab, 1))
            place = slots[rows[parent], i] + option
            kept = self._multiply(parent, chosen[rows[parent], i], flat, place)
            parent, option = parent[kept], option[kept]
            rows, filled = rows[parent], filled[parent]
            filled[:, i] = np.where(chosen[rows, i], option, filled[:, i])
        return rows, filled

    def _multiply(self, parent: Tokens, decided: Places, factors: Array, place: Tokens) -> Tokens:
        """Give every outcome its parent's weight, times its factor if it was decided; which are left."""
        system = self.target
        weights = self._at(self.weights, parent)
        taken = self._at(factors, np.where(decided, place, 0))
        weights = weights * system.where(decided, taken, system.ones(1))
        kept = np.flatnonzero(~system.is_zero(weights))
        self.weights = self._at(weights, kept)
        return kept

    def _count_calls(self, busy: NDArray[np.bool_]) -> None:
        self.calls = self.calls + self.target.sum(self._at(self.weights, np.flatnonzero(busy)), 0)

    def _at(self, values: Array, index: Tokens) -> Array:
        return values[self.target.index(index)]

    def _numbers(self, values: Any) -> Array:
        return self._moved(self.source.array(values))

    def _moved(self, values: Array) -> Array:
        return values if self.source is self.target else convert(values, self.source, self.target)


def _options(counts: NDArray[np.int64]) -> tuple[Tokens, Tokens]:
    """For rows that branch into so many options each: the row of every outcome, and which option it is."""
    parent = np.repeat(np.arange(len(counts)), counts)
    return parent, np.arange(len(parent)) - (np.cumsum(counts) - counts)[parent]
