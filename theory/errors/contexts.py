"""Expected cross entropy of a denoiser over the contexts in which a schedule reveals each position."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from oracles.arithmetic import Array, convert
from oracles.patterns import all_sequences
from theory.information.subset_entropies import PATTERN_LIMITS, pattern_count
from theory.samplers import Problem


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
    law = problem.law
    for positions, context, weight in problem.schedule.contexts(law.length, law.arithmetic):
        share = logs.array([weight])[0]
        total = total + share * _cross_entropy(tabulated, masses, context, positions)
    return logs.element(total)


def cross_entropies_by_size(problem: Problem) -> Array:
    """The mean of E[-log2 d(x_i | x_S)] in bits over |S| = m and i not in S, for m = 0..L-1, `[L]`.

    Of the ideal denoiser this is the information profile.  Cost and errors as for `expected_cross_entropy`.
    """
    _check_size(problem)
    law, logs = problem.law, problem.law.arithmetic.logs
    tabulated = problem.tabulated()
    masses = tabulated.law.pattern_table().reshape(-1)
    means = []
    with logs.context():
        for size in range(law.length):
            total = logs.zeros(1)[0]
            for context in combinations(range(law.length), size):
                hidden = [i for i in range(law.length) if i not in context]
                total = total + _cross_entropy(tabulated, masses, list(context), hidden)
            means.append(total / (law.length * comb(law.length - 1, size)))
        return logs.array([logs.element(mean) for mean in means])


def _check_size(problem: Problem) -> None:
    law = problem.law
    limit = PATTERN_LIMITS[law.arithmetic.name]
    if pattern_count(law) > limit:
        raise ValueError(
            f"q: enumerating the contexts of {law!r} takes {pattern_count(law):.1e} patterns, "
            f"and the limit in {law.arithmetic.name} is {limit:.0e}"
        )


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
