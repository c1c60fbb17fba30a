"""What the tests of all papers ask: every claim comes out as it should, and every mutant is refuted."""

from proofs_check import Claim, Verdict, verify


def as_claimed(claim: Claim, wanted: Verdict = Verdict.CERTIFIED, *, examples: int = 15) -> None:
    """The claim has this verdict, nothing about it fails, and something was there that could have."""
    report = verify(claim, examples=examples)
    assert report.failures == ()
    assert report.verdict is wanted
    assert all(mutant.verdict is Verdict.REFUTED for mutant in report.mutants)
    assert report.mutants or wanted is Verdict.NOT_CHECKABLE
    assert len({mutant.name for mutant in claim.mutants}) == len(claim.mutants)
