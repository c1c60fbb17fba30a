"""The entropy-bounded sampler: what one step and what all steps may cost."""

import pytest
from flint import fmpq

from oracles import zoo
from proofs_check import claims_in
from proofs_check.papers import eb_sampler2025
from proofs_check.papers.eb_sampler2025 import RARE_PAIR
from tests.proofs_check.papers.verdicts import as_claimed
from theory import EntropyBounded
from theory.exact.paths import ExactPaths

CLAIMS = claims_in(eb_sampler2025)


@pytest.mark.parametrize("id", CLAIMS)
def test_verdict_and_mutants(id):
    as_claimed(CLAIMS[id], examples=5)


def test_a_pair_is_revealed_together_once_its_entropy_is_in_the_budget():
    small, large = (ExactPaths.of(RARE_PAIR, EntropyBounded(bits)) for bits in (fmpq(46, 100), fmpq(47, 100)))
    assert (small.expected_steps, small.divergence) == (2, 0)
    assert large.expected_steps == 1
    assert float(large.divergence) == pytest.approx(0.46899559)


def test_the_tetracode_is_two_tokens_and_what_they_decide():
    assert ExactPaths.of(zoo.tetracode(), EntropyBounded(0)).steps == (3,) * 9
