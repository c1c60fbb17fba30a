"""The law under analysis in the arithmetic that its exact routes afford, and what no schedule changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from oracles import NGram, Oracle, Result, Table
from oracles.steps import distinct
from theory.analysis.quantities import Missing
from theory.information import Profile, information_profile, total_correlation
from theory.laws.enumeration import check_budget
from theory.schedules import Schedule

ENUMERATED = {"float32": 3 * 10**8, "float64": 3 * 10**8, "exact": 4 * 10**6, "ball": 4 * 10**6}
"""Transitions, over all schedules together, up to which the samplers' laws are enumerated: some ten seconds."""

SUPPORT_TABLE = 2**20
"""Largest V**L for which the support is looked through for an impossible sequence."""


@dataclass(frozen=True)
class Subject:
    """law: as the exact routes take it; rounded: in floats, as Monte Carlo takes it.

    enumerable: whether the laws of its samplers are enumerated.  profile: the information profile.
    everything_possible: whether the support is all of V**L; None where nothing short of counting would tell.
    """

    law: Oracle
    rounded: Oracle
    enumerable: bool
    entropy: Result
    profile: Profile | Missing
    everything_possible: bool | None

    @classmethod
    def of(cls, law: Oracle, schedules: Sequence[Schedule]) -> Subject:
        """The law with everything exact that is affordable, for these schedules."""
        rounded = law if law.arithmetic.name.startswith("float") else law.to("float64")
        candidates = [law] if law is rounded else [law, rounded]
        enumerable = next((each for each in candidates if _enumerable(each, schedules)), None)
        if enumerable is not None:
            # A table sums its entropy over all sequences, where a hidden state may only allow an enclosure.
            law = Table.of(enumerable)
            candidates = [law]
        return cls(
            law=law,
            rounded=rounded,
            enumerable=enumerable is not None,
            entropy=law.entropy(),
            profile=_profile(candidates),
            everything_possible=_everything_possible(law),
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
    transitions = sum(schedule.transitions(law.vocab_size, law.length) for schedule in schedules)
    if transitions > ENUMERATED[law.arithmetic.name]:
        return False
    try:
        for schedule in schedules:
            check_budget(law, schedule)
    except ValueError:
        return False
    return True


def _profile(candidates: Sequence[Oracle]) -> Profile | Missing:
    """The information profile of the first law that is not too large."""
    reason = ""
    for law in candidates:
        try:
            return information_profile(law)
        except ValueError as error:
            reason = str(error).removeprefix("q: ")
    return Missing(f"no exact route, estimate only: {reason}")


def _everything_possible(law: Oracle) -> bool | None:
    support = law.support()
    if isinstance(support, NGram):
        steps = [transition for _, transition in distinct(support.transitions)]
        return all(bool(np.all(possible)) for possible in (support.initial, *steps))
    if law.length * math.log(law.vocab_size) <= math.log(SUPPORT_TABLE):
        return bool(np.all(support.joint()))
    return None
