"""A denoiser beside one that counts sequences of the law: is it worth its training?"""

from __future__ import annotations

import math

from rich.table import Table

from proofs_check.commands.analysis_table import probability
from proofs_check.commands.compare_numbers import bits
from theory.learning.report import LearningReport
from theory.learning.step_curves import interval_ends


def baseline_table(found: LearningReport, counted: LearningReport) -> Table:
    """The errors of both: in the worst context, on average, and what their samplers do."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    for name in ("model", "counts"):
        table.add_column(name, justify="right", no_wrap=True)
    both = (found, counted)
    table.add_row("largest in any possible context, bits", *(bits(each.worst) for each in both))
    table.add_row("mean over t, bits/token", *(bits(each.average) for each in both))
    table.add_row("NELBO, bits", *(bits(each.nelbo) for each in both))
    for rows in zip(found.rows, counted.rows, strict=True):
        steps = rows[0].steps
        table.add_row(f"learning in E KL, N = {steps}, bits", *(bits(row.learning) for row in rows))
        rates = (probability(row.learned.sequence_error_rate) for row in rows)
        table.add_row(f"SER, N = {steps}", *rates)
    return table


def baseline_footnote() -> str:
    """What is counted."""
    return (
        "counts: frequencies given the nearest observed token on each side, 1 added to each; numbers as those of "
        "the model"
    )


def baseline_reading(found: LearningReport, counted: LearningReport) -> str:
    """Which of the two errs more on average, if that is known."""
    low, high = interval_ends(found.average)
    least, most = interval_ends(counted.average)
    if math.isinf(high) and math.isinf(most):
        return "The mean error of both is infinite."
    if high < least:
        return "On average the model errs less than the counts."
    if most < low:
        return "On average the counts err less than the model."
    return "Which errs less on average, the model or the counts, these draws do not tell."
