"""Targets for the error of a sampler, and how it is measured against them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import arb, fmpq

from oracles import Oracle, Result
from theory.information import information_profile
from theory.metrics import expected_kl, kl_divergence, log2_token_error_rate, sequence_error_rate
from theory.optimise.gaps import profile_expected_kl
from theory.profile import Profile
from theory.prompts import read_prompt
from theory.schedules import IID, FixedSizes, Schedule


@dataclass(frozen=True)
class Target:
    """kind: "ser", "ter", "kl" or "expected_kl"; most: what it must not exceed."""

    kind: str
    most: Fraction

    def met(self, reached: Result) -> bool:
        """Whether a value meets the target.  ArithmeticError where an enclosure does not settle it."""
        value = reached.value
        if isinstance(value, float):
            return value <= self.most
        limit = fmpq(self.most.numerator, self.most.denominator)
        if not isinstance(value, arb):
            return bool(value <= limit)
        if value <= limit:
            return True
        if value > limit:
            return False
        raise ArithmeticError(
            f"{self.kind}: {value} does not tell whether it exceeds {self.most}; use more bits"
        )


def read_target(**targets: Any) -> Target:
    """The one target that is not None.  ValueError if there is none or more, or it makes no sense."""
    chosen = {kind: value for kind, value in targets.items() if value is not None}
    if len(chosen) != 1:
        got = ", ".join(chosen) or "none"
        raise ValueError(f"targets: expected exactly one of {', '.join(targets)}, got {got}")
    [(kind, value)] = chosen.items()
    try:
        most = Fraction(value)
    except (TypeError, ValueError, OverflowError) as error:
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

    def of(self, kind: str, *, bound: bool) -> Callable[[Schedule], Result]:
        """What a target of this kind is compared with: the error itself, or its bound from E KL."""
        return getattr(self, f"_{kind}_bound" if bound and kind != "expected_kl" else f"_{kind}")

    def least_ter(self) -> Result:
        """TER(q) = 2^{H/L}, that of a perfect sampler."""
        entropy = self.law.entropy()
        return self._perplexity(entropy, entropy.bounds[0] if entropy.bounds else entropy.value)

    def _expected_kl(self, schedule: Schedule) -> Result:
        if isinstance(schedule, IID | FixedSizes):
            schedule.check(self.free.tolist())
            return profile_expected_kl(self.profile, schedule)
        return expected_kl(self.q, schedule, given=self.given)

    def _kl(self, schedule: Schedule) -> Result:
        return kl_divergence(self.q, schedule, given=self.given)

    def _ser(self, schedule: Schedule) -> Result:
        return sequence_error_rate(self.q, schedule, given=self.given)

    def _ter(self, schedule: Schedule) -> Result:
        rate = log2_token_error_rate(self.q, schedule, given=self.given)
        return Result(self._power(rate.value), "perplexity", rate.method, rate.guarantee)

    # KL(q||p) <= E KL; SER <= 1 - 2^{-KL}; log2 TER = (H + KL) / L.

    def _kl_bound(self, schedule: Schedule) -> Result:
        expected = self._expected_kl(schedule)
        return Result(expected.value, "bits", *self._as_bound(expected))

    def _ser_bound(self, schedule: Schedule) -> Result:
        expected = self._expected_kl(schedule)
        return Result(1 - self._power(-expected.value), "probability", *self._as_bound(expected))

    def _ter_bound(self, schedule: Schedule) -> Result:
        expected, entropy = self._expected_kl(schedule), self.law.entropy()
        most = entropy.bounds[1] if entropy.bounds else entropy.value
        with self.law.arithmetic.logs.context():
            total = most + expected.value
        found = self._perplexity(expected, total)
        return Result(found.value, found.unit, *self._as_bound(expected))

    @staticmethod
    def _as_bound(expected: Result) -> tuple[str, str]:
        return f"bound from E KL, {expected.method}", f"upper bound, {expected.guarantee}"

    def _perplexity(self, pedigree: Result, bits: Any) -> Result:
        """2^{bits / L}."""
        with self.law.arithmetic.logs.context():
            value = self._power(bits / self.law.length)
        return Result(value, "perplexity", pedigree.method, pedigree.guarantee)

    def _power(self, exponent: Any) -> Any:
        """2^x for a float or a ball."""
        with self.law.arithmetic.logs.context():
            return arb(2) ** exponent if isinstance(exponent, arb) else 2.0 ** float(exponent)
