"""An estimate of E KL of an oblivious schedule with the ideal denoiser, at a cost free of the number of steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.patterns import Tokens
from theory.estimators.stages import MOST, Plan, run
from theory.monte_carlo import Estimate, block_rows, student
from theory.samplers import Problem, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import RandomDraw
from theory.unmasking.oblivious import Exchangeable, Schedule


def estimate_expected_kl(
    q: Oracle,
    schedule: Unmasking,
    n: int | None = None,
    *,
    width: float | None = None,
    given: Any = None,
    confidence: float = 0.99,
    seed: int,
    most: int = MOST,
) -> Estimate:
    """E KL of the ideal denoiser in bits from n draws of two conditionals each, whatever the number of steps.

    Let ties within a step be broken at random: position i has rank m, S_m are the m positions before it, and
    S_<k those before its step.  By the chain rule E KL = sum_m E[H(X_i | X_{S_<k}) - H(X_i | X_{S_m})].  A draw
    takes x ~ q, an ordered partition and one rank m, and scores
        Y = L * mean over i of H(X_i | x_{S_<k}) - H(X_i | x_{S_m}),    |Y| <= L log2 V,
    over the positions i that could as well have had rank m: all those not in S_m if the schedule is
    exchangeable, else those of the same step.  The interval is Student's t, an approximation; exact ones for
    so wide a range (`hoeffding` of the scores) say nothing at the usual n.  Errors as in `sampler_law`.
    """
    problem = read_problem(q, schedule, None, given)
    plan = Plan(n, width, most, confidence, seed)
    values, low, high, notes = run(plan, lambda count, rng: expected_kl_scores(problem, count, rng), student)
    value, n = float(values.mean()), len(values)
    return Estimate(value, low, high, confidence, n, "bits", "Student's t interval, approximate", notes)


def expected_kl_scores(problem: Problem, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The scores Y of `estimate_expected_kl` for a problem already read, `[n]`."""
    law, drawn = problem.law, draw_ranks(problem, n, rng)
    alone = _entropies(law, drawn.tokens, drawn.seen, drawn.alike)
    told = _entropies(law, drawn.tokens, drawn.before, drawn.alike)
    return mean_over_alike(drawn, alone - told)


class Ranks(NamedTuple):
    """Draws of sequences `[n, L]` and of one rank m in their order.

    seen: what is revealed before the step of that rank; before: what comes before it in the order; alike: the
    positions that could as well have had it.
    """

    tokens: Tokens
    seen: NDArray[np.bool_]
    before: NDArray[np.bool_]
    alike: NDArray[np.bool_]


def draw_ranks(problem: Problem, n: int, rng: np.random.Generator) -> Ranks:
    """n sequences of the law, each with an ordered partition of the schedule and a rank."""
    law, schedule = problem.law, problem.schedule
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule: expected one that looks at no token, got {schedule!r}")
    tokens = law._sample(n, rng)
    steps = _draw_steps(schedule, law, n, rng)
    ranks = np.argsort(np.lexsort((rng.random(steps.shape), steps), axis=1), axis=1)
    rank = rng.integers(law.length, size=(n, 1))
    step = np.take_along_axis(steps, np.argmax(ranks == rank, axis=1)[:, None], axis=1)
    alike = ranks >= rank
    if not isinstance(schedule, Exchangeable):
        alike &= steps == step
    return Ranks(tokens, steps < step, ranks < rank, alike)


def mean_over_alike(drawn: Ranks, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """L times the mean over the positions alike of values in row order, `[n]`."""
    spread = np.zeros(drawn.alike.shape)
    spread[drawn.alike] = values
    return drawn.alike.shape[1] * spread.sum(axis=1) / drawn.alike.sum(axis=1)


def _draw_steps(schedule: Schedule, law: Oracle, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The step at which each position is revealed, `[n, L]`."""
    steps = np.full((n, law.length), schedule.steps - 1)
    masked, draw = np.ones_like(steps, dtype=bool), RandomDraw(law.arithmetic, rng)
    for step in range(schedule.steps):
        _, revealed = schedule.reveal(step, law.arithmetic).choose(masked, draw)
        steps[revealed] = step
        masked &= ~revealed
    return steps


def _entropies(
    law: Oracle, tokens: Tokens, seen: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """H(X_i | the seen tokens) in bits for the wanted entries, in row order."""
    system = law.arithmetic
    block = block_rows(law)
    parts = [np.zeros(0)]
    for start in range(0, len(tokens), block):
        rows = slice(start, start + block)
        answers = law.conditionals(np.where(seen[rows], tokens[rows], law.mask), wanted[rows])
        with system.logs.context():
            entropies = system.logs.tolist(system.logs.sum(system.plogp(answers), 1))
        parts.append(np.array([float(entropy) for entropy in entropies]))
    return np.concatenate(parts)
