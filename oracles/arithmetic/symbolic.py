"""Symbols: sympy expressions, for derivations at short lengths."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import fmpq
from numpy.typing import NDArray

from oracles.arithmetic.base import Array
from oracles.arithmetic.object_arrays import ObjectArithmetic


class SymbolicArithmetic(ObjectArithmetic):
    """Expressions with free parameters, which are taken to be positive where they are not the number 0."""

    name = "symbolic"

    @property
    def guarantee(self) -> str:
        return "symbolic"

    @property
    def logs(self) -> SymbolicArithmetic:
        return self

    def number(self, value: Any) -> sympy.Expr:
        if isinstance(value, sympy.Expr):
            if value.has(sympy.Float) or value.is_real is False:
                raise TypeError(f"expected an exact real expression, got {value}")
            return value
        if isinstance(value, str):
            value = Fraction(value)
        if isinstance(value, int | np.integer):
            return sympy.Integer(int(value))
        if isinstance(value, Fraction | fmpq):
            return sympy.Rational(int(value.numerator), int(value.denominator))
        raise TypeError(
            f"expected a symbolic or rational number, got {value!r} of type {type(value).__name__}"
        )

    def _quotient(self, numerator: sympy.Expr, denominator: sympy.Expr) -> sympy.Expr:
        if denominator == 0:
            raise ZeroDivisionError("symbolic division by zero")
        # Cancelling here keeps conditionals small: without it a posterior carries the whole joint law.
        return sympy.cancel(numerator / denominator)

    def _log2(self, value: sympy.Expr) -> sympy.Expr:
        return sympy.log(value) / sympy.log(2)

    def _ln(self, value: sympy.Expr) -> sympy.Expr:
        return sympy.log(value) if value != 0 else sympy.S.NegativeInfinity

    def is_zero(self, values: Array) -> NDArray[np.bool_]:
        return np.vectorize(lambda value: sympy.expand(value) == 0, otypes=[bool])(values)

    def draw(self, weights: Array, rng: np.random.Generator) -> NDArray[np.int64]:
        raise TypeError("a symbolic law cannot be sampled: substitute numbers and use its exact form")
