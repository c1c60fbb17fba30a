"""Few-step samplers on a Markov oracle: wrong, however likely what they generate is."""

import pytest

from proofs_check import Verdict, claims_in
from proofs_check.papers import tang2026
from proofs_check.papers.tang2026 import CHAINS, remdm, transition_mismatch
from tests.proofs_check.papers.verdicts import as_claimed
from theory import IID, LowConfidence, sampler_law
from theory.laws.distances import divergence_of, generative_cross_entropy

CLAIMS = claims_in(tang2026)
NOT_CHECKABLE = {"tang2026.sedd", "tang2026.mauve"}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.NOT_CHECKABLE if id in NOT_CHECKABLE else Verdict.CERTIFIED)


def test_likelihood_and_divergence_of_low_confidence():
    laws = [sampler_law(CHAINS["two-token chain"], LowConfidence(k)) for k in (4, 2, 1)]
    assert [float(generative_cross_entropy(law).value) for law in laws] == pytest.approx(
        [4.6550, 3.3603, 2.4055], abs=5e-5
    )
    assert [float(divergence_of(law).value) for law in laws] == pytest.approx(
        [0.6640, 0.8581, 1.6091], abs=5e-5
    )


def test_remasking_helps_one_chain_and_harms_another():
    rates = [
        float(divergence_of(sampler_law(CHAINS["sticky chain"], s)).value) for s in (remdm(4), IID.uniform(4))
    ]
    assert rates == pytest.approx([0.1681, 0.1853], abs=5e-5)


def test_one_step_loses_all_of_a_transition():
    """Independent uniform tokens against a chain that stays with probability 19/20."""
    assert transition_mismatch(CHAINS["sticky chain"], IID.uniform(1)) * 20 == 9
