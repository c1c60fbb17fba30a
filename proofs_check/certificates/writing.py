"""What a claim was shown by, as certificates: relations between exact numbers, and coverings of a box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracles.arithmetic import arithmetic
from oracles.files import write_text
from proofs_check.certificates import checker
from proofs_check.certificates.expressions import tree_of
from proofs_check.claims import Claim, NotCheckable
from proofs_check.evaluation import LEAST_BITS, OverBox, evaluate
from proofs_check.relation import Relation, Truth


@dataclass(frozen=True)
class Written:
    """A file of certificates; left_out: relations that hold, but not by a certificate."""

    path: Path
    certificates: int
    left_out: int

    def __str__(self) -> str:
        said = f"{self.path}: {self.certificates} certificate{'s' * (self.certificates != 1)}"
        return f"{said}, {self.left_out} relations have none" if self.left_out else said


def write_certificates(claim: Claim, folder: Path) -> Written | None:
    """Write `folder/ID.json`, a list; None if the claim has nothing that a certificate can state."""
    certificates, left_out = certificates_of(claim)
    if not certificates:
        return None
    path = folder / f"{claim.id}.json"
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(certificates, indent=1))
    return Written(path, len(certificates), left_out)


def certificates_of(claim: Claim) -> tuple[list[dict[str, Any]], int]:
    """A certificate for each relation that has one, verified; and the number of relations that hold without one.

    Certificates state relations between rationals and logarithms of rationals at listed instances, and whole
    boxes.  Symbols and enclosures of other numbers have none, nor have numbers of more digits than Python reads.
    """
    statements = list(_statements(claim))
    certificates = [statement for statement in statements if statement is not None]
    return certificates, len(statements) - len(certificates)


def _statements(claim: Claim) -> Iterator[dict[str, Any] | None]:
    """A certificate for every relation that holds, None for one that cannot have one."""
    try:
        for instance in claim.instances:
            words = f"{claim.statement}  {instance}".strip()
            if claim.box is not None:
                coverings = [
                    covering for covering in OverBox.of(claim, instance).coverings() if covering.complete
                ]
                yield from (covering.to_json(claim.id, words) for covering in coverings)
                continue
            outcome = evaluate(claim, instance)
            if outcome.met is Truth.TRUE:
                yield from (
                    _between_numbers(claim.id, words, one)
                    for one in outcome.relations
                    if one.truth is Truth.TRUE
                )
    except NotCheckable:
        return


def _between_numbers(claim: str, statement: str, relation: Relation) -> dict[str, Any] | None:
    """The certificate of one relation, if the checker takes it."""
    if relation.decided_by != "exact" or isinstance(relation.lhs, float) or isinstance(relation.rhs, float):
        return None
    with arithmetic("ball", bits=LEAST_BITS).context():
        certificate = {
            "claim": claim,
            "statement": statement,
            "variables": {},
            "lhs": tree_of(relation.lhs),
            "op": relation.op,
            "rhs": tree_of(relation.rhs),
            "boxes": [[]],
        }
    try:
        checker.verify(certificate)
    except (checker.Wrong, ValueError):
        return None
    return certificate
