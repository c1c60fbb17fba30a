"""The error of a Markov chain can rise with every step added: exact values, by three routes."""

import pytest
from flint import fmpq

from proofs_check import Verdict, claims_in
from proofs_check.papers import open_questions
from proofs_check.papers.open_questions import sticky_moods, trigger_chain
from tests.proofs_check.papers.verdicts import as_claimed
from theory import IID, sequence_error_rate

CLAIMS = claims_in(open_questions)
SPECIAL = {
    "open_questions.by_any_factor": Verdict.PROVED,
    "open_questions.error_rate_of_two_tokens": Verdict.SUPPORTED,
    "open_questions.divergence_of_chains": Verdict.SUPPORTED,
    "open_questions.divergence_of_split_steps": Verdict.SUPPORTED,
}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], SPECIAL.get(id, Verdict.CERTIFIED), examples=8)


@pytest.mark.parametrize("method", ["enumeration", "gaps", "branching"])
def test_the_rise_by_every_route(method):
    q = trigger_chain(fmpq(1, 10), fmpq(1, 100))
    one, two = (sequence_error_rate(q, IID.uniform(n), method=method).value for n in (1, 2))
    assert (one, two) == (fmpq(1561833, 200000000), fmpq(14461389, 1600000000))


def test_a_stationary_chain_at_length_five():
    q = sticky_moods(fmpq(1, 50), 5)
    one, two = (float(sequence_error_rate(q, IID.uniform(n)).value) for n in (1, 2))
    assert (one, two) == (pytest.approx(0.00151510940), pytest.approx(0.002000664))
