"""Proofs over boxes of parameters, and the checker that verifies their certificates without sharing code."""

import json
import subprocess
import sys
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain
from proofs_check.backends.boxes import Box, prove
from proofs_check.certificates import checker
from proofs_check.certificates.expressions import tree_of
from theory import IID, expected_kl, kl_divergence
from theory.exact.log_sums import entropy

SQUARE = Box.of(a=(0, 1), b=(0, 1))
A, B = SQUARE.symbols.values()


def verified(certificate: dict[str, Any]) -> int:
    """What the checker says of the certificate once it has been through a file."""
    return checker.verify(json.loads(json.dumps(certificate)))


def two_state_chain(a: sympy.Symbol) -> MarkovChain:
    half = sympy.Rational(1, 2)
    return MarkovChain([half, half], [[1 - a, a], [a, 1 - a]], 3)


def test_a_law_with_a_parameter() -> None:
    """KL(q||p) <= E KL for every symmetric chain with a in [1/10, 2/5], and not half of it."""
    box = Box.of(a=("1/10", "2/5"))
    q = two_state_chain(box.symbols["a"])
    lhs, rhs = kl_divergence(q, IID.uniform(2)).value, expected_kl(q, IID.uniform(2)).value
    covering = prove(lhs, "<=", rhs, box)
    assert covering.complete
    assert verified(covering.to_json("x", "y")) == len(covering.proved) > 1
    wrong = prove(lhs, "<=", rhs / 2, box)
    assert not wrong.complete
    assert wrong.refuted is not None
    a = wrong.midpoint(wrong.refuted)["a"]
    exact = MarkovChain([fmpq(1, 2)] * 2, [[1 - a, a], [a, 1 - a]], 3)
    assert kl_divergence(exact, IID.uniform(2)).value > expected_kl(exact, IID.uniform(2)).value / 2


def test_squares_are_decided_although_they_touch_zero() -> None:
    covering = prove(2 * A * B, "<=", A**2 + B**2, SQUARE)
    assert covering.complete
    assert verified(covering.to_json("", "")) == 1
    strict = prove(2 * A * B, "<", A**2 + B**2, SQUARE, most=200)
    assert not strict.complete


@pytest.mark.parametrize(
    "side", [(A - sympy.Rational(1, 3)) ** -2, sympy.log(A) ** 2, A * sympy.log(A - 1) ** 2]
)
def test_what_is_undefined_somewhere_is_not_proved(side: sympy.Expr) -> None:
    """A square is never negative, but it has no value at all at a pole or for the logarithm of 0 or less."""
    undefined_on_both_sides = [(side, 0), (side + 1, side)]
    for lhs, rhs in undefined_on_both_sides:
        covering = prove(lhs, ">=", rhs, Box.of(a=(0, 1)), most=200)
        assert covering.open is not None
        assert covering.refuted is None


def test_equality_in_a_corner_stays_open_and_ends() -> None:
    covering = prove(A * B, "<=", 1, SQUARE)
    assert covering.complete or covering.open is not None
    assert covering.refuted is None
    assert prove(A * B, "<=", Fraction(101, 100), SQUARE).complete


def test_numbers_without_parameters() -> None:
    none = Box.of()
    h = entropy([fmpq(1, 3), fmpq(2, 3)])
    covering = prove_numbers(h, "<", fmpq(92, 100), none)
    assert verified(covering) == 1
    with pytest.raises(checker.Wrong, match="is not certain on"):
        verified(prove_numbers(h, "<", fmpq(91, 100), none))


def prove_numbers(lhs: Any, op: str, rhs: Any, box: Box) -> dict[str, Any]:
    return {"claim": "", "variables": {}, "lhs": tree_of(lhs), "op": op, "rhs": tree_of(rhs), "boxes": [[]]}


polynomials = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3
)


@settings(max_examples=60)
@given(
    terms=polynomials, rhs=st.fractions(-3, 3, max_denominator=4), op=st.sampled_from(["<", "<=", ">=", ">"])
)
def test_what_is_proved_holds_everywhere_and_what_is_refuted_does_not(
    terms: list[tuple[int, int, int]], rhs: Fraction, op: str
) -> None:
    lhs = sum((c * A**i * B**j for c, i, j in terms), sympy.Integer(0))
    bound = sympy.Rational(rhs.numerator, rhs.denominator)
    covering = prove(lhs, op, bound, SQUARE, most=400)
    holds = {
        "<": lambda x: x < rhs,
        "<=": lambda x: x <= rhs,
        ">=": lambda x: x >= rhs,
        ">": lambda x: x > rhs,
    }
    if covering.complete:
        verified(covering.to_json("", ""))
        grid = [Fraction(k, 7) for k in range(8)]
        assert all(holds[op](sum(c * a**i * b**j for c, i, j in terms)) for a in grid for b in grid)
    if covering.refuted is not None:
        a, b = (Fraction(str(x)) for x in covering.midpoint(covering.refuted).values())
        assert not holds[op](sum(c * a**i * b**j for c, i, j in terms))


