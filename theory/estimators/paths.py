"""p_pi(x): the probability of a sequence once all that is left to chance beside its tokens is drawn.

p(x) is the average of p_pi(x) over pi, the sets of positions that a sampler picks at random.  Where it picks none
(fixed partitions, planners) p(x) is p_pi(x), exactly; so it is over the parts of a mixture of such samplers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens
from theory.monte_carlo import block_rows, check_drawable, run_steps
from theory.samplers import Problem, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import ForcedDraw

Logs = NDArray[np.float64]

EXACT_NOTE = "p(x) is exact: nothing but tokens is left to chance"


class Paths(NamedTuple):
    """shares: the weights of the K parts of a mixture; logs: for each part ln p_pi(x) in nats, `[draws, n]`.

    exact: whether no part left anything to chance; `[1, n]` then says all.
    """

    shares: list[float]
    logs: list[Logs]
    exact: bool

    def log_mean(self) -> Logs:
        """ln of the weighted mean of the p_pi(x), `[n]`: an unbiased estimate of p(x), or p(x) itself."""
        parts = [
            np.logaddexp.reduce(logs, axis=0) - np.log(len(logs)) + np.log(share)
            for share, logs in zip(self.shares, self.logs, strict=True)
        ]
        return np.logaddexp.reduce(parts, axis=0)


def draw_paths(problem: Problem, sequences: Tokens, inner: int, rng: np.random.Generator) -> Paths:
    """ln p_pi(x) of sequences `[n, L]`, with `inner` independent pi for every sequence and part that needs them."""
    shares, logs, exact = [], [], True
    for share, part in problem.schedule.parts(problem.law.arithmetic):
        first, chance = _one_path(problem, part, sequences, rng)
        others = [_one_path(problem, part, sequences, rng)[0] for _ in range(inner - 1 if chance else 0)]
        shares.append(float(share))
        logs.append(np.stack([first, *others]))
        exact &= not chance
    return Paths(shares, logs, exact)


def _one_path(
    problem: Problem, part: Unmasking, sequences: Tokens, rng: np.random.Generator
) -> tuple[Logs, bool]:
    """ln p_pi(x) for one pi a sequence, and whether pi was left to chance."""
    system, block = problem.law.arithmetic, block_rows(problem.law)
    logs, chance = [np.zeros(0)], False
    for start in range(0, len(sequences), block):
        here = sequences[start : start + block]
        draw = ForcedDraw(system, rng, here)
        run_steps(problem, part, len(here), draw)
        logs.append(as_floats(draw.log_probability, system.logs))
        chance |= draw.chance
    return np.concatenate(logs), chance


def log_target(law: Oracle, sequences: Tokens) -> Logs:
    """ln q(x) in nats, `[n]`."""
    return as_floats(law.log_prob(sequences), law.arithmetic.logs)


def read_forceable(q: Oracle, schedule: Unmasking, denoiser: Any, given: Any) -> Problem:
    """The problem, for a sampler whose every token is kept: otherwise p_pi(x) does not follow from its draws.

    ValueError for one that masks tokens again, or drops some; others as in `simulate`.
    """
    problem = read_problem(q, schedule, denoiser, given)
    check_drawable(q)
    if not problem.schedule.forceable:
        raise ValueError(
            f"schedule: expected a sampler that keeps every token it draws, got {schedule!r}: the probability of "
            "a sequence is a sum over what it dropped"
        )
    return problem


def as_floats(values: Array, system: Arithmetic) -> Logs:
    """An array of one axis as floats: the middles, for balls."""
    return np.array([float(value) for value in system.tolist(values)])
