"""Budgets of entropy: the bound of each variant, and the best constant of the one without the crossing token."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import claims_in
from proofs_check.papers import cai_li2026
from proofs_check.papers.cai_li2026 import overlapping_coins, planned
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(cai_li2026)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=5)


def test_the_crossing_token_fills_the_budget():
    """Parity of three, 3/2 bits a step: two tokens and then the third, or one after the other."""
    q = zoo.parity(3)
    with_it, without = (planned(q, fmpq(3, 2), "left", crossing) for crossing in (True, False))
    assert (with_it.expected_steps, without.expected_steps) == (2, 3)


def test_overlapping_coins_need_a_constant_above_two():
    q = overlapping_coins(6)
    paths = planned(q, fmpq(299, 100), "left", False)
    assert (paths.expected_steps, paths.divergence) == (6, 0)
    assert fmpq(299, 100) * 5 > 2 * 7
