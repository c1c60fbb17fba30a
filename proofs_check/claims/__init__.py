r'''Claims: a published statement as a function that returns a Relation, with what it takes to make it fail.

    @claim(
        source=Source("Feng et al. 2025", "arXiv 2502.09622v1"),
        log_base="2 (bits)",
        instances=grid(q=languages, steps=[1, 2, 3]),
        tight=Tight(at(q=zoo.all_equal(length=3), steps=1)),
        mutants=[Mutant("5% less divergence", constant=Fraction(19, 20))],
    )
    def error_rate(q, steps, *, constant=1):
        """-log2(1 - SER(p)) <= KL(q||p)."""
        law = sampler_law(q, IID.uniform(steps))
        return Relation(-log2(1 - exact.error_rate(law)), "<=", constant * exact.divergence(law))

The docstring is the statement.  Parameters are filled from an instance; keyword-only ones are the constants of
the claim, which mutants change.  No loop, tolerance or plot belongs in such a file: the engine has them.
'''

from proofs_check.backends.boxes import Box
from proofs_check.claims.library import all_claims, claims_of_file, select
from proofs_check.claims.statements import (
    Claim,
    Mutant,
    NotCheckable,
    Source,
    Tight,
    claim,
    claims_in,
    home_of,
)
from proofs_check.evidence import Report, Verdict
from proofs_check.instances import Grid, Instance, at, grid
from proofs_check.relation import Relation, Truth

__all__ = [
    "Box",
    "Claim",
    "Grid",
    "Instance",
    "Mutant",
    "NotCheckable",
    "Relation",
    "Report",
    "Source",
    "Tight",
    "Truth",
    "Verdict",
    "all_claims",
    "at",
    "claim",
    "claims_in",
    "claims_of_file",
    "grid",
    "home_of",
    "select",
]
