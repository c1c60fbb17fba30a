"""The ideal denoiser: the exact conditionals of a law."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Array
from theory.denoisers.base import Denoiser, read_oracle, read_request, uniform, with_observed

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
        self.oracle = read_oracle(oracle)
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
        possible = np.asarray(oracle.support()._probability(batch))
        if possible.all() or self.impossible == "raise":
            return oracle.conditionals(batch, chosen)
        # Given nothing, every token has its marginal law: the impossible contexts are asked with the others.
        answer = oracle.conditionals(np.where(possible[:, None], batch, oracle.mask), chosen)
        with oracle.arithmetic.context():
            if self.impossible == "uniform":
                there = possible[:, None] if isinstance(chosen, list) else possible[np.nonzero(chosen)[0]]
                answer = oracle.arithmetic.where(there[..., None], answer, uniform(oracle))
            return with_observed(answer, batch, chosen, oracle)
