"""Samplers of masked diffusion models on known laws: schedules, denoisers, exact laws and error rates."""

from theory.information import Profile, dual_total_correlation, information_profile, total_correlation
from theory.laws.sampler_law import SamplerLaw, sampler_law
from theory.limits import first_order_error, second_order_error
from theory.metrics import expected_kl, kl_divergence, log2_token_error_rate, sequence_error_rate
from theory.monte_carlo import simulate
from theory.schedules import IID, FixedSizes, Partition, Schedule

__all__ = [
    "IID",
    "FixedSizes",
    "Partition",
    "Profile",
    "SamplerLaw",
    "Schedule",
    "dual_total_correlation",
    "expected_kl",
    "first_order_error",
    "information_profile",
    "kl_divergence",
    "log2_token_error_rate",
    "sampler_law",
    "second_order_error",
    "sequence_error_rate",
    "simulate",
    "total_correlation",
]
