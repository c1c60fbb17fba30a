"""Orders and parallel decoding: KL(p||q) without bound, the price of verification, remasking, easy tokens first."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import Verdict, claims_in
from proofs_check.papers import generation_order2026
from proofs_check.papers.generation_order2026 import LAWS, gain, nearly_equal_coins, proposals
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(generation_order2026)
NOT_CHECKABLE = {"generation_order2026.arithmetic_of_large_models"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED)


def test_coins_that_differ_now_and_then():
    q = nearly_equal_coins(3)
    assert q.probability([0, 1]) + q.probability([1, 0]) == fmpq(1, 8)


def test_proposals_of_uniform_codes():
    assert proposals(zoo.all_equal(3, 3)) == 9
    assert proposals(zoo.tetracode()) == 9
    assert proposals(zoo.parity(4)) == 2


def test_easy_tokens_first_can_lose():
    assert gain(LAWS["trigram"], 0) == 0
    assert gain(LAWS["trigram"], fmpq(2, 5)) < gain(LAWS["trigram"], fmpq(1, 5)) < 0
