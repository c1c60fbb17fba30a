"""Pairwise influences: a bound under sub-additivity, and parity, where they see nothing."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import claims_in
from proofs_check.papers import demask2026
from proofs_check.papers.demask2026 import influences, sub_additive, together, told
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(demask2026)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_which_laws_are_sub_additive():
    assert all(map(sub_additive, demask2026.MILD.values()))
    assert not sub_additive(zoo.parity(3))


def test_three_equal_tokens():
    q = zoo.all_equal(3)
    assert (together(q), influences(q)) == (fmpq(3, 4), fmpq(3, 2))
    assert [told(q, j) for j in (1, 2)] == [fmpq(1, 2), fmpq(1, 2)]
