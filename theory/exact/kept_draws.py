"""Low-confidence remasking, one token a step, as a chain of contexts: p(x) and its planned bound as exact numbers.

With d_i the answers at the masked positions, token a is kept at position i with probability

    T(i, a) = d_i(a) prod_{j != i} P(the draw at j is less probable than d_i(a), or as probable and j > i),

so that p(x) = sum over orders of prod T(i, x_i).  In a context of x let Z = sum_i T(i, x_i), the probability that
what is kept agrees with x, and let the next position be i with probability T(i, x_i) / Z: by Jensen's inequality

    -log2 p(x) <= planned bound = E[sum over steps of -log2 Z],

the planned evidence lower bound of Peng et al. 2025 (arXiv 2502.03540, 2509.23405) in our reading.  Put
-log2 d_i(x_i) in place of -log2 Z, and it is the loss of the denoiser along the path, which bounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from oracles import Oracle
from oracles.patterns import all_sequences
from theory.exact.log_sums import LogSum, log2
from theory.samplers import one_by_one


@dataclass(frozen=True)
class KeptDraws:
    """Of every possible sequence x: q(x), p(x), the planned bound and the loss along the path, in bits."""

    weights: tuple[fmpq, ...]
    probabilities: tuple[fmpq, ...]
    bounds: tuple[LogSum, ...]
    losses: tuple[LogSum, ...]

    @classmethod
    def of(cls, q: Oracle, denoiser: Any = None) -> KeptDraws:
        """By recursion over the 2^L contexts of each sequence.  ValueError if a bound is infinite."""
        problem = one_by_one(q, denoiser)
        sequences = all_sequences(q.vocab_size, q.length)
        sequences = sequences[np.asarray(q.in_support(sequences))]
        found = [_Sequence(q, problem.denoiser, x).from_masks() for x in sequences]
        weights = tuple(q.arithmetic.tolist(q.probability(sequences)))
        return cls(weights, *zip(*found, strict=True))

    @property
    def cross_entropy(self) -> LogSum:
        """E_q[-log2 p(X)]."""
        return self._mean([-log2(p) for p in self.probabilities])

    @property
    def bound(self) -> LogSum:
        """E_q of the planned bound, at least the cross entropy."""
        return self._mean(self.bounds)

    @property
    def loss(self) -> LogSum:
        """E_q of the loss along the path."""
        return self._mean(self.losses)

    def _mean(self, values: Any) -> LogSum:
        return sum((w * value for w, value in zip(self.weights, values, strict=True)), LogSum({}))


class _Sequence:
    """The contexts of one sequence."""

    def __init__(self, q: Oracle, denoiser: Any, tokens: Any) -> None:
        self.mask, self.denoiser, self.tokens = q.mask, denoiser, tokens
        self.known: dict[tuple[int, ...], tuple[fmpq, LogSum, LogSum]] = {
            (): (fmpq(1), LogSum({}), LogSum({}))
        }

    def from_masks(self) -> tuple[fmpq, LogSum, LogSum]:
        return self._from(tuple(range(len(self.tokens))))

    def _from(self, masked: tuple[int, ...]) -> tuple[fmpq, LogSum, LogSum]:
        """p(x | context), planned bound and loss from a context on."""
        if masked not in self.known:
            pattern = self.tokens.copy()
            pattern[list(masked)] = self.mask
            laws = np.asarray(self.denoiser(pattern[None], list(masked)))[0]
            answers = [law[token] for law, token in zip(laws, self.tokens[list(masked)], strict=True)]
            kept = [_kept(laws, place, answer) for place, answer in enumerate(answers)]
            agrees = sum(kept, fmpq(0))
            rest = [self._from(masked[:place] + masked[place + 1 :]) for place in range(len(masked))]
            probability = sum((t * p for t, (p, _, _) in zip(kept, rest, strict=True)), fmpq(0))
            bound, loss = -log2(agrees), LogSum({})
            for t, answer, (_, later, lost) in zip(kept, answers, rest, strict=True):
                if t != 0:
                    bound, loss = bound + t / agrees * later, loss + t / agrees * (lost - log2(answer))
            self.known[masked] = probability, bound, loss
        return self.known[masked]


def _kept(laws: Any, place: int, answer: fmpq) -> fmpq:
    """T of a token of probability `answer`: drawn at its place, and no draw elsewhere goes first."""
    chance = answer
    for other, law in enumerate(laws):
        if other != place:
            chance *= sum((p for p in law if p < answer or (p == answer and other > place)), fmpq(0))
    return chance
