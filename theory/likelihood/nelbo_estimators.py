"""Monte Carlo estimators of the NELBO in continuous time: their exact means and variances on small laws.

A draw takes a sequence x ~ q and a set of masked positions, and scores Y from the losses
l(x, S) = sum over masked i of -log2 d(x_i | x_S), in bits:

    time       t uniform in [lowest, 1], every position masked with probability t:       Y = l / t
    count      j uniform in 1..L, a uniformly random set of j positions masked:          Y = l L / j
    order      a uniformly random order, one position after the other:                   Y = sum of the losses

With lowest = 0 all have the NELBO as their mean.  But a draw of `time` then scores a single masked position, as it
does with probability L t or so, at 1/t: E[Y^2] = inf unless the last token is always certain (derived for this
project).  Cutting t off makes the variance finite, of order log(1/lowest), and the mean wrong, see `clipped_nelbo`.
Sources: Sahoo et al. 2024 (MDLM: `time`, stratified), Nie et al. 2025 (LLaDA: both), Ou et al. 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.patterns import all_sequences
from oracles.shapes import Float64
from oracles.validation import read_count
from theory.monte_carlo import Estimate, student
from theory.samplers import Problem, one_by_one

LOSS_LIMIT = 2 * 10**7
"""Largest number V**L 2**L L of losses that is held: 160 MB."""


@dataclass(frozen=True)
class Estimator:
    """One way to draw scores whose mean is a NELBO, in bits a sequence.

    calls: of the denoiser, a draw.  mean: E[Y].  variance: of one draw, with its parts: `between_sequences`, that of
    E[Y | x], which only more sequences reduce, and `between_times`, that of E[Y | t] (of E[Y | j]), which stratified
    times take away (low-discrepancy sampling).  They overlap, and the first is no part of the second.
    """

    name: str
    calls: int
    mean: float
    variance: float
    between_sequences: float
    between_times: float

    @property
    def stratified_variance(self) -> float:
        """n times the variance of the mean of n draws with evenly spread times, in the limit of many."""
        return self.variance - self.between_times

    @property
    def variance_of_a_sequence(self) -> float:
        """E Var(Y | x): of one draw for a given sequence, on average."""
        return self.variance - self.between_sequences

    def draws_for(self, half_width: float, deviations: float = 2.5758293) -> float:
        """Draws after which so many standard deviations of the mean (2.58: 99%) are at most so many bits."""
        return math.inf if math.isinf(self.variance) else self.variance * (deviations / half_width) ** 2


@dataclass(frozen=True, eq=False)
class Losses:
    """-log2 d(x_i | x_S) in bits for every possible x, set S and position i.

    weights: q(x), `[X]`; values: `[X, 2**L, L]`, index bit i of the set 1 where position i is masked; 0 where it is
    not.
    """

    weights: Float64[np.ndarray, " X"]
    values: Float64[np.ndarray, "X S L"]

    @classmethod
    def of(cls, q: Oracle, denoiser: Any = None, *, given: Any = None) -> Losses:
        """All losses, in float64.  ValueError if there are more than `LOSS_LIMIT`, and as in `sampler_law`."""
        problem = one_by_one(q, denoiser, given)
        law = problem.law
        if law.length * math.log(2 * law.vocab_size) + math.log(law.length) > math.log(LOSS_LIMIT):
            raise ValueError(
                f"q: expected at most {LOSS_LIMIT:.0e} losses, got V^L 2^L L for V={law.vocab_size}, L={law.length}"
            )
        sequences = all_sequences(law.vocab_size, law.length)
        sequences = sequences[np.asarray(law.in_support(sequences))]
        weights = np.array([float(p) for p in law.arithmetic.tolist(law.probability(sequences))])
        values = np.zeros((len(sequences), 2**law.length, law.length))
        for subset in range(1, 2**law.length):
            masked = [i for i in range(law.length) if subset >> i & 1]
            values[:, subset, masked] = _losses(problem, sequences, masked)
        return cls(weights, values)

    @property
    def length(self) -> int:
        """L."""
        return self.values.shape[2]

    @cached_property
    def moments(self) -> tuple[Float64[np.ndarray, "X {self.length}"], Float64[np.ndarray, " {self.length}"]]:
        """Of l(x, S) over the sets of j = 1..L masked positions: the mean for every x, and E[l^2]."""
        losses = self.values.sum(axis=2)
        sizes = np.bitwise_count(np.arange(losses.shape[1]))
        means, seconds = [], []
        for j in range(1, self.length + 1):
            chosen = losses[:, sizes == j]
            means.append(chosen.mean(axis=1))
            seconds.append(float(self.weights @ (chosen**2).mean(axis=1)))
        return np.stack(means, axis=1), np.array(seconds)

    def time(self, lowest: float = 0.0) -> Estimator:
        """t uniform in [lowest, 1], every position masked with probability t, Y = l / t."""
        means, seconds = self.moments
        first, second = (_time_weights(self.length, lowest, power) for power in (1, 2))
        square = float(np.where(seconds > 0, second * np.where(seconds > 0, seconds, 1), 0).sum())
        each = means @ first
        nodes, shares = np.polynomial.legendre.leggauss(self.length)  # exact: h^2 has degree 2L - 2
        times = lowest + (1 - lowest) * (nodes + 1) / 2
        h = np.array([_at_time(self.weights @ means, t) for t in times])
        return self._estimator("time", 1, each, square, float(shares @ h**2) / 2)

    def count(self) -> Estimator:
        """j uniform in 1..L, a uniformly random set of j positions masked, Y = l L / j."""
        means, seconds = self.moments
        j = np.arange(1, self.length + 1)
        square = float((self.length * seconds / j**2).sum())
        by_count = (self.weights @ means) * self.length / j
        return self._estimator("count", 1, means @ (1 / j), square, float((by_count**2).mean()))

    def order(self) -> Estimator:
        """A uniformly random order of all positions, L calls: Y = -log2 p_pi(x)."""
        first, second = (np.zeros(self.values.shape[:2]) for _ in range(2))
        for subset in range(1, 2**self.length):
            masked = [i for i in range(self.length) if subset >> i & 1]
            for i in masked:
                rest, loss = subset & ~(1 << i), self.values[:, subset, i]
                first[:, subset] += (loss + first[:, rest]) / len(masked)
                second[:, subset] += (loss**2 + 2 * loss * first[:, rest] + second[:, rest]) / len(masked)
        square = float(self.weights @ second[:, -1])
        each = first[:, -1]
        return self._estimator("order", self.length, each, square, float(self.weights @ each) ** 2)

    @cached_property
    def generated(self) -> Float64[np.ndarray, " X"]:
        """log2 p(x) of what is generated one token a step in random order: p_pi(x) averaged over all orders."""
        means = np.zeros(self.values.shape[:2])
        means[:, 0] = 1
        for subset in range(1, 2**self.length):
            masked = [i for i in range(self.length) if subset >> i & 1]
            rest = [subset & ~(1 << i) for i in masked]
            means[:, subset] = (np.exp2(-self.values[:, subset, masked]) * means[:, rest]).mean(axis=1)
        return np.log2(means[:, -1])

    def importance_gap(self, orders: int, n: int, *, confidence: float = 0.99, seed: int) -> Estimate:
        """E_q[log2 p(X) - log2 of the mean of p_pi(X) over K random orders] in bits, from n draws.

        By how much the bound with K orders inside the logarithm exceeds -E log2 p: for K = 1 by NELBO + E log2 p,
        and by less and less the more orders, never by less than 0 (Jensen's inequality; Burda et al. 2016).
        orders: K.  The interval is Student's t, an approximation.
        """
        orders, n = read_count("orders", orders), read_count("n", n, minimum=2)
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        logs = -self._paths(np.repeat(rows, orders), rng).reshape(n, orders)
        scores = self.generated[rows] - np.logaddexp2.reduce(logs, axis=1) + math.log2(orders)
        low, high = student(scores, confidence)
        method = "Student's t interval, approximate"
        return Estimate(float(scores.mean()), low, high, confidence, n, "bits", method)

    def _paths(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Float64[np.ndarray, " B"]:
        """-log2 p_pi(x) of the sequences with these numbers, an order pi drawn for each."""
        order = np.argsort(rng.random((len(rows), self.length)), axis=1)
        masked, total = np.full(len(rows), 2**self.length - 1), np.zeros(len(rows))
        for step in range(self.length):
            total += self.values[rows, masked, order[:, step]]
            masked &= ~(1 << order[:, step])
        return total

    def _estimator(
        self, name: str, calls: int, each: Float64[np.ndarray, " X"], square: float, times: float
    ) -> Estimator:
        """From E[Y | x], E[Y^2] and E[E[Y | t]^2]."""
        mean = float(self.weights @ each)
        between = float(self.weights @ (each - mean) ** 2)
        return Estimator(name, calls, mean, max(square - mean**2, 0.0), between, max(times - mean**2, 0.0))


def _losses(problem: Problem, sequences: Any, masked: list[int]) -> Float64[np.ndarray, "X M"]:
    """-log2 d(x_i | x_S) for the masked positions i of every sequence."""
    law, system = problem.law, problem.law.arithmetic
    patterns = sequences.copy()
    patterns[:, masked] = law.mask
    contexts, index = np.unique(patterns, axis=0, return_inverse=True)
    answers = np.array(
        [float(p) for p in system.tolist(problem.denoiser(contexts, masked).reshape(-1))], dtype=np.float64
    ).reshape(len(contexts), len(masked), law.vocab_size)
    chosen = answers[index.reshape(-1)[:, None], np.arange(len(masked)), sequences[:, masked]]
    with np.errstate(divide="ignore"):
        return -np.log2(chosen)


def _time_weights(length: int, lowest: float, power: int) -> Float64[np.ndarray, " {length}"]:
    """C(L, j) times the mean of t^(j - power) (1 - t)^(L - j) over t in [lowest, 1], for j = 1..L."""
    from scipy import special  # on demand: nothing else here needs it

    weights = []
    for j in range(1, length + 1):
        a, b = j - power + 1, length - j + 1
        if a > 0:
            integral = special.beta(a, b) * special.betaincc(a, b, lowest)
        elif lowest == 0:
            integral = math.inf
        else:  # (1 - t)^n / t from `lowest` to 1: one n after the other
            powers = ((1 - lowest) ** k / k for k in range(1, b))
            integral = -math.log(lowest) - math.fsum(powers)
        weights.append(math.comb(length, j) * integral / (1 - lowest))
    return np.array(weights)


def _at_time(means: Float64[np.ndarray, " L"], t: float) -> float:
    """E[Y | t] = sum_j C(L,j) t^(j-1) (1-t)^(L-j) E l_j."""
    length = len(means)
    return sum(
        math.comb(length, j) * t ** (j - 1) * (1 - t) ** (length - j) * float(means[j - 1])
        for j in range(1, length + 1)
    )
