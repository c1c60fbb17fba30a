"""A survey of schedules as tables for people."""

from __future__ import annotations

from itertools import groupby

from rich.table import Table

from proofs_check.commands.digits import UP, significant
from theory.analysis import Missing
from theory.optimise.gaps import Gap
from theory.optimise.survey import NEEDING, USUAL, Need, Row, Survey

MOST_WEIGHTS = 8
"""Weights of one schedule that are printed; JSON has all."""

NAMES = {
    "optimal": "best sizes",
    "equal": "equal sizes",
    "cosine-sizes": "cosine sizes",
    "square-sizes": "square sizes",
    "optimal-weights": "best iid",
    "uniform": "uniform iid",
    "cosine": "cosine iid",
    "square": "square iid",
}

_KINDS = {
    "ser": ("SER", ""),
    "ter": ("TER", ""),
    "kl": ("KL", " bits"),
    "expected_kl": ("E KL", " bits"),
}


def gap_table(survey: Survey) -> Table:
    """E KL of the best sizes, and of the other schedules over that; fits 100 columns."""
    table = _table("E KL in bits under the best sizes, and how many times that under other schedules")
    table.add_column("N", justify="right", no_wrap=True)
    table.add_column("best sizes\nbits", justify="right", no_wrap=True)
    for family in (*USUAL[:3], "optimal-weights", *USUAL[3:]):
        name, kind = NAMES[family].rsplit(" ", 1)
        table.add_column(f"{name}\n{kind}", justify="right", no_wrap=True)
    for row in survey.rows:
        sizes, weights = row.gaps[:3], row.gaps[3:]
        cells = [*map(_ratio, sizes), _best_weights(row), *map(_ratio, weights)]
        table.add_row(str(row.steps), significant(row.sizes.expected_kl.value, 4), *cells)
    return table


def _ratio(gap: Gap) -> str:
    if gap.ratio is None:
        return f"{significant(gap.expected_kl.value, 3)} bits"
    return f"{gap.ratio:.3f}"


def _best_weights(row: Row) -> str:
    least, value = float(row.sizes.expected_kl), float(row.weights.expected_kl)
    return f"{value / least:.3f}" if least > row.sizes.slack else f"{significant(value, 3)} bits"


def size_lines(survey: Survey) -> list[str]:
    """The best sizes of every N, equal neighbours as `count x size`."""
    return [f"N = {row.steps}: {_runs(row.sizes.sizes)}" for row in survey.rows]


def _runs(sizes: tuple[int, ...]) -> str:
    runs = [(size, len(list(members))) for size, members in groupby(sizes)]
    return ", ".join(str(size) if count == 1 else f"{count} x {size}" for size, count in runs)


def weight_lines(survey: Survey) -> list[str]:
    """The best iid weights of every N in per cent, the middle ones left out where they are many."""
    lines = []
    for row in survey.rows:
        shown = [f"{100 * float(weight):.2f}" for weight in row.weights.weights]
        if len(shown) > MOST_WEIGHTS:
            shown = [*shown[: MOST_WEIGHTS // 2], "..", *shown[-MOST_WEIGHTS // 2 :]]
        lines.append(f"N = {row.steps}: {', '.join(shown)}")
    return lines


def need_table(survey: Survey) -> Table:
    """The smallest N of every family for each target."""
    table = _table("Steps that a target needs")
    for name in ("target", "schedule"):
        table.add_column(name, no_wrap=True)
    table.add_column("N", justify="right", no_wrap=True)
    table.add_column("reached", justify="right", no_wrap=True)
    table.add_column("at N - 1", justify="right", no_wrap=True)
    table.add_column("")
    for need in survey.needs:
        name, unit = _KINDS[need.target.kind]
        target = f"{name} ≤ {float(need.target.most):.6g}{unit}" if need.family == NEEDING[0] else ""
        table.add_row(target, NAMES[need.family], *_need(need))
    return table


def _need(need: Need) -> tuple[str, str, str, str]:
    found = need.found
    if isinstance(found, Missing):
        return "-", "", "", found.reason
    before = "" if found.before is None else significant(found.before.value, 4)
    remark = "enough, by a bound from E KL" if need.enough else ""
    return str(found.steps), significant(found.reached.value, 4), before, remark


def footnotes(survey: Survey) -> list[str]:
    """What the numbers are worth."""
    slacks = [(row.sizes.slack, row.weights.slack) for row in survey.rows]
    sizes, weights = (significant(max(each), 2, UP) for each in zip(*slacks, strict=True))
    first = survey.rows[0].sizes.expected_kl
    return [
        f"E KL: {first.method} ({first.guarantee})",
        f"best sizes: none are better by more than {sizes} bits",
        f"best iid: no weights are better by more than {weights} bits",
        "sizes: a random order, so many tokens in each step; iid: every token falls in a step by itself",
        "equal, uniform: as many a step; cosine: 1 - cos(pi k / 2N) of all after k steps; square: (k/N)^2",
    ]


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1), pad_edge=False
    )
