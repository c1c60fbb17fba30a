"""Families of schedules: one schedule for every number of steps N, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from theory.information.profile import Profile
from theory.optimise.sizes import OptimalSizes, optimal_sizes_up_to
from theory.optimise.weights import optimal_weights
from theory.unmasking import alphas
from theory.unmasking.alphas import rounded_sizes
from theory.unmasking.base import Unmasking
from theory.unmasking.partitions import contiguous, equal_sizes, strided
from theory.unmasking.schedules import IID, FixedSizes, Partition

Family = Callable[[int], Unmasking]
"""From a number of steps to a way of unmasking with so many."""

WEIGHTS = ("uniform", "cosine", "square", "optimal-weights")
SIZES = ("equal", "cosine-sizes", "square-sizes", "optimal")
PARTITIONS = ("blocks", "strided")
NAMES = (*WEIGHTS, *SIZES, *PARTITIONS)
"""iid: `uniform`, two masking schedules alpha(t) and the best weights; a random order: `equal` sizes, those of
masking schedules, rounded, and the `optimal` ones; a fixed order: `blocks` from left to right, and `strided`."""


def named_family(name: str, free: Sequence[int], profile: Callable[[], Profile]) -> Family:
    """The family of that name over the positions `free`; the profile is only asked for by the optimal ones.

    ValueError for a name that is none of `NAMES`.
    """
    length = len(free)
    makers: dict[str, Family] = {
        "uniform": IID.uniform,
        "cosine": lambda steps: IID.from_alpha(alphas.cosine, steps),
        "square": lambda steps: IID.from_alpha(alphas.power(2), steps),
        "optimal-weights": lambda steps: optimal_weights(profile(), steps).schedule,
        "equal": lambda steps: FixedSizes(equal_sizes(length, steps)),
        "cosine-sizes": lambda steps: FixedSizes(rounded_sizes(alphas.cosine, length, steps)),
        "square-sizes": lambda steps: FixedSizes(rounded_sizes(alphas.power(2), length, steps)),
        "optimal": _optimal(profile),
        "blocks": lambda steps: _over(free, contiguous(length, steps)),
        "strided": lambda steps: _over(free, strided(length, steps)),
    }
    if name not in makers:
        raise ValueError(f"schedule_family: expected a function or one of {', '.join(NAMES)}, got {name!r}")
    return makers[name]


def _optimal(profile: Callable[[], Profile]) -> Family:
    """The best sizes, found for twice as many steps whenever those found do not suffice."""
    found: list[OptimalSizes] = []

    def schedule(steps: int) -> FixedSizes:
        if steps > len(found):
            found[:] = optimal_sizes_up_to(profile(), max(steps, 2 * len(found)))
        return found[steps - 1].schedule

    return schedule


def _over(free: Sequence[int], partition: Partition) -> Partition:
    """The same partition of the positions that are free."""
    return Partition([[free[place] for place in block] for block in partition.blocks])
