"""What remains of the error of many steps: the coefficients of 1/N and 1/N^2 for uniform iid schedules.

A schedule of N equal iid steps reveals two positions together with probability of order 1/N, so the law of its
sampler is p_N(x) = q(x) (1 + delta(x)/N + O(1/N^2)) on the support of q, a polynomial in 1/N for every x.  To
first order only leaving the support costs anything:
    N SER -> Lambda,   N KL(q||p_N) -> Lambda / ln 2 bits,
and where Lambda = 0, which is so exactly if the support is a product of sets of tokens, SER = 0 and
    N^2 KL(q||p_N) -> kappa.
All of it is for the ideal denoiser and a fixed law q.  Source: derived for this project.
"""

from __future__ import annotations

from typing import Any

from oracles import Oracle, Product, Result
from oracles.arithmetic import Scalar
from theory.information.chain_entropies import is_chain
from theory.limits.chains import GAP_LIMITS, chain_first_order, gap_work
from theory.limits.enumeration import (
    PAIR_LIMITS,
    enumerated_first_order,
    enumerated_second_order,
    pair_patterns,
)
from theory.prompts import read_prompt
from theory.routes import Route, choose_route

__all__ = ["first_order_error", "second_order_error"]


def first_order_error(q: Oracle, *, given: Any = None, method: str | None = None) -> Result:
    """Lambda = lim N SER as the number N of equal iid steps grows, a rational for an exact law:

        Lambda = sum_{i<j} int_0^1 E_{S ~ Bern(c)} E_{x_S}[sum of q(a|x_S) q(b|x_S) over q(a, b|x_S) = 0] dc.

    What is impossible is decided over Booleans.  It is 0 exactly if the support is a product of sets of tokens.
    Discontinuous at the border of the simplex: a probability of 1e-6 counts as possible.
    given: a prompt or template; everything is then conditional on it.  method: "enumeration" of the patterns,
    for any law; "gaps" between revealed tokens, for first-order Markov chains; "parts", the sum over those of
    a Product; by default the cheapest that fits.  Floats: absolute error about 1e-15 L.
    ValueError for a law over Booleans, an impossible or fully observed `given`, a method that does not apply,
    or a law too large, with the estimated cost; ArithmeticError if the law underflows in its floats.
    """
    law = read_prompt(q, given)[0]
    route = choose_route(law, _first_order_routes(law), method)
    return Result(route.compute(law), "probability times steps", route.name, law.arithmetic.guarantee)


def second_order_error(q: Oracle, *, given: Any = None, method: str | None = None) -> Result:
    """kappa = lim N^2 KL(q||p_N) in bits as the number N of equal iid steps grows, where Lambda = 0:

        kappa = E_q[delta(X)^2] / (2 ln 2),
        delta(x) = sum_{i<j} int_0^1 E_{S ~ Bern(c)}[q(x_i|x_S) q(x_j|x_S) / q(x_i, x_j|x_S) - 1] dc.

    given, and errors: as in `first_order_error`, and ValueError where Lambda > 0, since N^2 KL has no limit
    then.  method: "enumeration" of the patterns or "parts" of a Product; no route in polynomial time is known
    for chains.  Exact laws give an enclosure.  Floats: absolute error about 1e-15 times the largest |delta|^2.
    """
    law = read_prompt(q, given)[0]
    route = choose_route(law, _second_order_routes(law), method)
    return Result(route.compute(law), "bits times steps squared", route.name, law.arithmetic.logs.guarantee)


def _first_order_routes(law: Oracle) -> list[Route]:
    system = law.arithmetic.name
    patterns = "pairs of tokens in a pattern"
    routes = [Route("enumeration", enumerated_first_order, pair_patterns(law), PAIR_LIMITS[system], patterns)]
    if is_chain(law):
        routes.append(Route("gaps", chain_first_order, gap_work(law), GAP_LIMITS[system], "multiplications"))
    if isinstance(law, Product):
        routes.append(_over_parts(law, first_order_error))
    return routes


def _second_order_routes(law: Oracle) -> list[Route]:
    cost, limit = pair_patterns(law), PAIR_LIMITS[law.arithmetic.name]
    routes = [Route("enumeration", enumerated_second_order, cost, limit, "pairs of tokens in a pattern")]
    if isinstance(law, Product):
        routes.append(_over_parts(law, second_order_error))
    return routes


def _over_parts(law: Product, quantity: Any) -> Route:
    """Independent parts leave the support, and diverge, independently: both limits add up."""

    def total(product: Product) -> Scalar:
        different = {id(part): part for part in product.parts}
        with product.arithmetic.logs.context():
            values = {key: quantity(part).value for key, part in different.items()}
            first, *others = (values[id(part)] for part in product.parts)
            return sum(others, first)

    return Route("parts", total, float(len(law.parts)), 1e6, "parts")
