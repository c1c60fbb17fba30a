"""An analysis in plain words: one sentence for each family of schedules."""

from __future__ import annotations

from proofs_check.commands.numbers import probability
from theory.analysis import Analysis, Missing, Row
from theory.monte_carlo import Estimate

NEAR = 0.1
"""Bits a token by which TER may exceed H/L and still be called close."""


def reading(analysis: Analysis) -> list[str]:
    """From which N on TER is close to the oracle's, and what SER is there and at the end."""
    names = {"iid": "iid steps", "sizes": "equal sizes"}
    return [
        f"{name}: {_sentence(analysis, [row for row in analysis.rows if row.family == family])}"
        for family, name in names.items()
    ]


def _sentence(analysis: Analysis, rows: list[Row]) -> str:
    near = len(rows)
    while near and _excess(analysis, rows[near - 1])[0] <= NEAR:
        near -= 1
    if near == len(rows):
        return f"TER is not shown to come within {NEAR} bits/token of the oracle; {_errors(rows[-1:])}."
    first, last = rows[near], rows[-1]
    estimated = any(_excess(analysis, row)[1] for row in rows[near:])
    basis = ", by the estimate of E KL" if estimated else ""
    shown = [first] if first is last else [first, last]
    return (
        f"TER is within {NEAR} bits/token of the oracle from N = {first.steps} on{basis}; {_errors(shown)}."
    )


def _excess(analysis: Analysis, row: Row) -> tuple[float, bool]:
    """The most by which log2 TER exceeds H/L, and whether that rests on an estimate."""
    floor, rate = analysis.entropy_rate, row.log2_token_error_rate
    lowest = float(floor.value if floor.bounds is None else floor.bounds[0])
    known = float(rate.value if rate.bounds is None else rate.bounds[1]) - lowest
    sampled = row.expected_kl_sampled
    if isinstance(row.expected_kl, Missing) and isinstance(sampled, Estimate):
        estimated = sampled.high / analysis.length
        return min(known, estimated), estimated < known
    return known, False


def _errors(rows: list[Row]) -> str:
    parts = []
    for row in rows:
        unknown = isinstance(row.sequence_error_rate, Missing)
        shown = "not known" if unknown else probability(row.sequence_error_rate)
        parts.append(f"{shown} at N = {row.steps}")
    return f"SER is {' and '.join(parts)}"
