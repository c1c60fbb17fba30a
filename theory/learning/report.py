"""All about one denoiser of one law: its error of learning in every sense, and what that does to samplers.

Exact where the contexts of the law can be enumerated, else estimated with intervals; every number says which.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from oracles import Oracle, Result
from oracles.validation import read_count
from theory.information.subset_entropies import pattern_count
from theory.learning.calibration import EVENTS, Calibration, calibration_of, estimate_calibration
from theory.learning.contexts import ContextErrors
from theory.learning.estimates import (
    estimate_errors_by_position,
    estimate_learning_error,
    estimate_worst,
)
from theory.learning.rates import error_at_rate, largest_over_rates
from theory.learning.rows import Sampling, StepRow, step_rows
from theory.learning.step_curves import Number, Progress
from theory.learning.tables import FLOAT_ENTRIES, tabulate
from theory.likelihood.nelbo import one_by_one
from theory.monte_carlo import Estimate, check_confidence
from theory.samplers import Problem

PATTERNS = 10**6
"""Most patterns that a denoiser is asked about one by one, unless another number is given."""

RATES = tuple(Fraction(k, 10) for k in range(1, 11))
"""Masking rates that a report shows."""

MOST_REVEALED = 9
"""How many numbers of revealed tokens, and how many positions, an estimate is made for."""


@dataclass(frozen=True)
class ByRevealed:
    """Where m tokens are revealed: the mean error in bits a token, and the largest in any possible context."""

    revealed: int
    mean: Number
    worst: Number | None


@dataclass(frozen=True)
class LearningReport:
    """KL(q(x_i|x_S) || d(x_i|x_S)) in every sense, in bits a token unless said, and samplers of several steps.

    entropy, nelbo: bits a sequence; average: (NELBO - H)/L, the mean over masking rates.  worst: bits, with the
    context (a pattern and a position) where it is known; an estimate of it is a lower bound.  by_rate: at some
    masking rates; largest_rate: the worst rate, and the mean there.  by_position: bits of NELBO - H.
    """

    vocab_size: int
    length: int
    exact: bool
    entropy: Result
    nelbo: Number
    average: Number
    worst: Number
    worst_context: tuple[tuple[int, ...], int] | None
    by_rate: tuple[tuple[Fraction, Number], ...]
    largest_rate: tuple[Fraction, Number] | None
    by_revealed: tuple[ByRevealed, ...]
    by_position: tuple[tuple[int, Number], ...]
    calibrations: tuple[Calibration, ...]
    rows: tuple[StepRow, ...]


def learning_report(
    q: Oracle,
    denoiser: Any,
    steps: Sequence[int],
    *,
    given: Any = None,
    draws: int = 500,
    runs: int = 200,
    bins: int = 10,
    patterns: float = PATTERNS,
    seed: int = 0,
    confidence: float = 0.99,
    progress: Progress | None = None,
) -> LearningReport:
    """Everything that this package says of a denoiser of a float law.

    steps: numbers of uniform iid steps; draws, runs: of estimates, see `Sampling`; bins: of reliability curves;
    patterns: up to how many of them, (V+1)^L, the denoiser is asked about all, so that nothing is estimated.
    ValueError for a law that is not over floats, fewer than two draws or runs, and as in `simulate`.  The bounds
    beside steps need python-flint, estimates SciPy: ModuleNotFoundError where it is missing.
    """
    if not q.arithmetic.name.startswith("float"):
        raise ValueError(
            f"q: expected a law over floats, got one in {q.arithmetic.name}; use q.to('float64')"
        )
    counts = [read_count("steps", count) for count in steps]
    check_confidence(confidence)
    sampling = Sampling(
        read_count("draws", draws, minimum=2),
        read_count("runs", runs, minimum=2),
        read_count("seed", seed, minimum=0),
        confidence,
    )
    report = progress or (lambda what, done, total: None)
    report("errors in every context", 0, len(counts) + 1)
    problem = one_by_one(q, denoiser, given)
    found = _Exact.of(problem) if _enumerable(problem.law, patterns) else _Sampled(problem, sampling)

    def rows_done(what: str, done: int, total: int) -> None:
        report(what, done + 1, total + 1)

    entropy, average = problem.law.entropy(), found.average
    return LearningReport(
        vocab_size=q.vocab_size,
        length=problem.law.length,
        exact=isinstance(found, _Exact),
        entropy=entropy,
        nelbo=_sum(entropy, average, problem.law.length),
        average=average,
        worst=found.worst,
        worst_context=found.worst_context,
        by_rate=tuple((rate, found.at_rate(rate)) for rate in RATES),
        largest_rate=found.largest_rate,
        by_revealed=found.by_revealed,
        by_position=found.by_position,
        calibrations=tuple(found.calibration(events, bins) for events in EVENTS),
        rows=step_rows(found.problem, found.errors, counts, sampling, rows_done),
    )


def _enumerable(law: Oracle, most: float) -> bool:
    patterns = pattern_count(law)
    return patterns <= most and patterns * law.length * law.vocab_size <= FLOAT_ENTRIES


def _sum(entropy: Result, average: Number, length: int) -> Number:
    """H + L times the average error, in bits."""
    low, high = entropy.bounds or (entropy.value, entropy.value)
    value = float(entropy) + length * float(average.value)
    if isinstance(average, Estimate):
        ends = float(low) + length * average.low, float(high) + length * average.high
        return Estimate(value, *ends, average.confidence, average.n, "bits", average.method)
    if entropy.bounds is None:
        return Result(value, "bits", average.method, average.guarantee)
    excess = length * float(average.value)
    return Result(value, "bits", average.method, entropy.guarantee, (low + excess, high + excess))


@dataclass(frozen=True)
class _Exact:
    """By enumeration."""

    errors: ContextErrors

    @classmethod
    def of(cls, problem: Problem) -> _Exact:
        """From one pass over all patterns."""
        return cls(ContextErrors.of(problem.law, tabulate(problem.denoiser)))

    @property
    def problem(self) -> Problem:
        return self.errors.problem

    @property
    def average(self) -> Result:
        return self.errors.average

    @property
    def worst(self) -> Result:
        return self.errors.worst.value

    @property
    def worst_context(self) -> tuple[tuple[int, ...], int]:
        return tuple(self.errors.worst.pattern.tolist()), self.errors.worst.position

    @property
    def largest_rate(self) -> tuple[Fraction, Result]:
        found = largest_over_rates(self.errors.by_revealed)
        return found.rate, found.value

    @property
    def by_revealed(self) -> tuple[ByRevealed, ...]:
        pairs = zip(self.errors.by_revealed, self.errors.worst_by_revealed, strict=True)
        return tuple(
            ByRevealed(m, self._bits(mean, "bits per token"), self._bits(worst, "bits"))
            for m, (mean, worst) in enumerate(pairs)
        )

    @property
    def by_position(self) -> tuple[tuple[int, Result], ...]:
        return tuple((i, self._bits(value, "bits")) for i, value in enumerate(self.errors.by_position))

    def at_rate(self, rate: Fraction) -> Result:
        return self._bits(error_at_rate(self.errors.by_revealed, rate), "bits per token")

    def calibration(self, events: str, bins: int) -> Calibration:
        return calibration_of(self.errors, events=events, bins=bins)

    def _bits(self, value: Any, unit: str) -> Result:
        about = self.errors.average
        return Result(value, unit, about.method, about.guarantee)


@dataclass(frozen=True)
class _Sampled:
    """From draws."""

    problem: Problem
    sampling: Sampling
    errors: None = None
    worst_context: None = None
    largest_rate: None = None

    @property
    def average(self) -> Estimate:
        return self._estimate()

    @property
    def worst(self) -> Estimate:
        return self._ask(estimate_worst)

    @property
    def by_revealed(self) -> tuple[ByRevealed, ...]:
        return tuple(ByRevealed(m, self._estimate(revealed=m), None) for m in spread(self.problem.law.length))

    @property
    def by_position(self) -> tuple[tuple[int, Estimate], ...]:
        found = self._ask(estimate_errors_by_position)
        return tuple((i, found[i]) for i in spread(len(found)))

    def at_rate(self, rate: Fraction) -> Estimate:
        return self._estimate(rate=rate)

    def calibration(self, events: str, bins: int) -> Calibration:
        return self._ask(estimate_calibration, events=events, bins=bins)

    def _estimate(self, **context: Any) -> Estimate:
        return self._ask(estimate_learning_error, **context)

    def _ask(self, estimator: Callable[..., Any], **options: Any) -> Any:
        settings = {"confidence": self.sampling.confidence, "seed": self.sampling.seed}
        return estimator(self.problem.law, self.problem.denoiser, self.sampling.draws, **settings, **options)


def spread(length: int) -> list[int]:
    """At most `MOST_REVEALED` of the numbers 0..L-1, both ends among them, evenly spread."""
    return sorted({round(x) for x in np.linspace(0, length - 1, min(length, MOST_REVEALED))})
