"""`maskproof optimise`: the best schedules for a law, as tables, a plot or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from oracles.files import check_writable
from proofs_check.commands.arguments import (
    in_floats,
    masked_positions,
    powers_of_two,
    read_prompt,
    read_steps,
)
from proofs_check.commands.console import output, print_closing, print_heading, print_json, progress
from proofs_check.commands.schedule_json import survey_json
from proofs_check.commands.schedule_tables import footnotes, gap_table, need_table, size_lines, weight_lines
from proofs_check.commands.target import Target, read_target
from theory.optimise.survey import Survey, survey

DEFAULT_PLOT = Path("maskproof-schedules.png")

NEAR = 0.1
"""Bits a token of E KL that count as close, where no target is given."""


@dataclass(frozen=True)
class OptimiseRequest:
    """The options of the command, as given; fit: those of a reader; targets: from "ser", .. to a number."""

    target: str | None = None
    fit: Mapping[str, Any] | None = None
    steps: str | None = None
    given: str | None = None
    targets: Mapping[str, str] | None = None
    seed: int = 0
    plot: Path | None = None
    as_json: bool = False


def run_optimise(request: OptimiseRequest) -> int:
    """Optimise and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    steps = None if request.steps is None else read_steps(request.steps)
    plot = request.plot or (None if request.as_json else DEFAULT_PLOT)
    if plot is not None:
        check_writable(plot)
    with progress() as report:
        report("reading", 0, 1)
        target = read_target(request.target, request.fit or {}, seed=request.seed, report=report)
        given = read_prompt(target.law, request.given)
        masked = len(masked_positions(target.law, given))
        found = survey(
            in_floats(target.law),
            steps or [count for count in powers_of_two(masked) if 1 < count < masked] or [1],
            request.targets or {"expected_kl": NEAR * masked},
            given=given,
            progress=report,
        )
    if plot is not None:
        from proofs_check.plots.schedules import save_schedule_plot

        save_schedule_plot(found, target.name, plot)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "plot": plot and str(plot)}
        print_json(about | survey_json(found))
    else:
        _print(target, request.given, found, plot, output())
    return 0


def _print(target: Target, given: str | None, found: Survey, plot: Path | None, console: Console) -> None:
    notes = [] if given is None else [f"given {given!r}: the {found.length} tokens that are left"]
    print_heading(console, target.name, target.origin, [*notes, f"H: {found.entropy}"])
    console.print()
    console.print(gap_table(found))
    for title, lines in (
        ("Best sizes, in order: how many random tokens each step reveals", size_lines(found)),
        (
            "Best iid weights, in order: the chance in % that a token is revealed in each step",
            weight_lines(found),
        ),
    ):
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(Text(line))
    console.print()
    console.print(need_table(found))
    print_closing(console, footnotes(found), [], plot)
