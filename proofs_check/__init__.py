"""Claims about masked and discrete diffusion, and the engine that tries to prove and to refute them.

A claim (`claims/`) states a `relation` between numbers, on `instances`, `families` or `spaces` of them; `evaluation`
takes it at one, `examination` and `tally` at all, and the `engine` makes a report of it (`evidence`).

    papers/         the claims, one file a source
    backends/       how relations are decided, and counterexamples looked for
    checking/       many claims at once, and only those that have changed
    certificates/   what was shown, for an independent checker; lean/: for Lean 4
    cli/            the arguments of `maskproof`; commands/: what it does with them
    report/         a page about every claim; plots/: figures of what commands compute

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
