"""Orders side by side, as a table for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rich.table import Table

from oracles import Result
from proofs_check.commands.digits import UP, fixed, plus_minus, significant
from proofs_check.commands.numbers import number_json, probability
from theory.analysis import Missing
from theory.comparison import Comparison, Number, OrderRow
from theory.estimators.divergence import BIASED_TERMS
from theory.monte_carlo import Estimate

COLUMNS = (
    ("steps", "expected"),
    ("KL", "bits"),
    ("E KL", "bits"),
    ("SER", "prob."),
    ("H(p)", "bits"),
    ("gen. NLL", "bits/token"),
    ("TV", "prob."),
    ("log2 TER", "bits/token"),
)
"""The columns and their units."""


def order_table(comparison: Comparison) -> Table:
    """One line an order, in the order asked for; fits 100 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("order", overflow="fold", min_width=14)
    for name, unit in COLUMNS:
        table.add_column(f"{name}\n{unit}", justify="right", no_wrap=True)
    for row in comparison.rows:
        table.add_row(row.name, *_cells(row, comparison.length))
    return table


def _cells(row: OrderRow, length: int) -> Iterable[str]:
    return (
        shown(row.steps, 2),
        shown(row.divergence),
        "=" if _same_estimate(row) else shown(row.expected_divergence),
        shown(row.sequence_error_rate)
        if isinstance(row.sequence_error_rate, Missing)
        else probability(row.sequence_error_rate),
        shown(row.entropy),
        shown(row.cross_entropy, share=length),
        shown(row.total_variation),
        shown(row.log2_token_error_rate),
    )


def _same_estimate(row: OrderRow) -> bool:
    return isinstance(row.divergence, Estimate) and row.expected_divergence is row.divergence


def shown(number: Number, places: int = 4, share: int = 1) -> str:
    """A number over `share`, `inf`, or `-` where there is none; what rounding leaves of 0 is 0."""
    if isinstance(number, Missing):
        return "-"
    value = float(number.value) / share
    if isinstance(number, Estimate) and number.method == BIASED_TERMS and math.isfinite(number.high):
        return f"≤ {significant(number.high / share, 4, UP)}"
    if isinstance(number, Estimate) and math.isfinite(value):
        return plus_minus(value, (number.high - number.low) / 2 / share)
    if not math.isfinite(value):
        return "inf" if math.isinf(value) else "-"
    if isinstance(number, Result) and number.bounds is not None:
        half = float(number.bounds[1] - number.bounds[0]) / 2 / share
        return fixed(value, places) if half < 0.5 * 10**-places else plus_minus(value, half)
    return "0" if abs(value) < 1e-12 else fixed(value, places)


def footnotes(comparison: Comparison) -> list[str]:
    """What the columns mean and how they were computed."""
    rows = comparison.rows
    methods = sorted({row.law.method for row in rows if row.law is not None})
    guarantees = sorted({row.law.guarantee for row in rows if row.law is not None})
    lines = []
    if methods:
        lines.append(f"exact laws p, by {' and '.join(methods)} ({', '.join(guarantees)})")
    lines += [
        "KL: KL(q||p), q the law and p what is generated; E KL: the same for one order at a time, averaged",
        "H(p): entropy of what is generated",
        "gen. NLL: E_p[-log2 q]/L over what is no error, log2 of its generative perplexity",
        "log2 TER: (H(q) + KL)/L; steps: expected calls of the denoiser",
    ]
    estimates: dict[str, list[Estimate]] = {}
    for row in rows:
        if isinstance(row.divergence, Estimate):
            estimates.setdefault(row.divergence.method, []).append(row.divergence)
    for method, numbers in estimates.items():
        draws = sorted({number.n for number in numbers})
        count = f"{draws[0]}{f' to {draws[-1]}' if len(draws) > 1 else ''}"
        lines.append(f"KL estimated: {100 * numbers[0].confidence:.10g}% {method}, n = {count}")
    bounded = [
        row.name
        for row in rows
        if any(isinstance(n, Result) and n.bounds for n in (row.divergence, row.expected_divergence))
    ]
    if bounded:
        lines.append(
            f"KL or E KL of {', '.join(bounded)}: certainly within the digits or ±, by two-sided windows"
        )
    missing: dict[str, list[str]] = {}
    for row in rows:
        if isinstance(row.divergence, Missing):
            missing.setdefault(row.divergence.reason, []).append(row.name)
    return lines + [f"{', '.join(names)}: {reason}" for reason, names in missing.items()]


def order_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON-ready dictionaries: every number with its kind."""
    return {
        "vocab_size": comparison.vocab_size,
        "length": comparison.length,
        "entropy": number_json(comparison.entropy),
        "ideal": comparison.ideal,
        "orders": [_row_json(row) for row in comparison.rows],
    }


def _row_json(row: OrderRow) -> dict[str, Any]:
    return {
        "order": row.name,
        "steps": number_json(row.steps),
        "kl": number_json(row.divergence),
        "expected_kl": number_json(row.expected_divergence),
        "ser": number_json(row.sequence_error_rate),
        "entropy": number_json(row.entropy),
        "generative_nll": number_json(row.cross_entropy),
        "total_variation": number_json(row.total_variation),
        "log2_ter": number_json(row.log2_token_error_rate),
    }
