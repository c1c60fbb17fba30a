"""Circulation: none for the conditionals of a law, and a test of the others."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import claims_in
from proofs_check.papers import order_circulation2026
from proofs_check.papers.order_circulation2026 import blurred, circulation, possible
from tests.proofs_check.papers.verdicts import as_claimed
from theory.exact.log_sums import log2

CLAIMS = claims_in(order_circulation2026)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_circulation_by_hand():
    """01 under the golden mean, blurred: first alone 13/20, then 1/2; last alone 7/20, then 19/20."""
    q = zoo.golden_mean(2)
    assert possible(q) == [(0, 0), (0, 1), (1, 0)]
    first = fmpq(9, 10) * fmpq(2, 3) + fmpq(1, 20)
    last = fmpq(9, 10) * fmpq(1, 3) + fmpq(1, 20)
    wanted = log2(first) + log2(fmpq(1, 2)) - log2(last) - log2(fmpq(19, 20))
    assert circulation(q, blurred(q), (0, 1), (), 0, 1) == wanted
