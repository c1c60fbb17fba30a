"""N SER -> Lambda, step by step."""

import pytest
from flint import fmpq

from oracles import MarkovChain
from proofs_check import claims_in
from proofs_check.papers import dichotomy
from tests.proofs_check.papers.verdicts import as_claimed
from theory import first_order_error
from theory.limits.expansion import Expansion

CLAIMS = claims_in(dichotomy)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=8)


@pytest.mark.parametrize(("steps", "value"), [(8, 0.575), (64, 0.530)])
def test_the_limit_is_far_where_a_probability_is_small(steps, value):
    """Golden mean with P(11) = 1e-6, L = 5: full support, so Lambda = 0, and N KL is far from it."""
    rare = fmpq(1, 10**6)
    q = MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1 - rare, rare]], 5)
    assert first_order_error(q).value == 0
    divergence = dichotomy.divergence_after(Expansion(q), steps)
    assert steps * float(divergence.enclosure()) == pytest.approx(value, abs=6e-4)
