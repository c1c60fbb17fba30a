"""The real sampler, run: its error rates must agree with the exact ones, within intervals that hold exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf, log2
from typing import Any

import numpy as np

from oracles import Oracle
from proofs_check.relation import plain_number
from theory import Schedule, log2_token_error_rate, sequence_error_rate, simulate
from theory.estimators import estimate_sequence_error_rate
from theory.monte_carlo import clopper_pearson

ERROR_PROBABILITY = 1e-9
"""Chance that one comparison fails although sampler and exact law agree; a report sums it over its runs."""


@dataclass(frozen=True)
class Comparison:
    """An exact value beside its Monte Carlo interval."""

    text: str
    agrees: bool
    error_probability: float = ERROR_PROBABILITY


@dataclass(frozen=True)
class SequenceErrors:
    """SER of n sampled sequences, by the Clopper-Pearson interval, beside the exact SER.

    exact: a closed form to compare with, where the law is too long to be enumerated.
    """

    q: Oracle
    schedule: Schedule
    denoiser: Any = None
    exact: Any = None
    n: int = 4000

    def compare(self, seed: int) -> Comparison:
        """Draw n sequences and count the impossible ones."""
        sampler, confidence = (self.q, self.schedule), 1 - ERROR_PROBABILITY
        found = estimate_sequence_error_rate(
            *sampler, self.n, denoiser=self.denoiser, confidence=confidence, seed=seed
        )
        exact = sequence_error_rate(*sampler, self.denoiser) if self.exact is None else self.exact
        value = float(plain_number("exact", exact))
        text = f"SER {value:.6g}, sampled {found.value:.6g} in [{found.low:.6g}, {found.high:.6g}]"
        return Comparison(f"{text} (n={self.n})", found.contains(value))


@dataclass(frozen=True)
class TokenErrors:
    """log2 TER(p) = -(1/L) sum_x q(x) log2 p(x), by sampled frequencies of every x, beside the exact value.

    Each p(x) has a Clopper-Pearson interval, all of them at once by the union bound; TER decreases in every
    p(x), so their ends bound it.
    """

    q: Oracle
    schedule: Schedule
    denoiser: Any = None
    n: int = 4000

    def compare(self, seed: int) -> Comparison:
        """Draw n sequences and count each."""
        tokens = simulate(self.q, self.schedule, self.n, denoiser=self.denoiser, seed=seed)
        counts = Counter(map(tuple, tokens.tolist()))
        law = self.q.joint()
        support = [tuple(map(int, x)) for x in np.argwhere(np.asarray(self.q.support().joint()))]
        confidence = 1 - ERROR_PROBABILITY / len(support)
        low = high = 0.0
        for x in support:
            least, most = clopper_pearson(counts[x], self.n, confidence)
            low -= float(law[x]) * log2(most) / self.q.length
            high -= float(law[x]) * (log2(least) if least > 0 else -inf) / self.q.length
        exact = log2_token_error_rate(self.q, self.schedule, self.denoiser)
        value = float(plain_number("exact", exact))
        text = f"log2 TER {value:.6g}, sampled in [{low:.6g}, {high:.6g}]"
        return Comparison(f"{text} (n={self.n})", low <= value <= high)
