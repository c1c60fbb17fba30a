"""How many steps a target needs: the smallest N at which a family of schedules meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from oracles import Oracle, Result
from oracles.validation import check_choice, read_count
from theory.information.chain_entropies import is_chain
from theory.optimise.families import PARTITIONS, SIZES, Family, named_family
from theory.optimise.targets import Measures, Target, read_target
from theory.progress import Progress, unwatched
from theory.unmasking.base import Unmasking

MOST_PER_TOKEN = 16
"""Steps for each token that are looked at before giving up, where no number of steps is sure to suffice."""

METHODS = ("exact", "bound")


class NotReached(ValueError):
    """No number of steps that was looked at meets the target."""


@dataclass(frozen=True, kw_only=True)
class StepsNeeded(Result):
    """The smallest N that meets a target, as a Result whose value is N.

    schedule: the one of N steps; reached: what it attains; before: the same for N - 1 steps, which does not
    meet the target (None for N = 1).
    """

    schedule: Unmasking
    reached: Result
    before: Result | None

    @property
    def steps(self) -> int:
        """N."""
        return self.value


def steps_needed(
    q: Oracle,
    schedule_family: str | Family,
    *,
    ser: Any = None,
    ter: Any = None,
    kl: Any = None,
    expected_kl: Any = None,
    given: Any = None,
    method: str = "exact",
    most: int | None = None,
    progress: Progress | None = None,
) -> StepsNeeded:
    """The smallest N whose schedule, with the ideal denoiser, meets the one target that is given.

    schedule_family: one of `families.NAMES`, such as "uniform" (iid), "cosine", "equal" (sizes) or "optimal"; or
    a function from N to a schedule.  ser: the largest SER, a probability.  ter: the largest TER(p), the
    perplexity itself (TER(q) = 2^{H/L} is the least there is).  kl: KL(q||p), and expected_kl: E KL, in bits.
    method: "exact", what the metrics give, which at length may be known for expected_kl only; or "bound": the
    bounds SER <= 1 - 2^{-E KL}, TER <= 2^{(H + E KL)/L} and KL <= E KL are to meet the target, so that N is
    enough but perhaps not the least.  most: the largest N looked at [L for sizes and partitions, else 16 L].

    SER, KL and even E KL may rise with N, so every N is looked at from 1 up.  Only where E KL is known to fall,
    bisection skips some: for the best sizes, and uniform iid steps on a first-order Markov chain.
    ValueError for bad arguments, a target below TER(q), one that no N up to `most` meets (NotReached), and as in
    the metrics; ArithmeticError for an enclosure that does not settle the comparison.
    """
    target = read_target(ser=ser, ter=ter, kl=kl, expected_kl=expected_kl)
    check_choice("method", method, METHODS)
    measures = Measures(q, given)
    measures.check(target)
    last = measures.law.length * (1 if schedule_family in (*SIZES, *PARTITIONS) else MOST_PER_TOKEN)
    last = last if most is None else read_count("most", most)
    bound = method == "bound"
    measure = measures.of(target.kind, bound=bound)
    family = _read_family(schedule_family, measures)
    report = progress or unwatched

    @cache
    def reached(steps: int) -> Result:
        report(f"N = {steps}", steps, last)
        return measure(family(steps))

    falls = bound or target.kind == "expected_kl"
    monotone = falls and _monotone(schedule_family, measures)
    found = (_bisected if monotone else _scanned)(target, reached, last)
    if found is None:
        value = f"{float(reached(last)):.6g} {reached(last).unit} at N = {last}"
        raise NotReached(f"{target.kind}: no N up to most = {last} meets {float(target.most):.6g}; {value}")
    way = "bisection, E KL falls with N" if monotone else "every N from 1 up"
    value = reached(found)
    return StepsNeeded(
        value=found,
        unit="steps",
        method=f"{way}; {value.method}",
        guarantee=value.guarantee,
        schedule=family(found),
        reached=value,
        before=reached(found - 1) if found > 1 else None,
    )


def _read_family(schedule_family: str | Family, measures: Measures) -> Family:
    if isinstance(schedule_family, str):
        return named_family(schedule_family, measures.free.tolist(), lambda: measures.profile)
    if not callable(schedule_family):
        raise ValueError(f"schedule_family: expected a name or a function of N, got {schedule_family!r}")
    return schedule_family


def _monotone(schedule_family: str | Family, measures: Measures) -> bool:
    """Whether E KL is known to fall with N."""
    return schedule_family == "optimal" or (schedule_family == "uniform" and is_chain(measures.law))


def _scanned(target: Target, reached: Callable[[int], Result], last: int) -> int | None:
    return next((steps for steps in range(1, last + 1) if target.met(reached(steps))), None)


def _bisected(target: Target, reached: Callable[[int], Result], last: int) -> int | None:
    """The same for a value that never rises: doubling, then halving."""
    low, high = 0, 1
    while not target.met(reached(high)):
        if high == last:
            return None
        low, high = high, min(2 * high, last)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if target.met(reached(middle)) else (middle, high)
    return high
