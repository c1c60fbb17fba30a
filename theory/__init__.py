"""Samplers of masked diffusion models on known laws: schedules, denoisers, exact laws and error rates."""

from theory.laws.sampler_law import SamplerLaw, sampler_law
from theory.metrics import expected_kl, kl_divergence, log2_token_error_rate, sequence_error_rate
from theory.monte_carlo import simulate
from theory.schedules import IID, FixedSizes, Partition, Schedule

__all__ = [
    "IID",
    "FixedSizes",
    "Partition",
    "SamplerLaw",
    "Schedule",
    "expected_kl",
    "kl_divergence",
    "log2_token_error_rate",
    "sampler_law",
    "sequence_error_rate",
    "simulate",
]
