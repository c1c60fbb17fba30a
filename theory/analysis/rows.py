"""One row of an analysis: a schedule, with the exact numbers, the bounds and the estimates."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from typing import Any

from oracles import Result
from theory.analysis.quantities import Missing, Row
from theory.analysis.sampling import Sampling
from theory.analysis.subject import Subject
from theory.information.profile import iid_expected_kl, sizes_expected_kl
from theory.metrics import log2_token_error_rate, sequence_error_rate
from theory.monte_carlo import Estimate
from theory.routes import take_route
from theory.sampler_routes import error_rate_routes
from theory.samplers import read_problem
from theory.unmasking.schedules import IID, FixedSizes

TABLES = ("enumeration", "branching")
"""Routes that are taken for all schedules or for none: see `Subject.enumerable`."""


def row_of(subject: Subject, sampling: Sampling, index: int, schedule: IID | FixedSizes) -> Row:
    """The row of the schedule with this index among those that `sampling` shares its time between."""
    expected = _expected_kl(subject, schedule)
    return Row(
        family=family_of(schedule),
        steps=schedule.steps,
        schedule=schedule,
        expected_kl=expected,
        expected_kl_sampled=sampling.expected_kl(index, schedule),
        log2_token_error_rate=_token_error_rate(subject, schedule, expected),
        correlation_bound=_correlation_bound(subject, schedule),
        vocabulary_bound=_vocabulary_bound(subject, schedule),
        sequence_error_rate=_sequence_error_rate(subject, sampling, index, schedule),
        sequence_error_bound=_sequence_error_bound(subject, expected),
    )


def family_of(schedule: IID | FixedSizes) -> str:
    """The name of a schedule's family: iid or sizes."""
    return "iid" if isinstance(schedule, IID) else "sizes"


def _expected_kl(subject: Subject, schedule: IID | FixedSizes) -> Result | Missing:
    if schedule.one_at_a_time(subject.law.length):
        return Result(0, "bits", "one token a step: p = q", "exact rational")
    profile = subject.profile
    if isinstance(profile, Missing):
        return subject.total_correlation if schedule.steps == 1 else profile
    if isinstance(schedule, IID):
        value = iid_expected_kl(profile, schedule.weights)
    else:
        value = sizes_expected_kl(profile, schedule.sizes)
    return Result(value, "bits", f"information profile by {profile.method}", profile.guarantee)


def _token_error_rate(subject: Subject, schedule: IID | FixedSizes, expected: Result | Missing) -> Result:
    if schedule.one_at_a_time(subject.law.length):
        return subject.entropy_rate
    if subject.enumerable:
        return log2_token_error_rate(subject.law, schedule)
    if isinstance(expected, Missing):
        total = float(subject.per_token(subject.total_correlation))
        excess = min(total, _vocabulary_excess(subject, schedule))
        return _enclosure(subject, excess, "between H/L and H/L + min(TC/L, log2(V)/N)")
    return _enclosure(subject, subject.per_token(expected).value, "between H/L and (H + E KL)/L")


def _enclosure(subject: Subject, excess: Any, method: str) -> Result:
    """From H/L to H/L + excess, in balls if both are."""
    rate, logs = subject.entropy_rate, subject.law.arithmetic.logs
    low, high = rate.bounds or (rate.value, rate.value)
    if hasattr(low, "lower") and hasattr(excess, "upper"):
        with logs.context():
            low, high = low.lower(), (high + excess).upper()
            return Result((low + high) / 2, "bits per token", method, logs.guarantee, (low, high))
    low, high = float(low), float(high) + float(excess)
    return Result((low + high) / 2, "bits per token", method, f"enclosure, {_rounding(subject)}", (low, high))


def _correlation_bound(subject: Subject, schedule: IID | FixedSizes) -> Result | Missing:
    if isinstance(subject.correlation, Missing):
        return subject.correlation
    from theory.bounds import divergence_bound  # on demand: it needs python-flint, what is measured does not

    length = subject.law.length
    if isinstance(schedule, IID):
        weight = Fraction(1, schedule.steps)
    else:
        weight = Fraction(max(schedule.sizes) - 1, length)
    excess = divergence_bound(0, float(subject.correlation), weight, length) / length
    return _upper_bound(subject, excess, "H/L + w SI/L")


def _vocabulary_bound(subject: Subject, schedule: IID | FixedSizes) -> Result:
    return _upper_bound(subject, _vocabulary_excess(subject, schedule), "H/L + log2(V)/N")


def _vocabulary_excess(subject: Subject, schedule: IID | FixedSizes) -> float:
    from theory.bounds import perplexity_bound

    return float(perplexity_bound(0, Fraction(1, 4 * schedule.steps), subject.law.vocab_size))


def _upper_bound(subject: Subject, excess: float, method: str) -> Result:
    rate = subject.entropy_rate
    highest = rate.value if rate.bounds is None else rate.bounds[1]
    return Result(float(highest) + excess, "bits per token", method, _rounding(subject))


def _rounding(subject: Subject) -> str:
    """Of a number that is computed in floats from those of a law."""
    return (
        subject.law.arithmetic.guarantee if subject.law.arithmetic.name == "float32" else "float64 rounding"
    )


def _sequence_error_rate(
    subject: Subject, sampling: Sampling, index: int, schedule: IID | FixedSizes
) -> Result | Estimate | Missing:
    if schedule.one_at_a_time(subject.law.length):
        return Result(0, "probability", "one token a step: p = q", "exact rational")
    if subject.everything_possible:
        return Result(0, "probability", "every sequence is possible", "exact rational")
    if subject.enumerable:
        return sequence_error_rate(subject.law, schedule)
    return _affordable_error_rate(subject, schedule) or sampling.sequence_error_rate(index, schedule)


def _affordable_error_rate(subject: Subject, schedule: IID | FixedSizes) -> Result | None:
    """SER by the cheapest exact route without a table of p, in the law's own numbers or else in floats."""
    for law in dict.fromkeys((subject.law, subject.rounded)):
        problem = read_problem(law, schedule)
        routes = [
            each
            for each in error_rate_routes(problem)
            if each.name not in TABLES and each.cost <= subject.share * each.limit
        ]
        with suppress(ArithmeticError):  # floats that underflow
            if any(each.fits for each in routes):
                return take_route(law, routes, None, problem)
    return None


def _sequence_error_bound(subject: Subject, expected: Result | Missing) -> Result | Missing:
    """SER <= 1 - 2^{-KL(q||p)} <= 1 - 2^{-E KL}."""
    if isinstance(expected, Missing):
        return expected
    value = -math.expm1(-float(expected) * math.log(2))
    return Result(value, "probability", "1 - 2^-E KL", _rounding(subject))
