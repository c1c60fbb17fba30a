"""The laws that are checked by counting samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from oracles.arithmetic import Array
from oracles.patterns import Tokens
from oracles.testing.examination import Examination, Fault

ERROR_PROBABILITY = 1e-9
"""Chance, over seeds, that a correct sampler fails one law."""


def samples_match(x: Examination) -> Iterator[Fault]:
    """How often samples agree with a pattern is binomial with the pattern's probability; seeds repeat."""
    if not x.samplable:
        return
    tokens = x.oracle.sample(x.samples, x.seed)
    if tokens.shape != (x.samples, x.oracle.length):
        yield Fault(None, f"expected shape {(x.samples, x.oracle.length)} of samples, got {tokens.shape}")
    if not np.array_equal(tokens, x.oracle.sample(x.samples, x.seed)):
        yield Fault(None, "one seed gave two different samples")
    if x.oracle.sample(0, x.seed).shape != (0, x.oracle.length):
        yield Fault(None, f"expected shape {(0, x.oracle.length)} of no samples")
    yield from _miscounted(x, tokens, x.oracle.probability(x.events), "samples", ERROR_PROBABILITY)


def given_samples_match(x: Examination) -> Iterator[Fault]:
    """Samples given a pattern keep its tokens and follow the conditional law."""
    if not x.samplable:
        return
    conditions = x.some(x.possible, 4)
    for pattern in conditions:
        tokens = x.oracle.sample(x.samples, x.seed, given=pattern)
        lost = ((pattern != x.oracle.mask) & (tokens != pattern)).any()
        yield from x.faults(np.array([lost]), pattern[None], "a sample lost an observed token")
        both, agree = x.merged(x.events, pattern)
        joint = x.system.where(agree, x.oracle.probability(both), x.system.zeros(1))
        ratio = x.system.divide(joint, x.oracle.probability(pattern[None]))
        name = f"samples given {pattern.tolist()}"
        yield from _miscounted(x, tokens, ratio, name, ERROR_PROBABILITY / len(conditions))


def _miscounted(
    x: Examination, tokens: Tokens, probabilities: Array, name: str, error: float
) -> Iterator[Fault]:
    """The first event counted too rarely or too often, by exact binomial tails; `error` for all events."""
    # A probability that rounding carried past 1 is 1 here: the law is not compared, only counted against.
    chances = np.clip(np.array(x.system.tolist(probabilities), dtype=float), 0.0, 1.0)
    counts = np.array([_agreeing(tokens, event, x.oracle.mask) for event in x.events])
    tail = error / (2 * len(x.events))
    rare = (stats.binom.cdf(counts, len(tokens), chances) < tail) | (
        stats.binom.sf(counts - 1, len(tokens), chances) < tail
    )
    for event in np.flatnonzero(rare)[:1]:
        message = f"{counts[event]} of {len(tokens)} {name} agree, expected probability {chances[event]}"
        yield Fault(x.events[event].tolist(), message)


def _agreeing(tokens: Tokens, event: Tokens, mask: int) -> int:
    observed = np.flatnonzero(event != mask)
    return int((tokens[:, observed] == event[observed]).all(axis=1).sum())
