"""Samplers of masked diffusion models on known laws: schedules, denoisers, exact laws and error rates.

    unmasking/     which positions are revealed when: schedules, planners, blocks, remasking, orders by name
    denoisers/     what they are filled in with: ideal, reshaped, windowed, counted, given from outside
    laws/          p, the exact law of what a sampler generates
    errors/        where the expected error arises: by context, by step, by position
    information/   entropies, the information profile, total and dual total correlation
    limits/        what many steps leave of the error: the coefficients of 1/N and 1/N^2
    optimise/      the best schedules, and how many steps a target needs
    likelihood/    evidence lower bounds (NELBOs), and the estimators of them that training code uses
    estimators/    Monte Carlo with intervals, of what has no exact route
    exact/         the same quantities by their definitions, as exact numbers: what claims are decided by
    analysis/      one law under many schedules, number by number
    learning/      a denoiser, learned or not, against the ideal one
    neural/        networks, their training, and models that others trained

`metrics` has the error rates and the law of a sampler, each by the cheapest of its `sampler_routes`; `bounds` the
published bounds; `comparison` orders side by side; `monte_carlo` the sampler with random draws.
"""

from theory.errors.profiles import ErrorProfile, error_by_position, error_by_step
from theory.information import Profile, dual_total_correlation, information_profile, total_correlation
from theory.laws.sampler_law import SamplerLaw
from theory.limits import first_order_error, second_order_error
from theory.metrics import (
    expected_kl,
    expected_steps,
    explain,
    kl_divergence,
    log2_token_error_rate,
    sampler_law,
    sequence_error_rate,
    total_variation,
)
from theory.monte_carlo import simulate
from theory.optimise import optimal_sizes, steps_needed
from theory.unmasking.base import Unmasking
from theory.unmasking.blocks import Blocks
from theory.unmasking.entropy_planners import EntropyBounded, EntropySum
from theory.unmasking.mixtures import OneOf, RandomSizes
from theory.unmasking.oblivious import Schedule
from theory.unmasking.planners import (
    LowConfidence,
    LowestEntropy,
    Margin,
    Planner,
    Threshold,
    TopK,
)
from theory.unmasking.remasking import Corrected, Remasking
from theory.unmasking.schedules import IID, FixedSizes, Partition

__all__ = [
    "IID",
    "Blocks",
    "Corrected",
    "EntropyBounded",
    "EntropySum",
    "ErrorProfile",
    "FixedSizes",
    "LowConfidence",
    "LowestEntropy",
    "Margin",
    "OneOf",
    "Partition",
    "Planner",
    "Profile",
    "RandomSizes",
    "Remasking",
    "SamplerLaw",
    "Schedule",
    "Threshold",
    "TopK",
    "Unmasking",
    "dual_total_correlation",
    "error_by_position",
    "error_by_step",
    "expected_kl",
    "expected_steps",
    "explain",
    "first_order_error",
    "information_profile",
    "kl_divergence",
    "log2_token_error_rate",
    "optimal_sizes",
    "sampler_law",
    "second_order_error",
    "sequence_error_rate",
    "simulate",
    "steps_needed",
    "total_correlation",
    "total_variation",
]
