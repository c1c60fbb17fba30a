"""The exact law of a sampler, by the cheapest route that is exact; the route is part of the answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Table
from oracles.arithmetic import Array, Scalar
from oracles.patterns import Tokens, read_patterns
from theory.laws.gap_probability import sequence_ratios
from theory.laws.tables import SupportTable, support_table
from theory.samplers import Problem


@dataclass(frozen=True, eq=False)
class SamplerLaw(ABC):
    """The law p of what a sampler generates.

    problem: the sampler; method, guarantee: how p is computed and what its numbers are worth.
    """

    problem: Problem
    method: str
    guarantee: str

    @property
    def notes(self) -> tuple[str, ...]:
        """Conventions that p depends on."""
        convention = getattr(self.problem.denoiser, "convention", "")
        return (convention,) if convention else ()

    def probability(self, tokens: Any) -> Any:
        """p(x) of complete sequences `[..., L]`; zero where they contradict the prompt.

        By "gaps" ValueError for sequences that q gives probability zero: it knows p on the support only.
        One number for a single sequence, else an array of the leading shape, in the oracle's arithmetic.
        """
        return self._asked(tokens, self._probabilities, self.problem.law.arithmetic.zeros(1))

    def log_prob(self, tokens: Any) -> Any:
        """ln p(x) in nats, -inf where p(x) is 0; shapes as for `probability`."""
        system = self.problem.law.arithmetic
        return self._asked(tokens, self._log_probabilities, system.ln(system.zeros(1)))

    @abstractmethod
    def table(self) -> Array:
        """p over the free positions (all of them without a prompt), shape `(V,)*L`; ValueError if not known."""

    def as_table(self) -> Table:
        """p as an oracle on the free positions, to ask it for marginals, conditionals or samples."""
        return Table.from_array(self.table(), self.problem.law)

    @abstractmethod
    def _probabilities(self, free: Tokens) -> Array:
        """p(x) of the tokens at the free positions, `[B]`."""

    @abstractmethod
    def _log_probabilities(self, free: Tokens) -> Array:
        """ln p(x) of the tokens at the free positions, `[B]`."""

    def _asked(self, tokens: Any, answer: Any, contradiction: Array) -> Any:
        problem, system = self.problem, self.problem.law.arithmetic
        length = len(problem.free) if problem.given is None else len(problem.given)
        batch, shape = read_patterns("tokens", tokens, length, problem.law.vocab_size - 1)
        agrees = np.ones(len(batch), dtype=bool)
        if problem.given is not None:
            observed = problem.given != problem.law.mask
            agrees = (batch[:, observed] == problem.given[observed]).all(axis=1)
        values = system.where(agrees, answer(batch[:, problem.free]), contradiction)
        return values.reshape(shape) if shape else system.element(values.reshape(()))


@dataclass(frozen=True, eq=False)
class TabulatedLaw(SamplerLaw):
    """A law whose probabilities are all at hand.  calls: the expected number of denoiser calls, where known."""

    _table: Array
    calls: Scalar | None = None

    def table(self) -> Array:
        return self._table

    def _probabilities(self, free: Tokens) -> Array:
        system = self.problem.law.arithmetic
        return self._table[tuple(system.index(free[:, axis]) for axis in range(free.shape[1]))]

    def _log_probabilities(self, free: Tokens) -> Array:
        return self.problem.law.arithmetic.ln(self._probabilities(free))


@dataclass(frozen=True, eq=False)
class GapLaw(SamplerLaw):
    """The law of an iid or fixed-size sampler of a first-order Markov chain, for possible sequences one by one."""

    def table(self) -> Array:
        raise ValueError(
            "method: the gap recursion gives p(x) of possible sequences one by one; "
            "a table needs method='enumeration' and a small law"
        )

    def _probabilities(self, free: Tokens) -> Array:
        return self.problem.law.probability(free) * self._ratios(free)

    def _log_probabilities(self, free: Tokens) -> Array:
        system = self.problem.law.arithmetic
        with system.logs.context():
            return self.problem.law.log_prob(free) + system.ln(self._ratios(free))

    def _ratios(self, free: Tokens) -> Array:
        law, system = self.problem.law, self.problem.law.arithmetic
        with system.context():
            shares = [
                sequence_ratios(law, part, free) * share  # type: ignore[arg-type]
                for share, part in self.problem.schedule.parts(system)
            ]
            return sum(shares[1:], shares[0])


def off_support(law: SamplerLaw) -> Array:
    """The probabilities of the impossible sequences, flat."""
    return _flat(law.table(), ~_possible(law), law)


def on_support(law: SamplerLaw) -> tuple[Array, Array] | None:
    """q and p of the possible sequences, flat; None if p misses one, so that KL(q||p) is infinite.

    Whether it does is decided over Booleans: ArithmeticError if p only underflows in floats.
    """
    problem, possible = law.problem, _possible(law)
    generated = _flat(law.table(), possible, law)
    missed = problem.law.arithmetic.is_zero(generated)
    if missed.any():
        if not support_table(problem, law.method).reshape(-1)[possible].all():
            return None
        raise ArithmeticError("the law of the sampler underflows in floats: use to('exact') or to('ball')")
    return _flat(problem.law.joint(), possible, law), generated


def _possible(law: SamplerLaw) -> SupportTable:
    return np.asarray(law.problem.law.support().joint()).reshape(-1)


def _flat(table: Array, chosen: NDArray[np.bool_], law: SamplerLaw) -> Array:
    return table.reshape(-1)[law.problem.law.arithmetic.index(np.flatnonzero(chosen))]
