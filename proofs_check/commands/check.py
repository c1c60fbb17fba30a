"""`maskproof check`: run claims and report on them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proofs_check.certificates.writing import Written, write_certificates
from proofs_check.checking import cache
from proofs_check.checking.effort import Effort, deadline_in, known_backends
from proofs_check.checking.parallel import check_all
from proofs_check.claims import Claim, select
from proofs_check.commands.console import output, print_json, progress
from proofs_check.evidence import UNTRIED, Report, Verdict
from proofs_check.progress import Progress

OTHER_COLUMNS = 49
"""What the table has beside the names of claims, with room for two words of how each was established."""

_STYLES = {
    Verdict.PROVED: "bold green",
    Verdict.CERTIFIED: "green",
    Verdict.SUPPORTED: "cyan",
    Verdict.REFUTED: "bold red",
}


@dataclass(frozen=True)
class CheckRequest:
    """The arguments of `maskproof check`."""

    patterns: Sequence[str]
    seed: int = 0
    backends: Sequence[str] = ()
    minutes: float | None = None
    jobs: int | None = None
    cached: bool = True
    certificates: Path | None = None
    details: bool = False
    as_json: bool = False


def run_check(request: CheckRequest) -> int:
    """Verify the selected claims and print them; 0 if all is as claimed, else 1.  ValueError: unknown claim."""
    started = time.monotonic()
    deadline = deadline_in(request.minutes)
    effort = Effort(request.seed, backends=known_backends(request.backends), deadline=deadline)
    claims = select(request.patterns)
    with progress() as report:
        reports = check_all(claims, effort, jobs=request.jobs, cached=request.cached, progress=report)
        folder = request.certificates
        written = [] if folder is None else _certify(list(zip(claims, reports, strict=True)), folder, report)
    if request.as_json:
        files = {} if request.certificates is None else {"certificates": [str(one.path) for one in written]}
        print_json({"claims": [one.to_json() for one in reports], **files})
    else:
        _print(reports, output(), request.details, time.monotonic() - started)
        for one in written:
            output().print(f"{one}", markup=False, soft_wrap=True)
    return 0 if all(one.as_claimed for one in reports) else 1


def _certify(checked: Sequence[tuple[Claim, Report]], folder: Path, progress: Progress) -> list[Written]:
    """Write certificates of the claims that have some, those of their mutants' counterexamples among them."""
    written: list[Written | None] = []
    for index, (claim, report) in enumerate(checked):
        progress(f"certificates of {claim.id}", index, len(checked))
        both = cache.certificates(claim).and_against(report.mutants)
        written.append(write_certificates(both, folder / f"{claim.id}.json"))
    return [one for one in written if one is not None]


def _print(reports: Sequence[Report], console: Console, details: bool, seconds: float) -> None:
    console.print(claims_table(reports, console.width))
    for one in reports:
        for failure in one.failures:
            console.print(Text.assemble((one.id, "bold"), ": ", (failure, "red")))
    if untried := [one.id for one in reports if UNTRIED in one.notes]:
        console.print(Text.assemble((", ".join(untried), "bold"), ": ", (UNTRIED, "yellow")))
    if details:
        for one in reports:
            _print_details(one, console)
    console.print(_summary(reports, seconds))


def claims_table(reports: Sequence[Report], width: int) -> Table:
    """One line a claim, under the name of its file; long names go on in the next, at whole words."""
    recalled = len(", cached") if any(one.cached for one in reports) else 0
    room = max(width - OTHER_COLUMNS - recalled, 12)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("tight", no_wrap=True)
    table.add_column("mutants\nrefuted", no_wrap=True)
    table.add_column("Monte\nCarlo", no_wrap=True)
    table.add_column("established by")
    paper = ""
    for one in reports:
        file, _, name = one.id.rpartition(".")
        if file != paper:
            table.add_row(Text(_wrapped(file, room), "bold"))
            paper = file
        table.add_row(
            _wrapped(name, room),
            Text(str(one.verdict), _STYLES.get(one.verdict, "yellow")),
            "-" if one.tightest is None else f"{one.tightest.ratio:.4f}",
            _mutants(one),
            _monte_carlo(one),
            f"{one.method}, cached" if one.cached else one.method,
        )
    return table


def _wrapped(name: str, width: int) -> str:
    """A long name in several lines, at whole words."""
    lines = [""]
    for word in name.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1] + word) > width:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


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
        "verdict": _how(report),
        "tightest": str(report.tightest or "-"),
        "witness": report.witness,
        "Monte Carlo": report.monte_carlo,
        "data read": ", ".join(path for path, _ in report.read),
        "repeat with": report.command,
        "took": f"{report.seconds:.1f} s"
        + ", the last time that anything it depends on changed" * report.cached,
    }
    for name, text in lines.items():
        if text:
            console.print(Text(f"  {name}: {text}"))
    for line in (*(f"mutant {mutant}" for mutant in report.mutants), *report.notes):
        console.print(Text(f"  {line}"))


def _how(report: Report) -> str:
    if report.verdict in (Verdict.NOT_CHECKABLE, Verdict.VACUOUS, Verdict.UNDECIDED):
        return f"{report.verdict}: {report.method}"
    return f"{report.verdict} by {report.method}"


def _summary(reports: Sequence[Report], seconds: float) -> str:
    wrong = sum(not one.as_claimed for one in reports)
    chance = sum(one.error_probability for one in reports)
    claims = f"{len(reports)} claim{'s' * (len(reports) != 1)} in {seconds:.1f} s"
    recalled = sum(one.cached for one in reports)
    claims += f" ({recalled} cached)" if recalled else ""
    open_ones = sum(one.verdict is Verdict.NOT_CHECKABLE for one in reports)
    sound = len(reports) - wrong - open_ones
    counts = {"as claimed": sound, "not checkable": open_ones, "not as claimed": wrong}
    parts = [f"{count} {words}" for words, count in counts.items() if count]
    verdict = "all as claimed" if sound == len(reports) else ", ".join(parts)
    luck = f"; Monte Carlo errs with probability at most {chance:.1g} in all" if chance else ""
    return f"{claims}: {verdict}{luck}"
