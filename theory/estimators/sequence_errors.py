"""Estimates of SER: by counting errors, or by the weights p(x)/q(x) of sequences from the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.validation import read_count
from theory.estimators.paths import draw_paths, log_target, read_forceable
from theory.estimators.stages import MOST, Plan, Values, run
from theory.monte_carlo import Estimate, check_drawable, clopper_pearson, run_sampler, student
from theory.samplers import read_problem
from theory.unmasking.base import Unmasking

METHODS = ("draws", "weights")

LEAST_EFFECTIVE = 0.1
"""Least share of the draws that weights must be worth to be relied upon."""


def estimate_sequence_error_rate(
    q: Oracle,
    schedule: Unmasking,
    n: int | None = None,
    *,
    width: float | None = None,
    denoiser: Any = None,
    given: Any = None,
    method: str = "draws",
    inner: int = 1,
    confidence: float = 0.99,
    seed: int,
    most: int = MOST,
) -> Estimate:
    """SER of the sampler.  Methods:

    "draws": the share of impossible sequences among draws of the sampler, with the exact binomial interval.
    "weights": 1 - E_{x ~ q} p(x)/q(x), since the mean is p(support of q), with `inner` draws of the sets of
    positions for each x (see `estimate_kl_divergence`).  It has no variance where p = q, but weights are unbounded:
    the interval is Student's, an approximation, and the notes say how many equal weights these are worth, and
    that the interval is unreliable where that is less than a tenth of them.

    Errors as in `simulate`; ValueError by weights for a sampler that drops tokens it has drawn.
    """
    plan = Plan(n, width, most, confidence, seed)
    if method == "draws":
        return _by_draws(q, schedule, denoiser, given, plan)
    if method == "weights":
        return _by_weights(q, schedule, denoiser, given, read_count("inner", inner), plan)
    raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")


def _by_draws(q: Oracle, schedule: Unmasking, denoiser: Any, given: Any, plan: Plan) -> Estimate:
    problem = read_problem(q, schedule, denoiser, given)
    check_drawable(q)

    def draw(n: int, rng: np.random.Generator) -> Values:
        return ~np.asarray(problem.law.in_support(run_sampler(problem, n, rng))) * 1.0

    values, low, high, notes = run(plan, draw, error_interval)
    rate = float(values.mean())
    confidence, n = plan.confidence, len(values)
    return Estimate(rate, low, high, confidence, n, "probability", "Clopper-Pearson interval", notes)


def error_interval(errors: Values, confidence: float) -> tuple[float, float]:
    """The exact interval for the mean of zeros and ones."""
    return clopper_pearson(int(errors.sum()), len(errors), confidence)


def _by_weights(
    q: Oracle, schedule: Unmasking, denoiser: Any, given: Any, inner: int, plan: Plan
) -> Estimate:
    problem = read_forceable(q, schedule, denoiser, given)

    def draw(n: int, rng: np.random.Generator) -> Values:
        sequences = problem.law._sample(n, rng)
        return np.exp(
            draw_paths(problem, sequences, inner, rng).log_mean() - log_target(problem.law, sequences)
        )

    weights, low, high, notes = run(plan, draw, lambda weights, level: student(1 - weights, level))
    value, (confidence, n) = 1 - float(weights.mean()), (plan.confidence, len(weights))
    notes = (*_worth(weights), *notes)
    return Estimate(
        value, low, high, confidence, n, "probability", "Student's t interval of weights, approximate", notes
    )


def effective_sample_size(weights: NDArray[np.float64]) -> float:
    """(sum w)^2 / sum w^2: how many equal weights would have an average as certain (Kish 1965)."""
    largest = weights.max(initial=0.0)
    if largest == 0:
        return 0.0
    scaled = weights / largest
    return float(scaled.sum() ** 2 / (scaled**2).sum())


def _worth(weights: Values) -> tuple[str, ...]:
    effective = effective_sample_size(weights)
    worth = f"the weights are worth {effective:.0f} of {len(weights)} draws"
    if effective >= LEAST_EFFECTIVE * len(weights):
        return (worth,)
    return (
        worth,
        "unreliable: a few weights decide, and larger ones may not have been met; use method='draws'",
    )
