"""Bounds by SI/N, sharp and false ones, and the limit of N E KL."""

import pytest

from oracles import zoo
from proofs_check import Verdict, claims_in
from proofs_check.papers import li_cai2025
from tests.proofs_check.papers.verdicts import as_claimed
from theory.bounds import equal_tokens_divergence
from theory.exact.profile import profile, sizes_expected_divergence

CLAIMS = claims_in(li_cai2025)
PROVED = {"li_cai2025.half_of_the_information"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.PROVED if id in PROVED else Verdict.CERTIFIED, examples=8)


def test_general_sizes_can_be_free():
    """Equal bits, L = 4: sizes (1, 3) are exact, sizes (2, 2) are as good as the lower bound allows."""
    f = profile(zoo.all_equal(4))
    assert sizes_expected_divergence(f, [1, 3]) == 0
    assert sizes_expected_divergence(f, [2, 2]) == equal_tokens_divergence(4, 2, 4) == 1
