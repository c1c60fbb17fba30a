"""Ways of unmasking side by side: what each makes of one law, exactly where there is a way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oracles import Oracle, Result
from theory.analysis.effort import LEAST_DRAWS, Effort
from theory.analysis.quantities import Missing
from theory.denoisers import Windowed
from theory.estimators import estimate_kl_divergence, estimate_sequence_error_rate
from theory.laws.distances import (
    divergence_of,
    error_rate_of,
    generated_entropy,
    generative_cross_entropy,
    token_error_rate_of,
    total_variation_of,
)
from theory.laws.sampler_law import TabulatedLaw
from theory.metrics import expected_kl, expected_steps
from theory.monte_carlo import Estimate
from theory.progress import Progress, unwatched
from theory.routes import Route
from theory.sampler_routes import divergence_routes, error_rate_routes, law_routes
from theory.samplers import Problem, read_problem
from theory.unmasking.orders import Order, fixed_path

Number = Result | Estimate | Missing

SHARE = 0.1
"""The part of what a route accepts (about a minute of work) that a single order may cost."""

SECONDS = 20.0
"""Time for all estimates, about."""

INNER = 8
"""Orders drawn for each sequence where p(x) is a mean over random orders."""


@dataclass(frozen=True)
class OrderRow:
    """What one way of unmasking generates, p, against the law q.

    steps: expected denoiser calls.  divergence: KL(q || p) in bits; expected_divergence: the mean KL(q || p_pi)
    over the orders pi it may take, in bits, without what mixing them wins.  sequence_error_rate: SER;
    entropy: H(p) in bits; cross_entropy: E_p[-log2 q] of what is possible, 2^(./L) being the generative perplexity;
    total_variation: a probability; log2_token_error_rate: (H(q) + KL) / L in bits per token.
    law: p itself, where it is small enough.
    """

    order: Order
    steps: Number
    divergence: Number
    expected_divergence: Number
    sequence_error_rate: Number
    entropy: Number
    cross_entropy: Number
    total_variation: Number
    log2_token_error_rate: Number
    law: TabulatedLaw | None = None

    @property
    def name(self) -> str:
        """What the order is called."""
        return self.order.name


@dataclass(frozen=True)
class Comparison:
    """Orders side by side.  length: L (with a prompt, the masked positions); entropy: H(q) in bits."""

    vocab_size: int
    length: int
    entropy: Result
    ideal: bool
    rows: tuple[OrderRow, ...]


def compare(
    q: Oracle,
    orders: Sequence[Order],
    *,
    denoiser: Any = None,
    given: Any = None,
    samples: int = 500,
    seed: int = 0,
    confidence: float = 0.99,
    progress: Progress | None = None,
) -> Comparison:
    """Every order with the same denoiser: exact where p fits into a table at a tenth of the usual limits.

    Otherwise SER and KL are estimated from at most so many `samples` (0: not) where they need the table, and what
    else would need it is missing, with its cost.  Errors as in `sampler_law`, but for the size of the law.
    """
    report = progress or unwatched
    rows: list[OrderRow] = []
    if not orders:
        raise ValueError("orders: expected at least one")
    sampling = _Sampling(samples, SECONDS / len(orders), seed, confidence)
    for index, order in enumerate(orders):
        report(order.name, index, len(orders))
        rows.append(_row(_Case(q, order, denoiser, given), sampling))
    report("done", len(orders), len(orders))
    problem = read_problem(q, orders[0].unmasking, denoiser, given)
    law = problem.law
    return Comparison(law.vocab_size, law.length, law.entropy(), problem.ideal, tuple(rows))


@dataclass(frozen=True)
class _Case:
    """One order of the comparison."""

    q: Oracle
    order: Order
    denoiser: Any
    given: Any

    @property
    def problem(self) -> Problem:
        return read_problem(self.q, self.order.unmasking, self.denoiser, self.given)

    def ask(self, quantity: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """A quantity of this sampler."""
        return quantity(
            self.q, self.order.unmasking, *arguments, denoiser=self.denoiser, given=self.given, **options
        )


@dataclass(frozen=True)
class _Sampling:
    """What one order may spend on draws."""

    samples: int
    seconds: float
    seed: int
    confidence: float

    def draws(self, problem: Problem) -> int:
        """How many draws of a sampler fit into half of the time; 0 if too few."""
        if self.samples < 2:
            return 0
        return Effort.of(problem.law).draws(conditionals_of(problem), self.seconds / 2, self.samples)


def _row(case: _Case, sampling: _Sampling) -> OrderRow:
    law = tabulated(case.problem)
    return _estimated(case, law, sampling) if isinstance(law, Missing) else _exact(case, law)


def conditionals_of(problem: Problem) -> int:
    """About how many patterns one draw asks the law about: a window makes one of every position."""
    length, denoiser = problem.law.length, problem.denoiser
    while not isinstance(denoiser, Windowed) and hasattr(denoiser, "inner"):
        denoiser = denoiser.inner
    steps = max(min(problem.schedule.most_steps(length), length), 1)
    return steps * (length if isinstance(denoiser, Windowed) else 1)


def tabulated(problem: Problem) -> TabulatedLaw | Missing:
    """p by the cheaper table, or why not."""
    return affordable([route for route in law_routes(problem) if route.name != "gaps"], problem)


def affordable(routes: Sequence[Route], problem: Problem) -> Any:
    """What the best exact route that costs at most `SHARE` of what it accepts computes, or why there is none."""
    reason = ""
    for route in sorted((route for route in routes if not route.encloses), key=lambda route: route.order):
        if route.fits and route.cost <= SHARE * route.limit:
            return route.compute(problem)
        reason = reason or f"too large: {route.cost:.0e} {route.what}, {SHARE * route.limit:.0e} are accepted"
    return Missing(reason)


def _exact(case: _Case, law: TabulatedLaw) -> OrderRow:
    divergence = divergence_of(law)
    return OrderRow(
        order=case.order,
        steps=_steps(case, law),
        divergence=divergence,
        expected_divergence=_expected_divergence(case, divergence),
        sequence_error_rate=error_rate_of(law),
        entropy=generated_entropy(law),
        cross_entropy=generative_cross_entropy(law),
        total_variation=total_variation_of(law),
        log2_token_error_rate=token_error_rate_of(law.problem.law, divergence),
        law=law,
    )


def _estimated(case: _Case, missing: Missing, sampling: _Sampling) -> OrderRow:
    """Without the table: exactly what needs none, and SER by Monte Carlo."""
    problem = case.problem
    divergence = _divergence(case, sampling)
    return OrderRow(
        order=case.order,
        steps=_steps(case, missing),
        divergence=divergence,
        expected_divergence=_expected_divergence(case, divergence),
        sequence_error_rate=_sequence_error_rate(case, missing, sampling),
        entropy=missing,
        cross_entropy=missing,
        total_variation=missing,
        log2_token_error_rate=(
            token_error_rate_of(problem.law, divergence) if isinstance(divergence, Result) else missing
        ),
    )


def _sequence_error_rate(case: _Case, missing: Missing, sampling: _Sampling) -> Number:
    problem = case.problem
    exact = affordable(error_rate_routes(problem), problem)
    if isinstance(exact, Result):
        return exact
    draws = sampling.draws(problem)
    if not draws:
        return missing
    return case.ask(estimate_sequence_error_rate, draws, confidence=sampling.confidence, seed=sampling.seed)


def _divergence(case: _Case, sampling: _Sampling) -> Number:
    """KL without a table: exactly, else enclosed, else by Monte Carlo over sequences of q.

    From above if orders are random.  Bounds that are as narrow as was asked for need no draws.
    """
    problem = case.problem
    routes = divergence_routes(problem)
    exact = affordable(routes, problem)
    if isinstance(exact, Result):
        return exact
    enclosed = next((route.compute(problem) for route in routes if route.encloses and route.fits), None)
    draws = sampling.draws(problem) // (1 if fixed_path(problem.schedule) else INNER)
    if draws < LEAST_DRAWS or not problem.schedule.forceable:
        return enclosed or exact
    if enclosed and not enclosed.notes:
        return enclosed
    estimate = case.ask(
        estimate_kl_divergence, draws, inner=INNER, confidence=sampling.confidence, seed=sampling.seed
    )
    if enclosed and enclosed.bounds[1] - enclosed.bounds[0] <= estimate.high - estimate.low:
        return enclosed
    return estimate


def _steps(case: _Case, law: TabulatedLaw | Missing) -> Number:
    """Expected denoiser calls: in closed form, or counted while branches were followed."""
    problem = case.problem
    system = problem.law.arithmetic
    calls = problem.schedule.expected_calls(problem.law.length, system)
    if calls is not None:
        return Result(calls, "steps", "closed form", system.guarantee)
    if isinstance(law, Missing):
        return law
    if law.calls is not None:
        return Result(law.calls, "steps", law.method, law.guarantee)
    return case.ask(expected_steps)


def _expected_divergence(case: _Case, divergence: Number) -> Number:
    if fixed_path(case.order.unmasking):
        return divergence
    try:
        return case.ask(expected_kl)
    except ValueError as error:
        return Missing(str(error))
