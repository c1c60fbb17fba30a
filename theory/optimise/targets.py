"""Targets for the error of a sampler, and how it is measured against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from oracles import Oracle, Result
from theory.information import information_profile
from theory.information.profile import Profile
from theory.metrics import expected_kl, kl_divergence, log2_token_error_rate, sequence_error_rate
from theory.optimise.gaps import profile_expected_kl
from theory.prompts import read_prompt
from theory.unmasking.base import Unmasking
from theory.unmasking.schedules import IID, FixedSizes


@dataclass(frozen=True)
class Target:
    """kind: "ser", "ter", "kl" or "expected_kl"; most: what it must not exceed."""

    kind: str
    most: Fraction

    def met(self, reached: Result) -> bool:
        """Whether a value meets the target.  ArithmeticError where an enclosure does not settle it."""
        low, high = reached.bounds or (reached.value, reached.value)
        if high <= self._limit_for(high):
            return True
        if low > self._limit_for(low):
            return False
        raise ArithmeticError(
            f"{self.kind}: {reached} does not tell whether it exceeds {self.most}; use more bits"
        )

    def _limit_for(self, value: Any) -> Any:
        """The bound in numbers that compare with a value: balls do not with fractions."""
        if isinstance(value, float | int):
            return self.most
        from flint import fmpq

        return fmpq(self.most.numerator, self.most.denominator)


def read_target(**targets: Any) -> Target:
    """The one target that is not None.  ValueError if there is none or more, or it makes no sense."""
    chosen = {kind: value for kind, value in targets.items() if value is not None}
    if len(chosen) != 1:
        got = ", ".join(chosen) or "none"
        raise ValueError(f"targets: expected exactly one of {', '.join(targets)}, got {got}")
    [(kind, value)] = chosen.items()
    try:
        most = Fraction(value)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{kind}: expected a number, got {value!r}") from error
    least, what = (1, "at least 1") if kind == "ter" else (0, "at least 0")
    if most < least:
        raise ValueError(f"{kind}: expected a number of {what}, got {value!r}")
    return Target(kind, most)


class Measures:
    """The errors of a law's samplers with the ideal denoiser, as functions of the schedule alone."""

    def __init__(self, q: Oracle, given: Any) -> None:
        self.q, self.given = q, given
        self.law, _, self.free = read_prompt(q, given)
        if self.law.arithmetic.name == "symbolic":
            raise ValueError("q: expected numbers to compare with a target, got symbols; use to('exact')")

    @cached_property
    def profile(self) -> Profile:
        """The information profile of what is free."""
        return information_profile(self.law)

    def of(self, kind: str, *, bound: bool) -> Callable[[Unmasking], Result]:
        """What a target of this kind is compared with: the error itself, or its bound from E KL."""
        errors = {"ser": self._ser, "ter": self._ter, "kl": self._kl, "expected_kl": self._expected_kl}
        bounds = {"ser": self._ser_bound, "ter": self._ter_bound, "kl": self._kl_bound}
        return (errors | bounds if bound else errors)[kind]

    def check(self, target: Target) -> None:
        """ValueError for a TER below TER(q) = 2^{H/L}, that of a perfect sampler."""
        if target.kind != "ter":
            return
        entropy = self.law.entropy()
        least = self._power(entropy.bounds[0] if entropy.bounds else entropy.value, self.law.length)
        if not target.met(Result(least, "perplexity", entropy.method, entropy.guarantee)):
            raise ValueError(
                f"ter: expected at least TER(q) = {float(least):.6g}, got {float(target.most):.6g}"
            )

    def _expected_kl(self, schedule: Unmasking) -> Result:
        if isinstance(schedule, IID | FixedSizes):
            schedule.check(self.free.tolist())
            return profile_expected_kl(self.profile, schedule)
        return expected_kl(self.q, schedule, given=self.given)

    def _kl(self, schedule: Unmasking) -> Result:
        return kl_divergence(self.q, schedule, given=self.given)

    def _ser(self, schedule: Unmasking) -> Result:
        return sequence_error_rate(self.q, schedule, given=self.given)

    def _ter(self, schedule: Unmasking) -> Result:
        rate = log2_token_error_rate(self.q, schedule, given=self.given)
        bounds = rate.bounds and (self._power(rate.bounds[0]), self._power(rate.bounds[1]))
        return Result(self._power(rate.value), "perplexity", rate.method, rate.guarantee, bounds)

    # KL(q||p) <= E KL; SER <= 1 - 2^{-KL}; log2 TER = (H + KL) / L.

    def _kl_bound(self, schedule: Unmasking) -> Result:
        return self._bound(schedule, "bits", lambda divergence: divergence)

    def _ser_bound(self, schedule: Unmasking) -> Result:
        return self._bound(schedule, "probability", lambda divergence: 1 - self._power(-divergence))

    def _ter_bound(self, schedule: Unmasking) -> Result:
        entropy = _most(self.law.entropy())
        return self._bound(
            schedule, "perplexity", lambda divergence: self._power(entropy + divergence, self.law.length)
        )

    def _bound(self, schedule: Unmasking, unit: str, of: Callable[[Any], Any]) -> Result:
        """What the largest KL(q||p) that E KL allows makes of it."""
        expected = self._expected_kl(schedule)
        with self.law.arithmetic.logs.context():
            value = of(_most(expected))
        return Result(
            value, unit, f"bound from E KL, {expected.method}", f"upper bound, {expected.guarantee}"
        )

    def _power(self, bits: Any, length: int = 1) -> Any:
        """2^{bits / L} of floats or balls."""
        with self.law.arithmetic.logs.context():
            exponent = bits / length
            two = self.law.arithmetic.logs.array([2])[0]
            return two**exponent if hasattr(exponent, "rad") else 2.0 ** float(exponent)


def _most(result: Result) -> Any:
    """The value, or the upper end of what encloses it."""
    return result.bounds[1] if result.bounds else result.value
