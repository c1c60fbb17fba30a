"""The exact routes to the law of a sampler and to its errors: what each would cost, and how it is taken.

What a route computes is a function of the problem.  Routes that cost nothing because of what the sampler is
(one token a step, every sequence possible) come first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from oracles import Result, Table
from theory.chain_entropies import is_chain
from theory.chain_partitions import chain_errors_by_step, partition_work
from theory.context_errors import expected_cross_entropy
from theory.coverage import everything_possible
from theory.information import information_profile, profile_routes
from theory.laws import branching, enumeration
from theory.laws.distances import divergence_of, error_rate_of
from theory.laws.gap_probability import gap_error_rate
from theory.laws.sampler_law import GapLaw, TabulatedLaw
from theory.laws.tables import check_table, enumerable, law_table
from theory.profile import Profile, iid_expected_kl, sizes_expected_kl
from theory.routes import Route
from theory.samplers import Problem
from theory.schedules import IID, FixedSizes, Partition
from theory.subset_entropies import PATTERN_LIMITS, pattern_count
from theory.unmasking import Unmasking

GAP_LIMITS = {"float32": 5e12, "float64": 5e12, "exact": 2e8, "ball": 2e8, "symbolic": 1e5}


def law_routes(problem: Problem) -> list[Route]:
    """Routes to p, as a `SamplerLaw`."""
    routes = [_by_table(problem, method, _table_law(method)) for method in _table_methods(problem)]
    if _gaps_apply(problem):
        work = problem.schedule.most_steps(0) * float(problem.law.length + 2) ** 4 / 12
        routes.append(_gaps(problem, _gap_law, work))
    return routes


def error_rate_routes(problem: Problem) -> list[Route]:
    """Routes to SER, as a `Result`."""
    routes = _one_at_a_time(problem, _none_wrong)
    if not routes and everything_possible(problem.law):
        routes.append(_free("every sequence is possible", _none_wrong))
    routes += [_by_table(problem, method, _table_error(method)) for method in _table_methods(problem)]
    if _gaps_apply(problem):
        nodes = problem.law.length * problem.law.vocab_size + 2
        routes.append(_gaps(problem, _gap_error, problem.schedule.most_steps(0) * float(nodes) ** 4 / 6))
    return routes


def divergence_routes(problem: Problem) -> list[Route]:
    """Routes to KL(q||p) in bits, as a `Result`."""
    routes = _one_at_a_time(problem, _no_bits) + _by_partition(problem)
    return routes + [
        _by_table(problem, method, _table_divergence(method)) for method in _table_methods(problem)
    ]


def expected_kl_routes(problem: Problem) -> list[Route]:
    """Routes to E KL in bits, as a `Result`."""
    routes = _one_at_a_time(problem, _no_bits) + _by_partition(problem)
    parts = [part for _, part in problem.schedule.parts(problem.law.arithmetic)]
    if problem.ideal and all(isinstance(part, IID | FixedSizes) for part in parts):
        cheapest = min(
            profile_routes(problem.law), key=lambda route: (not route.fits, route.cost / route.limit)
        )
        # Once it is affordable at all: it serves every schedule, and its differences lose no digits.
        cost = 0.0 if cheapest.fits else cheapest.cost
        routes.append(replace(cheapest, name="profile", compute=_profile_kl, cost=cost))
    limit, refusal = PATTERN_LIMITS[problem.law.arithmetic.name], ""
    if not problem.schedule.oblivious:
        refusal = (
            f"schedule: expected one that looks at no token, got {problem.schedule!r}: E KL is an average over "
            "ordered partitions that are independent of them; use kl_divergence"
        )
    routes.append(Route("enumeration", _contexts_kl, pattern_count(problem.law), limit, "patterns", refusal))
    return routes


# ------------------------------------------------------------------ which routes there are


def _free(name: str, compute: Callable[[Problem], Any]) -> Route:
    return Route(name, compute, 0, 1, "steps")


def _one_at_a_time(problem: Problem, compute: Callable[[Problem], Result]) -> list[Route]:
    if problem.ideal and problem.schedule.one_at_a_time(problem.law.length):
        return [_free("one token a step", compute)]
    return []


def _by_partition(problem: Problem) -> list[Route]:
    if problem.ideal and isinstance(problem.schedule, Partition) and is_chain(problem.law):
        limit = GAP_LIMITS[problem.law.arithmetic.name]
        return [Route("partition", _partition_kl, partition_work(problem.law), limit, "multiplications")]
    return []


def _table_methods(problem: Problem) -> list[str]:
    return ["enumeration", "branching"] if enumerable(problem) else ["branching"]


def _by_table(problem: Problem, method: str, compute: Callable[[Problem], Any]) -> Route:
    law, refusal = problem.law, ""
    try:
        check_table(problem, method)
    except ValueError as error:
        refusal = str(error)
    floats = law.arithmetic.name.startswith("float")
    module = branching if method == "branching" else enumeration
    limit = module.FLOAT_BUDGET if floats else module.OBJECT_BUDGET
    transitions = problem.schedule.transitions(law.vocab_size, law.length)
    cost = float(transitions) if transitions < 10**300 else math.inf
    return Route(method, compute, cost, limit, "transitions", refusal)


def _gaps_apply(problem: Problem) -> bool:
    return problem.ideal and isinstance(problem.schedule, IID) and is_chain(problem.law)


def _gaps(problem: Problem, compute: Callable[[Problem], Any], work: float) -> Route:
    return Route("gaps", compute, work, GAP_LIMITS[problem.law.arithmetic.name], "multiplications")


# ------------------------------------------------------------------ how they are taken


def _table_law(method: str) -> Callable[[Problem], TabulatedLaw]:
    def compute(problem: Problem) -> TabulatedLaw:
        table, calls = law_table(problem, method)
        return TabulatedLaw(problem, method, problem.law.arithmetic.guarantee, table, calls)

    return compute


def _gap_law(problem: Problem) -> GapLaw:
    return GapLaw(problem, "gaps", problem.law.arithmetic.guarantee)


def _table_error(method: str) -> Callable[[Problem], Result]:
    def compute(problem: Problem) -> Result:
        return error_rate_of(_table_law(method)(problem))

    return compute


def _gap_error(problem: Problem) -> Result:
    value = gap_error_rate(problem.law, problem.schedule)  # type: ignore[arg-type]
    return Result(value, "probability", "gaps", problem.law.arithmetic.guarantee)


def _none_wrong(problem: Problem) -> Result:
    reason = "one token a step" if problem.schedule.one_at_a_time(problem.law.length) else "full support"
    system = problem.law.arithmetic
    return Result(system.element(system.zeros(1)[0]), "probability", reason, system.guarantee)


def _no_bits(problem: Problem) -> Result:
    logs = problem.law.arithmetic.logs
    return Result(logs.element(logs.zeros(1)[0]), "bits", "one token a step: p = q", logs.guarantee)


def _table_divergence(method: str) -> Callable[[Problem], Result]:
    def compute(problem: Problem) -> Result:
        return divergence_of(_table_law(method)(problem))

    return compute


def _partition_kl(problem: Problem) -> Result:
    logs = problem.law.arithmetic.logs
    errors = chain_errors_by_step(problem.law, problem.schedule.blocks)  # type: ignore[attr-defined]
    with logs.context():
        return Result(logs.element(logs.sum(errors, 0)), "bits", "pairs of tokens in a gap", logs.guarantee)


def _profile_kl(problem: Problem) -> Result:
    profile = information_profile(problem.law)
    method = f"information profile by {profile.method}"
    parts = problem.schedule.parts(profile.arithmetic)
    with profile.arithmetic.context():
        values = [share * _kl_from_profile(profile, part, problem) for share, part in parts]
        return Result(sum(values[1:], values[0]), "bits", method, profile.guarantee)


def _kl_from_profile(profile: Profile, schedule: Unmasking, problem: Problem) -> Any:
    if isinstance(schedule, IID):
        return iid_expected_kl(profile, schedule.checked_weights(problem.law.arithmetic))
    assert isinstance(schedule, FixedSizes)
    return sizes_expected_kl(profile, schedule.sizes)


def _contexts_kl(problem: Problem) -> Result:
    logs = problem.law.arithmetic.logs
    with logs.context():
        value = expected_cross_entropy(problem) - Table.of(problem.law).entropy().value
    return Result(value, "bits", "enumeration of contexts", logs.guarantee)
