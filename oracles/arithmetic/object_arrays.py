"""What the systems that live in NumPy object arrays have in common."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic.base import Arithmetic, Array, Scalar, plain


def elementwise(function: Callable[..., Any], *arrays: Any, dtype: Any = object) -> NDArray[Any]:
    """Apply a scalar function entry by entry with broadcasting; empty arrays are allowed."""
    broadcast = np.broadcast_arrays(*arrays)
    out = np.empty(broadcast[0].shape, dtype=dtype)
    for index, entries in enumerate(zip(*(a.flat for a in broadcast), strict=True)):
        out.flat[index] = function(*entries)
    return out


class ObjectArithmetic(Arithmetic):
    """Arrays are NumPy object arrays; a subclass says how one number behaves."""

    @abstractmethod
    def number(self, value: Any) -> Scalar:
        """One number of this system from a plain one; TypeError if that would lose exactness."""

    @abstractmethod
    def _quotient(self, numerator: Scalar, denominator: Scalar) -> Scalar: ...

    @abstractmethod
    def _log2(self, value: Scalar) -> Scalar: ...

    @abstractmethod
    def _ln(self, value: Scalar) -> Scalar:
        """Natural logarithm, -inf at zero."""

    def array(self, values: Any) -> NDArray[Any]:
        return elementwise(self.number, plain(values))

    def zeros(self, *shape: int) -> NDArray[Any]:
        return np.full(shape, self.number(0), dtype=object)

    def ones(self, *shape: int) -> NDArray[Any]:
        return np.full(shape, self.number(1), dtype=object)

    def index(self, integers: NDArray[np.int64]) -> NDArray[np.int64]:
        return integers

    def stack(self, arrays: Sequence[Array], axis: int = 0) -> NDArray[Any]:
        return np.stack(arrays, axis)

    def concat(self, arrays: Sequence[Array], axis: int = 0) -> NDArray[Any]:
        return np.concatenate(arrays, axis)

    def matmul(self, left: Array, right: Array) -> NDArray[Any]:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        if right.ndim == 2:
            flat = left.reshape(math.prod(left.shape[:-1]), left.shape[-1])
            return self._matmul(flat, right).reshape(*left.shape[:-1], right.shape[-1])
        left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
        right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
        out = np.empty((*batch, left.shape[-2], right.shape[-1]), dtype=object)
        for index in itertools.product(*map(range, batch)):
            out[index] = self._matmul(left[index], right[index])
        return out

    def _matmul(self, left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        """Product of two matrices; overridden where a library multiplies whole matrices faster."""
        if left.shape[1] == 0:
            return self.zeros(left.shape[0], right.shape[1])
        return left @ right

    def sum(self, values: Array, axis: int | tuple[int, ...]) -> Any:
        total = np.asarray(values, dtype=object).sum(axis=axis, initial=self.number(0))
        return np.asarray(total, dtype=object)

    def scatter_sum(self, values: Array, index: NDArray[np.int64], terms: Array) -> NDArray[Any]:
        total = values.copy()
        np.add.at(total, index, terms)
        return total

    def where(self, mask: NDArray[np.bool_], yes: Array, no: Array) -> NDArray[Any]:
        return np.where(mask, yes, no)

    def divide(self, numerator: Array, denominator: Array) -> NDArray[Any]:
        return elementwise(self._quotient, numerator, denominator)

    def power(self, values: Array, exponent: Fraction) -> NDArray[Any]:
        number = self.number(exponent)
        zero = self.number(0)
        return elementwise(lambda value: zero if value == 0 else value**number, values)

    def is_zero(self, values: Array) -> NDArray[np.bool_]:
        return elementwise(lambda value: bool(value == 0), values, dtype=bool)

    def log2(self, values: Array) -> NDArray[Any]:
        with self.logs.context():
            return elementwise(self._log2, values)

    def ln(self, values: Array) -> NDArray[Any]:
        with self.logs.context():
            return elementwise(self._ln, values)

    def element(self, value: Array) -> Scalar:
        return value.item() if isinstance(value, np.ndarray) else value

    def tolist(self, values: Array) -> Any:
        return values.tolist()


def flint_matmul(matrix: Callable[..., Any], left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Matrix product through a python-flint matrix type (about 18 times faster than object arrays)."""
    rows, inner, columns = left.shape[0], left.shape[1], right.shape[1]
    product = matrix(rows, inner, left.ravel().tolist()) * matrix(inner, columns, right.ravel().tolist())
    out = np.empty(rows * columns, dtype=object)
    out[:] = product.entries()
    return out.reshape(rows, columns)
