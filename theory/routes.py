"""Several ways to one quantity: the cheapest that fits is taken, and what is too large is refused with its cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oracles.oracle import Oracle


@dataclass(frozen=True)
class Route:
    """One way to a quantity of a law, with its cost and the cost that is still accepted: about a minute of work.

    what: what the cost counts, for people; refusal: why it cannot be taken, if not for its cost; preferred:
    whether it is taken wherever it fits; encloses: whether it only gives bounds, and so is taken only where nothing
    else fits.
    """

    name: str
    compute: Callable[[Any], Any]
    cost: float
    limit: float
    what: str
    refusal: str = ""
    preferred: bool = False
    encloses: bool = False

    @property
    def order(self) -> tuple[bool, bool, bool, float]:
        """The least is taken: what fits, gives the number itself, is preferred, or is cheap for its limit."""
        return not self.fits, self.encloses, not self.preferred, self.cost / self.limit

    @property
    def fits(self) -> bool:
        """Whether the route can be taken."""
        return not self.refusal and self.cost <= self.limit


def choose_route(law: Oracle, routes: Sequence[Route], method: str | None) -> Route:
    """The route of that name, or the one that is cheapest for its limit.

    ValueError for a name that is not among the routes, or a law too large, with the estimated cost.
    """
    known = {route.name: route for route in routes}
    if method is not None and method not in known:
        raise ValueError(f"method: expected one of {', '.join(known)} for {law!r}, got {method!r}")
    route = known[method] if method else min(routes, key=lambda route: route.order)
    if route.refusal:
        raise ValueError(route.refusal)
    if not route.fits:
        cost = "more than 1e300" if math.isinf(route.cost) else f"{route.cost:.1e}"
        raise ValueError(
            f"q: {law!r} is too large: {route.name} would take {cost} {route.what}, "
            f"and the limit in {law.arithmetic.name} is {route.limit:.0e}"
        )
    return route


def take_route(law: Oracle, routes: Sequence[Route], method: str | None, argument: Any) -> Any:
    """What the chosen route computes.  Errors as in `choose_route`.

    Where no method is named and the cheapest route underflows in floats, the next one that fits is taken: the
    last ArithmeticError if all do.
    """
    route = choose_route(law, routes, method)
    if method is not None:
        return route.compute(argument)
    fitting = [other for other in routes if other.fits and other is not route]
    failure: ArithmeticError | None = None
    for other in [route, *sorted(fitting, key=lambda other: other.order)]:
        try:
            return other.compute(argument)
        except ArithmeticError as error:
            failure = error
    assert failure is not None
    raise failure
