"""How probable a sampler makes given sequences: its own choices of positions, and their tokens.

For planners and fixed partitions, whose path is certain given the sequence, this is p(x) itself, at any length and
with no more calls than sampling takes.  For random orders pi it is p_pi(x), whose mean over pi is p(x).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.draws import ForcedDraw
from theory.laws.sampler_law import SamplerLaw
from theory.monte_carlo import Estimate, student
from theory.orders import fixed_path
from theory.samplers import Problem, read_problem
from theory.unmasking import Unmasking


def forced_log2(problem: Problem, sequences: Tokens, rng: np.random.Generator) -> NDArray[np.float64]:
    """log2 p_pi(x) of sequences `[B, L]` on the free positions, with an order pi drawn for each; -inf for 0.

    ValueError for a sampler that draws tokens it does not keep, or mixes.
    """
    law, unmasking = problem.law, problem.schedule
    if not unmasking.forceable or unmasking.mixes:
        raise ValueError(f"schedule: expected one that keeps every token it draws, got {unmasking!r}")
    draw = ForcedDraw(law.arithmetic, rng, sequences)
    patterns, scope = np.full_like(sequences, law.mask), np.ones(law.length, dtype=bool)
    for step in range(unmasking.most_steps(law.length)):
        if not (patterns == law.mask).any():
            break
        _, patterns = unmasking.step(step, patterns, scope, problem.denoiser, draw)
    nats = law.arithmetic.logs.tolist(draw.log_probability)
    return np.array([float(value) for value in nats]) / np.log(2)


def estimate_divergence(
    q: Oracle,
    unmasking: Unmasking,
    n: int,
    *,
    denoiser: Any = None,
    given: Any = None,
    confidence: float = 0.99,
    seed: int,
) -> Estimate:
    """KL(q || p) in bits from n sequences of q: the mean of log2 q(x) - log2 p(x), both exact.

    For planners and partitions, whose path is certain given x.  The interval is Student's t, an approximation;
    infinite if some x that was drawn has p(x) = 0, which proves KL infinite.  ValueError for other samplers.
    """
    if not fixed_path(unmasking):
        raise ValueError(f"schedule: expected a planner or a partition, got {unmasking!r}")
    n = read_count("n", n, minimum=2)
    problem, rng = read_problem(q, unmasking, denoiser, given), np.random.default_rng(seed)
    law = problem.law
    sequences = law._sample(n, rng)
    target = np.array([float(value) for value in law.arithmetic.logs.tolist(law.log_prob(sequences))])
    scores = target / np.log(2) - forced_log2(problem, sequences, rng)
    method = "Student's t interval, approximate"
    if np.isinf(scores).any():
        return Estimate(np.inf, np.inf, np.inf, confidence, n, "bits", "p(x) = 0 was met: certain")
    low, high = student(scores, confidence)
    return Estimate(float(scores.mean()), low, high, confidence, n, "bits", method)


def importance_gap(law: SamplerLaw, orders: int, n: int, *, confidence: float = 0.99, seed: int) -> Estimate:
    """E_q[log2 p(X) - log2 of the mean of p_pi(X) over K random orders] in bits, from n sequences of q.

    By how much the bound with K orders inside the logarithm misses -E log2 p: for K = 1 by NELBO + E log2 p, and by
    less and less the more orders, never by less than 0 (Jensen's inequality; Burda et al. 2016).
    law: p of a sampler that keeps every token it draws; orders: K.  The interval is Student's t, an approximation.
    """
    orders, n = read_count("orders", orders), read_count("n", n, minimum=2)
    problem, rng = law.problem, np.random.default_rng(seed)
    sequences = problem.law._sample(n, rng)
    paths = forced_log2(problem, np.repeat(sequences, orders, axis=0), rng).reshape(n, orders)
    mean = np.logaddexp2.reduce(paths, axis=1) - np.log2(orders)
    generated = law._log_probabilities(sequences)
    logs = problem.law.arithmetic.logs
    scores = np.array([float(value) for value in logs.tolist(generated)]) / np.log(2) - mean
    low, high = student(scores, confidence)
    method = f"Student's t interval, approximate, K = {orders}"
    return Estimate(float(scores.mean()), low, high, confidence, n, "bits", method)
