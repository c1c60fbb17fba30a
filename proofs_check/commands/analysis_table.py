"""An analysis as tables for people, one for each family of schedules, and what the numbers are worth.

A range is an enclosure (rounded outwards), `a ± b` and `a [b, c]` are estimates with intervals, and a number
alone is exact or exact up to rounding; the footnotes say how each column was computed.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from oracles import Result
from proofs_check.commands.digits import DOWN, NEAREST, UP, fixed, plus_minus, significant
from proofs_check.commands.numbers import pedigree, probability
from theory.analysis import Analysis, Missing, Row
from theory.comparison import Number
from theory.monte_carlo import Estimate

_TITLES = {
    "iid": "iid steps: each position falls in one of N steps with probability 1/N",
    "sizes": "equal sizes: N steps of uniformly random positions, as many in each",
}


def analysis_table(analysis: Analysis, family: str) -> Table:
    """The rows of one family of schedules; fits 100 columns, and mostly 80."""
    table = Table(
        title=_TITLES[family],
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1),
        pad_edge=False,
    )
    table.add_column("N", justify="right", no_wrap=True)
    table.add_column("E KL\nbits", justify="right", no_wrap=True)
    table.add_column("\nsampled", no_wrap=True)
    table.add_column("log2 TER\nbits/token", no_wrap=True)
    table.add_column("\n≤ SI", justify="right", no_wrap=True)
    table.add_column("\n≤ log V", justify="right", no_wrap=True)
    table.add_column("SER\nprobability", no_wrap=True)
    table.add_column("\n≤ E KL", justify="right", no_wrap=True)
    for row in analysis.rows:
        if row.family == family:
            table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> Iterable[str]:
    return (
        str(row.steps),
        _bits(row.expected_kl),
        _sampled_bits(row.expected_kl_sampled),
        _rate(row.log2_token_error_rate),
        _bound(row.correlation_bound),
        _bound(row.vocabulary_bound),
        probability(row.sequence_error_rate),
        _bound(row.sequence_error_bound),
    )


def _bits(number: Number) -> str:
    if isinstance(number, Missing):
        return "-"
    if isinstance(number, Result) and number.bounds is not None:
        return f"{significant(number.bounds[0], 4, DOWN)}–{significant(number.bounds[1], 4, UP)}"
    return significant(number.value, 4)


def _sampled_bits(number: Number) -> str:
    if not isinstance(number, Estimate):
        return _bits(number)
    return plus_minus(number.value, (number.high - number.low) / 2)


def _rate(number: Number) -> str:
    if isinstance(number, Missing):
        return "-"
    if isinstance(number, Result) and number.bounds is not None:
        return f"{fixed(number.bounds[0], 4, DOWN)}–{fixed(number.bounds[1], 4, UP)}"
    return fixed(number.value, 4, NEAREST)


def _bound(number: Number) -> str:
    return "-" if isinstance(number, Missing) else fixed(number.value, 4, UP)


# ---------------------------------------------------------------------- what the numbers are worth


def footnotes(analysis: Analysis) -> list[str]:
    """A line or more for each column: how its numbers were computed and what they are worth."""
    rows, known = analysis.rows, analysis.correlation
    correlation = "not known" if isinstance(known, Missing) else f"{significant(known.value, 4)} bits"
    return [
        *_kinds("E KL", [(row, row.expected_kl) for row in rows]),
        *_kinds("  sampled", [(row, row.expected_kl_sampled) for row in rows]),
        *_kinds("log2 TER", [(row, row.log2_token_error_rate) for row in rows]),
        f"  ≤ SI: H/L + w SI/L; w = 1/N for iid steps, (largest size - 1)/L for sizes; SI {correlation}",
        "  ≤ log V: H/L + log2(V)/N",
        *_kinds("SER", [(row, row.sequence_error_rate) for row in rows]),
        "  ≤ E KL: 1 - 2^-E KL",
    ]


def _kinds(column: str, numbers: list[tuple[Row, Number]]) -> list[str]:
    """The different pedigrees in a column: the most frequent one, then where the others are."""
    found: dict[str, list[tuple[Row, Number]]] = {}
    for row, number in numbers:
        found.setdefault(pedigree(number), []).append((row, number))
    frequent = sorted(found.items(), key=lambda item: -len(item[1]))
    lines = []
    for kind, members in frequent:
        draws = sorted({number.n for _, number in members if isinstance(number, Estimate)})
        count = f", n = {draws[0]}{f' to {draws[-1]}' if len(draws) > 1 else ''}" if draws else ""
        place = f" ({_places([row for row, _ in members])})" if lines else ""
        lines.append(f"{column}{place}: {kind}{count}")
    return lines


def _places(rows: list[Row]) -> str:
    names = {"iid": "iid steps", "sizes": "equal sizes"}
    places = {name: [str(row.steps) for row in rows if row.family == name] for name in names}
    return "; ".join(f"{names[name]}, N = {', '.join(steps)}" for name, steps in places.items() if steps)
