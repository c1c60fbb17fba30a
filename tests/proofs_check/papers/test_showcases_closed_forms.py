"""Showcases: closed forms of error rates."""

import pytest
from flint import fmpq

from proofs_check import claims_in
from proofs_check.papers import showcases_closed_forms
from tests.proofs_check.papers.verdicts import as_claimed
from theory.laws.closed_forms import two_sentences_error_rate, two_sentences_expected_divergence

CLAIMS = claims_in(showcases_closed_forms)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_two_sentences_of_two_tokens_are_an_equal_pair():
    assert [two_sentences_error_rate(2, steps) for steps in (1, 2, 4)] == [fmpq(1, 2), fmpq(1, 4), fmpq(1, 8)]
    assert [two_sentences_expected_divergence(2, steps) for steps in (1, 2, 4)] == [1, fmpq(1, 2), fmpq(1, 4)]
