"""Expected cross entropy of a denoiser over the contexts in which a schedule reveals each position."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from oracles.arithmetic import Array, convert
from oracles.oracle import check_table_size
from oracles.patterns import Tokens, all_sequences
from theory.denoisers import Ideal
from theory.samplers import Problem
from theory.schedules import Exchangeable, Partition


def expected_cross_entropy(problem: Problem) -> Any:
    """sum_i E[-log2 d(x_i | x_S)] in bits, S the set revealed before position i, by enumeration.

    Every context is visited once: the cost is that of the (V+1)**L patterns.  Infinite if the denoiser gives
    probability zero to a possible token.  ValueError if the pattern table would be too large.
    """
    law = problem.law
    check_table_size("expected_kl", law.vocab_size + 1, law.length, law.arithmetic)
    denoiser = problem.denoiser or Ideal(law)
    logs = law.arithmetic.logs
    total = logs.zeros(1)[0]
    for positions, context, weight in _contexts(problem):
        total = total + weight * cross_entropy(problem, denoiser, context, positions)
    return logs.element(total)


def _contexts(problem: Problem) -> Iterator[tuple[list[int], list[int], Any]]:
    """(positions, context, weight): each position is revealed in this context with this probability."""
    schedule, law = problem.schedule, problem.law
    system, logs = law.arithmetic, law.arithmetic.logs
    if isinstance(schedule, Partition):
        revealed: list[int] = []
        for block in schedule.blocks:
            if block:
                yield list(block), sorted(revealed), logs.ones(1)[0]
            revealed.extend(block)
        return
    if not isinstance(schedule, Exchangeable):
        raise ValueError(f"schedule: expected an oblivious schedule, got {schedule!r}")
    by_size = convert(schedule.context_sizes(law.length, system), system, logs)
    for size in range(law.length):
        if np.all(logs.is_zero(by_size[size : size + 1])):
            continue
        weight = by_size[size] / comb(law.length - 1, size)
        for context in combinations(range(law.length), size):
            yield [i for i in range(law.length) if i not in context], list(context), weight


def cross_entropy(problem: Problem, denoiser: Any, context: list[int], positions: list[int]) -> Any:
    """sum over `positions` of E_q[-log2 d(x_i | x_S)], S = `context`, in bits."""
    law = problem.law
    system, logs = law.arithmetic, law.arithmetic.logs
    patterns = np.full((law.vocab_size ** len(context), law.length), law.mask, dtype=np.int64)
    patterns[:, context] = all_sequences(law.vocab_size, len(context))
    patterns = patterns[np.asarray(law.in_support(patterns))]
    joint = _token_masses(problem, patterns, positions)
    answers = denoiser(patterns, positions)
    possible = ~np.asarray(system.is_zero(joint))
    missed = possible & np.asarray(system.is_zero(answers))
    if missed.any():
        return logs.infinity()
    safe = system.where(possible, answers, system.ones(1))
    return -logs.sum(convert(joint, system, logs) * system.log2(safe), (0, 1, 2))


def _token_masses(problem: Problem, patterns: Tokens, positions: list[int]) -> Array:
    """q(x_S, x_i = v) for every context row, position and token, `[B, P, V]`."""
    law = problem.law
    filled = np.repeat(patterns[:, None, None], len(positions), axis=1).repeat(law.vocab_size, axis=2)
    for rank, position in enumerate(positions):
        filled[:, rank, :, position] = np.arange(law.vocab_size)
    return law.probability(filled)
