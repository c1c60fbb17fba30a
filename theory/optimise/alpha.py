"""The best masking schedule alpha(t) of a family with one parameter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from oracles import Result
from oracles.validation import read_count
from theory.information.profile import iid_expected_kl
from theory.optimise.sizes import Profiled, read_profile
from theory.unmasking.alphas import Alpha, power
from theory.unmasking.schedules import IID

_LOOKS = 65
"""Parameters that are tried before the best neighbourhood is searched."""


@dataclass(frozen=True)
class OptimalAlpha:
    """The best member that was found of a family of masking schedules, on the uniform grid of N steps.

    parameter: its parameter, a Fraction; schedule: its iid schedule; expected_kl: E KL in bits.
    """

    parameter: Fraction
    schedule: IID
    expected_kl: Result


def optimal_alpha(
    q_or_profile: Profiled,
    steps: int,
    *,
    family: Callable[[Fraction], Alpha] = power,
    between: tuple[float, float] = (0.125, 8.0),
    given: Any = None,
) -> OptimalAlpha:
    """The parameter of least E KL of `IID.from_alpha(family(parameter), N)`, between two positive numbers.

    family: `alphas.power` (c_k = (k/N)^p), `alphas.polynomial`, or any function from a parameter to alpha(t).
    65 parameters in geometric progression are tried in float64, then a bracketed search goes on around the best:
    a local optimum, not shown to be the best of all.  `optimal_weights` bounds how much better any weights are.
    ValueError for a range that is none, and as in `optimal_sizes` and `IID.from_alpha`.
    """
    from scipy.optimize import minimize_scalar  # on demand: nothing else needs it

    steps = read_count("steps", steps)
    low, high = _read_range(between)
    profile = read_profile(q_or_profile, given)
    rounded = read_profile(np.maximum(np.asarray(profile), 0.0).tolist())

    def expected_kl(logarithm: float) -> float:
        return iid_expected_kl(rounded, IID.from_alpha(family(_parameter(logarithm)), steps).weights)

    looks = np.linspace(math.log2(low), math.log2(high), _LOOKS)
    values = [expected_kl(look) for look in looks]
    place = int(np.argmin(values))
    around = looks[max(place - 1, 0)], looks[min(place + 1, _LOOKS - 1)]
    found: Any = minimize_scalar(expected_kl, bounds=around, method="bounded", options={"xatol": 1e-6})
    best = _parameter(found.x if found.fun < values[place] else looks[place])
    schedule = IID.from_alpha(family(best), steps)
    value = iid_expected_kl(profile, schedule.checked_weights(profile.arithmetic))
    method = f"search in one parameter, information profile by {profile.method}"
    return OptimalAlpha(best, schedule, Result(value, "bits", method, profile.guarantee))


def _parameter(logarithm: float) -> Fraction:
    """A parameter from its binary logarithm, to six digits: a short exact number."""
    return Fraction(2.0**logarithm).limit_denominator(10**6)


def _read_range(between: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in between)
    except (TypeError, ValueError) as error:
        raise ValueError(f"between: expected two positive numbers, got {between!r}") from error
    if not 0 < low < high < math.inf:
        raise ValueError(f"between: expected two positive numbers, the smaller first, got {between!r}")
    return low, high
