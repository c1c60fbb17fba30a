"""Showcases of orders: bisection and strides, confidence, counting."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import claims_in
from proofs_check.papers import showcases_orders
from proofs_check.papers.showcases_orders import LATE, STATIONARY, stationary
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(showcases_orders)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_which_chains_are_stationary():
    assert all(map(stationary, STATIONARY.values()))
    assert not stationary(LATE)
    assert not stationary(zoo.two_token_chain(3))
    assert LATE.entropy().value == pytest.approx(3)
    assert LATE.probability([0, 1, 1, 1, 1, 1]) == fmpq(1, 8)
