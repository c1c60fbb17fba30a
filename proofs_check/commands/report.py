"""`maskproof report`: everything known of every claim in one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from oracles.files import check_writable, write_text
from proofs_check.certificates.writing import Certificates, certificates_of
from proofs_check.checking import cache
from proofs_check.checking.effort import Effort, deadline_in
from proofs_check.checking.parallel import check_all
from proofs_check.claims import Claim, all_claims, select
from proofs_check.commands.console import print_json, progress
from proofs_check.evidence import Report, Verdict
from proofs_check.lemma_graph import LemmaGraph
from proofs_check.progress import Progress
from proofs_check.report.page import Entry, page


@dataclass(frozen=True)
class ReportRequest:
    """The arguments of `maskproof report`."""

    patterns: Sequence[str]
    output: Path
    seed: int = 0
    minutes: float | None = None
    jobs: int | None = None
    cached: bool = True
    as_json: bool = False


def run_report(request: ReportRequest) -> int:
    """Verify the selected claims and write the page; 0 if all is as claimed, else 1.

    ValueError: an unknown claim, or a file that cannot be written.
    """
    output = request.output
    check_writable(output)
    effort = Effort(request.seed, deadline=deadline_in(request.minutes))
    claims = select(request.patterns)
    graph = LemmaGraph({claim.id: claim for claim in [*all_claims().values(), *claims]}.values())
    with progress() as report:
        reports = check_all(claims, effort, jobs=request.jobs, cached=request.cached, progress=report)
        entries = _certified(claims, reports, report, cached=request.cached)
    html = page(entries, graph)
    write_text(output, html)
    wrong = [one.id for one in reports if not one.as_claimed]
    if request.as_json:
        print_json({"output": str(output), "claims": len(claims), "not_as_claimed": wrong})
    else:
        size = len(html.encode("utf-8")) / 1e6
        typer.echo(f"{output}: {len(claims)} claim{'s' * (len(claims) != 1)}, {size:.1f} MB")
        typer.echo(f"not as claimed: {', '.join(wrong)}" if wrong else "all as claimed")
    return 1 if wrong else 0


def _certified(
    claims: Sequence[Claim], reports: Sequence[Report], progress: Progress, *, cached: bool
) -> list[Entry]:
    """Claims and reports with the certificates of what is established, and of what refutes the mutants."""
    entries, made = [], cache.certificates if cached else certificates_of
    for index, (claim, one) in enumerate(zip(claims, reports, strict=True)):
        progress(f"certificates of {claim.id}", index, len(claims))
        rigorous = one.verdict in (Verdict.PROVED, Verdict.CERTIFIED)
        own = made(claim) if rigorous else Certificates()
        entries.append(Entry(claim, one, own.and_against(one.mutants).listed))
    return entries
