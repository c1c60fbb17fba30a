"""Evidence lower bounds under planners: the standard one is none, the planned one is."""

import pytest
from flint import fmpq

from proofs_check import claims_in
from proofs_check.papers import planner_elbos
from proofs_check.papers.planner_elbos import EQUAL_COINS, SURE, believing
from tests.proofs_check.papers.verdicts import as_claimed
from theory import TopK
from theory.exact.log_sums import log2
from theory.exact.losses import Losses
from theory.exact.paths import ExactPaths

CLAIMS = claims_in(planner_elbos)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_a_denoiser_sure_of_the_first_of_two_equal_coins():
    denoiser = believing(EQUAL_COINS, SURE)
    first = -log2(fmpq(9, 100)) / 2
    assert ExactPaths.of(EQUAL_COINS, TopK(1), denoiser).cross_entropy == first
    assert Losses(EQUAL_COINS, denoiser).any_order() == (first + 1) / 2
    assert float(first) == pytest.approx(1.736966, abs=1e-6)
