"""Where the divergence of a sampler comes from: revealing tokens together, and not knowing their laws.

For a fixed ordered partition pi, exactly,
    KL(q || p_pi) = sum_k TC(X_{S_k} | X_{S_<k}) + sum_i E_q KL(q(x_i | x_S) || d(x_i | x_S)),  S = S_<k(i),
the errors of factorisation and of learning: the first is that of the ideal denoiser.  For random partitions this
holds on average over pi, so that what splits is E KL = E_pi KL(q || p_pi), not KL(q || p), which mixing over pi makes
smaller (convexity).  Source: chain rule; Li & Cai 2025 (arXiv 2505.21400) for the two parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Array, Scalar
from theory.errors.profiles import ErrorProfile, error_by_step
from theory.learning.contexts import METHOD, ContextErrors
from theory.learning.rates import mean_at
from theory.samplers import read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.orders import fixed_path
from theory.unmasking.schedules import IID, FixedSizes, Partition


@dataclass(frozen=True)
class Decomposition:
    """factorisation, learning: bits by step, of E KL, which their sum is.

    quantity: "KL(q||p)" where the partition is fixed, so that it is E KL too, else "E KL(q||p_pi)".
    """

    quantity: str
    factorisation: ErrorProfile
    learning: ErrorProfile

    @property
    def total(self) -> Scalar:
        """E KL in bits."""
        with self.learning.arithmetic.context():
            return self.factorisation.total + self.learning.total


def decompose(q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None) -> Decomposition:
    """Both parts of E KL of a denoiser, step by step, for short laws.

    schedule: IID, FixedSizes, Partition or a mixture of them.  Errors as in `ContextErrors.of` and `error_by_step`.
    """
    errors = ContextErrors.of(q, denoiser, given=given)
    return decomposed(errors, schedule, error_by_step(q, schedule, given=given))


def decomposed(errors: ContextErrors, schedule: Unmasking, factorisation: ErrorProfile) -> Decomposition:
    """The same from errors that are known, and the steps of the ideal denoiser."""
    name = "KL(q||p)" if fixed_path(schedule) else "E KL(q||p_pi)"
    return Decomposition(name, factorisation, learning_by_step(errors, schedule))


def learning_by_step(errors: ContextErrors, schedule: Unmasking) -> ErrorProfile:
    """sum over the positions i of every step of E_q KL(q(x_i | x_S) || d(x_i | x_S)), in bits, S what was before.

    schedule: as in `error_by_step`, of the positions that `errors` is about.  ValueError for any other.
    """
    problem = errors.problem
    read = read_problem(problem.law, schedule, problem.denoiser).schedule
    logs = errors.logs
    total = logs.zeros(read.most_steps(errors.length))
    for share, part in read.parts(problem.law.arithmetic):
        values = _by_step(errors, part)
        with logs.context():
            total[: len(values)] = total[: len(values)] + logs.array([share])[0] * values
    return ErrorProfile(total, tuple(range(len(total))), logs, METHOD)


def _by_step(errors: ContextErrors, schedule: Unmasking) -> Array:
    """The values of a schedule that is no mixture, `[N]`."""
    logs, profile = errors.logs, errors.by_revealed
    with logs.context():
        if isinstance(schedule, FixedSizes):
            starts = accumulate(schedule.sizes[:-1], initial=0)
            pairs = zip(schedule.sizes, starts, strict=True)
            values = [size * profile[done] if size else None for size, done in pairs]
        elif isinstance(schedule, IID):
            values = [
                None if weight == 0 else weight * errors.length * mean_at(profile, done)
                for weight, done in _intervals(errors, schedule)
            ]
        elif isinstance(schedule, Partition):
            ends = accumulate(map(frozenset, schedule.blocks), frozenset.union, initial=frozenset[int]())
            values = [
                _in_context(errors, block, done) for block, done in zip(schedule.blocks, ends, strict=False)
            ]
        else:
            raise ValueError(
                f"schedule: expected IID, FixedSizes, Partition or a mixture of them, got {schedule!r}"
            )
        zero = logs.element(logs.zeros(1)[0])
        return logs.array([zero if value is None else value for value in values])


def _intervals(errors: ContextErrors, schedule: IID) -> list[tuple[Any, Any]]:
    """(w_k, c_{k-1}) for every step, in the log arithmetic; floats as fractions of their own sum."""
    system = errors.problem.law.arithmetic
    weights = system.tolist(schedule.weights_in(system))
    if system.name.startswith("float"):
        exact = [Fraction(weight) for weight in weights]
        done = accumulate(exact[:-1], initial=Fraction(0))
        total = sum(exact)
        return [(float(weight), end / total) for weight, end in zip(exact, done, strict=True)]
    numbers = errors.logs.tolist(errors.logs.array(weights))
    done = accumulate(numbers[:-1], initial=0 * numbers[0])
    return list(zip(numbers, done, strict=True))


def _in_context(errors: ContextErrors, block: tuple[int, ...], done: frozenset[int]) -> Scalar | None:
    """sum over a block of E_q KL(q(x_i | x_S) || d(x_i | x_S)) with S fixed."""
    if not block:
        return None
    seen = np.isin(np.arange(errors.length), sorted(done))
    rows = np.flatnonzero(((errors.contexts != errors.problem.law.mask) == seen).all(axis=1))
    logs, index = errors.logs, errors.logs.index
    values = errors.values[index(rows)][:, index(np.array(block, dtype=np.int64))]
    masses = errors.log_masses[index(rows)]
    return logs.element(logs.sum(masses[:, None] * values, (0, 1)))
