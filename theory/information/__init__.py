"""Information quantities of a law: its profile, total and dual total correlation, by the cheapest exact route.

Identities: sum_m f(m) = H(X), TC = h(0) - H(X), DTC = H(X) - h(1), TC + DTC = SI = h(0) - h(1).
"""

from __future__ import annotations

from typing import Any

from oracles.oracle import Oracle
from oracles.result import Result
from theory.information.chain_entropies import PAIR_LIMITS, is_chain, pairwise_profile, pairwise_work
from theory.information.profile import Profile, iid_expected_kl, sizes_expected_kl
from theory.information.run_information import run_information
from theory.information.subset_entropies import PATTERN_LIMITS, enumerated_profile, pattern_count
from theory.prompts import read_prompt
from theory.routes import Route, choose_route

__all__ = [
    "Profile",
    "dual_total_correlation",
    "iid_expected_kl",
    "information_profile",
    "run_information",
    "sizes_expected_kl",
    "total_correlation",
]


def information_profile(q: Oracle, *, given: Any = None, method: str | None = None) -> Profile:
    """f(0), .., f(L-1) in bits: f(m) is the mean of H(X_i | X_S) over i and over |S| = m, i not in S.

    given: a pattern; everything is then conditional on its observed tokens, and the positions are the masked
    ones.  method: "enumeration" of all (V+1)**L patterns, for any law; "pairs" of tokens, for a first-order
    Markov chain, O(L V^3 + L^2) if homogeneous and O(L^2 V^3) if not; by default the cheapest that fits.
    float64: absolute error about 1e-15 H(X) by enumeration; by pairs 1e-14 bits at L = 256 and 1e-13 at L in
    the thousands (measured against balls).  Differences below that may come out negative; none is clamped.
    Rows of a float chain that miss 1 by e count as given, and move f by about e L.  Exact laws: enclosures.
    Symbolic laws: sympy logs, for short lengths.
    ValueError for a law over Booleans, an impossible or fully observed `given`, a method that does not apply,
    or a law too large, with the estimated cost.
    """
    law = read_prompt(q, given)[0]
    route = choose_route(law, profile_routes(law), method)
    return Profile(route.compute(law), law.arithmetic.logs, route.name)


def total_correlation(q: Oracle, *, given: Any = None) -> Result:
    """TC = sum_i H(X_i) - H(X) in bits, at any length at which `q.entropy()` is known.

    Exact laws: an enclosure.  An entropy known only within bounds gives bounds.  Errors as in
    `information_profile`.
    """
    law = read_prompt(q, given)[0]
    logs, entropy = law.arithmetic.logs, law.entropy()
    with logs.context():
        singles = law.arithmetic.plogp(law.conditionals(law.all_masked()))
        each = logs.element(logs.sum(singles, (0, 1)))
        bounds = None if entropy.bounds is None else (each - entropy.bounds[1], each - entropy.bounds[0])
        return Result(each - entropy.value, "bits", entropy.method, entropy.guarantee, bounds, entropy.notes)


def dual_total_correlation(q: Oracle, *, given: Any = None) -> Result:
    """DTC = H(X) - sum_i H(X_i | X_{-i}) in bits, from the information profile (errors and numbers as there)."""
    profile = information_profile(q, given=given)
    return Result(profile.dual_total_correlation, profile.unit, profile.method, profile.guarantee)


def profile_routes(law: Oracle) -> list[Route]:
    """Routes to the values of the profile."""
    system = law.arithmetic.name
    routes = [
        Route(
            "enumeration", enumerated_profile, pattern_count(law), PATTERN_LIMITS[system], "pattern entropies"
        )
    ]
    if is_chain(law):
        work = pairwise_work(law)
        routes.append(Route("pairs", pairwise_profile, work, PAIR_LIMITS[system], "multiplications"))
    return routes
