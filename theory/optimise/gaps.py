"""How far the usual schedules are from the best: E KL side by side, and over that of the best sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oracles import Result
from oracles.validation import read_count
from theory.information.profile import Profile, iid_expected_kl, sizes_expected_kl
from theory.optimise.families import SIZES, WEIGHTS, named_family
from theory.optimise.sizes import Profiled, optimal_sizes, read_profile
from theory.unmasking.oblivious import Schedule
from theory.unmasking.schedules import IID, FixedSizes

FAMILIES = (*SIZES, *WEIGHTS)
"""Those that treat all positions alike, so that the profile decides."""


@dataclass(frozen=True)
class Gap:
    """A schedule beside the best.

    family: its name; expected_kl: E KL in bits; ratio: that over the E KL of the best sizes of as many steps;
    None where the best are exact.
    """

    family: str
    schedule: Schedule
    expected_kl: Result
    ratio: float | None


def schedule_gaps(
    q_or_profile: Profiled,
    steps: int,
    families: Sequence[str] = FAMILIES,
    *,
    given: Any = None,
) -> tuple[Gap, ...]:
    """One `Gap` a family of N steps: iid weights and sizes, by default all that have a name.

    Arguments and errors as in `optimal_sizes`; ValueError for other families.
    """
    steps = read_count("steps", steps)
    profile = read_profile(q_or_profile, given)
    best = optimal_sizes(profile, steps)
    least = float(best.expected_kl)
    gaps = []
    for name in families:
        schedule = named_family(name, range(len(profile)), lambda: profile)(steps)
        if not isinstance(schedule, IID | FixedSizes):
            raise ValueError(f"families: expected iid weights or sizes, {', '.join(FAMILIES)}, got {name!r}")
        expected = profile_expected_kl(profile, schedule)
        ratio = float(expected) / least if least > best.slack else None
        gaps.append(Gap(name, schedule, expected, ratio))
    return tuple(gaps)


def profile_expected_kl(profile: Profile, schedule: IID | FixedSizes) -> Result:
    """E KL in bits of a schedule that treats all positions alike, from the profile alone."""
    if isinstance(schedule, IID):
        value = iid_expected_kl(profile, schedule.weights)
    else:
        value = sizes_expected_kl(profile, schedule.sizes)
    return Result(value, "bits", f"information profile by {profile.method}", profile.guarantee)
