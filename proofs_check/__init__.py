"""Claims about masked and discrete diffusion, and the engine that tries to prove and to refute them.

Names are imported when they are first used, so that `maskproof --help` waits for no number cruncher.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proofs_check.claims import (
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
    from proofs_check.engine import verify, verify_all
    from proofs_check.evidence import MutantReport, Report, Tightest, Verdict
    from proofs_check.instances import Instance, at, grid
    from proofs_check.relation import Relation, Truth

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

_MODULES = ("evidence", "instances", "relation", "claims", "engine")
"""Where the names are; none of them has a public name, so that no import of one hides a function."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            home = import_module(f"{__name__}.{module}")
            if name in vars(home):
                return vars(home)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
