"""The best schedules: sizes, iid weights, masking schedules, partitions, and the steps that a target needs."""

from theory.optimise.alpha import OptimalAlpha, optimal_alpha
from theory.optimise.gaps import Gap, schedule_gaps
from theory.optimise.partition import OptimalPartition, optimal_partition
from theory.optimise.sizes import OptimalSizes, optimal_sizes, optimal_sizes_up_to
from theory.optimise.steps import StepsNeeded, steps_needed
from theory.optimise.weights import OptimalWeights, optimal_weights

__all__ = [
    "Gap",
    "OptimalAlpha",
    "OptimalPartition",
    "OptimalSizes",
    "OptimalWeights",
    "StepsNeeded",
    "optimal_alpha",
    "optimal_partition",
    "optimal_sizes",
    "optimal_sizes_up_to",
    "optimal_weights",
    "schedule_gaps",
    "steps_needed",
]
