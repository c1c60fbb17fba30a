"""Claims about masked and discrete diffusion, and the engine that tries to prove and to refute them."""

from proofs_check.claim import (
    Claim,
    Mutant,
    NotCheckable,
    Source,
    Tight,
    all_claims,
    claim,
    claims_in,
    select,
)
from proofs_check.evidence import MutantReport, Report, Tightest, Verdict
from proofs_check.instances import Instance, at, grid
from proofs_check.relation import Relation, Truth
from proofs_check.verify import verify, verify_all

__all__ = [
    "Claim",
    "Instance",
    "Mutant",
    "MutantReport",
    "NotCheckable",
    "Relation",
    "Report",
    "Source",
    "Tight",
    "Tightest",
    "Truth",
    "Verdict",
    "all_claims",
    "at",
    "claim",
    "claims_in",
    "grid",
    "select",
    "verify",
    "verify_all",
]
