"""The real sampler, run: its error rates must agree with the exact ones, within intervals that hold exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from oracles import Oracle
from proofs_check.relation import plain_number
from theory import Schedule, simulate
from theory.monte_carlo import clopper_pearson, estimate_sequence_error_rate

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
    """SER of n sampled sequences against the exact SER, by the Clopper-Pearson interval."""

    q: Oracle
    schedule: Schedule
    exact: Any
    n: int = 20_000
    denoiser: Any = None

    def compare(self, seed: int) -> Comparison:
        estimate = estimate_sequence_error_rate(
            self.q,
            self.schedule,
            self.n,
            denoiser=self.denoiser,
            confidence=1 - ERROR_PROBABILITY,
            seed=seed,
        )
        exact = float(plain_number("exact", self.exact))
        text = f"SER {exact:.6g}, sampled {estimate.value:.6g} in [{estimate.low:.6g}, {estimate.high:.6g}]"
        return Comparison(f"{text} (n={self.n})", estimate.contains(exact))


@dataclass(frozen=True)
class TokenErrors:
    """log2 TER(p) = -(1/L) sum_x q(x) log2 p(x) from sampled frequencies of every x, against the exact value.

    Each p(x) has a Clopper-Pearson interval, all of them at once by the union bound; TER decreases in every
    p(x), so their ends bound it.
    """

    q: Oracle
    schedule: Schedule
    exact: Any
    n: int = 20_000
    denoiser: Any = None

    def compare(self, seed: int) -> Comparison:
        tokens = simulate(self.q, self.schedule, self.n, denoiser=self.denoiser, seed=seed)
        counts = Counter(map(tuple, tokens.tolist()))
        law = self.q.joint()
        support = [tuple(map(int, x)) for x in np.argwhere(np.asarray(self.q.support().joint()))]
        confidence = 1 - ERROR_PROBABILITY / len(support)
        low = high = 0.0
        for x in support:
            least, most = clopper_pearson(counts[x], self.n, confidence)
            low -= float(law[x]) * log2(most) / self.q.length
            high -= float(law[x]) * (log2(least) if least > 0 else -np.inf) / self.q.length
        exact = float(plain_number("exact", self.exact))
        text = f"log2 TER {exact:.6g}, sampled in [{low:.6g}, {high:.6g}]"
        return Comparison(f"{text} (n={self.n})", low <= exact <= high)
