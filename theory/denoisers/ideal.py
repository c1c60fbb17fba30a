"""The ideal denoiser: the exact conditionals of a law."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Array
from theory.denoisers.base import Chosen, Denoiser, read_request, uniform, with_observed

IMPOSSIBLE = ("marginal", "uniform", "raise")


class Ideal(Denoiser):
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
        self.convention = f"impossible contexts: {impossible}"

    def of(self, law: Oracle) -> Ideal:
        """The same denoiser of another law."""
        return Ideal(law, self.impossible)

    conditioned = of

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
