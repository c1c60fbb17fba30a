"""The law of N equal iid steps as an exact polynomial in 1/N, and what remains of its error, term by term.

Every ordered partition with n non-empty steps comes about in C(N, n) of N^L ways, so
    p_N(x) = N^{-L} sum_n C(N, n) A_n(x),   A_n(x) = sum of p_pi(x) over those ordered partitions.
Twin of `first_order_error` and `second_order_error` for short laws.  Exact rationals throughout.
Source: derived for this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import factorial, prod
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly
from numpy.typing import NDArray

from oracles import Oracle, Table
from theory.metrics import sampler_law
from theory.unmasking.schedules import FixedSizes


class Expansion:
    """p_N(x) = sum_r coefficients[r](x) N^{-r} of the ideal denoiser, r = 0..L-1; tables `(V,)*L`.

    coefficients[0] is q.  Convention at impossible contexts: 'marginal'; possible sequences do not depend on it.
    """

    def __init__(self, q: Oracle) -> None:
        self.law = Table.of(q)
        self.length = q.length
        ways = {steps: self._ways(steps) for steps in range(1, q.length + 1)}
        self.coefficients: list[NDArray[Any]] = [
            np.add.reduce([share[r] * ways[n] for n, share in self._shares()]) for r in range(q.length)
        ]

    def at(self, steps: int) -> NDArray[Any]:
        """p_N, `(V,)*L`."""
        return np.add.reduce([table / fmpq(steps) ** r for r, table in enumerate(self.coefficients)])

    @cached_property
    def possible(self) -> NDArray[np.bool_]:
        """Where q(x) > 0."""
        return np.asarray(self.law.joint()) != 0

    def error_rate(self) -> list[fmpq]:
        """SER_N = sum_r of these N^{-r}, from r = 0, which is 0; from r = 1 on Lambda, .."""
        return [sum(table[~self.possible], fmpq(0)) for table in self.coefficients]

    def relative(self) -> list[NDArray[Any]]:
        """p_N(x)/q(x) = sum_r of these N^{-r} on the support `[X]`: 1, delta(x), .."""
        q = np.asarray(self.law.joint())[self.possible]
        return [table[self.possible] / q for table in self.coefficients]

    def mean(self, values: NDArray[Any]) -> fmpq:
        """E_q of numbers on the support `[X]`."""
        return sum(np.asarray(self.law.joint())[self.possible] * values, fmpq(0))

    def rest(self) -> NDArray[Any]:
        """sum_{r >= 2} |coefficient| on the support `[X]`: |p_N/q - 1 - delta/N| <= rest/N^2 for every N."""
        first = self.relative()
        return np.add.reduce([0 * first[0], *map(abs, first[2:])])

    def _shares(self) -> Iterator[tuple[int, list[fmpq]]]:
        """n -> the coefficients of N^{-r}, r < L, in N^{-L} C(N, n) = u^{L-n} prod_{j<n} (1 - j u) / n!."""
        for n in range(1, self.length + 1):
            poly = prod((fmpq_poly([1, -j]) for j in range(n)), start=fmpq_poly([fmpq(1, factorial(n))]))
            shifted = [fmpq(0)] * (self.length - n) + [poly[i] for i in range(n)]
            yield n, shifted[: self.length]

    def _ways(self, steps: int) -> Any:
        """A_n, `(V,)*L`."""
        terms = (
            factorial(self.length)
            // prod(map(factorial, sizes))
            * np.asarray(sampler_law(self.law, FixedSizes(sizes)).table())
            for sizes in _compositions(self.length, steps)
        )
        return sum(terms, fmpq(0) * np.asarray(self.law.joint()))


def _compositions(total: int, parts: int) -> Iterator[list[int]]:
    """Positive sizes that sum to `total`."""
    if parts == 1:
        yield [total]
        return
    for first in range(1, total - parts + 2):
        for rest in _compositions(total - first, parts - 1):
            yield [first, *rest]
