"""The main paper's claims come out as they should, mutants included."""

import pytest
from flint import fmpq

from proofs_check import Verdict, at, claims_in, verify
from proofs_check.evaluation import evaluate
from proofs_check.papers import feng2025
from proofs_check.relation import Truth
from theory import bounds

CLAIMS = claims_in(feng2025)
PROVED = {"equal_weights_are_best", "exponential"}
NOT_CHECKABLE = {"pretrained_models"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    """Every Monte Carlo comparison fails with probability at most 1e-9."""
    report = verify(CLAIMS[id], examples=15)
    name = id.removeprefix("feng2025.")
    special = dict.fromkeys(PROVED, Verdict.PROVED) | dict.fromkeys(NOT_CHECKABLE, Verdict.NOT_CHECKABLE)
    assert report.verdict is special.get(name, Verdict.CERTIFIED)
    assert report.failures == ()
    assert all(mutant.verdict is Verdict.REFUTED for mutant in report.mutants)
    assert report.mutants or name in NOT_CHECKABLE
    assert report.error_probability <= 1e-8


def test_the_last_number_of_steps_at_length_1000():
    claim = CLAIMS["feng2025.too_few_steps"]
    more = claim.mutants[0]
    assert more.constants == {"more": 1}
    assert evaluate(claim, at(length=1000)).truth is Truth.TRUE
    assert evaluate(claim, at(length=1000), more).truth is Truth.FALSE
    rate = feng2025.closed_forms.pairs_error_rate
    assert rate(fmpq(1, 676), 1000, 16) > fmpq(1, 2) > rate(fmpq(1, 677), 1000, 16)


def test_the_sharpened_constants_are_refuted_one_by_one():
    """No mutant of any claim hides behind another."""
    for claim in CLAIMS.values():
        assert len({mutant.name for mutant in claim.mutants}) == len(claim.mutants)


def test_the_extremal_law_is_within_the_error_and_nearly_attains_it():
    assert sum(feng2025.EXTREMAL) == 1
    low, high = bounds.peak_bracket(feng2025.NATS, 16)
    assert feng2025.EXTREMAL[0] < low < high < feng2025.EXTREMAL[0] + fmpq(1, 10**6)
