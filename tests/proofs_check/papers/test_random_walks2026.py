"""Walks on graphs: bisection, and lowest entropy against chance."""

import pytest
from flint import fmpq

from proofs_check import claims_in
from proofs_check.papers import random_walks2026
from proofs_check.papers.random_walks2026 import WALKS, at_random, by_entropy, halves, walk
from tests.proofs_check.papers.verdicts import as_claimed

CLAIMS = claims_in(random_walks2026)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id])


def test_a_walk_goes_along_its_edges():
    q = walk(["aa", "ab", "bc"], 2)
    assert [q.probability(list(pair)) for pair in ((0, 0), (0, 1), (1, 2), (0, 2))] == [fmpq(1, 5)] * 3 + [0]


def test_steps_of_bisection():
    assert [halves(length) for length in (1, 2, 3, 4, 7, 8, 64)] == [1, 2, 2, 3, 3, 4, 7]
    assert halves(6, 2) == 4


def test_the_triangle():
    q = WALKS["triangle"]
    assert float(by_entropy(q, 2)) == pytest.approx(1.0849625)
    assert float(at_random(q, 2)) == pytest.approx(0.4401007)
