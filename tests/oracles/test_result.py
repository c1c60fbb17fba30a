"""How results print and convert."""

from fractions import Fraction

import pytest
import sympy
from flint import arb, fmpq

from oracles import Result


def test_a_result_is_a_number_with_its_pedigree() -> None:
    result = Result(fmpq(1, 3), "probability", "enumeration", "exact rational")
    assert float(result) == 1 / 3
    assert str(result) == "1/3 probability (exact rational; enumeration)"


@pytest.mark.parametrize(
    ("value", "guarantee", "text"),
    [
        (1 / 3, "float64 rounding", "0.333333333"),
        (100.0, "float64 rounding", "100"),
        (1e-30, "float64 rounding", "1e-30"),
        (float("inf"), "float64 rounding", "inf"),
        (arb(2).log(), "enclosure at 53 bits", "0.693147181"),
        (arb(0), "enclosure at 53 bits", "0"),
        (arb("1e-40", "1e-39"), "enclosure at 53 bits", "[+/- 1.11e-39]"),
        (sympy.log(sympy.Symbol("p")), "symbolic", "log(p)"),
        (Fraction(2, 3), "exact rational", "2/3"),
    ],
)
def test_values_print_as_what_they_are(value: object, guarantee: str, text: str) -> None:
    assert str(Result(value, "bits", "sum", guarantee)) == f"{text} bits ({guarantee}; sum)"


def test_the_printed_ends_of_an_enclosure_still_enclose() -> None:
    low, high = 0.69314718055, 0.69314718057
    text = str(Result(0.69314718056, "bits", "windows", "enclosure", (low, high)))
    assert text == "in [0.69314718, 0.693147181] bits (enclosure; windows)"
    assert str(Result(0, "bits", "m", "g", (-1.00000000001, 0.5))).startswith("in [-1.00000001, 0.5]")
