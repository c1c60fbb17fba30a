"""An explicit joint table: the brute-force twin of every other oracle.

Nothing here goes through the state space or the sum-product: every answer is a sum over the table.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from oracles.arithmetic import Array, infer
from oracles.memory import check_table_size
from oracles.oracle import Oracle
from oracles.patterns import Tokens, impossible, read_patterns
from oracles.result import Result
from oracles.state_space import ShiftTransition, StateSpace
from oracles.validation import check_distributions, read_array, read_count

PATTERN_TABLE_KEPT = 2**20
"""Largest (V+1)**L for which a table keeps the probability of every pattern once it is asked for one."""


class Table(Oracle):
    """q(x) = probabilities[x_0, .., x_{L-1}], an array of shape `(V,)*L`.

    Numbers as in `NGram`.  Raises ValueError for axes of different sizes, negative entries, a sum other than
    1, or more entries than the limit of `Oracle.joint`.
    """

    def __init__(self, probabilities: Any) -> None:
        self.arithmetic = infer(probabilities)
        self.probabilities = read_array("probabilities", probabilities, self.arithmetic)
        self._read_shape()
        self._check()

    @classmethod
    def of(cls, law: Oracle) -> Table:
        """The table of another oracle, in its arithmetic.

        ValueError if it would be too large, ArithmeticError if possible sequences underflow in its floats.
        """
        joint = law.joint()
        if (
            law.arithmetic.name.startswith("float")
            and (law.arithmetic.is_zero(joint) & law.support().joint()).any()
        ):
            raise ArithmeticError("the joint law underflows in floats: use to('exact') or to('ball')")
        return cls.from_array(joint, law)

    @classmethod
    def from_array(cls, probabilities: Array, like: Oracle) -> Table:
        """A table in the arithmetic of another oracle, from an array of it that is already a law."""
        table = object.__new__(cls)
        table.arithmetic, table.probabilities, table.symbols = (
            like.arithmetic,
            probabilities,
            like.symbols,
        )
        table._read_shape()
        return table

    def _read_shape(self) -> None:
        shape = tuple(self.probabilities.shape)
        if not shape or len(set(shape)) != 1 or shape[0] == 0:
            raise ValueError(f"probabilities: expected an array of shape (V,)*L, got {shape}")
        self.vocab_size, self.length = shape[0], len(shape)
        check_table_size("probabilities", self.vocab_size, self.length, self.arithmetic)

    def _check(self) -> None:
        axes = tuple(range(self.length))
        check_distributions("probabilities", self.probabilities, self.arithmetic, axes)

    @cached_property
    def _pattern_masses(self) -> Array:
        """Every pattern's probability, flat in base V+1: sums over the table, axis by axis."""
        return self.pattern_table().reshape(-1)

    def tabulate_patterns(self) -> None:
        """Keep the probability of every pattern, however many there are: for whoever will ask for most of them.

        ValueError if they are more than `TABLE_LIMIT`.
        """
        for table in (self, self.support()):
            assert isinstance(table, Table)
            _ = table._pattern_masses

    def _probability(self, patterns: Tokens) -> Array:
        kept = (self.vocab_size + 1) ** self.length <= PATTERN_TABLE_KEPT
        if kept or "_pattern_masses" in self.__dict__:
            place = (self.vocab_size + 1) ** np.arange(self.length)[::-1]
            return self._pattern_masses[self.arithmetic.index(patterns @ place)]
        sums = [self._summed(pattern).reshape(1) for pattern in patterns]
        return self.arithmetic.concat([self.arithmetic.zeros(0), *sums], 0)

    def _summed(self, pattern: Tokens) -> Array:
        """The table restricted to the observed tokens and summed over the rest."""
        selected = self.probabilities[tuple(slice(None) if t == self.mask else int(t) for t in pattern)]
        masked = tuple(range(int((pattern == self.mask).sum())))
        return self.arithmetic.sum(selected, masked)

    def _log_prob(self, patterns: Tokens) -> Array:
        return self.arithmetic.ln(self._probability(patterns))

    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        total = self._probability(patterns)
        zero = self.arithmetic.is_zero(total)
        if zero.any():
            structurally = ~np.asarray(self.support().probability(patterns)).reshape(-1)
            raise impossible(patterns, zero, structurally=structurally)
        rows = self.arithmetic.zeros(len(patterns), len(positions), self.vocab_size)
        for p, position in enumerate(positions):
            for token in range(self.vocab_size):
                observed = patterns[:, position]
                agrees = (observed == self.mask) | (observed == token)
                filled = patterns.copy()
                filled[:, position] = token
                mass = self.arithmetic.divide(self._probability(filled), total)
                rows[:, p, token] = self.arithmetic.where(agrees, mass, self.arithmetic.zeros(1))
        return rows

    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        rows = self.probabilities.reshape(1, -1)[self.arithmetic.index(np.zeros(n, dtype=np.int64))]
        drawn = self.arithmetic.draw(rows, rng)
        return np.stack(np.unravel_index(drawn, (self.vocab_size,) * self.length), 1).astype(np.int64)

    def _entropy(self) -> Result:
        logs = self.arithmetic.logs
        terms = self.arithmetic.plogp(self.probabilities)
        total = logs.sum(terms, tuple(range(self.length)))
        return Result(logs.element(total), "bits", "sum over all sequences", logs.guarantee)

    def _condition(self, pattern: Tokens) -> Oracle:
        agrees = np.ones((self.vocab_size,) * self.length, dtype=bool)
        for axis, token in enumerate(pattern):
            if token != self.mask:
                shape = [1] * self.length
                shape[axis] = self.vocab_size
                agrees &= (np.arange(self.vocab_size) == token).reshape(shape)
        kept = self.arithmetic.where(agrees, self.probabilities, self.arithmetic.zeros(1))
        total = self._probability(pattern[None]).reshape((1,) * self.length)
        return Table.from_array(self.arithmetic.divide(kept, total), self)

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        dropped = tuple(axis for axis in range(self.length) if axis not in positions)
        kept = self.arithmetic.sum(self.probabilities, dropped) if dropped else self.probabilities
        return Table.from_array(kept, self)

    def _joint(self) -> Array:
        return self.probabilities

    def state_space(self) -> StateSpace:
        """The prefix tree: the state at position i is x_0..x_i.  Products and mixtures build on it."""
        with self.arithmetic.context():
            laws = [self.probabilities]
            for axis in range(self.length - 1, 0, -1):
                laws.append(self.arithmetic.sum(laws[-1], axis))
            laws.reverse()
            grow = []
            for short, long in itertools.pairwise(laws):
                joint = long.reshape(-1, self.vocab_size)
                weights = self.arithmetic.quotient_or_zero(joint, short.reshape(-1)[:, None])
                grow.append(ShiftTransition(weights.reshape(1, -1, self.vocab_size)))
        newest = [np.arange(self.vocab_size ** (i + 1)) % self.vocab_size for i in range(self.length)]
        one_hot = [(labels[:, None] == np.arange(self.vocab_size)).astype(np.int64) for labels in newest]
        return StateSpace(laws[0], tuple(grow), tuple(self.arithmetic.array(e) for e in one_hot))

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.probabilities = converted(self.probabilities)


