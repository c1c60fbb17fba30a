"""TER and SER against the number of steps: curves of the ideal denoiser, and points of a learned one beside them.

With p the law of the sampler, log2 TER(p) = (H(q) + KL(q||p)) / L, and
    -log2(1 - SER(p)) <= KL(q||p) <= E KL = factorisation + learning
(coarse-graining to possible or not; convexity; see `theory.learning.decomposition`).  Both ends hold whatever the
denoiser, and take one pass or two a draw where KL itself takes one for every step and order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oracles import Oracle, Result
from oracles.validation import read_count
from theory.analysis.quantities import Missing
from theory.comparison import affordable
from theory.errors.coverage import everything_possible
from theory.estimators import estimate_expected_kl, estimate_sequence_error_rate
from theory.estimators.divergence import per_token
from theory.laws.distances import token_error_rate_of
from theory.learning.estimates import estimate_learning_part
from theory.monte_carlo import Estimate, check_confidence
from theory.neural.autoregressive import AutoregressiveLaw
from theory.sampler_routes import divergence_routes, error_rate_routes, expected_kl_routes
from theory.samplers import Problem, read_problem
from theory.unmasking.schedules import IID

Number = Result | Estimate

Progress = Callable[[str, int, int], None]
"""Called with what comes next, the pieces of work done and their number in all."""

ROUNDED = 2.0**-50
"""How far rounding may lift a float SER: more than -log2 of this cannot be told from it."""


@dataclass(frozen=True)
class CurvePoint:
    """What a sampler of N uniform iid steps generates, p, against q: exact where there is a way, else estimated.

    steps: N.  sequence_error_rate: SER.  expected_kl: E KL in bits, factorisation and learning together.
    log2_token_error_rate: bits a token; where KL is not known, between (H - log2(1 - SER))/L and (H + E KL)/L, which
    is the value of an estimate.
    """

    steps: int
    sequence_error_rate: Number
    expected_kl: Number
    log2_token_error_rate: Number


def step_curve(
    q: Oracle,
    counts: Sequence[int],
    denoiser: Any = None,
    *,
    draws: int,
    confidence: float = 0.99,
    seed: int,
    progress: Progress | None = None,
) -> tuple[CurvePoint, ...]:
    """A point for every number of steps, with the ideal denoiser by default.

    draws: for every estimate; confidence: of each interval by itself.  SER has the exact binomial interval, E KL
    Student's, an approximation.  Errors as in `simulate`.
    """
    counts = [read_count("counts", count) for count in counts]
    check_confidence(confidence)
    report = progress or (lambda what, done, total: None)
    points = []
    for index, count in enumerate(counts):
        report(f"N = {count}", index, len(counts))
        sampling = _Sampling(draws, confidence, seed + index)
        points.append(_point(read_problem(q, IID.uniform(count), denoiser), count, sampling))
    report("done", len(counts), len(counts))
    return tuple(points)


def exact_autoregressive_point(law: AutoregressiveLaw) -> CurvePoint:
    """The point of a model that takes L steps, one a token, from all V**L sequences, few enough for a table.

    There is one order, so that what stands for E KL is KL itself.  ValueError for more than fit into a table.
    """
    numbers = law.sequence_error_rate(), law.kl_divergence(), law.log2_token_error_rate()
    return CurvePoint(law.law.length, *numbers)


def autoregressive_point(
    law: AutoregressiveLaw, *, draws: int, confidence: float = 0.99, seed: int
) -> CurvePoint:
    """The same, estimated, unless every sequence is possible: then SER is 0."""
    settings = {"confidence": confidence, "seed": seed}
    certain = everything_possible(law.law)
    return CurvePoint(
        law.law.length,
        law.sequence_error_rate() if certain else law.estimate_sequence_error_rate(draws, **settings),
        law.estimate_kl_divergence(draws, **settings),
        law.estimate_log2_token_error_rate(draws, **settings),
    )


@dataclass(frozen=True)
class _Sampling:
    """draws: for every estimate."""

    draws: int
    confidence: float
    seed: int

    def estimate(self, estimator: Callable[..., Estimate], problem: Problem, **options: Any) -> Estimate:
        """From draws of a problem."""
        settings = {"confidence": self.confidence, "seed": self.seed} | options
        return estimator(problem.law, problem.schedule, n=self.draws, **settings)


def _point(problem: Problem, count: int, sampling: _Sampling) -> CurvePoint:
    rate = affordable(error_rate_routes(problem), problem)
    if not isinstance(rate, Result):
        rate = sampling.estimate(estimate_sequence_error_rate, problem, denoiser=problem.denoiser)
    expected = _expected_kl(problem, sampling)
    # A step has one partition, so that the mean over partitions is KL itself.
    divergence = expected if count == 1 else affordable(divergence_routes(problem), problem)
    return CurvePoint(
        count, rate, expected, _token_error_rate(problem.law, rate, expected, divergence, sampling)
    )


def _token_error_rate(
    q: Oracle, rate: Number, expected: Number, divergence: Number | Missing, sampling: _Sampling
) -> Number:
    """log2 TER: from KL, or where that is not known between its bounds."""
    if isinstance(divergence, Result):
        return token_error_rate_of(q, divergence)
    if isinstance(divergence, Estimate):
        return per_token(q, None, lambda width: divergence)
    return _between(q, rate, expected, sampling.confidence)


def _expected_kl(problem: Problem, sampling: _Sampling) -> Number:
    """Exactly, or as the sum of its two parts."""
    exact = affordable(expected_kl_routes(problem), problem)
    if isinstance(exact, Result):
        return exact
    ideal = read_problem(problem.law, problem.schedule)
    factorisation = affordable(expected_kl_routes(ideal), ideal)
    # Where both parts are estimated, each interval misses with half of the error probability.
    confidence = (1 + sampling.confidence) / 2 if not problem.ideal else sampling.confidence
    if not isinstance(factorisation, Result):
        factorisation = sampling.estimate(estimate_expected_kl, ideal, confidence=confidence)
    if problem.ideal:
        return factorisation
    learning = sampling.estimate(
        estimate_learning_part, problem, denoiser=problem.denoiser, confidence=confidence
    )
    low, high = interval_ends(factorisation)
    return Estimate(
        float(factorisation.value) + learning.value,
        low + learning.low,
        high + learning.high,
        sampling.confidence,
        learning.n,
        "bits",
        "factorisation + learning, " + learning.method,
    )


def _between(q: Oracle, rate: Number, expected: Number, confidence: float) -> Number:
    """log2 TER, from (H - log2(1 - SER))/L to (H + E KL)/L.

    An end that is estimated misses with half of the error probability, as it is one of two of its interval.
    """
    entropy, method = q.entropy(), "between (H - log2(1 - SER))/L and (H + E KL)/L"
    least, most = interval_ends(entropy)
    low = (least + surprise_of_validity(interval_ends(rate)[0])) / q.length
    high = (most + interval_ends(expected)[1]) / q.length
    if isinstance(expected, Result) and isinstance(rate, Result):
        rounded = q.arithmetic.guarantee if q.arithmetic.name.startswith("float") else "float64 rounding"
        worth = f"enclosure, {rounded}"
        return Result((low + high) / 2, "bits per token", method, worth, (low, high))
    value = (float(entropy) + float(expected.value)) / q.length
    draws = max(number.n for number in (rate, expected) if isinstance(number, Estimate))
    return Estimate(value, min(low, value), high, confidence, draws, "bits per token", method)


def surprise_of_validity(rate: float) -> float:
    """-log2(1 - SER) in bits, less what rounding may have added: KL(q||p) is at least this."""
    return max(0.0, -math.log2(1 - rate + ROUNDED))


def interval_ends(number: Number) -> tuple[float, float]:
    """The least and the largest that a number may be: itself, its bounds, or its interval."""
    if isinstance(number, Estimate):
        return number.low, number.high
    low, high = number.bounds or (number.value, number.value)
    return float(low), float(high)
