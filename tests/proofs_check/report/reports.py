"""Reports to put on a page."""

from proofs_check.claims import Claim
from proofs_check.evidence import MutantReport, Point, Report, Verdict


def unverified(known: Claim) -> Report:
    """A report that took no time: every field filled, long words, and signs that HTML has to escape."""
    law = "q={" + ", ".join(f"{n:08b}: 1/{n + 1}" for n in range(40)) + "} <b>&"
    points = tuple(Point(law, n / 7, "<=", n * n / 5) for n in range(50))
    return Report(
        known.id,
        str(known.source),
        known.statement,
        known.log_base,
        tuple(known.hypotheses),
        "50 instances & <more>",
        Verdict.CERTIFIED,
        "exact numbers",
        mutants=(MutantReport("a < b", Verdict.REFUTED, f"{law}: 3 <= 2 fails"),),
        witness="<i>" + "0123456789" * 40,
        command=known.command,
        notes=tuple(known.notes),
        failures=(f"<u> {law}",),
        points=points,
    )
