"""Numbers as people read them: rounded in the direction that is asked for, never to a false zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.commands.digits import DOWN, NEAREST, UP, fixed, plus_minus, significant


@pytest.mark.parametrize(
    ("value", "digits", "rounding", "text"),
    [
        (291.4701, 4, NEAREST, "291.5"),
        (0.98852, 2, UP, "0.99"),
        (0.98852, 2, DOWN, "0.98"),
        (0, 4, NEAREST, "0"),
        (3.0, 4, NEAREST, "3"),
        (123456, 3, NEAREST, "123000"),
        (1.5e-9, 3, NEAREST, "1.50e-9"),
        (2.25e12, 2, UP, "2.3e+12"),
    ],
)
def test_significant_digits(value: float, digits: int, rounding: str, text: str) -> None:
    assert significant(value, digits, rounding) == text


@pytest.mark.parametrize(
    ("value", "rounding", "text"),
    [
        (0.99998, NEAREST, "1.000"),
        (0.99998, DOWN, "0.999"),
        (0.0344, UP, "0.035"),
        (0.00012, NEAREST, "0.00012"),
        (0.00012, DOWN, "0.000"),
        (0.0, UP, "0"),
    ],
)
def test_fixed_places(value: float, rounding: str, text: str) -> None:
    assert fixed(value, 3, rounding) == text


@given(value=st.floats(-1e6, 1e6), places=st.integers(0, 6))
def test_ends_are_rounded_outwards(value: float, places: int) -> None:
    assert Decimal(fixed(value, places, DOWN)) <= Decimal(value) <= Decimal(fixed(value, places, UP))
    assert Decimal(significant(value, 4, DOWN)) <= Decimal(value) <= Decimal(significant(value, 4, UP))


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (284.302, 16.61, "284 ± 17"),
        (8.1513, 1.2903, "8.2 ± 1.3"),
        (0.92237, 0.43328, "0.92 ± 0.44"),
        (1234.5, 120.1, "1234 ± 130"),
        (2.0, 0.0, "2 ± 0"),
    ],
)
def test_an_interval_has_two_digits_and_its_value_no_more_places(
    value: float, half: float, text: str
) -> None:
    assert plus_minus(value, half) == text