def altered(change: Any) -> dict[str, Any]:
    box = Box.of(a=("1/4", "3/4"))
    a = box.symbols["a"]
    certificate = prove(a * sympy.log(a), "<=", -sympy.Rational(1, 5), box).to_json("", "")
    verified(certificate)
    change(certificate)
    return certificate


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["boxes"].pop(),
        lambda c: c["boxes"].pop(0),
        lambda c: c["boxes"].append(c["boxes"][0]),
        lambda c: c["boxes"].append([["1", "2"]]),
        lambda c: c["variables"].update(a=["1/4", "9/10"]),
        lambda c: c.update(op=">="),
        lambda c: c.update(rhs="-1/4"),
        lambda c: c["boxes"].__setitem__(0, [["1/4", "1/3"]]),
    ],
)
def test_a_certificate_that_was_tampered_with_is_refused(change: Any) -> None:
    with pytest.raises(checker.Wrong):
        verified(altered(change))


def test_the_checker_runs_by_itself(tmp_path: Path) -> None:
    """With the standard library only: no site packages, no project on the path."""
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_text(json.dumps(altered(lambda c: None)))
    bad.write_text(json.dumps(altered(lambda c: c["boxes"].pop())))
    none.write_text("[]")
    for files, status, said in (
        ([good], 0, "verified"),
        ([good, bad], 1, "NOT verified: the listed sub-boxes do not cover"),
        ([none], 2, "not a certificate"),
    ):
        ran = subprocess.run(
            [sys.executable, "-I", "-S", checker.__file__, *map(str, files)], capture_output=True, text=True
        )
        assert (ran.returncode, said in ran.stdout) == (status, True)


def test_logarithms_of_the_checker() -> None:
    """Against 170 digits of another library."""
    for value in (
        Fraction(1, 1000),
        Fraction(2, 3),
        Fraction(1),
        Fraction(4, 3),
        Fraction(17, 5),
        Fraction(10**6),
    ):
        for bits in checker.PRECISIONS:
            one = 1 << bits
            fixed = value.numerator * one // value.denominator
            low, high = checker._ln(fixed, bits)
            exact = sympy.log(sympy.Rational(fixed, one)).evalf(170) * one
            assert low <= exact <= high
            assert high - low < 2**14


@settings(max_examples=100)
@given(x=st.integers(-(2**200), 2**200).map(lambda n: Fraction(n, 1 << 96)), exponent=st.integers(-3, 5))
def test_powers_of_the_checker(x: Fraction, exponent: int) -> None:
    """Rounded outwards also where an odd power of a negative number is large."""
    if x != 0:
        fixed = x.numerator * 2**96 // x.denominator
        low, high = checker._power((fixed, fixed), exponent, 96)
        assert low <= x**exponent * 2**96 <= high


def test_a_sub_box_without_sides_is_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "flat.json"
    file.write_text(json.dumps(altered(lambda c: None) | {"boxes": [[], [["1/4", "3/4"]]]}))
    assert checker.main([str(file)]) == 2


def test_the_checker_compares_rationals_as_they_are() -> None:
    """A third is no multiple of a power of two, so that intervals could not tell equality."""
    third = ["product", "2", ["power", ["sum", "1", "2", "3"], "-1"]]
    certificate = {"variables": {}, "lhs": third, "op": "==", "rhs": "1/3", "boxes": [[]]}
    assert verified(certificate) == 1
    for op in ("<", ">"):
        with pytest.raises(checker.Wrong):
            verified({**certificate, "op": op})


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 60), st.integers(1, 60)), max_size=4),
    st.integers(-2, 2),
)
def test_the_checker_tells_equal_sums_of_logarithms(terms: list[tuple[int, int, int]], shift: int) -> None:
    """Against the logarithm of the product, which is equal by definition, and against a factor of 2 more."""
    total = prod((Fraction(a, b) ** c for c, a, b in terms), start=Fraction(1))
    logs = [["product", f"{c}", ["ln", f"{Fraction(a, b)}"]] for c, a, b in terms]
    whole = [["product", "1", ["ln", f"{total * Fraction(2) ** shift}"]]]
    certificate = {
        "variables": {},
        "lhs": ["product", ["sum", "0", *logs], ["power", ["ln", "2"], "-1"]],
        "rhs": ["product", ["sum", "0", *whole], ["power", ["ln", "2"], "-1"]],
        "boxes": [[]],
    }
    true = {"<=", "==", ">="} if shift == 0 else ({"<", "<="} if shift > 0 else {">", ">="})
    for op in ("<", "<=", "==", ">=", ">"):
        if op in true:
            assert verified({**certificate, "op": op}) == 1
        else:
            with pytest.raises(checker.Wrong):
                verified({**certificate, "op": op})


def test_bad_boxes() -> None:
    with pytest.raises(ValueError, match="a: expected an interval, got one from 1 to 0"):
        Box.of(a=(1, 0))
    with pytest.raises(TypeError, match="expression: expected sums, products, whole powers and logarithms"):
        prove(sympy.sin(A), "<=", 1, SQUARE)
