import json
import math
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import torch
from flint import arb, fmpq
from hypothesis import example, given
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from oracles.storage.literals import exact_ball, read_numbers, write_numbers

EXACT, BALL = arithmetic("exact"), arithmetic("ball")


def stored(values: Any, name: str) -> Any:
    """Through JSON text and back."""
    system = arithmetic(name)
    text = json.dumps(write_numbers(system.array(values), system))
    return read_numbers("values", json.loads(text), system)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@example([5e-324, 1.7976931348623157e308, -0.0, 0.1 + 0.2])
def test_doubles_come_back_bit_by_bit(values: list[float]) -> None:
    assert stored(values, "float64").numpy().tobytes() == np.array(values).tobytes()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_single_floats_come_back_bit_by_bit(values: list[float]) -> None:
    loaded = stored(values, "float32")
    assert loaded.dtype == torch.float32
    assert loaded.numpy().tobytes() == np.array(values, dtype=np.float32).tobytes()


@given(st.lists(st.lists(st.fractions(), min_size=2, max_size=2), min_size=1))
def test_rationals_come_back(values: list[list[Fraction]]) -> None:
    assert (stored(values, "exact") == np.array(values, dtype=object)).all()


def test_rationals_of_any_size_come_back() -> None:
    """Python refuses to read integers of more than 4300 digits from text."""
    huge = Fraction(3**20000, 2**30000 + 1)
    assert stored([huge], "exact")[0] == fmpq(huge.numerator, huge.denominator)


def parts(ball: Any) -> tuple[Any, Any]:
    return ball.mid().man_exp(), ball.rad().man_exp()


@given(
    st.fractions(0, 1),
    st.fractions(0, 1),
    st.integers(2, 400),
    st.sampled_from([lambda x, y: x, lambda x, y: x * y, lambda x, y: x + y, lambda x, y: (x + y).exp()]),
)
def test_balls_come_back_with_the_same_midpoint_and_radius(
    x: Fraction, y: Fraction, bits: int, combined: Any
) -> None:
    system = arithmetic("ball", bits=bits)
    with system.context():
        ball = combined(*system.array([x, y]))
    loaded = read_numbers("values", write_numbers(np.array([ball], dtype=object), system), system)[0]
    assert parts(loaded) == parts(ball)


@given(st.integers(1, 2**30), st.integers(-2000, 50), st.integers(0, 2**300), st.integers(-400, 5))
def test_every_radius_of_30_bits_is_met(r: int, f: int, m: int, e: int) -> None:
    ball = exact_ball((m, e), (r, f))
    assert ball.mid() == arb((m, e))
    assert ball.rad() == arb((r, f))


@given(st.integers(2**30, 2**80), st.integers(-100, 0))
def test_a_longer_radius_is_rounded_up(r: int, f: int) -> None:
    radius = exact_ball((1, 0), (r, f)).rad()
    assert arb((r, f)) <= radius
    assert radius <= arb((r, f)) * arb((2**27 + 1, -27))


def test_small_precision_rounds_no_midpoint() -> None:
    system = arithmetic("ball", bits=2)
    ball = read_numbers("values", "123456789*2^-27", system).item()
    assert parts(ball) == ((123456789, -27), (0, 0))
    assert flint.ctx.prec == 53


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (1, 1),
        ("1/3", Fraction(1, 3)),
        ("2/6", Fraction(1, 3)),
        ("0.25", Fraction(1, 4)),
        ("+1e-3", Fraction(1, 1000)),
    ],
)
def test_hand_written_numbers(literal: Any, value: Fraction) -> None:
    assert read_numbers("x", [literal], EXACT)[0] == value
    assert read_numbers("x", [literal], arithmetic("float64"))[0].item() == float(value)
    with BALL.context():
        difference = read_numbers("x", [literal], BALL)[0] * value.denominator - value.numerator
    assert difference.contains(0)
    assert difference.rad() < 1e-30


def test_a_ball_is_read_as_an_enclosure() -> None:
    ball = read_numbers("x", ["3*2^-2 +/- 1*2^-2", 0.5], BALL)
    assert parts(ball[0]) == ((3, -2), (1, -2))
    assert ball[1] == 0.5


@pytest.mark.parametrize("name", ["exact", "float32", "float64", "ball"])
@pytest.mark.parametrize(
    "literal",
    [
        *("", "one", "1/0", "1/", "-/3", "1 / 3", "1/3/5", "١", "0x1", "inf", "nan", "1e99999"),
        *("__import__('os')", True, None, {"a": 1}, [], math.nan),
    ],
)
def test_what_is_no_number_is_refused(name: str, literal: Any) -> None:
    system = arithmetic(name)
    if name != "exact" and isinstance(literal, float):
        return  # a float that is not finite is the business of the checks on probabilities
    with pytest.raises(ValueError, match=rf"^x: expected an array of {name} numbers: "):
        read_numbers("x", [[literal, 1], [1, 1]], system)


@pytest.mark.parametrize("literal", [0.5, "1*2^-1", "1 +/- 1*2^-9"])
def test_exact_numbers_are_neither_floats_nor_balls(literal: Any) -> None:
    with pytest.raises(ValueError, match=r"not an integer or a string such as \"1/3\""):
        read_numbers("x", [literal], EXACT)


@pytest.mark.parametrize("literal", [10**400, "1e400"])
def test_numbers_too_large_for_a_float_are_refused(literal: Any) -> None:
    with pytest.raises(ValueError, match="too large for a float"):
        read_numbers("x", [literal], arithmetic("float64"))


@pytest.mark.parametrize("nested", [[[1, 0], [1]], [[1, 0], 1], [1, [0, 1]], [[[1], [0]], [[1], [0, 0]]]])
def test_ragged_arrays_are_refused(nested: Any) -> None:
    with pytest.raises(
        ValueError, match=r"x: expected an array of exact numbers: .*differ in length or depth"
    ):
        read_numbers("x", nested, EXACT)


def test_a_ball_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a finite ball"):
        write_numbers(np.array([arb.nan()], dtype=object), BALL)
