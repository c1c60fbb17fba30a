"""Numbers as JSON literals and back, without rounding: `0.1`, `"1/3"`, `"3*2^-5 +/- 1*2^-60"`."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.arithmetic.object_arrays import elementwise
from oracles.storage.documents import shown

STORED = ("float32", "float64", "exact", "ball")
"""The number systems whose laws are stored as files."""

_RATIO = re.compile(r"([+-]?\d+)(?:/(\d+))?", re.ASCII)
# A short exponent only: as an exact number, "1e999999999" would fill the memory.
_DECIMAL = re.compile(r"[+-]?\d{1,4000}\.?\d{0,4000}(?:[eE][+-]?\d{1,4})?", re.ASCII)
_DYADIC = r"([+-]?\d+)(?:\*2\^([+-]?\d+))?"
_BALL = re.compile(rf"{_DYADIC}(?: \+/- {_DYADIC})?", re.ASCII)


def write_numbers(values: Array, number_system: Arithmetic) -> Any:
    """Nested lists of JSON numbers (floats, by their shortest exact decimals) or strings (the others)."""
    if number_system.name.startswith("float"):
        return number_system.tolist(values)
    write = str if number_system.name == "exact" else _write_ball
    return elementwise(write, values).tolist()


def read_numbers(name: str, values: Any, number_system: Arithmetic) -> Array:
    """An array of the system from nested lists of literals; ValueError for anything else.

    Every system reads integers and strings such as "1/3" or "0.25"; floats and balls also read JSON
    floats; balls read "midpoint +/- radius" with both of the form `m*2^e`.
    """
    read = _READERS[number_system.name]
    try:
        with number_system.context():
            return number_system.array(elementwise(read, np.array(values, dtype=object)))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise ValueError(f"{name}: expected an array of {number_system.name} numbers: {error}") from error


def _read_exact(value: Any) -> Any:
    """An fmpq, read by flint: Python's own integers refuse to read more than 4300 digits."""
    from flint import fmpq, fmpz

    if isinstance(value, int) and not isinstance(value, bool):
        return fmpq(value)
    if isinstance(value, str):
        if ratio := _RATIO.fullmatch(value):
            return fmpq(fmpz(ratio[1]), fmpz(ratio[2] or "1"))
        if _DECIMAL.fullmatch(value):
            decimal = Fraction(value)
            return fmpq(decimal.numerator, decimal.denominator)
    if isinstance(value, list):
        raise ValueError("the rows differ in length or depth")
    raise ValueError(f'got {shown(value)}, not an integer or a string such as "1/3"')


def _read_float(value: Any) -> float:
    if isinstance(value, float):
        return value
    exact = _read_exact(value)
    return int(exact.p) / int(exact.q)


def _read_ball(value: Any) -> Any:
    if isinstance(value, float):
        return value
    if isinstance(value, str) and (ball := _BALL.fullmatch(value)):
        from flint import fmpz

        parts = [fmpz(part or "0") for part in ball.groups()]
        return exact_ball((parts[0], parts[1]), (parts[2], parts[3]))
    return _read_exact(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "float32": _read_float,
    "float64": _read_float,
    "exact": _read_exact,
    "ball": _read_ball,
}


def _write_ball(ball: Any) -> str:
    if not ball.is_finite():
        raise ValueError(f"expected a finite ball, got {ball}")
    midpoint = _write_dyadic(*ball.mid().man_exp())
    return midpoint if ball.is_exact() else f"{midpoint} +/- {_write_dyadic(*ball.rad().man_exp())}"


def _write_dyadic(mantissa: Any, exponent: Any) -> str:
    return f"{mantissa}*2^{exponent}" if exponent else str(mantissa)


def exact_ball(midpoint: tuple[Any, Any], radius: tuple[Any, Any]) -> Any:
    """The ball m*2^e +/- r*2^f from (m, e) and (r, f): the very ball, if its radius has flint's 30 bits.

    A radius of more bits is rounded up.
    """
    from flint import arb

    ball = arb(midpoint, radius)
    if ball.rad() == arb(radius):
        return ball
    # flint may add a unit in the last place to the radius it is given: then one unit less is asked for.
    mantissa, exponent = radius
    narrower = arb(midpoint, arb((mantissa - 1, exponent)))
    return narrower if narrower.rad() == arb(radius) else ball
