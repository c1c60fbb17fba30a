"""The whole table of p, by whichever enumeration fits the sampler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar, arithmetic
from theory.laws import branching, enumeration, exchangeable_enumeration
from theory.samplers import Problem
from theory.unmasking.base import Unmasking
from theory.unmasking.oblivious import Schedule

SupportTable = NDArray[np.bool_]


class LawTable(NamedTuple):
    """p(x) of every x, `(V,)*L`, and the expected number of denoiser calls, where known."""

    probabilities: Array
    calls: Scalar | None


def enumerable(problem: Problem) -> bool:
    """Whether no step looks at tokens, so that sets of masked positions can be emptied one by one."""
    return all(isinstance(part, Schedule) for _, part in problem.schedule.parts(problem.law.arithmetic))


def check_table(problem: Problem, method: str) -> None:
    """ValueError with the estimated cost when the table would be too large for this method."""
    if method == "branching":
        branching.check_branching(problem.law, problem.schedule)
        return
    for _, part in problem.schedule.parts(problem.law.arithmetic):
        assert isinstance(part, Schedule)
        enumeration.check_budget(problem.law, part)


def law_table(problem: Problem, method: str) -> LawTable:
    """p by "enumeration" of sets of masked positions, or by "branching" step by step.

    ValueError as in `check_table`, ArithmeticError if the law underflows in its floats.
    """
    check_table(problem, method)
    tabulated = problem.tabulated()
    law, denoiser = tabulated.law, tabulated.denoiser
    if method == "branching":
        return LawTable(*branching.follow(law, tabulated.schedule, denoiser))

    def of_part(part: Any) -> Array:
        if exchangeable_enumeration.applies(law, part):
            return exchangeable_enumeration.enumerate_exchangeable(law, part, denoiser)
        return enumeration.enumerate_law(law, part, denoiser)

    return LawTable(_mixed(law, tabulated.schedule, of_part, law.arithmetic), None)


def support_table(problem: Problem, method: str) -> SupportTable:
    """Which x the sampler can generate, `(V,)*L`: the zero pattern of its law, where floats would underflow."""
    tabulated = problem.tabulated()
    law, denoiser = tabulated.law, tabulated.denoiser
    if method == "branching":
        return branching.follow_support(law, tabulated.schedule, denoiser)

    def of_part(part: Any) -> Array:
        return enumeration.enumerate_support(law, part, denoiser)

    return _mixed(law, tabulated.schedule, of_part, arithmetic("boolean"))


def _mixed(law: Oracle, schedule: Unmasking, of_part: Callable[[Any], Array], system: Arithmetic) -> Array:
    """The tables of the parts with their weights."""
    with law.arithmetic.context():
        parts = schedule.parts(law.arithmetic)
        if len(parts) == 1:
            return of_part(parts[0][1])
        shares = system.array([1 if system.name == "boolean" else share for share, _ in parts])
        tables = [of_part(part) * shares[k] for k, (_, part) in enumerate(parts)]
        return system.sum(system.stack(tables), 0)
