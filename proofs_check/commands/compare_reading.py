"""A comparison of a learned denoiser with the ideal one, in plain words."""

from __future__ import annotations

import math

from proofs_check.commands.compare_numbers import bits
from proofs_check.commands.compare_tables import written
from proofs_check.commands.digits import fixed, significant
from proofs_check.commands.numbers import probability
from theory.learning.report import LearningReport
from theory.learning.rows import StepRow
from theory.monte_carlo import Estimate

NOTHING = 1e-9
"""Bits that are taken for rounding."""

FULL_SUPPORT = "full support"
"""How it is known that nothing is an error."""

HYPOTHESIS = 1 / 128
"""Nats: the largest error that Theorem 4.4 of Feng et al. 2025 assumes."""


def reading(found: LearningReport) -> list[str]:
    """What the numbers say, a sentence or two for each of the tables."""
    return [*_average(found), *_worst(found), *_parts(found.rows), *_errors(found), *_elsewhere(found)]


def _average(found: LearningReport) -> list[str]:
    average = float(found.average.value)
    if math.isinf(average):
        return ["The NELBO is infinite: the model gives a possible token probability zero."]
    if abs(average) < NOTHING:
        return ["The NELBO is the entropy: the model is the ideal denoiser."]
    excess = f"{bits(found.average)} bits/token"
    return [f"The NELBO is {excess} above the entropy rate: that is the mean error over all masking rates."]


def _worst(found: LearningReport) -> list[str]:
    value = float(found.worst.value) * math.log(2)
    if math.isinf(value):
        return []
    least = "at least " if isinstance(found.worst, Estimate) else ""
    small = "within" if value <= HYPOTHESIS and not least else "not within"
    words = f"Its largest error is {least}{significant(value, 3)} nats"
    if found.worst_context is not None:
        pattern, position = found.worst_context
        words += f", at position {position} of {written(pattern, found.vocab_size)}"
    if least and value <= HYPOTHESIS:
        return [f"{words}; whether it is within 1/128, as Theorem 4.4 assumes, is not known."]
    return [f"{words}: {small} the 1/128 that Theorem 4.4 of Feng et al. 2025 assumes."]


def _parts(rows: tuple[StepRow, ...]) -> list[str]:
    """For which N learning is the larger part of E KL."""
    costs = [(float(row.learning.value), float(row.ideal.expected_kl.value)) for row in rows]
    if all(max(each) < NOTHING for each in costs):
        return []
    large = [learning > factorised for learning, factorised in costs]
    if not any(large):
        return ["Revealing tokens together costs more than the error of the model at every N shown."]
    first = large.index(True)
    if all(large[first:]):
        when = f"From N = {rows[first].steps} on"
    else:
        when = (
            f"At N = {', '.join(str(row.steps) for row, larger in zip(rows, large, strict=True) if larger)}"
        )
    return [f"{when} the error of the model costs more than revealing tokens together."]


def _errors(found: LearningReport) -> list[str]:
    """SER of both samplers, at the most steps."""
    if not found.rows:
        return []
    row = found.rows[-1]
    if row.error_bound.method == FULL_SUPPORT:
        return ["Every sequence is possible under q: there are no errors to make, SER is 0."]
    learned, ideal = (probability(point.sequence_error_rate) for point in (row.learned, row.ideal))
    return [f"At N = {row.steps} SER is {learned} with the model and {ideal} with the ideal denoiser."]


def _elsewhere(found: LearningReport) -> list[str]:
    """How often the sampler asks about contexts that q excludes."""
    if not found.rows:
        return []
    row = max(found.rows, key=lambda each: float(each.visited.impossible.value))
    share = float(row.visited.impossible.value)
    if share < NOTHING:
        return []
    where = "in contexts that are impossible under q, where no model was trained"
    return [f"With N = {row.steps} the sampler draws {fixed(100 * share, 1)}% of its tokens {where}."]
