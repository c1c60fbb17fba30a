"""The law under analysis in the arithmetic that its exact routes afford, and what no schedule changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from oracles import Oracle, Result, Table
from theory.analysis.quantities import Missing
from theory.errors.coverage import everything_possible
from theory.information import Profile, information_profile, total_correlation
from theory.laws.enumeration import check_budget
from theory.unmasking.oblivious import Schedule

ENUMERATED = {"float32": 3 * 10**8, "float64": 3 * 10**8, "exact": 4 * 10**6, "ball": 4 * 10**6}
"""Transitions, over all schedules together, up to which the samplers' laws are enumerated: some ten seconds."""

SHARE = 0.25
"""The same where a route takes each schedule by itself, in minutes over all schedules together."""


@dataclass(frozen=True)
class Subject:
    """law: as the exact routes take it; rounded: in floats, as Monte Carlo takes it.

    enumerable: whether the laws of its samplers are enumerated; share: how much of what another exact route accepts,
    about a minute of work, the SER of one schedule may cost.  profile: the information profile.
    everything_possible: whether the support is all of V**L; None where nothing short of counting would tell.
    """

    law: Oracle
    rounded: Oracle
    enumerable: bool
    share: float
    entropy: Result
    profile: Profile | Missing
    everything_possible: bool | None

    @classmethod
    def of(cls, law: Oracle, schedules: Sequence[Schedule]) -> Subject:
        """The law with everything exact that is affordable, for these schedules."""
        rounded = law if law.arithmetic.name.startswith("float") else law.to("float64")
        candidates = [law] if law is rounded else [law, rounded]
        enumerable = next((each for each in candidates if _enumerable(each, schedules)), None)
        # A table sums its entropy over all sequences, where a hidden state may only allow an enclosure.
        chosen, profile = _profiled(candidates if enumerable is None else [Table.of(enumerable)])
        return cls(
            law=chosen,
            rounded=rounded,
            enumerable=enumerable is not None,
            share=SHARE / len(schedules),
            entropy=chosen.entropy(),
            profile=profile,
            everything_possible=everything_possible(law),
        )

    @property
    def entropy_rate(self) -> Result:
        """H/L in bits a token."""
        return self.per_token(self.entropy)

    @property
    def correlation(self) -> Result | Missing:
        """SI in bits."""
        profile = self.profile
        if isinstance(profile, Missing):
            return profile
        return Result(profile.correlation, "bits", profile.method, profile.guarantee)

    @cached_property
    def total_correlation(self) -> Result:
        """TC in bits: E KL of a single step, and of no schedule more; known even without a profile."""
        return total_correlation(self.law)

    def per_token(self, bits: Result) -> Result:
        """A number of bits divided by L."""
        with self.law.arithmetic.logs.context():
            value, bounds = bits.value / self.law.length, None
            if bits.bounds is not None:
                bounds = bits.bounds[0] / self.law.length, bits.bounds[1] / self.law.length
            return Result(value, "bits per token", bits.method, bits.guarantee, bounds, bits.notes)


def _enumerable(law: Oracle, schedules: Sequence[Schedule]) -> bool:
    transitions = (schedule.log10_transitions(law.vocab_size, law.length) for schedule in schedules)
    if sum(10 ** min(300.0, exponent) for exponent in transitions) > ENUMERATED[law.arithmetic.name]:
        return False
    try:
        for schedule in schedules:
            check_budget(law, schedule)
    except ValueError:
        return False
    return True


def _profiled(candidates: Sequence[Oracle]) -> tuple[Oracle, Profile | Missing]:
    """The first law whose information profile is affordable, else the last one, with the profile."""
    reason = ""
    for law in candidates:
        try:
            return law, information_profile(law)
        except ValueError as error:
            reason = str(error).removeprefix("q: ")
    return candidates[-1], Missing(f"no exact route, estimate only: {reason}")
