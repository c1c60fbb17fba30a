"""Exact rationals: python-flint's fmpq."""

from __future__ import annotations

import math
import numbers
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
import sympy
from flint import fmpq, fmpq_mat, fmpz
from numpy.typing import NDArray

from oracles.arithmetic.ball import BallArithmetic, ball_ln, ball_log2
from oracles.arithmetic.base import Array
from oracles.arithmetic.object_arrays import ObjectArithmetic, elementwise, flint_matmul

# fmpq has a numerator and a denominator: registered as a Rational it compares with Fraction.
numbers.Rational.register(fmpq)


class RationalArithmetic(ObjectArithmetic):
    """Arithmetic without rounding; logarithms are balls."""

    name = "exact"

    @property
    def guarantee(self) -> str:
        return "exact rational"

    def __init__(self, log_bits: int = 128) -> None:
        self._logs = BallArithmetic(log_bits)

    @property
    def logs(self) -> BallArithmetic:
        return self._logs

    def number(self, value: Any) -> fmpq:
        if isinstance(value, fmpq):
            return value
        if isinstance(value, str):
            value = Fraction(value)
        if isinstance(value, int | np.integer | fmpz):
            return fmpq(int(value))
        if isinstance(value, Fraction | sympy.Rational):
            return fmpq(int(value.numerator), int(value.denominator))
        raise TypeError(f"expected an exact rational, got {value!r} of type {type(value).__name__}")

    def _quotient(self, numerator: fmpq, denominator: fmpq) -> fmpq:
        return numerator / denominator

    def _log2(self, value: fmpq) -> Any:
        return ball_log2(self._logs.number(value))

    def _ln(self, value: fmpq) -> Any:
        return ball_ln(self._logs.number(value))

    def _matmul(self, left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        return flint_matmul(fmpq_mat, left, right)

    def power(self, values: Array, exponent: Fraction) -> NDArray[Any]:
        if exponent.denominator != 1:
            raise ValueError(f"exponent: expected a whole number for exact rationals, got {exponent}")
        whole = int(exponent)  # fmpq has powers of integers only
        return elementwise(lambda value: value**whole, values)

    def draw(self, weights: Array, rng: np.random.Generator) -> NDArray[np.int64]:
        # Rows are mostly copies of a few rows of one matrix, made of the same objects: each is read once.
        alike: dict[tuple[int, ...], list[int]] = {}
        for index, row in enumerate(weights):
            alike.setdefault(tuple(map(id, row)), []).append(index)
        drawn = np.empty(len(weights), dtype=np.int64)
        for members in alike.values():
            drawn[members] = _draw(weights[members[0]], len(members), rng)
        return drawn


def _draw(weights: NDArray[Any], n: int, rng: np.random.Generator) -> Any:
    """n indices drawn with probability exactly proportional to rational weights, by one integer each."""
    common = math.lcm(*(int(weight.q) for weight in weights))
    ends = list(accumulate(int(weight.p) * (common // int(weight.q)) for weight in weights))
    if ends[-1] == 0:
        raise ZeroDivisionError("cannot draw from weights that sum to zero")
    if ends[-1] < 2**63:
        return np.searchsorted(np.array(ends), rng.integers(ends[-1], size=n), side="right")
    return [bisect_right(ends, _randbelow(ends[-1], rng)) for _ in range(n)]


def _randbelow(bound: int, rng: np.random.Generator) -> int:
    """A uniform integer in [0, bound) of any size, by rejection from random bytes."""
    bits = bound.bit_length()
    while True:
        value = int.from_bytes(rng.bytes((bits + 7) // 8), "little") & ((1 << bits) - 1)
        if value < bound:
            return value
