"""Rounding to integers: never off by more than is said."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from theory.optimise.integers import WORD, as_integers

FLOATS = arithmetic("float64")


@given(
    numbers=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20),
    terms=st.integers(1, 5000),
)
def test_floats_become_words_that_can_be_added_up(numbers: list[float], terms: int) -> None:
    found = as_integers(FLOATS.array(numbers), FLOATS, terms)
    assert found.compiled
    for value, number in zip(found.values.tolist(), numbers, strict=True):
        assert abs(Fraction(value) * Fraction(2) ** -found.scale - Fraction(number)) <= Fraction(found.error)
        assert abs(value) * terms <= 2**WORD + terms


@given(numbers=st.lists(st.fractions(-50, 50), min_size=1, max_size=8), bits=st.sampled_from([64, 128, 300]))
def test_balls_become_integers_at_their_precision(numbers: list[Fraction], bits: int) -> None:
    balls = arithmetic("ball", bits=bits)
    found = as_integers(balls.array(numbers), balls, 3)
    assert not found.compiled
    for value, number in zip(found.values.tolist(), numbers, strict=True):
        assert abs(Fraction(value) / 2**found.scale - number) <= Fraction(found.error)
    assert found.error <= 2.0 ** -(bits - 8)


def test_a_wide_ball_counts_as_uncertain() -> None:
    balls = arithmetic("ball")
    assert as_integers(np.array([arb(1, 0.25)], dtype=object), balls, 1).error >= 0.25


def test_zeros_lose_nothing() -> None:
    found = as_integers(FLOATS.zeros(3), FLOATS, 10)
    assert (found.values.tolist(), found.error) == ([0, 0, 0], 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="expected finite numbers"):
        as_integers(FLOATS.array([1.0, bad]), FLOATS, 2)
    with pytest.raises(ValueError, match="expected finite numbers"):
        as_integers(np.array([arb(bad)], dtype=object), arithmetic("ball"), 2)


@pytest.mark.parametrize("value", [sympy.Symbol("x"), sympy.log(3)])
def test_symbols_are_refused(value: Any) -> None:
    system = arithmetic("symbolic")
    with pytest.raises(ValueError, match="numbers without symbols"):
        as_integers(system.array([value]), system, 2)


def test_rationals_have_no_place_here() -> None:
    """What is rounded are information quantities, which live in balls."""
    with pytest.raises(ValueError, match="numbers without symbols"):
        as_integers(np.array([fmpq(1, 3)], dtype=object), arithmetic("exact"), 2)
