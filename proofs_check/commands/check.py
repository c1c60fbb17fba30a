"""`maskproof check`: run claims and report on them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofs_check.claims import select
from proofs_check.commands.console import output, print_json, progress
from proofs_check.engine import verify
from proofs_check.evidence import Report, Verdict

_STYLES = {
    Verdict.PROVED: "bold green",
    Verdict.CERTIFIED: "green",
    Verdict.SUPPORTED: "cyan",
    Verdict.REFUTED: "bold red",
}


def run_check(patterns: Sequence[str], *, seed: int, details: bool, as_json: bool) -> int:
    """Verify the selected claims and print them; 0 if all is as claimed, else 1.  ValueError: unknown claim."""
    claims = select(patterns)
    reports: list[Report] = []
    with progress() as report:
        for index, claim in enumerate(claims):

            def show(id: str, done: int, total: int, index: int = index) -> None:
                report(f"{id} ({index + 1} of {len(claims)})", done, total)

            reports.append(verify(claim, seed=seed, progress=show))
    if as_json:
        print_json({"claims": [one.to_json() for one in reports]})
    else:
        _print(reports, output(), details)
    return 0 if all(one.as_claimed for one in reports) else 1


def _print(reports: Sequence[Report], console: Console, details: bool) -> None:
    console.print(claims_table(reports))
    for one in reports:
        for failure in one.failures:
            console.print(Text.assemble((one.id, "bold"), ": ", (failure, "red")))
    if details:
        for one in reports:
            _print_details(one, console)
    console.print(_summary(reports))


def claims_table(reports: Sequence[Report]) -> Table:
    """One line a claim, under the name of its file; fits 80 columns."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("claim", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("tight", no_wrap=True)
    table.add_column("mutants\nrefuted", no_wrap=True)
    table.add_column("Monte\nCarlo", no_wrap=True)
    table.add_column("established by")
    paper = ""
    for one in reports:
        file, _, name = one.id.rpartition(".")
        if file != paper:
            table.add_row(Text(file, "bold"))
            paper = file
        table.add_row(
            name,
            Text(str(one.verdict), _STYLES.get(one.verdict, "yellow")),
            "-" if one.tightest is None else f"{one.tightest.ratio:.4f}",
            _mutants(one),
            _monte_carlo(one),
            one.method,
        )
    return table


def _mutants(report: Report) -> Text:
    refuted = sum(mutant.verdict is Verdict.REFUTED for mutant in report.mutants)
    if not report.mutants:
        return Text("-")
    return Text(f"{refuted} of {len(report.mutants)}", "" if refuted == len(report.mutants) else "bold red")


def _monte_carlo(report: Report) -> Text:
    if not report.monte_carlo:
        return Text("-")
    differs = any(failure.startswith("Monte Carlo") for failure in report.failures)
    return Text("differs", "bold red") if differs else Text("agrees")


def _print_details(report: Report, console: Console) -> None:
    console.print(Text.assemble("\n", (report.id, "bold"), "  ", report.statement))
    lines = {
        "source": report.source,
        "logarithms": report.log_base,
        "hypotheses": ", ".join(report.hypotheses) or "none",
        "checked on": report.domain,
        "verdict": f"{report.verdict} by {report.method}",
        "tightest": str(report.tightest or "-"),
        "witness": report.witness,
        "Monte Carlo": report.monte_carlo,
        "repeat with": report.command,
        "took": f"{report.seconds:.1f} s",
    }
    for name, text in lines.items():
        if text:
            console.print(Text(f"  {name}: {text}"))
    for line in (*(f"mutant {mutant}" for mutant in report.mutants), *report.notes):
        console.print(Text(f"  {line}"))


def _summary(reports: Sequence[Report]) -> str:
    wrong = sum(not one.as_claimed for one in reports)
    seconds = sum(one.seconds for one in reports)
    chance = sum(one.error_probability for one in reports)
    claims = f"{len(reports)} claim{'s' * (len(reports) != 1)} in {seconds:.1f} s"
    open_ones = sum(one.verdict is Verdict.NOT_CHECKABLE for one in reports)
    sound = len(reports) - wrong - open_ones
    counts = {"as claimed": sound, "not checkable": open_ones, "not as claimed": wrong}
    parts = [f"{count} {words}" for words, count in counts.items() if count]
    verdict = "all as claimed" if sound == len(reports) else ", ".join(parts)
    luck = f"; Monte Carlo errs with probability at most {chance:.1g} in all" if chance else ""
    return f"{claims}: {verdict}{luck}"
