"""Estimates of the entropy of what a sampler generates: how diverse it is, beside how wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.estimators.paths import EXACT_NOTE, Logs, Paths, as_floats, draw_paths, read_forceable
from theory.estimators.stages import MOST, Plan, Values, run
from theory.monte_carlo import Estimate, block_rows, run_steps, shared_out, student
from theory.samplers import Problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import ScoredDraw


def estimate_sampler_entropy(
    q: Oracle,
    schedule: Unmasking,
    n: int | None = None,
    *,
    width: float | None = None,
    denoiser: Any = None,
    given: Any = None,
    inner: int = 8,
    confidence: float = 0.99,
    seed: int,
    most: int = MOST,
) -> Estimate:
    """H(p) = E[-log2 p(X)] in bits, X from the sampler.

    Where the sampler leaves nothing but tokens to chance, p(x) is exact and the mean unbiased.  Otherwise p(x) is
    replaced by the mean of p_pi(x) over K = `inner` draws of the sets of positions: drawn anew this
    overestimates H(p); with the sets that x came from among them it underestimates it (Grosse et al. 2015).
    `low` and `high` are the outer ends of the two intervals (Student's, approximate), `value` is their middle.

    Errors as in `estimate_kl_divergence`.
    """
    problem, inner = read_forceable(q, schedule, denoiser, given), read_count("inner", inner)

    def draw(n: int, rng: np.random.Generator) -> Values:
        return _surprisals(problem, n, inner, rng)

    plan = Plan(n, width, most, confidence, seed)
    values, low, high, notes = run(plan, draw, _entropy_interval)
    exact = bool(values[:, 2].all())
    about = EXACT_NOTE if exact else f"between two estimates: p(x) by {inner} draws of the sets of positions"
    value, method = float(values[:, :2].mean()), "Student's t interval, approximate"
    return Estimate(value, low, high, confidence, len(values), "bits", method, (about, *notes))


def _entropy_interval(values: Values, confidence: float) -> tuple[float, float]:
    low, _ = student(values[:, 0], confidence)
    if np.isinf(values[:, 1]).any():
        return low, math.inf
    return low, student(values[:, 1], confidence)[1]


def _surprisals(problem: Problem, n: int, inner: int, rng: np.random.Generator) -> Values:
    """-log2 of an over- and of an underestimate of p(x) for n draws x, and whether both are exact: `[n, 3]`."""
    sequences, own, which = _generated(problem, n, rng)
    fresh = draw_paths(problem, sequences, inner, rng)
    with_own = [np.array(logs) for logs in fresh.logs]
    for index, logs in enumerate(with_own):
        logs[0, which == index] = own[which == index]
    known = Paths(fresh.shares, with_own, fresh.exact)
    # Nothing was left to chance: both are p(x), in one order of summation.
    pair = (fresh, fresh) if fresh.exact else (known, fresh)
    bits = [-paths.log_mean() / math.log(2) for paths in pair]
    return np.stack([*bits, np.full(n, float(fresh.exact))], axis=1)


def _generated(problem: Problem, n: int, rng: np.random.Generator) -> tuple[Tokens, Logs, Tokens]:
    """Draws `[n, L]`, ln p_pi(x) of the very pi that led to each, and which part of a mixture did."""
    law, system = problem.law, problem.law.arithmetic
    sequences, own, which = (
        np.empty((n, law.length), dtype=np.int64),
        np.empty(n),
        np.empty(n, dtype=np.int64),
    )
    for index, (part, rows) in enumerate(shared_out(problem, n, rng)):
        which[rows] = index
        for start in range(0, len(rows), block_rows(law)):
            here = rows[start : start + block_rows(law)]
            draw = ScoredDraw(system, rng, len(here))
            sequences[here] = run_steps(problem, part, len(here), draw)
            own[here] = as_floats(draw.log_probability, system.logs)
    return sequences, own, which
