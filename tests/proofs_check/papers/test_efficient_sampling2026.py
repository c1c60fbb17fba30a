"""The effective total correlation, and the hidden path that bounds it."""

import pytest

from oracles import zoo
from proofs_check import Verdict, claims_in
from proofs_check.papers import efficient_sampling2026
from proofs_check.papers.efficient_sampling2026 import dual_total_correlation
from tests.proofs_check.papers.verdicts import as_claimed
from theory.exact import information as exact

CLAIMS = claims_in(efficient_sampling2026)
NOT_CHECKABLE = {"efficient_sampling2026.uniform_noise"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED)


def test_one_topic_and_parity():
    constant = zoo.topic_hmm(5, topics=2, words=1, stay=1, own=1)
    assert (exact.total_correlation(constant), dual_total_correlation(constant)) == (4, 1)
    assert (exact.total_correlation(zoo.parity(4)), dual_total_correlation(zoo.parity(4))) == (1, 3)
