"""`maskproof report`: everything known of every claim in one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from oracles.files import check_writable, write_text
from proofs_check.claims import all_claims, select
from proofs_check.commands.console import print_json, progress
from proofs_check.engine import verify
from proofs_check.lemma_graph import LemmaGraph
from proofs_check.report.page import Entry, page


def run_report(patterns: Sequence[str], *, output: Path, seed: int, as_json: bool) -> int:
    """Verify the selected claims and write the page; 0 if all is as claimed, else 1.

    ValueError: an unknown claim, or a file that cannot be written.
    """
    check_writable(output)
    claims = select(patterns)
    graph = LemmaGraph({one.id: one for one in [*all_claims().values(), *claims]}.values())
    entries: list[Entry] = []
    with progress() as report:
        for index, claim in enumerate(claims):

            def show(id: str, done: int, total: int, index: int = index) -> None:
                report(f"{id} ({index + 1} of {len(claims)})", done, total)

            entries.append(Entry(claim, verify(claim, seed=seed, progress=show)))
    html = page(entries, graph)
    write_text(output, html)
    wrong = [entry.report.id for entry in entries if not entry.report.as_claimed]
    if as_json:
        print_json({"output": str(output), "claims": len(entries), "not_as_claimed": wrong})
    else:
        typer.echo(f"{output}: {len(entries)} claims, {len(html.encode('utf-8')) / 1e6:.1f} MB")
        typer.echo(f"not as claimed: {', '.join(wrong)}" if wrong else "all as claimed")
    return 1 if wrong else 0
