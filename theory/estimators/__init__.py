"""Estimates of what has no exact route: SER, KL, TER, E KL and entropy of any sampler of any law, with intervals.

Arguments all have in common, beside those of `theory.metrics`: `n`, a number of draws, or `width`, the width of the
interval to reach by doubling the number of draws, `most` at most; `confidence`, of the interval, which holds
also where the data decide when to stop (see `theory.estimators.stages`); `seed`.
"""

from theory.estimators.divergence import estimate_kl_divergence, estimate_log2_token_error_rate
from theory.estimators.entropy import estimate_sampler_entropy
from theory.estimators.expected_kl import estimate_expected_kl
from theory.estimators.nelbo import estimate_nelbo
from theory.estimators.sequence_errors import estimate_sequence_error_rate

__all__ = [
    "estimate_expected_kl",
    "estimate_kl_divergence",
    "estimate_log2_token_error_rate",
    "estimate_nelbo",
    "estimate_sampler_entropy",
    "estimate_sequence_error_rate",
]
