"""One claim checked as hard as is wanted; an error in it becomes part of the report."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from proofs_check.checking import data_files
from proofs_check.checking.source_files import sources_of
from proofs_check.claims import Claim
from proofs_check.engine import OUT_OF_TIME, verify
from proofs_check.evidence import Report, Verdict
from proofs_check.examination import BACKENDS, UNSTEADY
from proofs_check.progress import Progress

_ERROR = "an error"


@dataclass(frozen=True)
class Effort:
    """How claims are checked; reports are the same for the same effort, unless the deadline cuts one short."""

    seed: int = 0
    examples: int = 100
    backends: tuple[str, ...] = BACKENDS
    deadline: float | None = None
    """By `time.time`; a claim that is not done by then is UNDECIDED."""

    def check(self, claim: Claim, progress: Progress | None = None) -> Report:
        """A report on one claim, also where it raises an error; what it prints goes to standard error."""
        try:
            with redirect_stdout(sys.stderr):
                report = verify(
                    claim,
                    seed=self.seed,
                    examples=self.examples,
                    backends=self.backends,
                    deadline=self.deadline,
                    progress=progress,
                )
            return replace(report, read=data_files.read_by(sources_of(claim)))
        except Exception as error:  # noqa: BLE001 - anything may go wrong in a user's claim, and others go on
            return failed(claim, _described(error))

    @property
    def options(self) -> str:
        """What a report depends on, apart from the claim."""
        return f"{self.seed} {self.examples} {sorted(self.backends)}"


def finished(report: Report) -> bool:
    """Whether another run would come to the same report."""
    return report.method not in (OUT_OF_TIME, UNSTEADY, _ERROR)


def failed(claim: Claim, words: str) -> Report:
    """The report on a claim that could not be evaluated."""
    return Report(
        claim.id,
        str(claim.source),
        claim.statement,
        claim.log_base,
        tuple(claim.hypotheses),
        "none",
        Verdict.UNDECIDED,
        _ERROR,
        command=claim.command,
        failures=(words,),
    )


def _described(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"


def deadline_in(minutes: float | None) -> float | None:
    """When that is, by `time.time`; None without a limit.  ValueError for no time at all."""
    if minutes is None:
        return None
    if not 0 < minutes < inf:
        raise ValueError(f"minutes: expected a positive number, got {minutes}")
    return time.time() + 60 * minutes


def known_backends(names: Sequence[str]) -> tuple[str, ...]:
    """The names, checked; all backends if there are none.  ValueError for one that there is not."""
    for name in names:
        if name not in BACKENDS:
            raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}, got {name!r}")
    return tuple(names) or BACKENDS
