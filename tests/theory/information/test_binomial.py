"""Binomial weights against exact rationals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.information.binomial import binomial_weights


def exact(n: int, c: Fraction) -> list[Fraction]:
    return [math.comb(n, m) * c**m * (1 - c) ** (n - m) for m in range(n + 1)]


def weights(n: int, points: list[Fraction]) -> np.ndarray:
    return binomial_weights(n, np.array([float(c) for c in points]), np.array([float(1 - c) for c in points]))


@given(n=st.integers(0, 40), points=st.lists(st.fractions(0, 1, max_denominator=50), max_size=4))
def test_weights_equal_the_exact_ones(n: int, points: list[Fraction]) -> None:
    expected = [[float(x) for x in exact(n, c)] for c in points]
    np.testing.assert_allclose(weights(n, points), np.reshape(expected, (len(points), n + 1)), rtol=1e-13)


@pytest.mark.parametrize("c", [Fraction(1, 3), Fraction(1, 1000), Fraction(999, 1000), Fraction(1, 2**40)])
def test_long_weights_keep_their_digits(c: Fraction) -> None:
    n = 2000
    expected = np.array([float(x) for x in exact(n, c)])
    # Below 1e-290 the product of ratios loses digits to underflow, harmlessly.
    kept = expected > 1e-290
    computed = weights(n, [c])[0]
    np.testing.assert_allclose(computed[kept], expected[kept], rtol=1e-12)
    assert (computed[~kept] < 1e-280).all()


def test_a_sure_success_and_a_sure_failure_are_one_hot() -> None:
    np.testing.assert_array_equal(weights(3, [Fraction(0), Fraction(1)]), [[1, 0, 0, 0], [0, 0, 0, 1]])


def test_near_one_only_the_complement_matters() -> None:
    d = 1e-20
    np.testing.assert_allclose(
        binomial_weights(2, np.array([1.0]), np.array([d]))[0], [d**2, 2 * d, 1], rtol=1e-15
    )
