"""Error profiles: at which step, and where in the sequence, the expected KL of a schedule arises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar
from theory.errors.chain_partitions import chain_errors_by_position, chain_errors_by_step, partition_work
from theory.errors.positions import chain_position_errors, enumerated_position_errors
from theory.errors.steps import enumerated_step_errors, iid_step_errors, sizes_step_errors
from theory.information import information_profile
from theory.information.chain_entropies import PAIR_LIMITS, is_chain
from theory.information.subset_entropies import PATTERN_LIMITS, pattern_count
from theory.routes import Route, choose_route
from theory.samplers import read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.schedules import IID, FixedSizes, Partition


@dataclass(frozen=True, eq=False, repr=False)
class ErrorProfile:
    """E KL in bits, split over steps or positions; a sequence of numbers in `arithmetic`.

    values: `[n]`; places: the steps, or the positions of the sequence, that they belong to; method: the route.
    """

    values: Array
    places: tuple[int, ...]
    arithmetic: Arithmetic
    method: str
    unit: str = "bits"

    @property
    def guarantee(self) -> str:
        """What the numbers are worth: "float64 rounding", "enclosure at 128 bits" or "symbolic"."""
        return self.arithmetic.guarantee

    @property
    def total(self) -> Scalar:
        """Their sum, E KL."""
        with self.arithmetic.context():
            return self.arithmetic.element(self.arithmetic.sum(self.values, 0))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Scalar:
        return self.arithmetic.element(self.values[index])

    def __iter__(self) -> Iterator[Scalar]:
        return iter(self.arithmetic.tolist(self.values))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array([float(value) for value in self], dtype=dtype or np.float64)

    def __repr__(self) -> str:
        return (
            f"<ErrorProfile of {len(self)}: {float(self.total):.9g} bits ({self.guarantee}; {self.method})>"
        )


def error_by_step(
    q: Oracle, schedule: Unmasking, *, given: Any = None, method: str | None = None
) -> ErrorProfile:
    """E TC(X_{S_k} | X_{S_<k}) in bits for every step k: what revealing its positions together costs.

    They are non-negative and sum to E KL of the ideal denoiser, for iid schedules and fixed sizes from the
    information profile:  w_k h(c_{k-1}) - int h over [c_{k-1}, c_k]  and  sum_m f(m_{k-1}) - f(m).
    schedule: IID, FixedSizes, Partition, or a mixture of them (averaged step by step).  given: a prompt.
    method: "enumeration", or "pairs" of tokens for Markov chains; by default the cheapest.  Errors as in
    `information_profile`, and ValueError for any other schedule.
    """
    problem = read_problem(q, schedule, None, given)
    system, logs = problem.law.arithmetic, problem.law.arithmetic.logs
    total, methods = logs.zeros(problem.schedule.most_steps(problem.law.length)), set()
    for share, part in problem.schedule.parts(system):
        values, name = _by_step(problem.law, part, method)
        methods.add(name)
        with logs.context():
            total[: len(values)] = total[: len(values)] + logs.array([share])[0] * values
    return ErrorProfile(total, tuple(range(len(total))), logs, " and ".join(sorted(methods)))


def error_by_position(
    q: Oracle, schedule: Unmasking, *, given: Any = None, method: str | None = None
) -> ErrorProfile:
    """The share of every position in E KL in bits, positions of one step taken in uniformly random order:

        e_i = E[H(X_i | X_{S_<k}) - H(X_i | X_{S_<k}, X_{those before i in its step})], k the step of i.

    They are non-negative and sum to E KL of the ideal denoiser.  With a prompt, for the masked positions only.
    Arguments and errors as in `error_by_step`.
    """
    problem = read_problem(q, schedule, None, given)
    system, logs = problem.law.arithmetic, problem.law.arithmetic.logs
    total, methods = logs.zeros(problem.law.length), set()
    for share, part in problem.schedule.parts(system):
        values, name = _by_position(problem.law, part, method)
        methods.add(name)
        with logs.context():
            total = total + logs.array([share])[0] * values
    return ErrorProfile(total, tuple(problem.free.tolist()), logs, " and ".join(sorted(methods)))


def _by_step(law: Oracle, schedule: Unmasking, method: str | None) -> tuple[Array, str]:
    """The values of a schedule that is no mixture, and the route."""
    if isinstance(schedule, Partition):
        by_sets = partial(enumerated_step_errors, blocks=schedule.blocks)
        route = _route(law, method, by_sets, partial(chain_errors_by_step, blocks=schedule.blocks))
        return route.compute(law), route.name
    if not isinstance(schedule, IID | FixedSizes):
        raise _unknown(schedule)
    profile = information_profile(law, method=method)
    if isinstance(schedule, FixedSizes):
        values = sizes_step_errors(profile, schedule.sizes)
    else:
        values = iid_step_errors(profile, schedule.checked_weights(law.arithmetic))
    return values, f"information profile by {profile.method}"


def _by_position(law: Oracle, schedule: Unmasking, method: str | None) -> tuple[Array, str]:
    if isinstance(schedule, Partition):
        by_pairs = partial(chain_errors_by_position, blocks=schedule.blocks)
    elif isinstance(schedule, IID | FixedSizes):
        by_pairs = partial(chain_position_errors, schedule=schedule)
    else:
        raise _unknown(schedule)
    route = _route(law, method, partial(enumerated_position_errors, schedule=schedule), by_pairs)
    return route.compute(law), route.name


def _unknown(schedule: Unmasking) -> ValueError:
    return ValueError(f"schedule: expected IID, FixedSizes, Partition or a mixture of them, got {schedule!r}")


def _route(
    law: Oracle, method: str | None, by_sets: Callable[[Any], Array], by_pairs: Callable[[Any], Array]
) -> Route:
    """The cheaper of the two, where the law allows both."""
    system = law.arithmetic.name
    routes = [Route("enumeration", by_sets, pattern_count(law), PATTERN_LIMITS[system], "pattern entropies")]
    if is_chain(law):
        routes.append(Route("pairs", by_pairs, partition_work(law), PAIR_LIMITS[system], "multiplications"))
    return choose_route(law, routes, method)
