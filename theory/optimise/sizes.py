"""The best sizes: the random order with N steps of least expected KL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles import Oracle, Result
from oracles.arithmetic import arithmetic
from oracles.validation import read_count
from theory.information import information_profile
from theory.information.profile import Profile, sizes_expected_kl
from theory.optimise.integers import Integers, as_integers
from theory.optimise.staircase import lowest_staircases, step_sizes
from theory.unmasking.schedules import FixedSizes

Profiled = Oracle | Profile | Iterable[Any]
"""A law, its information profile, or the numbers f(0), .., f(L-1) in bits."""

ROUNDING = 1e-9
"""How far numbers that are given as a profile may rise, relative to the first."""


@dataclass(frozen=True)
class OptimalSizes:
    """The best sizes of at most N steps, the empty ones last.

    expected_kl: E KL in bits.  slack: no sizes of N steps have an E KL lower by more than this many bits; it is
    what rounding the profile to integers, and the width of its balls, leave open.
    """

    sizes: tuple[int, ...]
    expected_kl: Result
    slack: float

    @property
    def schedule(self) -> FixedSizes:
        """The schedule with these sizes."""
        return FixedSizes(self.sizes)

    @property
    def steps(self) -> int:
        """N."""
        return len(self.sizes)


def optimal_sizes(q_or_profile: Profiled, steps: int, *, given: Any = None) -> OptimalSizes:
    """The sizes n_1, .., n_N of least EKL = sum_k n_k f(m_{k-1}) - H(X), m_k = n_1 + .. + n_k.

    By dynamic programming on the information profile, O(L N): L = 4096 with N = 256 takes well under a second.
    By the mixture identity they are at least as good as any iid weights with N steps.
    q_or_profile: a law, its `information_profile`, or its numbers f(0), .., f(L-1) in bits.  given: a prompt,
    of a law.  Steps beyond L are empty.
    ValueError as in `information_profile`, for numbers that rise or are no numbers, and for symbols.
    Source: Lavenant & Zanella 2025 (arXiv 2510.25544), in our form.
    """
    steps = read_count("steps", steps)
    return _search(read_profile(q_or_profile, given), steps)(steps)


def optimal_sizes_up_to(q_or_profile: Profiled, steps: int, *, given: Any = None) -> tuple[OptimalSizes, ...]:
    """The best sizes of 1, .., N steps, from one pass (errors as in `optimal_sizes`)."""
    steps = read_count("steps", steps)
    best = _search(read_profile(q_or_profile, given), steps)
    return tuple(best(count) for count in range(1, steps + 1))


def read_profile(q_or_profile: Profiled, given: Any = None) -> Profile:
    """The profile of a law, a profile itself, or numbers read as one; numbers that rise are a ValueError."""
    if isinstance(q_or_profile, Oracle):
        return information_profile(q_or_profile, given=given)
    if given is not None:
        raise ValueError("given: expected a law for a prompt, got a profile")
    if isinstance(q_or_profile, Profile):
        return q_or_profile
    try:
        numbers = np.array([float(value) for value in q_or_profile])
    except (TypeError, ValueError) as error:
        raise ValueError(f"q_or_profile: expected a law or its profile, got {q_or_profile!r}") from error
    if not (len(numbers) and np.isfinite(numbers).all() and (numbers >= 0).all()):
        raise ValueError(f"q_or_profile: expected non-negative numbers of bits, got {q_or_profile!r}")
    rise = float(np.diff(numbers).max(initial=0.0))
    if rise > ROUNDING * numbers[0]:
        raise ValueError(
            f"q_or_profile: expected a profile, which never rises, got a rise by {rise:.3g} bits"
        )
    system = arithmetic("float64")
    return Profile(system.array(numbers.tolist()), system, "given")


def falling_integers(profile: Profile) -> tuple[Integers, float]:
    """f(m) - f(L-1) as integers that never rise, and the most that this can cost the best of all sizes, in bits.

    A profile never rises, but its rounded numbers may: then the smallest so far stands in, and counts as error.
    """
    try:
        integers = as_integers(profile.values, profile.arithmetic, len(profile) + 1)
    except ValueError as error:
        raise ValueError(f"q_or_profile: {error}") from error
    falling = np.minimum.accumulate(integers.values)
    raised = float((integers.values - falling).max()) * 2.0**-integers.scale
    error = integers.error + raised
    # All sums have L terms, so what is common to them is left out.  Each is known to within L errors, the least
    # one and the one that is found.
    return Integers(falling - falling[-1], integers.scale, error), 2 * len(profile) * error


def _search(profile: Profile, steps: int) -> Callable[[int], OptimalSizes]:
    """The best sizes of any number of steps up to this one."""
    heights, slack = falling_integers(profile)
    starts = lowest_staircases(heights.values, min(steps, len(profile)))
    method = f"dynamic programming on the information profile by {profile.method}"

    def best(count: int) -> OptimalSizes:
        sizes = step_sizes(starts, count)
        value = Result(sizes_expected_kl(profile, sizes), "bits", method, profile.guarantee)
        return OptimalSizes((*sizes, *[0] * (count - len(sizes))), value, slack)

    return best
