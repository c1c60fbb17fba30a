"""The polynomial in 1/N agrees with the laws of samplers of N steps, and with Lambda and kappa."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Table, testing, zoo
from theory import IID, first_order_error, sampler_law
from theory.limits.expansion import Expansion


@settings(max_examples=25, deadline=None)
@given(testing.oracles(max_vocab=3, max_length=3), st.integers(1, 7))
def test_the_law_of_any_number_of_steps(q, steps):
    expected = sampler_law(Table.of(q), IID.uniform(steps)).table()
    assert (Expansion(q).at(steps) == np.asarray(expected)).all()


@pytest.mark.parametrize("q", [zoo.parity(3), zoo.golden_mean(4), zoo.all_equal(1), zoo.tetracode()])
def test_first_coefficients(q):
    expansion = Expansion(q)
    rates = [*expansion.error_rate(), 0]
    assert rates[0] == 0
    assert rates[1] == first_order_error(q).value
    assert (expansion.relative()[0] == 1).all()
    assert sum(expansion.mean(values) for values in expansion.relative()) + sum(rates) == 1


def test_the_rest_is_what_it_says():
    """Two equal bits: p_N = q (1 - 1/(2N)) on the support, exactly."""
    expansion = Expansion(zoo.all_equal(2))
    assert expansion.relative()[1].tolist() == [fmpq(-1, 2)] * 2
    assert expansion.rest().tolist() == [0, 0]
