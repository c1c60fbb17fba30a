"""What a schedule loses at least and at most, among Markov chains."""

import pytest

from proofs_check import all_claims, claims_in
from proofs_check.lemma_graph import LemmaGraph
from proofs_check.papers import extreme_chains
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(extreme_chains)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=6)


def test_the_bound_of_chains_rests_on_the_structure_of_their_information():
    supports = LemmaGraph(all_claims().values()).supports("extreme_chains.constant_sizes_at_least")
    assert {"extreme_chains.only_the_ends_matter", "extreme_chains.pairs_lose_least"} <= set(supports)
