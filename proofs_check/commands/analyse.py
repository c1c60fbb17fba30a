"""`maskproof analyse`: what few steps cost on a given law, as a table, a plot or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from oracles.files import check_writable
from proofs_check.commands.analysis_json import analysis_json
from proofs_check.commands.analysis_reading import reading
from proofs_check.commands.analysis_table import analysis_table, footnotes
from proofs_check.commands.arguments import masked_positions, powers_of_two, read_prompt, read_steps
from proofs_check.commands.console import output, print_closing, print_heading, print_json, progress
from proofs_check.commands.target import Target, read_target
from theory.analysis import Analysis, Missing, analyse

DEFAULT_PLOT = Path("maskproof-analysis.png")

_SMALLER = (
    "What fits: --order 2 over characters for exact E KL; --alphabet letters, a smaller --length "
    "or more --minutes for draws"
)


@dataclass(frozen=True)
class AnalyseRequest:
    """The options of the command, as given; fit: those of a reader, such as `fit_ngram`."""

    target: str | None = None
    fit: Mapping[str, Any] | None = None
    steps: str | None = None
    given: str | None = None
    samples: int = 500
    minutes: float = 1.0
    seed: int = 0
    confidence: float = 0.99
    plot: Path | None = None
    as_json: bool = False


def run_analyse(request: AnalyseRequest) -> int:
    """Analyse and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    steps = None if request.steps is None else read_steps(request.steps)
    plot = request.plot or (None if request.as_json else DEFAULT_PLOT)
    if plot is not None:
        check_writable(plot)
    with progress() as report:
        report("reading", 0, 1)
        target = read_target(request.target, request.fit or {}, seed=request.seed, report=report)
        given = read_prompt(target.law, request.given)
        analysis = analyse(
            target.law,
            steps or powers_of_two(len(masked_positions(target.law, given))),
            given=given,
            samples=request.samples,
            seed=request.seed,
            confidence=request.confidence,
            minutes=request.minutes,
            progress=report,
        )
    if plot is not None:
        from proofs_check.plots.analysis import save_analysis_plot

        save_analysis_plot(analysis, target.name, plot)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "errors": target.error}
        print_json(about | {"plot": plot and str(plot)} | analysis_json(analysis))
    else:
        _print(target, request.given, analysis, plot, output())
    return 0


def _print(
    target: Target, given: str | None, analysis: Analysis, plot: Path | None, console: Console
) -> None:
    notes = [] if given is None else [f"given {given!r}: the {analysis.length} tokens that are left"]
    notes += [f"H/L: {analysis.entropy_rate}", f"SER: {target.error}"]
    print_heading(console, target.name, target.origin, notes)
    for family in ("iid", "sizes"):
        console.print()
        console.print(analysis_table(analysis, family))
    lines = footnotes(analysis)
    if target.fitted and any(isinstance(row.expected_kl, Missing) for row in analysis.rows):
        lines.append(_SMALLER)
    print_closing(console, lines, reading(analysis), plot)
