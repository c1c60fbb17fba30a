"""What a schedule does to a law, number by number: E KL, TER and SER, exact where there is a way, with the
published bounds and Monte Carlo beside them.

Every number says what it is worth.  The law is taken in its own arithmetic where the exact routes afford it,
else in float64; Monte Carlo always runs in floats.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from oracles import Oracle
from oracles.validation import read_count
from theory.analysis.quantities import Analysis, Missing, Row
from theory.analysis.rows import family_of, row_of
from theory.analysis.sampling import Sampling
from theory.analysis.subject import Subject
from theory.monte_carlo import check_confidence
from theory.progress import Progress, unwatched
from theory.samplers import read_problem
from theory.unmasking.partitions import equal_sizes
from theory.unmasking.schedules import IID, FixedSizes

__all__ = ["Analysis", "Missing", "Row", "analyse", "equal_sizes"]

STEP_LIMIT = 10**9
"""Largest L times the sum of all N: every position is looked at in every step."""


def analyse(
    q: Oracle,
    steps: Sequence[int],
    *,
    given: Any = None,
    samples: int,
    seed: int,
    confidence: float,
    minutes: float = 1.0,
    progress: Progress | None = None,
) -> Analysis:
    """Two schedules for every number of steps, uniform iid and equal sizes, with the ideal denoiser.

    given: a prompt; everything is then conditional on it.  samples: draws for each Monte Carlo estimate (0:
    none), fewer where they would not fit into about so many `minutes` in all (a model of the cost decides, so
    a seed repeats the result).  confidence: of each interval by itself.
    ValueError for steps below 1 or too many, an oracle without numbers (Boolean, or with symbols), an
    impossible prompt.
    """
    steps = [read_count("steps", count) for count in steps]
    samples = read_count("samples", samples, minimum=0)
    check_confidence(confidence)
    if not 0 < minutes < math.inf:
        raise ValueError(f"minutes: expected a positive number, got {minutes!r}")
    law = read_problem(q, IID.uniform(1), None, given).law
    law = law.to("float64") if law.arithmetic.name == "symbolic" else law
    if sum(steps) * law.length > STEP_LIMIT:
        raise ValueError(
            f"steps: expected at most {STEP_LIMIT // law.length} in all for sequences of {law.length} tokens, "
            f"got {sum(steps)}"
        )
    report = progress or unwatched
    report("information profile", 0, 2 * len(steps) + 1)
    schedules = [IID.uniform(count) for count in steps]
    schedules += [FixedSizes(equal_sizes(law.length, count)) for count in steps]
    subject = Subject.of(law, schedules)
    sampling = Sampling.of(subject.rounded, schedules, samples, seed, confidence, minutes)
    rows = []
    for index, schedule in enumerate(schedules):
        report(f"{family_of(schedule)}, N = {schedule.steps}", index + 1, len(schedules) + 1)
        rows.append(row_of(subject, sampling, index, schedule))
    report("done", len(schedules) + 1, len(schedules) + 1)
    return Analysis(
        vocab_size=law.vocab_size,
        length=law.length,
        entropy=subject.entropy,
        entropy_rate=subject.entropy_rate,
        correlation=subject.correlation,
        everything_possible=subject.everything_possible,
        rows=tuple(rows),
        samples=samples,
        seed=seed,
        confidence=confidence,
    )
