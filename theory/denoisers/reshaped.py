"""Denoisers made from another one token law by token law: mixed with uniform, tempered, truncated."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.validation import check_distributions, read_array, read_fraction
from theory.denoisers.base import Denoiser, read_request, uniform, with_observed
from theory.unmasking.ties import ascending, at_most, comparable, places


class Reshaped(Denoiser):
    """A denoiser that changes the token laws of an inner one, each by itself."""

    inner: Any

    def __init__(self, inner: Any) -> None:
        oracle = getattr(inner, "oracle", None)
        if not isinstance(oracle, Oracle) or not callable(inner):
            raise ValueError(f"inner: expected a denoiser, as in Ideal(q), got {inner!r}")
        self.inner, self.oracle = inner, oracle
        self.convention = getattr(inner, "convention", "")

    @abstractmethod
    def reshape(self, laws: Array) -> Array:
        """The new token laws `[.., V]`."""

    @abstractmethod
    def around(self, inner: Any) -> Self:
        """The same change of another denoiser."""

    def of(self, law: Oracle) -> Self | None:
        """The same denoiser of another law in the same arithmetic."""
        inner = getattr(self.inner, "of", _unknown)(law)
        return inner and self.around(inner)

    def conditioned(self, law: Oracle) -> Self | None:
        inner = getattr(self.inner, "conditioned", _unknown)(law)
        return inner and self.around(inner)

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle = self.oracle
        batch, chosen = read_request(oracle, patterns, positions)
        with oracle.arithmetic.context():
            return with_observed(self.reshape(self.inner(batch, chosen)), batch, chosen, oracle)


class Perturbed(Reshaped):
    """(1 - a) inner + a / V: a denoiser of bounded error, with full support for a > 0.

    Around the ideal denoiser KL(q(x_i|x_S) || d(x_i|x_S)) <= -log2(1 - a + a/V) bits at every possible context,
    with equality where the token is certain.  a: a number in [0, 1], exact for an exact oracle (ValueError).
    """

    def __init__(self, inner: Any, a: Any) -> None:
        super().__init__(inner)
        system = self.oracle.arithmetic
        amount = read_array("a", [a], system)
        try:
            check_distributions("a", system.stack([amount, 1 - amount], 1), system)
        except ValueError as error:
            raise ValueError(f"a: expected a number in [0, 1], got {a!r}") from error
        self.amount: Scalar = system.element(amount[0])

    def around(self, inner: Any) -> Perturbed:
        return Perturbed(inner, self.amount)

    def reshape(self, laws: Array) -> Array:
        return laws * (1 - self.amount) + uniform(self.oracle) * self.amount


class Tempered(Reshaped):
    """Token laws in proportion to inner ** (1 / temperature); temperature 0 is greedy.

    Greedy takes the most probable token, the lowest of equally probable ones (see `theory.unmasking.ties`).
    temperature: a rational >= 0; exact laws need 1/temperature whole (ValueError).  Greedy cannot decide between
    balls that overlap or symbols (ValueError); ArithmeticError if a float probability underflows.
    """

    def __init__(self, inner: Any, temperature: Any) -> None:
        super().__init__(inner)
        self.temperature = read_fraction("temperature", temperature)
        if self.temperature < 0:
            raise ValueError(f"temperature: expected a number >= 0, got {temperature!r}")
        exact = self.oracle.arithmetic.name == "exact"
        if exact and self.temperature and (1 / self.temperature).denominator != 1:
            raise ValueError(
                f"temperature: expected one whose inverse is whole for an exact law, got {temperature!r}; "
                "use q.to('float64') or q.to('ball')"
            )

    def around(self, inner: Any) -> Tempered:
        return Tempered(inner, self.temperature)

    def reshape(self, laws: Array) -> Array:
        system = self.oracle.arithmetic
        if not self.temperature:
            first = _places(laws, system) == 0
            return system.where(first, system.ones(1), system.zeros(1))
        raised = system.power(laws, 1 / self.temperature)
        return system.divide(raised, system.sum(raised, -1).reshape(*raised.shape[:-1], 1))


class TopP(Reshaped):
    """Nucleus sampling: the fewest most probable tokens whose total is at least `p`, renormalised.

    Of equally probable tokens (see `theory.unmasking.ties`) the lower comes first.  p: a rational in (0, 1]
    (ValueError).  As for greedy, balls that overlap and symbols cannot be ordered (ValueError).
    (Holtzman et al. 2020)
    """

    def __init__(self, inner: Any, p: Any) -> None:
        super().__init__(inner)
        self.p = read_fraction("p", p)
        if not 0 < self.p <= 1:
            raise ValueError(f"p: expected a number in (0, 1], got {p!r}")

    def around(self, inner: Any) -> TopP:
        return TopP(inner, self.p)

    def reshape(self, laws: Array) -> Array:
        if self.p == 1:
            return laws  # no tolerance drops a possible token
        system = self.oracle.arithmetic
        values = comparable("denoiser", laws, system)
        order = ascending(-values, system)
        ordered = np.take_along_axis(values, order, axis=-1)
        before = np.cumsum(ordered, axis=-1) - ordered
        # A token is kept unless those before it already reach p; the first one always is.
        needed = ~at_most(-before, -self.p, system)
        kept = np.empty(values.shape, dtype=bool)
        np.put_along_axis(kept, order, needed, axis=-1)
        left = system.where(kept, laws, system.zeros(1))
        return system.divide(left, system.sum(left, -1).reshape(*left.shape[:-1], 1))


def _places(laws: Array, system: Arithmetic) -> NDArray[np.int64]:
    """The place of every token when the most probable comes first and ties go to the lowest, `[.., V]`."""
    return places(ascending(-comparable("denoiser", laws, system), system))


def _unknown(law: Oracle) -> None:
    """What a denoiser that says nothing of other laws says of one."""
