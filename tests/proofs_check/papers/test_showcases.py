"""Showcases: the limits, more steps that do worse, and codes in two steps."""

import pytest
from flint import fmpq

from proofs_check import claims_in
from proofs_check.papers import showcases
from proofs_check.papers.showcases import COUNTS, FIVE_WORDS, refined
from tests.proofs_check.papers.verdicts import as_claimed
from theory import IID, first_order_error, sequence_error_rate

CLAIMS = claims_in(showcases)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_all_languages_of_three_bits_are_there():
    assert len(showcases.SUPPORTS) == 255


def test_values_of_the_five_words():
    assert first_order_error(FIVE_WORDS).value == fmpq(14, 15)
    assert [refined(FIVE_WORDS, sizes, "SER") for sizes in ([2, 2], [1, 1, 2])] == [fmpq(9, 50), fmpq(1, 5)]
    assert [float(refined(FIVE_WORDS, sizes, "KL")) for sizes in ([2, 2], [1, 1, 2])] == pytest.approx(
        [0.28641280, 0.33203000]
    )


def test_what_the_counts_give():
    rates = [sequence_error_rate(COUNTS, IID.uniform(steps)).value for steps in (1, 2)]
    # One step errs exactly where 100 comes out, from marginals 21/135, 22/135 and 22/135.
    assert rates[0] == fmpq(21 * 22 * 22, 135**3)
    assert [float(rate) for rate in rates] == pytest.approx([0.00413, 0.01386], abs=5e-6)
