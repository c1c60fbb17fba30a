"""The exact law of a sampler, by the cheapest route that is exact; the route is part of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle, Table
from oracles.arithmetic import Array
from oracles.patterns import read_patterns
from theory.laws.enumeration import check_budget, enumerate_law, enumerate_support
from theory.samplers import Problem, read_problem
from theory.unmasking import Unmasking

METHODS = ("enumeration",)


@dataclass(frozen=True, eq=False)
class SamplerLaw:
    """The law p of what a sampler generates.

    problem: the sampler; method, guarantee: how p was computed and what its numbers are worth.
    """

    problem: Problem
    method: str
    guarantee: str
    _table: Array

    def table(self) -> Array:
        """p over the free positions (all of them without a prompt), shape `(V,)*L`."""
        return self._table

    def probability(self, tokens: Any) -> Any:
        """p(x) of complete sequences `[..., L]`; zero where they contradict the prompt.

        One number for a single sequence, else an array of the leading shape, in the oracle's arithmetic.
        """
        problem, system = self.problem, self.problem.law.arithmetic
        length = len(problem.free) if problem.given is None else len(problem.given)
        batch, shape = read_patterns("tokens", tokens, length, problem.law.vocab_size - 1)
        free = batch[:, problem.free]
        values = self._table[tuple(system.index(free[:, axis]) for axis in range(free.shape[1]))]
        if problem.given is not None:
            observed = problem.given != problem.law.mask
            agrees = (batch[:, observed] == problem.given[observed]).all(axis=1)
            values = system.where(agrees, values, system.zeros(1))
        return values.reshape(shape) if shape else system.element(values.reshape(()))

    def as_table(self) -> Table:
        """p as an oracle on the free positions, to ask it for marginals, conditionals or samples."""
        return Table.from_array(self._table, self.problem.law)


def sampler_law(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> SamplerLaw:
    """The exact law of the sampler that follows `schedule` and fills in with `denoiser` (ideal by default).

    given: a prompt or template; p is then the law given it.  method: "enumeration", or None for the cheapest
    route.  Cost: N (2V+1)**L transitions for an iid schedule, far fewer for sizes and partitions.  ValueError
    for arguments that do not fit each other, or when the cost exceeds the budget (the message says by how
    much); ArithmeticError if the law underflows in its floats.
    """
    return law_of(read_problem(q, schedule, denoiser, given), method)


def law_of(problem: Problem, method: str | None = None) -> SamplerLaw:
    """`sampler_law` of a problem already read."""
    if method not in (None, *METHODS):
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    check_budget(problem.law, problem.schedule)
    tabulated = problem.tabulated()
    table = enumerate_law(tabulated.law, tabulated.schedule, tabulated.denoiser)
    return SamplerLaw(problem, "enumeration", problem.law.arithmetic.guarantee, table)


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
        tabulated = problem.tabulated()
        reached = enumerate_support(tabulated.law, tabulated.schedule, tabulated.denoiser).reshape(-1)
        if not reached[possible].all():
            return None
        raise ArithmeticError("the law of the sampler underflows in floats: use to('exact') or to('ball')")
    return _flat(problem.law.joint(), possible, law), generated


def _possible(law: SamplerLaw) -> NDArray[np.bool_]:
    return np.asarray(law.problem.law.support().joint()).reshape(-1)


def _flat(table: Array, chosen: NDArray[np.bool_], law: SamplerLaw) -> Array:
    return table.reshape(-1)[law.problem.law.arithmetic.index(np.flatnonzero(chosen))]
