"""Denoisers: what fills in the masked positions of a pattern, exactly known or deliberately imperfect.

A denoiser maps patterns `[B, L]` to token probabilities `[B, P, V]`, one row a requested position; observed
positions are one-hot.  It never sees the time: a masked pattern shows how much has been revealed.

While sampling several tokens in parallel, contexts of probability zero do occur.  What the ideal denoiser
does there is a convention, which is part of it: 'marginal' (answer q(x_i)), 'uniform' or 'raise'.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.patterns import Tokens

IMPOSSIBLE = ("marginal", "uniform", "raise")


class Denoiser(Protocol):
    """Anything that maps patterns `[B, L]` (and positions) to probabilities `[B, P, V]`."""

    oracle: Oracle
    """The law it belongs to: its vocabulary, length and arithmetic."""

    def __call__(self, patterns: Any, positions: Any = None) -> Array: ...


class Ideal:
    """q(x_i | observed tokens), the minimiser of the masked diffusion loss.

    impossible: what to answer where q gives the context probability zero: "marginal" (q(x_i), the default),
    "uniform" (1/V) or "raise" (ValueError).  SER, TER and KL(q||p) of samplers that never remask do not
    depend on it; the law off the support does.
    """

    def __init__(self, oracle: Oracle, impossible: str = "marginal") -> None:
        if impossible not in IMPOSSIBLE:
            raise ValueError(f"impossible: expected one of {', '.join(IMPOSSIBLE)}, got {impossible!r}")
        self.oracle = oracle
        self.impossible = impossible

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions` (see `Oracle.conditionals`)."""
        oracle = self.oracle
        batch, _ = oracle._read("patterns", patterns)
        if self.impossible == "raise":
            return oracle.conditionals(batch, positions)
        possible = np.asarray(oracle.in_support(batch))
        if possible.all():
            return oracle.conditionals(batch, positions)
        if isinstance(positions, np.ndarray) and positions.dtype == bool:
            return self._entries(batch, positions, possible)
        chosen = oracle._read_positions(positions)
        answer = self._off_support(batch, chosen)
        index = oracle.arithmetic.index(np.flatnonzero(possible))
        answer[index] = oracle.conditionals(batch[possible], chosen)
        return answer

    def _entries(self, patterns: Tokens, chosen: NDArray[np.bool_], possible: NDArray[np.bool_]) -> Array:
        """The chosen entries `[M, V]` of a batch in which some rows are impossible."""
        system = self.oracle.arithmetic
        rows, places = np.nonzero(chosen)
        answer = self._marginals[system.index(places)]
        index = system.index(np.flatnonzero(possible[rows]))
        answer[index] = self.oracle.conditionals(patterns[possible], chosen[possible])
        return answer

    def _off_support(self, patterns: Tokens, positions: list[int]) -> Array:
        """The convention for contexts of probability zero, on every row."""
        system = self.oracle.arithmetic
        free = self._marginals[system.index(np.array(positions, dtype=np.int64))]
        return with_observed(free[None] + system.zeros(len(patterns), 1, 1), patterns, positions, self.oracle)

    @cached_property
    def _marginals(self) -> Array:
        oracle = self.oracle
        if self.impossible == "marginal":
            return oracle.conditionals(oracle.all_masked()[None])[0]
        return uniform(oracle) + oracle.arithmetic.zeros(oracle.length, oracle.vocab_size)


class Perturbed:
    """(1 - a) inner + a / V: a denoiser of bounded error, with full support for a > 0.

    At every context KL(q(x_i|x_S) || d(x_i|x_S)) <= -log2(1 - a + a/V) bits.  a: a number in [0, 1], exact for
    an exact oracle (ValueError otherwise).
    """

    def __init__(self, inner: Ideal, a: Any) -> None:
        self.inner = inner
        self.oracle = inner.oracle
        system = self.oracle.arithmetic
        try:
            self.amount: Scalar = system.element(system.array([a])[0])
        except (TypeError, ValueError) as error:
            raise ValueError(f"a: expected a number of the oracle's arithmetic: {error}") from error
        if not bool(self.amount >= 0) or not bool(self.amount <= 1):
            raise ValueError(f"a: expected a number in [0, 1], got {a!r}")

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`."""
        oracle = self.oracle
        batch, _ = oracle._read("patterns", patterns)
        chosen = oracle._read_positions(positions)
        with oracle.arithmetic.context():
            mixed = self.inner(batch, chosen) * (1 - self.amount) + uniform(oracle) * self.amount
            return with_observed(mixed, batch, chosen, oracle)


class Function:
    """Any function of a batch of patterns as a denoiser, its answers checked.

    function: `[B, L]` integer array -> `[B, L, V]` probabilities.  ValueError if it returns another shape, a
    negative or NaN entry, or rows that do not sum to 1.
    """

    def __init__(self, oracle: Oracle, function: Callable[[Tokens], Any]) -> None:
        self.oracle = oracle
        self.function = function

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`."""
        from oracles.validation import check_distributions, check_shape, read_array

        oracle = self.oracle
        batch, _ = oracle._read("patterns", patterns)
        chosen = oracle._read_positions(positions)
        answer = read_array("denoiser", self.function(batch), oracle.arithmetic)
        check_shape("denoiser", answer, (*batch.shape, oracle.vocab_size))
        rows = answer[:, oracle.arithmetic.index(np.array(chosen, dtype=np.int64))]
        check_distributions("denoiser", rows, oracle.arithmetic)
        return with_observed(rows, batch, chosen, oracle)


class Prompted:
    """A denoiser seen from the free positions of a prompt: the given tokens are filled back in.

    reduced: the law of the free positions given the prompt; given: the pattern `[L]`.
    """

    def __init__(self, inner: Any, reduced: Oracle, given: Tokens) -> None:
        self.inner = inner
        self.oracle = reduced
        self.given = given
        self.free = np.flatnonzero(given == inner.oracle.mask)

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """Patterns of the free positions `[B, L']` -> `[B, P, V]`."""
        batch, _ = self.oracle._read("patterns", patterns)
        full = np.repeat(self.given[None], len(batch), axis=0)
        full[:, self.free] = batch
        return self.inner(full, self.free[self.oracle._read_positions(positions)])


def uniform(oracle: Oracle) -> Array:
    """The uniform law on the vocabulary, `[V]`, in the oracle's arithmetic."""
    system = oracle.arithmetic
    return system.divide(system.ones(oracle.vocab_size), system.array([oracle.vocab_size]))


def with_observed(rows: Array, patterns: Tokens, positions: list[int], oracle: Oracle) -> Array:
    """`rows` `[B, P, V]` with one-hot rows at the positions that the patterns observe."""
    system: Arithmetic = oracle.arithmetic
    observed = patterns[:, positions]
    one_hot: NDArray[np.bool_] = np.arange(oracle.vocab_size) == observed[..., None]
    free = (observed == oracle.mask)[..., None]
    certain = system.where(one_hot, system.ones(1), system.zeros(1))
    return system.where(free, rows, certain)