def uniform_on(strings: Any, vocab_size: int) -> Table:
    """The uniform law, in exact rationals, on a set of equal-length sequences.

    strings: digit strings such as "0110", or sequences of tokens in 0..V-1.  Raises ValueError if there are
    none, if the lengths differ, a token is out of range or a sequence comes twice.
    """
    vocab_size = read_count("vocab_size", vocab_size)
    if isinstance(strings, str) or not hasattr(strings, "__iter__"):
        raise ValueError(f"strings: expected a list of sequences, got {strings!r}")
    members = [[_digit(c) for c in s] if isinstance(s, str) else list(s) for s in strings]
    if not members or not members[0]:
        raise ValueError("strings: expected at least one non-empty sequence, got none")
    lengths = {len(member) for member in members}
    if len(lengths) > 1:
        raise ValueError(f"strings: expected sequences of one length, got lengths {sorted(lengths)}")
    tokens, _ = read_patterns("strings", members, lengths.pop(), vocab_size - 1)
    distinct = {tuple(row) for row in tokens.tolist()}
    if len(distinct) < len(members):
        raise ValueError("strings: expected distinct sequences, got one twice")
    check_table_size("strings", vocab_size, tokens.shape[1], infer())
    weights = np.zeros((vocab_size,) * tokens.shape[1], dtype=object)
    for row in distinct:
        weights[row] = Fraction(1, len(members))
    return Table(weights)


def _digit(character: str) -> int:
    if not character.isdecimal():
        raise ValueError(f"strings: expected digits, got {character!r}")
    return int(character)
