"""What an analysis consists of: numbers that say what they are worth, one row of them a schedule."""

from __future__ import annotations

from dataclasses import dataclass

from oracles import Result
from theory.monte_carlo import Estimate
from theory.unmasking.oblivious import Schedule


@dataclass(frozen=True)
class Missing:
    """A number that was not computed, and why."""

    reason: str


@dataclass(frozen=True)
class Row:
    """One schedule.

    family: "iid" (N equal weights) or "sizes" (N sizes as equal as can be, the smaller first).
    expected_kl: E KL in bits; expected_kl_sampled: the same by Monte Carlo.
    log2_token_error_rate: bits a token, exact by enumeration, else enclosed by H/L and (H + E KL)/L, or by what
    is known of E KL without a profile: it is at most TC and L log2(V)/N.
    correlation_bound: H/L + w SI/L (Theorem A), w = 1/N for iid and (n_max - 1)/L for sizes (Li & Cai 2025).
    vocabulary_bound: H/L + log2(V)/N, weaker and free of the law (after Feng et al. 2025, Thm 4.2).
    sequence_error_rate: exact by enumeration, else by Monte Carlo; sequence_error_bound: 1 - 2^{-E KL}.
    """

    family: str
    steps: int
    schedule: Schedule
    expected_kl: Result | Missing
    expected_kl_sampled: Estimate | Missing
    log2_token_error_rate: Result
    correlation_bound: Result | Missing
    vocabulary_bound: Result
    sequence_error_rate: Result | Estimate | Missing
    sequence_error_bound: Result | Missing


@dataclass(frozen=True)
class Analysis:
    """A law, and one row a schedule.

    vocab_size, length: V and L (with a prompt, the positions that were masked); entropy: H in bits;
    entropy_rate: H/L in bits a token, log2 TER of a perfect sampler; correlation: SI = sum_i I(X_i; X_{-i});
    everything_possible: whether every sequence is in the support, so that SER is 0 (None: not known).
    """

    vocab_size: int
    length: int
    entropy: Result
    entropy_rate: Result
    correlation: Result | Missing
    everything_possible: bool | None
    rows: tuple[Row, ...]
    samples: int
    seed: int
    confidence: float
