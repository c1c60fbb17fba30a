"""How much entropy confidence leaves."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import Verdict, claims_in
from proofs_check.papers import low_confidence_entropy2026
from proofs_check.papers.low_confidence_entropy2026 import TWO_OF_FOUR, least_confidence, most_entropy
from tests.proofs_check.papers.verdicts import as_claimed
from theory import LowConfidence, sampler_law
from theory.denoisers import Ideal
from theory.exact.log_sums import entropy, log2

CLAIMS = claims_in(low_confidence_entropy2026)
NOT_CHECKABLE = {"low_confidence_entropy2026.reasoning"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED)


def test_keeping_the_most_confident_draw_can_add_entropy():
    law = sampler_law(TWO_OF_FOUR, LowConfidence(1)).table().reshape(-1)
    assert float(entropy(law)) == pytest.approx(1.4298749)
    assert float(TWO_OF_FOUR.entropy().value) == pytest.approx(1.3485879)


def test_confidence_of_uniform_tokens_says_nothing():
    q = zoo.parity(3)
    assert least_confidence(q, Ideal(q)) == fmpq(1, 2)
    assert most_entropy(fmpq(1, 4), 4) == log2(4)
