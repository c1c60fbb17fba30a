"""Theorems A, B and C, every step of their proofs, and what rests on what."""

import pytest
from flint import fmpq

from proofs_check import Verdict, all_claims, claims_in
from proofs_check.lemma_graph import LemmaGraph
from proofs_check.papers import theorems
from tests.proofs_check.papers.verdicts import as_claimed
from theory.exact.extreme_profiles import code_profile
from theory.exact.profile import iid_expected_divergence

CLAIMS = claims_in(theorems)
PROVED = {
    "theorems.information_by_slopes",
    "theorems.slope_of_bernstein",
    "theorems.bends_of_h",
    "theorems.points_of_one_step_more",
    "theorems.sum_of_one_step_more",
    "theorems.swap",
}


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], Verdict.PROVED if id in PROVED else Verdict.CERTIFIED, examples=8)


def test_every_theorem_rests_on_its_steps():
    graph = LemmaGraph(all_claims().values())
    supports = {
        name: graph.supports(f"theorems.{name}") for name in ("theorem_a", "growing_steps", "one_step_more")
    }
    assert "li_cai2025.iid_upper_bound" in supports["theorem_a"]
    assert "identities.profile_falls" in supports["growing_steps"]
    assert "theorems.conditioning" in supports["one_step_more"]


def test_the_error_of_a_code_rises_from_two_to_three_steps():
    """In log Q, as far as four digits go."""
    f = code_profile(25, 10)
    two, three = (float(iid_expected_divergence(f, [fmpq(1, n)] * n)) for n in (2, 3))
    assert (round(two, 4), round(three, 4)) == (4.4216, 4.5783)
