"""Expected cross entropy of a denoiser over the contexts in which a schedule reveals each position."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from oracles.arithmetic import Array, convert
from oracles.patterns import all_sequences
from theory.samplers import Problem
from theory.schedules import Exchangeable, Partition
from theory.subset_entropies import PATTERN_LIMITS, pattern_count


def expected_cross_entropy(problem: Problem) -> Any:
    """sum_i E[-log2 d(x_i | x_S)] in bits, S the set revealed before position i, by enumeration.

    Every context is visited once: the cost is that of the (V+1)**L patterns.  Infinite if the denoiser gives
    probability zero to a possible token.  ValueError if there are too many patterns.
    """
    _check_size(problem)
    logs = problem.law.arithmetic.logs
    tabulated = problem.tabulated()
    masses = tabulated.law.pattern_table().reshape(-1)
    total = logs.zeros(1)[0]
    for positions, context, weight in _contexts(problem):
        total = total + weight * _cross_entropy(tabulated, masses, context, positions)
    return logs.element(total)


def _check_size(problem: Problem) -> None:
    law = problem.law
    limit = PATTERN_LIMITS[law.arithmetic.name]
    if pattern_count(law) > limit:
        raise ValueError(
            f"q: enumerating the contexts of {law!r} takes {pattern_count(law):.1e} patterns, "
            f"and the limit in {law.arithmetic.name} is {limit:.0e}"
        )


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


def _cross_entropy(problem: Problem, masses: Array, context: list[int], positions: list[int]) -> Any:
    """sum over `positions` of E_q[-log2 d(x_i | x_S)], S = `context`, in bits.

    masses: the probabilities of all patterns, flat in base V+1.
    """
    law = problem.law
    system, logs = law.arithmetic, law.arithmetic.logs
    place = (law.vocab_size + 1) ** np.arange(law.length)[::-1]
    patterns = np.full((law.vocab_size ** len(context), law.length), law.mask, dtype=np.int64)
    patterns[:, context] = all_sequences(law.vocab_size, len(context))
    patterns = patterns[np.asarray(law.in_support(patterns))]
    filled = (patterns @ place)[:, None, None] + (np.arange(law.vocab_size) - law.mask) * place[
        positions, None
    ]
    joint = masses[system.index(filled)]
    answers = problem.denoiser(patterns, positions)
    impossible = np.asarray(system.is_zero(joint))
    if (~impossible & np.asarray(system.is_zero(answers))).any():
        return logs.infinity()
    safe = system.where(impossible, system.ones(1), answers)
    return -logs.sum(convert(joint, system, logs) * system.log2(safe), (0, 1, 2))
