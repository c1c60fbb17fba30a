"""Booleans over the zero pattern: 'possible' and 'impossible', decided without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic.base import Arithmetic, Array


class BooleanArithmetic(Arithmetic):
    """Addition is 'or', multiplication is 'and'; the probability of a pattern is whether it can occur."""

    name = "boolean"

    @property
    def guarantee(self) -> str:
        return "structural"

    @property
    def logs(self) -> Arithmetic:
        raise TypeError("Booleans have no logarithms")

    def array(self, values: Any) -> NDArray[np.bool_]:
        return np.array(values, dtype=bool)

    def zeros(self, *shape: int) -> NDArray[np.bool_]:
        return np.zeros(shape, dtype=bool)

    def ones(self, *shape: int) -> NDArray[np.bool_]:
        return np.ones(shape, dtype=bool)

    def index(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        return integers

    def stack(self, arrays: Sequence[Array], axis: int = 0) -> NDArray[np.bool_]:
        return np.stack(arrays, axis)

    def concat(self, arrays: Sequence[Array], axis: int = 0) -> NDArray[np.bool_]:
        return np.concatenate(arrays, axis)

    def matmul(self, left: Array, right: Array) -> NDArray[np.bool_]:
        # Counting paths in float32 uses the BLAS and is exact as a test for 'none': a sum of non-negative
        # terms is zero only if every term is.
        return left.astype(np.float32) @ right.astype(np.float32) > 0

    def sum(self, values: Array, axis: int | tuple[int, ...]) -> NDArray[np.bool_]:
        return np.asarray(np.any(values, axis=axis))

    def scatter_sum(self, values: Array, index: NDArray[np.int64], terms: Array) -> NDArray[np.bool_]:
        total = values.copy()
        np.logical_or.at(total, index, terms)
        return total

    def where(self, mask: NDArray[np.bool_], yes: Array, no: Array) -> NDArray[np.bool_]:
        return np.where(mask, yes, no)

    def divide(self, numerator: Array, denominator: Array) -> NDArray[np.bool_]:
        if not np.all(denominator):
            raise ZeroDivisionError("division by an impossible event")
        return np.logical_and(numerator, denominator)

    def power(self, values: Array, exponent: Fraction) -> NDArray[np.bool_]:
        return values

    def is_zero(self, values: Array) -> NDArray[np.bool_]:
        return np.logical_not(values)

    def log2(self, values: Array) -> NDArray[Any]:
        raise TypeError("Booleans have no logarithms")

    def ln(self, values: Array) -> NDArray[Any]:
        raise TypeError("Booleans have no logarithms")

    def element(self, value: Array) -> bool:
        return bool(value)

    def tolist(self, values: Array) -> Any:
        return values.tolist()

    def draw(self, weights: Array, rng: np.random.Generator) -> NDArray[np.int64]:
        raise TypeError("Booleans say what is possible, not how probable: sample the law itself")
