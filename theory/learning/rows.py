"""What samplers of few steps do with a learned denoiser and with the ideal one, and what its error says they may do.

For N uniform iid steps, with e the mean error over the contexts that they reveal from, in bits a token,
    log2 TER(p) <= H/L + e + SI/(N L)   and   SER(p) <= 1 - 2^-(L e + SI/N)
(Theorem A with the error measured; L log2 V in place of an SI that is not known), and the binary divergence of SER(p)
from SER(p*) of the ideal sampler is at most what this one meets of the errors (`theory.bounds.error_rate_range`).
Where a number is estimated, bounds take the end of its interval, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from oracles import Oracle, Result
from theory.denoisers import Ideal
from theory.errors.coverage import everything_possible
from theory.information import information_profile
from theory.learning.contexts import ContextErrors
from theory.learning.decomposition import learning_by_step
from theory.learning.estimates import STUDENT, estimate_learning_part
from theory.learning.step_curves import CurvePoint, Number, Progress, interval_ends, step_curve
from theory.learning.visited import VisitedErrors, visited_errors
from theory.learning.visited_estimates import estimate_visited_errors, none_wrong
from theory.monte_carlo import Estimate
from theory.samplers import Problem
from theory.unmasking.schedules import IID

TRANSITIONS = 1e8
"""Transitions that are followed to say exactly where a sampler goes: some seconds."""


@dataclass(frozen=True)
class Sampling:
    """draws: for every estimate; runs: of samplers, to see where they go; confidence: of each interval by itself."""

    draws: int
    runs: int
    seed: int
    confidence: float


@dataclass(frozen=True)
class StepRow:
    """N uniform iid steps.

    learned, ideal: what the sampler generates with either denoiser; divergence, ideal_divergence: KL(q||p), in bits;
    learning: what its error adds to E KL of the ideal denoiser, in bits; visited, visited_by_ideal: its errors where
    its own sampler goes, and where the ideal one does.  token_bound, error_bound: at most log2 TER and SER;
    error_range: both ends for SER; these two are 0 where every sequence is possible.
    """

    steps: int
    learned: CurvePoint
    ideal: CurvePoint
    divergence: Number
    ideal_divergence: Number
    learning: Number
    visited: VisitedErrors
    visited_by_ideal: VisitedErrors
    token_bound: Result
    error_bound: Result
    error_range: Result


def step_rows(
    problem: Problem,
    errors: ContextErrors | None,
    counts: Sequence[int],
    sampling: Sampling,
    progress: Progress,
) -> tuple[StepRow, ...]:
    """A row for every number of steps.

    problem: of a law without a prompt and its denoiser; errors: in all of its contexts, if they are at hand.
    """
    correlation, rows = _Correlation.of(problem.law), []
    for index, count in enumerate(counts):
        progress(f"N = {count}", index, len(counts))
        rows.append(_row(problem, errors, count, sampling, correlation))
    if everything_possible(problem.law):
        none = none_wrong(problem.law)
        rows = [replace(row, error_bound=none, error_range=replace(none, bounds=(0.0, 0.0))) for row in rows]
    progress("done", len(counts), len(counts))
    return tuple(rows)


def _row(
    problem: Problem,
    errors: ContextErrors | None,
    count: int,
    sampling: Sampling,
    correlation: _Correlation,
) -> StepRow:
    law, schedule = problem.law, IID.uniform(count)
    options: dict[str, Any] = {"draws": sampling.draws, "confidence": sampling.confidence}
    [learned] = step_curve(law, [count], problem.denoiser, seed=sampling.seed, **options)
    [ideal] = step_curve(law, [count], seed=sampling.seed + 1, **options)
    learning = _learning(problem, errors, schedule, sampling)
    visited, by_ideal = (
        _visited(problem, errors, schedule, sampler, sampling) for sampler in (None, Ideal(law))
    )
    return StepRow(
        steps=count,
        learned=learned,
        ideal=ideal,
        divergence=_divergence(learned, law),
        ideal_divergence=_divergence(ideal, law),
        learning=learning,
        visited=visited,
        visited_by_ideal=by_ideal,
        token_bound=_token_bound(law, learning, count, correlation, sampling),
        error_bound=_error_bound(law, learning, count, correlation, sampling),
        error_range=_error_range(law, ideal, by_ideal, sampling),
    )


@dataclass(frozen=True)
class _Correlation:
    """SI in bits where it is known, else L log2 V, which is no less.  share: what it adds to e, in words."""

    value: float
    share: str

    @classmethod
    def of(cls, law: Oracle) -> _Correlation:
        try:
            return cls(float(information_profile(law).correlation), "SI/(N L)")
        except ValueError:
            return cls(law.length * math.log2(law.vocab_size), "log2(V)/N")

    def divergence_bound(self, law: Oracle, learning: Number, count: int) -> float:
        """At most KL(q||p) in bits."""
        from theory.bounds import (
            divergence_bound,  # on demand: it needs python-flint, what is measured does not
        )

        error = interval_ends(learning)[1] / law.length
        return divergence_bound(error, self.value, 1 / count, law.length)


def _token_bound(
    law: Oracle, learning: Number, count: int, correlation: _Correlation, sampling: Sampling
) -> Result:
    divergence = correlation.divergence_bound(law, learning, count)
    value = (interval_ends(law.entropy())[1] + divergence) / law.length
    return Result(value, "bits per token", f"H/L + e + {correlation.share}", _worth(law, sampling, learning))


def _error_bound(
    law: Oracle, learning: Number, count: int, correlation: _Correlation, sampling: Sampling
) -> Result:
    value = -math.expm1(-correlation.divergence_bound(law, learning, count) * math.log(2))
    return Result(value, "probability", f"1 - 2^-L(e + {correlation.share})", _worth(law, sampling, learning))


def _divergence(point: CurvePoint, law: Oracle) -> Number:
    """KL(q||p) = L log2 TER - H(q) in bits, or the range it is in."""
    rate, (least, most) = point.log2_token_error_rate, interval_ends(law.entropy())
    low, high = interval_ends(rate)
    ends = max(law.length * low - least, 0.0), law.length * high - most
    value = law.length * float(rate.value) - (least + most) / 2
    if isinstance(rate, Estimate):
        return Estimate(value, *ends, rate.confidence, rate.n, "bits", rate.method)
    return Result(value, "bits", rate.method, rate.guarantee, None if rate.bounds is None else ends)


def _learning(problem: Problem, errors: ContextErrors | None, schedule: IID, sampling: Sampling) -> Number:
    if errors is None:
        return estimate_learning_part(
            problem.law,
            schedule,
            problem.denoiser,
            sampling.draws,
            confidence=sampling.confidence,
            seed=sampling.seed,
        )
    found = learning_by_step(errors, schedule)
    return Result(found.total, "bits", found.method, found.guarantee)


def _visited(
    problem: Problem, errors: ContextErrors | None, schedule: IID, sampler: Any, sampling: Sampling
) -> VisitedErrors:
    """Exactly where all transitions can be followed, else from runs."""
    law = problem.law
    transitions = schedule.log10_transitions(law.vocab_size, law.length)
    if errors is not None and transitions <= math.log10(TRANSITIONS):
        return visited_errors(errors, schedule, sampler)
    return estimate_visited_errors(
        law,
        schedule,
        problem.denoiser,
        sampling.runs,
        sampler=sampler,
        confidence=sampling.confidence,
        seed=sampling.seed,
    )


def _worth(law: Oracle, sampling: Sampling, *numbers: Number) -> str:
    """What a bound made of these numbers of a float law is worth: no more than any of them."""
    methods = [number.method for number in numbers if isinstance(number, Estimate)]
    if not methods:
        return law.arithmetic.guarantee
    ends = f"at the ends of {100 * sampling.confidence:.10g}% intervals"
    return f"{ends}, approximate" if any(STUDENT in method for method in methods) else ends


def _error_range(law: Oracle, ideal: CurvePoint, visited: VisitedErrors, sampling: Sampling) -> Result:
    """Where SER of the learned sampler is, from SER of the ideal one and the errors that it meets."""
    from theory.bounds import error_rate_range

    low, high = (min(max(end, 0.0), 1.0) for end in interval_ends(ideal.sequence_error_rate))
    spent = max(interval_ends(visited.total)[1], 0.0)
    ends = float(error_rate_range(low, spent)[0]), float(error_rate_range(high, spent)[1])
    method = "binary divergence from SER of the ideal sampler"
    worth = _worth(law, sampling, ideal.sequence_error_rate, visited.total)
    return Result(sum(ends) / 2, "probability", method, worth, ends)
