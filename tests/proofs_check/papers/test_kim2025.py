"""Any order of single tokens is exact; keeping the most confident draw is no order."""

import pytest
from flint import fmpq

from proofs_check import Verdict, claims_in
from proofs_check.papers import kim2025
from proofs_check.papers.kim2025 import THREE_WORDS, contrary
from tests.proofs_check.papers.verdicts import as_claimed
from theory import LowConfidence, sampler_law

CLAIMS = claims_in(kim2025)
NOT_CHECKABLE = {"kim2025.hard_subproblems", "kim2025.sudoku"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    wanted = Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED
    as_claimed(CLAIMS[id], wanted, examples=10)


def test_what_keeping_the_most_confident_draw_generates():
    law = sampler_law(THREE_WORDS, LowConfidence(1)).table()
    assert law.tolist() == [[fmpq(5, 8), 0], [fmpq(5, 16), fmpq(1, 16)]]


def test_the_contrary_denoiser_is_surest_at_the_end():
    answers = contrary(THREE_WORDS)([[2, 2]])
    assert answers[0, :, 0].tolist() == [fmpq(3, 4), fmpq(5, 6)]
