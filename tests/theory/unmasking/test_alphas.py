"""Masking schedules by name: ends, exact values, monotonicity, and the sizes that follow them."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import IID
from theory.unmasking import alphas

EVERY = [*alphas.NAMED.values(), alphas.power("1/3"), alphas.polynomial(3), alphas.polynomial("5/2")]


@pytest.mark.parametrize("alpha", EVERY)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 64])
def test_weights_are_exact_and_sum_to_1(alpha: alphas.Alpha, steps: int) -> None:
    schedule = IID.from_alpha(alpha, steps)
    weights = [Fraction(int(w.p), int(w.q)) for w in schedule.weights]
    assert sum(weights) == 1
    assert min(weights) >= 0


@given(t=st.fractions(0, 1, max_denominator=50))
def test_values(t: Fraction) -> None:
    assert alphas.linear(t) == alphas.log_linear(t) == 1 - t
    assert alphas.power(2)(t) == (1 - t) ** 2
    assert alphas.polynomial(3)(t) == 1 - t**3
    assert float(alphas.cosine(t)) == pytest.approx(1 - math.cos(math.pi / 2 * (1 - t)), abs=1e-15)
    assert float(alphas.power("1/2")(t)) == pytest.approx(math.sqrt(1 - t), abs=1e-15)


@given(t=st.fractions(0, 1, max_denominator=50))
def test_geometric_is_its_definition_brought_to_the_unit_interval(t: Fraction) -> None:
    def left(time: float) -> float:
        return math.exp(-(0.1 ** (1 - time) * 3.0**time))

    expected = (left(float(t)) - left(1)) / (left(0) - left(1))
    assert float(alphas.geometric(0.1, 3)(t)) == pytest.approx(expected, abs=1e-14)


def test_geometric_does_not_overflow() -> None:
    assert alphas.geometric(1e-5, 1e4)(Fraction(1, 2)) > 0


def test_cosine_is_rational_where_it_can_be() -> None:
    assert [alphas.cosine(t) for t in (Fraction(0), Fraction(1, 3), Fraction(1))] == [1, Fraction(1, 2), 0]


@pytest.mark.parametrize("name", alphas.NAMED)
def test_rounded_sizes_cover_the_positions(name: str) -> None:
    for length, steps in [(1, 1), (64, 8), (5, 9), (100, 7)]:
        sizes = alphas.rounded_sizes(alphas.NAMED[name], length, steps)
        assert (len(sizes), sum(sizes), min(sizes) >= 0) == (steps, length, True)


def test_rounded_sizes_of_known_schedules() -> None:
    assert alphas.rounded_sizes(alphas.linear, 64, 8) == [8] * 8
    assert alphas.rounded_sizes(alphas.power(2), 64, 8) == [1, 3, 5, 7, 9, 11, 13, 15]
    assert alphas.rounded_sizes(alphas.cosine, 64, 8) == [1, 4, 6, 8, 9, 12, 12, 12]


@pytest.mark.parametrize("make", [alphas.power, alphas.polynomial])
@pytest.mark.parametrize("bad", [0, -1, "x", None, math.nan, math.inf])
def test_an_exponent_that_is_not_positive_is_refused(make: Callable[[Any], Any], bad: Any) -> None:
    with pytest.raises(ValueError, match="exponent: expected a positive number, got"):
        make(bad)


@pytest.mark.parametrize("bad", [0, -1.5, math.nan, math.inf])
def test_noise_that_is_not_positive_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="highest: expected a positive number, got"):
        alphas.geometric(1e-5, bad)


def test_a_geometric_schedule_that_rises_is_refused() -> None:
    with pytest.raises(ValueError, match="lowest: expected less than highest"):
        alphas.geometric(3, 2)
