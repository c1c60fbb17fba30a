"""The engine: a claim goes in, a report comes out."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from proofs_check.claims import Claim, NotCheckable
from proofs_check.evidence import UNTRIED, Report, Verdict
from proofs_check.examination import BACKENDS, Examination
from proofs_check.progress import OutOfTime, Progress, Work

OUT_OF_TIME = "out of time"
"""The method of a report that was cut short."""


def verify(
    claim: Claim,
    *,
    seed: int = 0,
    examples: int = 100,
    backends: Collection[str] = BACKENDS,
    deadline: float | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a claim on its instances, by random search, against Monte Carlo, and through its mutants.

    examples: random instances tried where the claim names search strategies.  backends: which of them to use, all
    by default.  deadline: when, by `time.time`, to stop and report UNDECIDED.  Deterministic for a seed, unless time
    runs out.
    """
    started = time.perf_counter()
    work = Work(claim, progress, deadline)
    examination = Examination(claim, seed, examples, frozenset(backends), work)
    try:
        findings = examination.findings()
    except NotCheckable as reason:
        findings = examination.cut_short(Verdict.NOT_CHECKABLE, str(reason), "none")
    except OutOfTime:
        done = f"{work.count} of {work.total} pieces of work"
        findings = examination.cut_short(Verdict.UNDECIDED, OUT_OF_TIME, done)
    return Report(
        id=claim.id,
        source=str(claim.source),
        statement=claim.statement,
        log_base=claim.log_base,
        hypotheses=tuple(claim.hypotheses),
        command=claim.command,
        notes=(*claim.notes, *([UNTRIED] if _untried(claim, findings["verdict"]) else [])),
        seconds=time.perf_counter() - started,
        **findings,
    )


def verify_all(
    claims: Iterable[Claim], *, seed: int = 0, examples: int = 100, progress: Progress | None = None
) -> list[Report]:
    """Reports on several claims, in their order."""
    return [verify(claim, seed=seed, examples=examples, progress=progress) for claim in claims]


def _untried(claim: Claim, verdict: Verdict) -> bool:
    """Whether the claim passes for all that is known of its check, which may pass whatever is claimed."""
    established = verdict in (Verdict.PROVED, Verdict.CERTIFIED, Verdict.SUPPORTED)
    return established and claim.tight is None and not claim.mutants
