"""Denoisers: what fills in the masked positions of a pattern, exactly known or deliberately imperfect.

A denoiser maps patterns `[B, L]` to token probabilities: `[B, P, V]` for P positions, or `[M, V]` for the M
entries chosen by a Boolean array `[B, L]` (see `Oracle.conditionals`); observed positions are one-hot.  It
never sees the time: a masked pattern shows how much has been revealed.

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
from oracles.arithmetic import Array, Scalar
from oracles.patterns import Tokens
from oracles.validation import check_distributions, check_shape, read_array

IMPOSSIBLE = ("marginal", "uniform", "raise")

Chosen = list[int] | NDArray[np.bool_]
"""Positions, or which entries of a batch of patterns."""


class Denoiser(Protocol):
    """Anything that maps patterns `[B, L]` to probabilities `[B, P, V]`, or `[M, V]` for chosen entries."""

    oracle: Oracle
    """The law it belongs to: its vocabulary, length and arithmetic."""

    def __call__(self, patterns: Any, positions: Any = None) -> Array: ...


class Ideal:
    """q(x_i | observed tokens), the minimiser of the masked diffusion loss.

    impossible: what to answer where q gives the context probability zero: "marginal" (q(x_i), the default),
    "uniform" (1/V) or "raise" (ValueError).  SER, TER and KL(q||p) of samplers of q that never remask do not
    depend on it; the law off the support does.
    """

    def __init__(self, oracle: Oracle, impossible: str = "marginal") -> None:
        if impossible not in IMPOSSIBLE:
            raise ValueError(f"impossible: expected one of {', '.join(IMPOSSIBLE)}, got {impossible!r}")
        self.oracle = oracle
        self.impossible = impossible

    def of(self, law: Oracle) -> Ideal:
        """The same denoiser of another law."""
        return Ideal(law, self.impossible)

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle = self.oracle
        batch, chosen = read_request(oracle, patterns, positions)
        possible = np.asarray(oracle.in_support(batch))
        if possible.all() or self.impossible == "raise":
            return oracle.conditionals(batch, chosen)
        with oracle.arithmetic.context():
            answer = with_observed(self._unconditional(len(batch), chosen), batch, chosen, oracle)
        if isinstance(chosen, list):
            informed, asked = possible, chosen
        else:
            informed, asked = possible[np.nonzero(chosen)[0]], chosen[possible]
        index = oracle.arithmetic.index(np.flatnonzero(informed))
        answer[index] = oracle.conditionals(batch[possible], asked)
        return answer

    def _unconditional(self, rows: int, chosen: Chosen) -> Array:
        """The convention's answer at every chosen place."""
        system = self.oracle.arithmetic
        if isinstance(chosen, list):
            return self._marginals[system.index(np.array(chosen, dtype=np.int64))] + system.zeros(rows, 1, 1)
        return self._marginals[system.index(np.nonzero(chosen)[1])]

    @cached_property
    def _marginals(self) -> Array:
        oracle = self.oracle
        if self.impossible == "marginal":
            return oracle.conditionals(oracle.all_masked())
        return uniform(oracle) + oracle.arithmetic.zeros(oracle.length, oracle.vocab_size)


class Perturbed:
    """(1 - a) inner + a / V: a denoiser of bounded error, with full support for a > 0.

    At every possible context KL(q(x_i|x_S) || d(x_i|x_S)) <= -log2(1 - a + a/V) bits, with equality where the
    token is certain.  a: a number in [0, 1], exact for an exact oracle (ValueError otherwise).
    """

    def __init__(self, inner: Ideal, a: Any) -> None:
        if not isinstance(inner, Ideal):
            raise ValueError(f"inner: expected an ideal denoiser, as in Ideal(q), got {inner!r}")
        self.inner = inner
        self.oracle = inner.oracle
        system = self.oracle.arithmetic
        amount = read_array("a", [a], system)
        try:
            check_distributions("a", system.stack([amount, 1 - amount], 1), system)
        except ValueError as error:
            raise ValueError(f"a: expected a number in [0, 1], got {a!r}") from error
        self.amount: Scalar = system.element(amount[0])

    def of(self, law: Oracle) -> Perturbed:
        """The same denoiser of another law in the same arithmetic."""
        return Perturbed(self.inner.of(law), self.amount)

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle = self.oracle
        batch, chosen = read_request(oracle, patterns, positions)
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
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle, system = self.oracle, self.oracle.arithmetic
        batch, chosen = read_request(oracle, patterns, positions)
        answer = read_array("denoiser", self.function(batch.copy()), system)
        check_shape("denoiser", answer, (*batch.shape, oracle.vocab_size))
        if isinstance(chosen, list):
            picked = answer[:, system.index(np.array(chosen, dtype=np.int64))]
        else:
            rows, places = np.nonzero(chosen)
            picked = answer[system.index(rows), system.index(places)]
        check_distributions("denoiser", picked, system)
        return with_observed(picked, batch, chosen, oracle)


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
        """Patterns of the free positions `[B, L']` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        batch, chosen = read_request(self.oracle, patterns, positions)
        full = np.repeat(self.given[None], len(batch), axis=0)
        full[:, self.free] = batch
        if isinstance(chosen, list):
            return self.inner(full, self.free[chosen].tolist())
        where = np.zeros(full.shape, dtype=bool)
        where[:, self.free] = chosen
        return self.inner(full, where)


def read_request(oracle: Oracle, patterns: Any, positions: Any) -> tuple[Tokens, Chosen]:
    """What a denoiser is asked: patterns `[B, L]`, and positions or chosen entries `[B, L]`; ValueError."""
    batch, shape = oracle._read("patterns", patterns)
    return batch, oracle._read_chosen(positions, shape)


def uniform(oracle: Oracle) -> Array:
    """The uniform law on the vocabulary, `[V]`, in the oracle's arithmetic."""
    system = oracle.arithmetic
    with system.context():
        return system.divide(system.ones(oracle.vocab_size), system.array([oracle.vocab_size]))


def with_observed(answers: Array, patterns: Tokens, chosen: Chosen, oracle: Oracle) -> Array:
    """The answers `[B, P, V]` or `[M, V]` with one-hot rows where the patterns are observed."""
    system = oracle.arithmetic
    tokens = patterns[:, chosen] if isinstance(chosen, list) else patterns[chosen]
    one_hot = np.arange(oracle.vocab_size) == tokens[..., None]
    certain = system.where(one_hot, system.ones(1), system.zeros(1))
    return system.where((tokens == oracle.mask)[..., None], answers, certain)
