"""What a check established: verdicts, and the report in which they travel to people and to scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
    """What was established, strongest first."""

    PROVED = "PROVED"
    """A symbolic identity or inequality, or enclosures that cover the whole range of the parameters."""
    CERTIFIED = "CERTIFIED"
    """Rigorous, by exact numbers or enclosures, on the instances listed."""
    SUPPORTED = "SUPPORTED"
    """Floating point, random search or Monte Carlo found nothing against it."""
    UNDECIDED = "UNDECIDED"
    """The numbers are too wide to tell."""
    VACUOUS = "VACUOUS"
    """No instance meets the hypotheses: nothing was tested."""
    NOT_CHECKABLE = "NOT_CHECKABLE"
    """The statement cannot be checked by computation as it stands."""
    REFUTED = "REFUTED"
    """A certified counterexample is shown."""

    @property
    def strength(self) -> int:
        """Larger is stronger; REFUTED is 0."""
        return len(Verdict) - 1 - list(Verdict).index(self)

    def __str__(self) -> str:
        return self.value


UNTRIED = "neither a tight instance nor a mutant: nothing shows that this check could fail"
"""Noted on a claim that names no instance that must be tight and no variant that must be refuted."""


@dataclass(frozen=True)
class Tightest:
    """The largest ratio of the smaller side to the larger one seen (1 is equality), and where."""

    ratio: float
    text: str

    def __str__(self) -> str:
        return f"{self.ratio:.6g} at {self.text}"


@dataclass(frozen=True)
class Point:
    """Both sides of the first relation of a claim at an instance, near enough to plot them."""

    where: str
    lhs: float
    op: str
    rhs: float


@dataclass(frozen=True)
class MutantReport:
    """The fate of a deliberately false variant: anything but REFUTED means that the check is too weak."""

    name: str
    verdict: Verdict
    counterexample: str
    certificate: Mapping[str, Any] | None = None
    """A certificate that the counterexample refutes the variant (`certificates`), where numbers decide that."""

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict} ({self.counterexample})"


@dataclass(frozen=True)
class Report:
    """Everything a check of one claim established.

    failures lists, in words, what is not as claimed: the claim refuted, a mutant that survived, an instance
    called tight that is not, Monte Carlo outside its interval.  Empty means 'as claimed'.
    """

    id: str
    source: str
    statement: str
    log_base: str
    hypotheses: tuple[str, ...]
    domain: str
    verdict: Verdict
    method: str
    tightest: Tightest | None = None
    mutants: tuple[MutantReport, ...] = ()
    monte_carlo: str = ""
    error_probability: float = 0.0
    witness: str = ""
    command: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    failures: tuple[str, ...] = field(default=())
    points: tuple[Point, ...] = ()
    read: tuple[tuple[str, str], ...] = ()
    """Files of data that the claim's code read, and hashes of them (`data_files`)."""
    cached: bool = False

    @property
    def as_claimed(self) -> bool:
        """Whether the claim was established, or is known to be out of reach, and nothing failed."""
        return not self.failures and self.verdict not in (Verdict.VACUOUS, Verdict.UNDECIDED)

    @property
    def mutant(self) -> MutantReport | None:
        """The mutants as one line: the first that survived, else the first refuted; None if there is none."""
        return max(self.mutants, key=lambda mutant: mutant.verdict.strength, default=None)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dictionary; the keys id, source, verdict, method, tightest and mutant are stable."""
        return {
            "id": self.id,
            "source": self.source,
            "statement": self.statement,
            "log_base": self.log_base,
            "hypotheses": list(self.hypotheses),
            "domain": self.domain,
            "verdict": str(self.verdict),
            "method": self.method,
            "tightest": None
            if self.tightest is None
            else {"ratio": self.tightest.ratio, "where": self.tightest.text},
            "mutant": None if self.mutant is None else _mutant_json(self.mutant),
            "mutants": [_mutant_json(mutant) for mutant in self.mutants],
            "monte_carlo": self.monte_carlo,
            "error_probability": self.error_probability,
            "witness": self.witness,
            "command": self.command,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "failures": list(self.failures),
            "points": [list(astuple(point)) for point in self.points],
            "read": [list(one) for one in self.read],
            "cached": self.cached,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Report:
        """What `to_json` wrote.  KeyError, TypeError or ValueError for anything else."""
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.items()
            if name != "mutant"
        }
        tightest = record["tightest"]
        read["verdict"] = Verdict(record["verdict"])
        read["tightest"] = tightest and Tightest(tightest["ratio"], tightest["where"])
        read["mutants"] = tuple(
            MutantReport(one["name"], Verdict(one["verdict"]), one["counterexample"], one["certificate"])
            for one in record["mutants"]
        )
        read["points"] = tuple(Point(*point) for point in record["points"])
        read["read"] = tuple((path, digest) for path, digest in record["read"])
        return cls(**read)


def _mutant_json(mutant: MutantReport) -> dict[str, Any]:
    return {
        "name": mutant.name,
        "verdict": str(mutant.verdict),
        "counterexample": mutant.counterexample,
        "certificate": mutant.certificate,
    }
