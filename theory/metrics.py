"""The law of a sampler and how far it is from its target: SER, KL, TER, E KL, total variation.

Units: probabilities for SER, bits for KL, bits per token for log2 TER.  For an exact oracle SER is a rational
and the others are enclosures; for a float oracle everything is rounded; results say which, and by which route.

Arguments all have in common: `denoiser`, ideal by default; `given`, a prompt or template on which everything is
then conditional; `method`, the name of a route (see `explain`), by default the cheapest that is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oracles import Oracle, Result
from theory.laws.distances import token_error_rate_of, total_variation_of
from theory.laws.sampler_law import SamplerLaw, TabulatedLaw
from theory.routes import Route, choose_route, take_route
from theory.sampler_routes import (
    divergence_routes,
    error_rate_routes,
    expected_kl_routes,
    law_routes,
)
from theory.samplers import Problem, read_problem
from theory.unmasking.base import Unmasking


def sampler_law(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> SamplerLaw:
    """The exact law of the sampler that unmasks by `schedule` and fills in with `denoiser`.

    method: "enumeration" of the sets of masked positions, for schedules that look at no token: N (2V+1)**L
    transitions if iid, far fewer for sizes and partitions; "branching", step by step, for any sampler; "gaps",
    for iid schedules of Markov chains at any length: probabilities of possible sequences, no table.  A table is
    preferred.  ValueError for arguments that do not fit each other, or when every route costs too much (the
    message says by how much); ArithmeticError if the law underflows in its floats.
    """
    problem = read_problem(q, schedule, denoiser, given)
    routes = law_routes(problem)
    fitting = [route for route in routes if route.fits]
    if method is None and fitting:
        return fitting[0].compute(problem)
    return choose_route(problem.law, routes if method else routes[:1], method).compute(problem)


def sequence_error_rate(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> Result:
    """SER = 1 - p(support of q): the probability that the whole sequence is impossible.

    Only non-negative terms are added, so a small SER keeps its digits (Feng et al. 2025, Sec. 3).  Methods: those
    of `sampler_law`; "gaps" is polynomial.  Errors as in `sampler_law`.
    """
    return _taken(error_rate_routes, q, schedule, denoiser, given, method)


def kl_divergence(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> Result:
    """KL(q || p) = sum_x q(x) log2(q(x) / p(x)) in bits; infinite if p misses a possible sequence.

    Methods: "enumeration", "branching"; "partition", for fixed partitions of Markov chains at any length; where
    none of these fits, "windows", for fixed partitions of hidden Markov models and n-grams: `bounds` to 1e-6 bits
    where that is affordable (`notes` say if not; theory.errors.windows takes other widths).
    Errors as in `sampler_law`.
    """
    return _taken(divergence_routes, q, schedule, denoiser, given, method)


def log2_token_error_rate(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> Result:
    """log2 TER(p) = E_q[-log2 p(X)] / L = (H(q) + KL(q || p)) / L, in bits per token.

    With a prompt, L counts the masked positions (Feng et al. 2025, Sec. 3: TER is the perplexity).  Methods and
    errors as in `kl_divergence`.
    """
    problem = read_problem(q, schedule, denoiser, given)
    return token_error_rate_of(
        problem.law, take_route(problem.law, divergence_routes(problem), method, problem)
    )


def expected_kl(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> Result:
    """E KL = E_pi KL(q || p_pi) in bits, the expected error of an oblivious schedule; at least KL(q || p).

    Ideal denoiser, iid: sum_k w_k h(c_{k-1}) - H; sizes: sum_k n_k f(m_{k-1}) - H, both from the information
    "profile", so also at real lengths for Markov chains; a fixed "partition" of one, from pairs of tokens.
    Otherwise sum_i E[-log2 d(x_i | x_S)] - H with S the context in which position i is revealed, by "enumeration"
    of all contexts.  Where none of these fits, "windows", for hidden Markov models and n-grams: `bounds` to 1e-3
    bits (1e-6 for partitions) where that is affordable.  An N-step NELBO is H + E KL.  Errors as in `sampler_law`,
    and ValueError for planners and remasking, whose contexts depend on the tokens.
    """
    return _taken(expected_kl_routes, q, schedule, denoiser, given, method)


def total_variation(
    q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None, method: str | None = None
) -> Result:
    """TV = sum_x |q(x) - p(x)| / 2, a probability.  Methods "enumeration" and "branching"; errors as there."""
    return total_variation_of(_tabulated(read_problem(q, schedule, denoiser, given), method))


def expected_steps(q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None) -> Result:
    """E[number of denoiser calls]: steps in which nothing is drawn cost none.

    In closed form for oblivious schedules, else by "branching".  Errors as in `sampler_law`.
    """
    problem = read_problem(q, schedule, denoiser, given)
    system = problem.law.arithmetic
    with system.context():
        calls = problem.schedule.expected_calls(problem.law.length, system)
    if calls is not None:
        return Result(calls, "steps", "closed form", system.guarantee)
    law = _tabulated(problem, "branching")
    return Result(law.calls, "steps", law.method, law.guarantee, notes=law.notes)


def explain(q: Oracle, schedule: Unmasking, denoiser: Any = None, *, given: Any = None) -> str:
    """The routes to the law, SER, KL and E KL of a sampler: what each would cost, and which is taken.

    All are exact but "windows", which gives bounds where nothing exact fits.
    """
    problem = read_problem(q, schedule, denoiser, given)
    lines = []
    for quantity, routes in (
        ("p(x)", law_routes(problem)),
        ("SER", error_rate_routes(problem)),
        ("KL(q||p)", divergence_routes(problem)),
        ("E KL", expected_kl_routes(problem)),
    ):
        fitting = [route for route in routes if route.fits]
        taken = min(fitting, key=lambda route: route.order, default=None)
        if quantity == "p(x)" and fitting:
            taken = fitting[0]
        lines += [f"{quantity:9} {_shown(route)}{'  <- taken' if route is taken else ''}" for route in routes]
        if taken is None:
            lines.append(f"{quantity:9} no exact route fits: estimate it (theory.estimators)")
    return "\n".join(lines)


def _shown(route: Route) -> str:
    verdict = "" if route.fits else "  too large" if route.cost > route.limit else "  refused"
    return f"{route.name:28} {route.cost:10.2g} {route.what} (at most {route.limit:.0e}){verdict}"


def _taken(
    routes: Callable[[Problem], list[Route]],
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any,
    given: Any,
    method: str | None,
) -> Result:
    problem = read_problem(q, schedule, denoiser, given)
    return take_route(problem.law, routes(problem), method, problem)


def _tabulated(problem: Problem, method: str | None) -> TabulatedLaw:
    routes = [route for route in law_routes(problem) if route.name != "gaps"]
    first = next((route.name for route in routes if route.fits), None)
    return choose_route(problem.law, routes, method or first).compute(problem)
