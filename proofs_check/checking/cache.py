"""Reports and certificates that were already made: kept by the content of everything they depend on.

A report is good while the file of its claim, the files it imports, the data that these read (`data_files`), the
engine, the two packages below it, the libraries under them, and the options are what they were.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from oracles.files import read_text, write_text
from proofs_check.certificates.writing import Certificates, certificates_of
from proofs_check.checking import data_files
from proofs_check.checking.source_files import sources_of
from proofs_check.claims import Claim, home_of
from proofs_check.evidence import Report

_ROOT = Path(__file__).parents[2]
_LIBRARIES = ("numpy", "scipy", "sympy", "python-flint", "hypothesis", "torch", "numba", "networkx")
_NOT_EVIDENCE = ("cli", "commands", "papers", "plots", "report")
"""Folders of this package on which no verdict depends; a paper counts for itself and where it is imported."""


def folder() -> Path:
    """Where reports are kept: under XDG_CACHE_HOME, LOCALAPPDATA, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "maskproof" / "checks"


def key(claim: Claim, options: str) -> str | None:
    """A hash of everything that a report on the claim depends on; None for a claim that stands in no file."""
    home = home_of(claim)
    if home is None:
        return None
    digest = hashlib.sha256(f"{claim.id}\0{options}\0{_environment()}".encode())
    for file in sorted(sources_of(claim)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def recall(claim: Claim, key: str) -> Report | None:
    """The report made under this key, if it is the last one kept of the claim."""
    try:
        report = Report.from_json(_recalled(_file(claim), key))
    except (ValueError, KeyError, TypeError, OSError):  # none kept, or not by us: it is made again
        return None
    return replace(report, cached=True, command=claim.command)


def keep(claim: Claim, key: str, report: Report) -> None:
    """Keep a report; where that cannot be done it is made again next time."""
    _keep(_file(claim), key, report.to_json(), report.read)


def certificates(claim: Claim) -> Certificates:
    """The certificates of a claim: as they were made and kept, if they are still good."""
    made_from = key(claim, "certificates")
    if made_from is None:
        return certificates_of(claim)
    file = _file(claim, ".certificates")
    try:
        kept = _recalled(file, made_from)
        return Certificates(tuple(kept["listed"]), kept["left_out"])
    except (ValueError, KeyError, TypeError, OSError):
        made = certificates_of(claim)
        content = {"listed": made.listed, "left_out": made.left_out}
        _keep(file, made_from, content, data_files.read_by(sources_of(claim)))
        return made


def _recalled(file: Path, key: str) -> Any:
    """What was kept under this key.  KeyError, or what reading a file raises, if that is not there or out of date."""
    kept = json.loads(read_text(file))
    if kept["key"] != key or not data_files.unchanged((path, digest) for path, digest in kept["read"]):
        raise KeyError(key)
    return kept["content"]


def _keep(file: Path, key: str, content: Any, read: Sequence[data_files.Read]) -> None:
    with contextlib.suppress(OSError, ValueError):
        folder().mkdir(parents=True, exist_ok=True)
        write_text(file, json.dumps({"key": key, "read": read, "content": content}, allow_nan=False))


def _file(claim: Claim, kind: str = "") -> Path:
    place = hashlib.sha256(str(home_of(claim)).encode()).hexdigest()[:8]
    return folder() / f"{claim.id}-{place}{kind}.json"


@lru_cache(maxsize=1)
def _environment() -> str:
    """The engine and what lies below it, as one hash, with the versions of the libraries."""
    digest = hashlib.sha256()
    for package in ("oracles", "theory", "proofs_check"):
        for file in sorted((_ROOT / package).rglob("*.py")):
            if file.relative_to(_ROOT).parts[1] not in _NOT_EVIDENCE:
                digest.update(f"{file.relative_to(_ROOT)}\0".encode() + file.read_bytes())
    versions = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    return " ".join([digest.hexdigest(), sys.version, *versions])
