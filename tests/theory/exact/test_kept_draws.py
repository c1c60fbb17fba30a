"""Low-confidence remasking as a chain of contexts, against the branching law."""

from fractions import Fraction

import numpy as np
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, Table
from oracles.testing import oracles
from theory import LowConfidence, sampler_law
from theory.denoisers import Ideal, Perturbed
from theory.exact import information as exact
from theory.exact.kept_draws import KeptDraws


@settings(max_examples=60)
@given(q=oracles(max_length=3), a=st.sampled_from([0, Fraction(1, 3)]))
def test_p_is_that_of_the_branching_law(q: Oracle, a) -> None:
    denoiser = Perturbed(Ideal(q), a) if a else None
    law = sampler_law(q, LowConfidence(1), denoiser)
    draws = KeptDraws.of(q, denoiser)
    possible = np.flatnonzero(np.asarray(q.support().joint()).reshape(-1))
    assert list(draws.probabilities) == law.table().reshape(-1)[possible].tolist()
    assert draws.cross_entropy == exact.cross_entropy(law)


@settings(max_examples=60)
@given(q=oracles(max_length=3))
def test_the_bound_is_one_for_every_sequence(q: Oracle) -> None:
    draws = KeptDraws.of(q)
    for probability, bound in zip(draws.probabilities, draws.bounds, strict=True):
        assert float(bound) >= -np.log2(float(probability)) - 1e-12
    assert draws.bound >= draws.cross_entropy


def test_three_words_by_hand() -> None:
    """00, 10, 11 with 1/2, 1/4, 1/4: a 0 drawn at the end is kept, else the token at the start."""
    draws = KeptDraws.of(Table([["1/2", 0], ["1/4", "1/4"]]))
    assert draws.probabilities == (fmpq(5, 8), fmpq(5, 16), fmpq(1, 16))
    # 11: the start is kept, and only if a 1 was drawn at the end, with 1/8; then 1/2.
    assert draws.bounds[2] == 4
    assert draws.losses[2] == 2
