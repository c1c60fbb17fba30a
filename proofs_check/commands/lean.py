"""`maskproof lean`: what claims were shown by, as theorems for Lean 4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from oracles.files import write_text
from proofs_check.checking import cache
from proofs_check.claims import Claim, select
from proofs_check.commands.console import print_json, progress
from proofs_check.lean.theorems import compile_lean, lean_source


def run_lean(patterns: Sequence[str], *, folder: Path, as_json: bool) -> int:
    """Write one file for each claim that has certificates; 1 if Lean is there and rejects one, else 0.

    ValueError: an unknown claim.  OSError: a folder that cannot be written to.
    """
    claims = select(patterns)
    folder.mkdir(parents=True, exist_ok=True)
    with progress() as report:
        written = []
        for index, claim in enumerate(claims):
            report(claim.id, index, len(claims))
            written.append(_write(claim, folder))
    if as_json:
        print_json({"files": written})
    else:
        for one in written:
            typer.echo(_in_words(one))
    return 1 if any(one["lean"].startswith("rejected") for one in written) else 0


def _write(claim: Claim, folder: Path) -> dict[str, Any]:
    certificates = cache.certificates(claim)
    path = folder / f"{claim.id}.lean"
    if certificates.listed:
        write_text(path, lean_source(claim, certificates.listed))
    return {
        "claim": claim.id,
        "file": str(path) if certificates.listed else None,
        "theorems": len(certificates.listed),
        "left_out": certificates.left_out,
        "lean": compile_lean(path) if certificates.listed else "nothing to compile",
    }


def _in_words(written: dict[str, Any]) -> str:
    if written["file"] is None:
        return f"{written['claim']}: nothing that a theorem can state"
    count, left_out = written["theorems"], written["left_out"]
    missing = f", {left_out} relations left out" if left_out else ""
    return f"{written['file']}: {count} theorem{'s' * (count != 1)}{missing}; {written['lean']}"
