"""The checks behind the constructors."""

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from flint import arb, fmpq

from oracles import MarkovChain
from oracles.arithmetic import NAMES, arithmetic
from oracles.validation import (
    check_buffer,
    check_distributions,
    check_shape,
    read_array,
    read_count,
    read_fraction,
)

P = sympy.Symbol("p", positive=True)


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(2), 10**30])
def test_counts(value: Any) -> None:
    assert read_count("n", value) == int(value)
    assert type(read_count("n", value)) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, True, np.True_, "1", None, [1], np.array([1]), F(2)])
def test_what_is_no_count(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^n: expected an integer of at least 1, got "):
        read_count("n", value)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "boolean"])
def test_reading_arrays(name: str) -> None:
    system = arithmetic(name)
    assert tuple(read_array("x", [[1, 0]], system).shape) == (1, 2)
    for bad in ([[1, 0], [1]], "x", [None], [{}], ["1/0"], [True]):
        with pytest.raises(ValueError, match=rf"^x: expected an array of {name} numbers: "):
            read_array("x", bad, system)


def test_a_number_too_large_for_a_float() -> None:
    with pytest.raises(ValueError, match=r"^x: expected an array of float64 numbers: "):
        read_array("x", [10**400], arithmetic("float64"))


def test_shapes() -> None:
    check_shape("x", np.zeros((2, 3)), (2, 3))
    with pytest.raises(ValueError, match=r"^x: expected shape \(3, 2\), got \(2, 3\)"):
        check_shape("x", np.zeros((2, 3)), (3, 2))


@pytest.mark.parametrize("name", NAMES)
def test_distributions(name: str) -> None:
    system = arithmetic(name)
    check_distributions("x", system.array([[1, 0], [F(1, 4), F(3, 4)]]), system)
    check_distributions("x", system.array([[F(1, 2), 0], [F(1, 4), F(1, 4)]]), system, (0, 1))
    check_distributions("x", system.array([[1, 0], [0, 0]]), system, may_vanish=np.array([False, True]))
    if name == "boolean":
        return
    for wrong, message in (
        ([[1, 0], [1, F(1, 4)]], r"^x: expected probabilities that sum to 1, got row \(1,\) with sum "),
        ([[1, 0], [0, 0]], r"^x: expected probabilities that sum to 1, got row \(1,\) with sum "),
        ([[2, -1], [1, 0]], r"^x: expected non-negative probabilities, got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            check_distributions("x", system.array(wrong), system)
    half = system.array([[1, 0], [F(1, 2), 0]])
    with pytest.raises(ValueError, match=r"row \(1,\) with sum"):  # may vanish, but must not sum to 1/2
        check_distributions("x", half, system, may_vanish=np.array([False, True]))
    with pytest.raises(ValueError, match="got the entries with sum"):
        check_distributions("x", system.array([[1, 0], [1, 0]]), system, (0, 1))


@pytest.mark.parametrize(("name", "fine", "wrong"), [("float64", 5e-10, 5e-9), ("float32", 5e-6, 5e-5)])
def test_floats_may_miss_one_by_rounding(name: str, fine: float, wrong: float) -> None:
    system = arithmetic(name)
    for sign in (1, -1):
        check_distributions("x", system.array([0.5, 0.5 + sign * fine]), system)
        with pytest.raises(ValueError, match="sum to 1"):
            check_distributions("x", system.array([0.5, 0.5 + sign * wrong]), system)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_floats_must_be_finite(bad: float) -> None:
    system = arithmetic("float64")
    with pytest.raises(ValueError, match=rf"^x: expected finite probabilities, got {bad}"):
        check_distributions("x", system.array([bad, 1.0]), system)


def test_balls_enclose_one() -> None:
    system = arithmetic("ball")
    check_distributions("x", system.array(["1/3", "2/3"]), system)
    check_distributions("x", system.array([0.1, 0.9]), system)  # from floats: misses 1 by 3e-17
    for wrong in (
        [arb("0.5"), arb("0.6")],
        [arb(0.5, 0.1), arb(0.5)],
        [arb("nan"), arb(1)],
        [arb("inf"), arb(0)],
    ):
        with pytest.raises(ValueError, match=r"^x: expected probabilities that sum to 1"):
            check_distributions("x", np.array(wrong, dtype=object), system)


@pytest.mark.parametrize(
    "row", [[P, 1 - P], [P / (1 + P), 1 / (1 + P)], [sympy.sin(P) ** 2, sympy.cos(P) ** 2]]
)
def test_symbols_must_sum_to_one_by_simplification(row: list[Any]) -> None:
    system = arithmetic("symbolic")
    check_distributions("x", system.array(row), system)
    with pytest.raises(ValueError, match="sum to 1"):
        check_distributions("x", system.array([row[0], row[0]]), system)
    with pytest.raises(ValueError, match=r"^x: expected non-negative probabilities, got -p"):
        check_distributions("x", system.array([-P, 1 + P]), system)


def test_buffers() -> None:
    system = arithmetic("float32")
    check_buffer("out", torch.empty(2, 3), (2, 3), system)
    for unfit, got in (
        (np.empty((2, 3), np.float32), "got ndarray"),
        (torch.empty(3, 2), r"got one \(3, 2\) of torch.float32 on cpu"),
        (torch.empty(2, 3, dtype=torch.float64), r"got one \(2, 3\) of torch.float64 on cpu"),
        (torch.empty(2, 3, device="meta"), r"got one \(2, 3\) of torch.float32 on meta"),
        (torch.empty(3, 2).T, r"got a scattered one \(2, 3\)"),
        (torch.empty(2, 3, requires_grad=True), "got one with gradients"),
    ):
        with pytest.raises(ValueError, match=rf"^out: expected a contiguous tensor \(2, 3\) of .*, {got}"):
            check_buffer("out", unfit, (2, 3), system)
    with pytest.raises(ValueError, match=r"^out: expected none, .* for exact numbers"):
        check_buffer("out", torch.empty(2, 3), (2, 3), arithmetic("exact"))


@pytest.mark.parametrize("rows", [[[0.5, 0.5], [1.0]], [["1/2", "1/2"], ["1"]], [[0.5, [0.5]], [1, 0]]])
def test_rows_of_different_lengths_are_named_as_such(rows: list) -> None:
    with pytest.raises(ValueError, match=r"^transition: .*: the rows differ in length or depth$"):
        MarkovChain([1, 0], rows, 3)


def test_an_initial_law_of_the_wrong_depth_is_not_blamed_on_the_transition() -> None:
    with pytest.raises(ValueError, match=r"^initial: expected one probability a token, got shape \(1, 2\)"):
        MarkovChain([[0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]], 3)


@pytest.mark.parametrize("value", [fmpq(-3, 4), "-3/4", -0.75, F(-3, 4), np.float64(-0.75)])
def test_fractions_can_be_computed_with(value: Any) -> None:
    fraction = read_fraction("probability", value)
    assert (fraction, abs(fraction), -fraction) == (F(-3, 4), F(3, 4), F(3, 4))
    assert type(fraction.numerator) is int
