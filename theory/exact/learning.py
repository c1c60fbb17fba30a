"""The errors of a denoiser in every context as exact numbers, by their definitions, in bits.

KL(q(x_i | x_S) || d(x_i | x_S)) for every possible context.  For short laws the twin of `theory.learning`, with which
it shares no code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import compress, product
from typing import Any

import numpy as np
from flint import arb, fmpq

from oracles import Oracle
from oracles.arithmetic import arithmetic
from theory.denoisers import Ideal
from theory.exact import log_sums
from theory.exact.by_context import ByContext
from theory.exact.log_sums import LogSum, rational
from theory.exact.ordered_partitions import ordered_partitions
from theory.exact.profile import contexts
from theory.unmasking.schedules import IID, FixedSizes

Pattern = tuple[int, ...]


class LearningErrors(ByContext):
    """Every error of a denoiser, and f(i, S) = E_q KL(q(x_i | x_S) || d(x_i | x_S)), what it adds to E KL.

    ValueError if one of them is infinite.
    """

    def __init__(self, q: Oracle, denoiser: Any) -> None:
        self.length = q.length
        self._q, self._denoiser = q, denoiser
        patterns = [x for x in product(range(q.vocab_size + 1), repeat=q.length) if q.mask in x]
        possible = list(compress(patterns, np.asarray(q.in_support(patterns)).tolist()))
        self._mass = dict(zip(possible, q.probability(possible).tolist(), strict=True))
        laws = zip(possible, _answers(Ideal(q), possible), _answers(denoiser, possible), strict=True)
        self._errors = {
            (x, i): log_sums.relative_entropy(ideal[i], answer[i])
            for x, ideal, answer in laws
            for i, v in enumerate(x)
            if v == q.mask
        }

    def worst(self) -> LogSum:
        """The largest error in any possible context."""
        return max(self._errors.values())

    def of(self, position: int, given: Collection[int]) -> LogSum:
        """E_q KL(q(x_i | x_S) || d(x_i | x_S)) for a set S without i."""
        return self._means[position, frozenset(given)]

    @cached_property
    def _means(self) -> dict[tuple[int, frozenset[int]], LogSum]:
        terms: dict[tuple[int, frozenset[int]], list[LogSum]] = defaultdict(list)
        for (x, i), error in self._errors.items():
            seen = frozenset(j for j, v in enumerate(x) if v != self._q.mask)
            terms[i, seen].append(self._mass[x] * error)
        return {context: _sum(each) for context, each in terms.items()}

    def at_rate(self, rate: Any) -> LogSum:
        """The mean at masking rate t: all others masked with probability t, position by position."""
        t, others = rational(rate), self.length - 1
        return _sum(
            t ** (others - m) * (1 - t) ** m / self.length * self.of(i, given)
            for m in range(self.length)
            for i, given in contexts(self.length, m)
        )

    def average(self) -> LogSum:
        """The mean over all masking rates: int_0^1 t^a (1-t)^b dt = 1 / ((a+b+1) C(a+b, a))."""
        return _sum(self.mean_in_context(m) for m in range(self.length)) / self.length

    def visited(self, blocks: Sequence[Sequence[int]], sampler: Any = None) -> LogSum:
        """The sum of errors over the possible contexts that a sampler meets along blocks, on average.

        sampler: the denoiser that samples, its own by default.
        """
        states: dict[Pattern, fmpq] = {(self._q.mask,) * self.length: fmpq(1)}
        total = LogSum({})
        for block in blocks:
            after: dict[Pattern, fmpq] = defaultdict(fmpq)
            answers = _answers(self._denoiser if sampler is None else sampler, list(states))
            for (x, weight), laws in zip(states.items(), answers, strict=True):
                total = total + _sum(weight * self._errors[x, i] for i in block if (x, i) in self._errors)
                for tokens in product(range(self._q.vocab_size), repeat=len(block)):
                    filled, share = list(x), weight
                    for i, v in zip(block, tokens, strict=True):
                        filled[i], share = v, share * laws[i][v]
                    if share != 0:
                        after[tuple(filled)] += share
            states = after
        return total

    def expected_visited(self, schedule: IID | FixedSizes, sampler: Any = None) -> LogSum:
        """The mean of `visited` over the ordered partitions of a schedule."""
        partitions = ordered_partitions(schedule, self.length)
        return _sum(w * self.visited(blocks, sampler) for blocks, w in partitions)


def nats_above(bits: LogSum, denominator: int = 10**9) -> fmpq:
    """A rational number of nats that is at least so many bits, and exceeds them by at most 1/denominator."""
    with arithmetic("ball", bits=256).context():
        scaled = bits.enclosure() * arb.const_log2() * denominator
        whole = scaled.ceil().unique_fmpz()
    if whole is None:
        raise ArithmeticError(f"the whole number above {scaled} is not decided")
    return fmpq(whole, denominator)


def _answers(denoiser: Any, patterns: list[Pattern]) -> list[list[list[fmpq]]]:
    """The answers, `[B, L, V]`."""
    return np.asarray(denoiser(np.array(patterns))).tolist()


def _sum(terms: Any) -> LogSum:
    return sum(terms, LogSum({}))
