"""Which system numbers belong to, and the moves between systems."""

from fractions import Fraction as F
from typing import Any

import flint
import numpy as np
import pytest
import sympy
import torch
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table
from oracles.arithmetic import NAMES, arithmetic, convert, infer
from oracles.testing import oracles
from tests.oracles.brute_force import BITS, BruteForce, ball, entries, matches

P = sympy.Symbol("p", positive=True)


@pytest.mark.parametrize(
    ("groups", "name"),
    [
        ([[1, 0]], "exact"),
        ([["1/2", F(1, 2), fmpq(1, 2), sympy.Rational(1, 2), np.int64(0)]], "exact"),
        ([np.array([1, 0], dtype=np.uint8), torch.tensor([1, 0])], "exact"),
        ([[]], "exact"),
        ([], "exact"),
        ([[1, 0], [[0.5, 0.5]]], "float64"),
        ([["1/2", sympy.Float(0.5)]], "float64"),
        ([np.array([0.5, 0.5])], "float64"),
        ([np.array([0.5, 0.5], dtype=np.float32)], "float32"),
        ([torch.tensor([0.5, 0.5]), ["1/2", 1]], "float32"),
        ([torch.tensor([0.5, 0.5]), np.array([0.5])], "float64"),
        ([torch.tensor([0.5, 0.5], dtype=torch.float16)], "float64"),
        ([[np.float32(0.5), 0.5]], "float64"),
        ([[arb(1), "1/2"]], "ball"),
        ([[arb(1), 0.5]], "float64"),
        ([[P, 1 - P], ["1/2"]], "symbolic"),
        ([np.array([P, F(1, 2)], dtype=object)], "symbolic"),
        ([[P], [arb(1)]], "ball"),
    ],
)
def test_inference(groups: list[Any], name: str) -> None:
    assert infer(*groups).name == name


def test_systems_by_name() -> None:
    assert [arithmetic(name).name for name in NAMES] == list(NAMES)
    assert "64" in arithmetic("ball", bits=64).guarantee
    for name, device, bits, message in (
        ("decimal", None, None, r"^arithmetic: expected one of float32, .*, got 'decimal'"),
        ("exact", "cpu", None, r"^device: only float32 and float64 have one, got device='cpu'"),
        ("float64", None, 64, r"^bits: only 'ball' and 'exact' have them, got bits=64"),
        ("ball", None, 0, r"^bits: expected an integer of at least 2, got 0"),
        ("exact", None, -5, r"^bits: expected an integer of at least 2, got -5"),
        ("float64", "abacus", None, r"^device: expected one that holds torch.float.. here, got 'abacus'"),
        ("float32", "meta", None, r"^device: expected one that holds torch.float.. here, got 'meta'"),
    ):
        with pytest.raises(ValueError, match=message):
            arithmetic(name, device=device, bits=bits)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^device: expected one that holds torch.float.. here, got 'cuda'"):
        Table([1, 0]).to("float64", device="cuda")


@given(oracles(max_vocab=2, max_length=3), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_moves_keep_the_law(exact: Oracle, first: str, second: str) -> None:
    twin, there = BruteForce(exact), exact.to(first)
    needs = {"rationalise": 1000} if first in ("float32", "float64", "ball") else {}
    if first == "boolean" and second != "boolean":
        with pytest.raises(ValueError, match=r"^to: a law in Booleans knows only what is possible"):
            there.to(second)
        return
    back = there.to(second, **needs if second in ("exact", "symbolic") else {})
    assert type(back) is type(exact)
    found = entries(back.joint(), back.arithmetic)
    with flint.ctx.workprec(BITS):
        pairs = list(zip(found, twin.law.values(), strict=True))
        if second == "ball" and first.startswith("float"):  # balls around rounded numbers
            assert all(bool(abs(v - ball(p)) < 1e-6) for v, p in pairs)
        else:
            coarse = (first, second) == ("float32", "float64")
            system = arithmetic("float32") if coarse else back.arithmetic
            assert all(matches(v, p, system) for v, p in pairs)


def test_floats_become_exact_only_when_told_how() -> None:
    law = MarkovChain([1 / 3, 2 / 3], [[0.5, 0.5], [0.1, 0.9]], 2)
    with pytest.raises(ValueError, match=r"^rationalise: .* naming the largest denominator"):
        law.to("exact")
    assert law.to("exact", rationalise=10).joint().tolist() == [[F(1, 6), F(1, 6)], [F(1, 15), F(3, 5)]]
    with pytest.raises(
        ValueError, match=r"^probabilities: expected .* sum to 1, got the entries with sum 16/15"
    ):
        Table([0.3, 0.3, 0.4]).to("exact", rationalise=5)
    with pytest.raises(ValueError, match=r"^rationalise: .* makes 1e-09 zero"):
        Table([1e-9, 1 - 1e-9]).to("exact", rationalise=100)
    for bad in (0, -3):
        with pytest.raises(ValueError, match=r"^rationalise: expected a positive largest denominator"):
            law.to("exact", rationalise=bad)
    with pytest.raises(ValueError, match=r"^rationalise: only exact and symbolic laws have denominators"):
        law.to("float32", rationalise=10)


def test_what_cannot_be_written_in_another_system() -> None:
    symbolic = Table([P, 1 - P])
    for name in ("exact", "ball", "float64"):
        with pytest.raises(ValueError, match=rf"^to: the law cannot be written as {name}"):
            symbolic.to(name)
    with pytest.raises(ValueError, match=r"^to: .* is not zero"):
        Table([1e-60, 1.0]).to("float32")
    with pytest.raises(ValueError, match=r"^to: .* is not zero"):
        Table([F(1, 10**400), 1 - F(1, 10**400)]).to("float64")


def test_irrational_constants_round_to_floats() -> None:
    half = sympy.sqrt(2) / 2
    assert Table([half, 1 - half]).to("float64").probability([0]) == pytest.approx(0.5**0.5, rel=1e-15)


def test_repeated_matrices_stay_shared() -> None:
    law = MarkovChain([1, 0], [["1/2", "1/2"], [0, 1]], 5)
    for name in NAMES:
        assert len({id(t) for t in law.to(name).transitions}) == 1


class MadeAfresh(MarkovChain):
    """Hands over copies that are gone once they are converted: the next may take the same address."""

    def _copy_converted(self, clone: Any, converted: Any) -> None:
        clone.initial = converted(self.initial.copy())
        clone.transitions = tuple(converted(transition.copy()) for transition in self.transitions)


def test_no_array_is_taken_for_an_earlier_one() -> None:
    law = MadeAfresh([1, 0], [[[0, 1], [1, 0]], [[1, 0], [0, 1]], [["1/2", "1/2"], [0, 1]]] * 5, 16)
    moved = law.to("float64")
    for old, new in zip(law.transitions, moved.transitions, strict=True):
        assert new.tolist() == old.astype(float).tolist()


def test_conversion_to_booleans_keeps_the_zero_pattern() -> None:
    boolean = arithmetic("boolean")
    for name, values in (
        ("float64", [0.0, 5e-324]),
        ("exact", [0, 1]),
        ("symbolic", [P - P, P]),
        ("ball", [0, arb(0, 1)]),
    ):
        system = arithmetic(name)
        assert convert(system.array(values), system, boolean).tolist() == [False, True]
