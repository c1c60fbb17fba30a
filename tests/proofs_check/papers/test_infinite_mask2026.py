"""What a single mask token costs in few steps, and what K states of it save."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import Verdict, claims_in
from proofs_check.papers import infinite_mask2026
from proofs_check.papers.infinite_mask2026 import mixture_of_products, shared_mask
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(infinite_mask2026)
NOT_CHECKABLE = {"infinite_mask2026.distillation"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED)


def test_as_many_states_as_tokens_are_exact():
    q = zoo.all_equal(3, 4)
    assert (shared_mask(4, 4, 3) == q.joint().reshape(-1)).all()
    generated, states = mixture_of_products(q, [0, 0, 1, 1])
    assert states == 2
    assert (generated == shared_mask(2, 4, 3)).all()
    assert generated.sum() == fmpq(1)
