"""The same samplers with random draws, and intervals that hold exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from oracles import Oracle
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.denoisers import Ideal
from theory.samplers import Problem, read_problem
from theory.schedules import Schedule


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo value with an interval that contains the truth with probability >= `confidence`.

    value, low, high in `unit`; n: number of draws; method: how the interval was built.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int
    unit: str
    method: str

    def contains(self, value: Any) -> bool:
        """Whether the interval contains a number."""
        return self.low <= float(value) <= self.high

    def __str__(self) -> str:
        level = f"{self.confidence:.10g}"
        return f"{self.value:.6g} [{self.low:.6g}, {self.high:.6g}] {self.unit} ({level} {self.method}, n={self.n})"


def simulate(
    q: Oracle,
    schedule: Schedule,
    n: int,
    *,
    denoiser: Any = None,
    given: Any = None,
    seed: int,
) -> Tokens:
    """n independent sequences from the sampler, `[n, L]`, tokens in 0..V-1.

    The ideal denoiser by default; `given` is a prompt, kept in every sequence.  ValueError as in `sampler_law`.
    """
    n = read_count("n", n, minimum=0)
    problem = read_problem(q, schedule, denoiser, given)
    drawn = run_sampler(problem, n, np.random.default_rng(seed))
    if problem.given is None:
        return drawn
    tokens = np.repeat(problem.given[None], n, axis=0)
    tokens[:, problem.free] = drawn
    return tokens


def run_sampler(problem: Problem, n: int, rng: np.random.Generator) -> Tokens:
    """n draws from a problem already read, on its free positions."""
    law = problem.law
    denoiser = problem.denoiser or Ideal(law)
    patterns = np.full((n, law.length), law.mask, dtype=np.int64)
    for step in range(problem.schedule.steps):
        masked = patterns == law.mask
        revealed = problem.schedule.reveal(step, law.arithmetic).draw(masked, rng)
        if revealed.any():
            patterns[revealed] = _draw_tokens(denoiser, law, patterns, revealed, rng)
    return patterns


def _draw_tokens(
    denoiser: Any, law: Oracle, patterns: Tokens, revealed: NDArray[np.bool_], rng: np.random.Generator
) -> Tokens:
    """One token for every revealed position, independently given the patterns."""
    if isinstance(denoiser, Ideal):
        return law.arithmetic.draw(denoiser(patterns, revealed), rng)
    columns = np.flatnonzero(revealed.any(axis=0))
    answers = denoiser(patterns, columns)
    rows, places = np.nonzero(revealed[:, columns])
    index = law.arithmetic.index
    return law.arithmetic.draw(answers[index(rows), index(places)], rng)


def clopper_pearson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """The exact two-sided interval for a binomial probability (Clopper & Pearson 1934)."""
    _check_confidence(confidence)
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"successes: expected 0..n with n >= 1, got {successes} of {n}")
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(stats.beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(stats.beta.isf(tail, successes + 1, n - successes))
    return low, high


def hoeffding(values: NDArray[np.float64], low: float, high: float, confidence: float) -> tuple[float, float]:
    """An exact interval for the mean of values bounded in [low, high] (Hoeffding 1963)."""
    _check_confidence(confidence)
    if values.min() < low or values.max() > high:
        raise ValueError(f"values: expected all in [{low}, {high}], got {values.min()}..{values.max()}")
    half = (high - low) * float(np.sqrt(np.log(2 / (1 - confidence)) / (2 * len(values))))
    mean = float(values.mean())
    return mean - half, mean + half


def estimate_sequence_error_rate(
    q: Oracle,
    schedule: Schedule,
    n: int,
    *,
    denoiser: Any = None,
    given: Any = None,
    confidence: float = 0.99,
    seed: int,
) -> Estimate:
    """SER of the sampler from n draws, with the exact binomial interval."""
    _check_confidence(confidence)
    tokens = simulate(q, schedule, read_count("n", n), denoiser=denoiser, given=given, seed=seed)
    errors = int(n - np.count_nonzero(q.in_support(tokens)))
    low, high = clopper_pearson(errors, n, confidence)
    return Estimate(errors / n, low, high, confidence, n, "probability", "Clopper-Pearson interval")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a number strictly between 0 and 1, got {confidence!r}")
