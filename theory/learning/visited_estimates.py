"""Errors of learning in the contexts that a sampler visits, for laws of any size: by running it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from oracles import Oracle, Result
from oracles.arithmetic import Array
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.errors.coverage import everything_possible
from theory.estimators.paths import as_floats
from theory.learning.contexts import divergences, entry_errors
from theory.learning.estimates import STUDENT
from theory.learning.visited import VisitedErrors
from theory.monte_carlo import (
    Estimate,
    block_rows,
    check_drawable,
    hoeffding,
    run_steps,
    shared_out,
    student,
)
from theory.samplers import Problem, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import Places, RandomDraw, Rows


def estimate_visited_errors(
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any,
    n: int,
    *,
    sampler: Any = None,
    given: Any = None,
    confidence: float = 0.99,
    seed: int,
) -> VisitedErrors:
    """The errors of a denoiser in the contexts that a sampler visits, from n runs of it: see `visited_errors`.

    sampler: the denoiser that samples, its own by default.  total: Student's interval; mean: that of the linear
    terms of a ratio, approximate too; impossible: Hoeffding's, exact, of the mean share of a sequence's visits (the
    share of all visits, unless tokens are drawn again), and 0 where every sequence is possible.  ValueError as in
    `simulate`.
    """
    check_drawable(q)
    problem, n = read_problem(q, schedule, denoiser, given), read_count("n", n, minimum=2)
    running = problem if sampler is None else read_problem(q, schedule, sampler, given)
    rng = np.random.default_rng(read_count("seed", seed, minimum=0))
    runs, block = [], block_rows(problem.law)
    for part, rows in shared_out(running, n, rng):
        for start in range(0, len(rows), block):
            draw = _WatchedDraw(problem, sampler is None, len(rows[start : start + block]), rng)
            run_steps(running, part, len(draw.errors), draw)
            runs.append(np.stack([draw.errors, draw.possible, draw.impossible]))
    errors, possible, impossible = np.concatenate(runs, axis=1)
    found = _summary(errors, possible, impossible, confidence)
    return replace(found, impossible=none_wrong(problem.law)) if everything_possible(problem.law) else found


def none_wrong(law: Oracle) -> Result:
    """The probability of what is impossible, of a law that gives every sequence a chance."""
    return Result(0.0, "probability", "full support", law.arithmetic.guarantee)


class _WatchedDraw(RandomDraw):
    """Random outcomes, and of every run the errors in bits and the numbers of possible and impossible contexts.

    own: whether the answers are those of the denoiser in question, which is then not asked again.
    """

    def __init__(self, problem: Problem, own: bool, runs: int, rng: np.random.Generator) -> None:
        super().__init__(problem.law.arithmetic, rng)
        self._problem, self._own = problem, own
        self.errors, self.possible, self.impossible = np.zeros((3, runs))

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        law, numbers = self._problem.law, chosen.sum(axis=1)
        there = np.asarray(law.in_support(patterns))
        self.possible += np.where(there, numbers, 0)
        self.impossible += np.where(there, 0, numbers)
        contexts, wanted = patterns[there], chosen[there]
        if self._own:
            kept = self.system.index(np.flatnonzero(np.repeat(there, numbers)))
            bits = divergences(law.conditionals(contexts, wanted), answers[kept], self.system)
        else:
            bits = entry_errors(self._problem, contexts, wanted)
        with self.system.logs.context():
            np.add.at(self.errors, np.nonzero(chosen & there[:, None])[0], as_floats(bits, self.system.logs))
        return super().tokens(patterns, chosen, answers)


def _summary(errors: Any, possible: Any, impossible: Any, confidence: float) -> VisitedErrors:
    """From the sums of every run, `[n]` each."""
    n, total, visits = len(errors), float(errors.mean()), float(possible.mean())
    shares = impossible / (possible + impossible)
    low, high = hoeffding(shares, 0, 1, confidence)

    def estimate(value: float, terms: Any, unit: str) -> Estimate:
        ends = (math.inf, math.inf) if math.isinf(total) else student(terms, confidence)
        return Estimate(value, *ends, confidence, n, unit, STUDENT)

    ratio = total / visits
    with np.errstate(invalid="ignore"):  # what is infinite has no terms
        linear = ratio + (errors - ratio * possible) / visits
    share = float(shares.mean())
    method = "Hoeffding's interval"
    return VisitedErrors(
        mean=estimate(ratio, linear, "bits per token"),
        total=estimate(total, errors, "bits"),
        impossible=Estimate(share, max(low, 0.0), min(high, 1.0), confidence, n, "probability", method),
    )
