"""Denoisers given from outside: a function or a table; and any denoiser seen through a prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Array
from oracles.patterns import Tokens, all_patterns
from oracles.validation import check_distributions, check_shape, read_array
from theory.denoisers.base import Chosen, Denoiser, read_oracle, read_request, with_observed


class Function(Denoiser):
    """Any function of a batch of patterns as a denoiser, its answers checked.

    function: `[B, L]` integer array -> `[B, L, V]` probabilities.  ValueError if it returns another shape, a
    negative or NaN entry, or rows that do not sum to 1.
    """

    def __init__(self, oracle: Oracle, function: Callable[[Tokens], Any]) -> None:
        self.oracle = read_oracle(oracle)
        if not callable(function):
            raise ValueError(f"function: expected a function of a batch of patterns, got {function!r}")
        self.function = function

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle, system = self.oracle, self.oracle.arithmetic
        batch, chosen = read_request(oracle, patterns, positions)
        answer = read_array("denoiser", self.function(batch.copy()), system)
        check_shape("denoiser", answer, (*batch.shape, oracle.vocab_size))
        picked = _picked(answer, chosen, oracle)
        check_distributions("denoiser", picked, system)
        return with_observed(picked, batch, chosen, oracle)


class Tabulated(Denoiser):
    """A denoiser as an explicit table of its answers in every pattern: small, and anything at all.

    table: `[(V+1)]*L + [L, V]`, the law of the token at every position of every pattern (V stands for masked);
    rows of observed positions are not looked at.  ValueError for another shape, a negative or NaN entry, or
    rows of masked positions that do not sum to 1.
    """

    def __init__(self, oracle: Oracle, table: Any) -> None:
        self.oracle, system = read_oracle(oracle), oracle.arithmetic
        self._table = read_array("table", table, system)
        vocab, length = oracle.vocab_size, oracle.length
        check_shape("table", self._table, (*(vocab + 1,) * length, length, vocab))
        self._table = self._table.reshape(-1, length, vocab)
        masked = all_patterns(vocab, length) == oracle.mask
        check_distributions("table", _picked(self._table, masked, oracle), system)

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle = self.oracle
        batch, chosen = read_request(oracle, patterns, positions)
        place = (oracle.vocab_size + 1) ** np.arange(oracle.length)[::-1]
        answer = self._table[oracle.arithmetic.index(batch @ place)]
        return with_observed(_picked(answer, chosen, oracle), batch, chosen, oracle)


class Prompted(Denoiser):
    """A denoiser seen from the free positions of a prompt: the given tokens are filled back in.

    reduced: the law of the free positions given the prompt; given: the pattern `[L]`.
    """

    def __init__(self, inner: Any, reduced: Oracle, given: Tokens) -> None:
        self.inner = inner
        self.oracle = reduced
        self.given = given
        self.convention = getattr(inner, "convention", "")
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


def _picked(answers: Array, chosen: Chosen, oracle: Oracle) -> Array:
    """The rows asked for, of answers `[B, L, V]`."""
    system = oracle.arithmetic
    if isinstance(chosen, list):
        return answers[:, system.index(np.array(chosen, dtype=np.int64))]
    rows, places = np.nonzero(chosen)
    return answers[system.index(rows), system.index(places)]
