"""The law of an autoregressive model, and how far it is from the law that the model was to learn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from oracles import Oracle, Result, Table
from oracles.arithmetic import Array
from oracles.oracle import check_table_size
from oracles.patterns import Tokens, read_patterns
from oracles.validation import read_count
from theory.errors.coverage import everything_possible
from theory.estimators.divergence import EXACT_TERMS, per_token
from theory.estimators.paths import EXACT_NOTE, as_floats, log_target
from theory.estimators.sequence_errors import error_interval
from theory.estimators.stages import MOST, Plan, Values, mean_interval, run
from theory.laws.distances import token_error_rate_of
from theory.monte_carlo import Estimate
from theory.neural.causal import CausalModel
from theory.neural.reading import read_float_oracle
from theory.prompts import read_prompt

METHOD = "table of all sequences"


class AutoregressiveLaw:
    """p(x) = prod_i p(x_i | x_0, .., x_{i-1}), the law of what a causal model generates one token at a time.

    q: the law it is measured against, over floats; p is computed in its precision.
    model: tokens in 0..V-1 `[B, L]` -> logits `[B, L, V]` (or an object with such `logits`), those of token i from
    tokens 0..i-1 alone, with the model's first token as a start.  That they look ahead is noticed where it shows on
    two sequences.  It stays on its device and is called in evaluation mode, `batch` sequences at a time.
    given: a prompt, the first tokens of every sequence, on which both laws are then conditional.
    output: what the model answers, "logits" (also logarithms of probabilities), or else "log-probabilities" or
    "probabilities", which are held to a sum of 1.

    Exact numbers come from a table of all sequences, where it fits; estimates take as many draws as they are told
    to.  ValueError for another oracle or prompt, for logits that look ahead, have another shape, NaN or +inf, or
    make all tokens impossible, and where the table would be too large.
    """

    def __init__(
        self,
        q: Oracle,
        model: Callable[..., Any],
        *,
        given: Any = None,
        batch: int | None = None,
        output: str = "logits",
    ) -> None:
        self.q = read_float_oracle(q, "q")
        self.law, pattern, free = read_prompt(q, given)
        start = q.length - len(free)
        if free[0] != start:
            raise ValueError(f"given: expected the first tokens of a sequence, got {given!r}")
        self.prompt = np.zeros(0, dtype=np.int64) if pattern is None else pattern[:start]
        self.model = CausalModel(q, model, self.prompt, batch, output)

    # ------------------------------------------------------------------ the law

    def log_prob(self, tokens: Any) -> Any:
        """ln p(x) of complete sequences `[.., L]` in nats; with a prompt given it, -inf for what contradicts it.

        One number for a single sequence, else an array of the leading shape, in the oracle's floats.
        """
        system = self.law.arithmetic
        batch, shape = read_patterns("tokens", tokens, self.q.length, self.q.mask - 1)
        values = system.zeros(len(batch))
        start = len(self.prompt)
        for part in self._blocks(len(batch)):
            values[part] = self._log_prob(batch[part, start:])
        if start:
            agrees = (batch[:, :start] == self.prompt).all(axis=1)
            values = system.where(agrees, values, -system.infinity())
        return values.reshape(shape) if shape else system.element(values.reshape(()))

    def sample(self, n: int, seed: int = 0) -> Tokens:
        """n independent sequences, `[n, L]`, with the prompt.

        Every token takes a call of the model: of one new position for an `AutoregressiveTransformer`, whose keys
        and values are kept, and of all L for others.
        """
        n, seed = read_count("n", n, minimum=0), read_count("seed", seed, minimum=0)
        return self.model.completed(self.model.draw(n, np.random.default_rng(seed)))

    def as_table(self) -> Table:
        """p as an oracle on the positions that are not given, to ask it for marginals, conditionals or entropy."""
        shape = (self.law.vocab_size,) * self.law.length
        return Table.from_array(self._log_table().exp().reshape(shape), self.law)

    # ------------------------------------------------------------------ exact errors

    def kl_divergence(self) -> Result:
        """KL(q || p) in bits, from all V**L sequences; infinite where the model rules out a possible one."""
        logs, target = self._log_table(), Table.of(self.law).probabilities.reshape(-1)
        possible = target > 0
        terms = target[possible] * (target[possible].log() - logs[possible])
        return self._result(float(terms.sum()) / math.log(2), "bits")

    def log2_token_error_rate(self) -> Result:
        """log2 TER = (H(q) + KL(q || p)) / L in bits per token: 2**(.) is the perplexity."""
        return token_error_rate_of(self.law, self.kl_divergence())

    def sequence_error_rate(self) -> Result:
        """SER = p(impossible sequences), a probability, from all V**L sequences if there are impossible ones."""
        if everything_possible(self.law):
            return self._result(0.0, "probability", "full support")
        impossible = ~np.asarray(self.law.support().joint()).reshape(-1)
        chosen = self.law.arithmetic.index(np.flatnonzero(impossible))
        return self._result(float(self._log_table()[chosen].exp().sum()), "probability")

    def _result(self, value: float, unit: str, method: str = METHOD) -> Result:
        return Result(value, unit, method, self.law.arithmetic.guarantee)

    # ------------------------------------------------------------------ estimates

    def estimate_kl_divergence(
        self,
        n: int | None = None,
        *,
        width: float | None = None,
        confidence: float = 0.99,
        seed: int,
        most: int = MOST,
    ) -> Estimate:
        """KL(q || p) in bits: the mean of log2 q(x)/p(x) over draws x ~ q, each term exact.

        n, width, confidence, seed, most as in `theory.estimators`.  The interval is Student's, an approximation.
        """

        def draw(n: int, rng: np.random.Generator) -> Values:
            free = self.law._sample(n, rng)
            found = as_floats(self.log_prob(self.model.completed(free)), self.law.arithmetic.logs)
            return (log_target(self.law, free) - found) / math.log(2)

        values, low, high, notes = run(Plan(n, width, most, confidence, seed), draw, mean_interval)
        mean = float(values.mean())
        return Estimate(mean, low, high, confidence, len(values), "bits", EXACT_TERMS, (EXACT_NOTE, *notes))

    def estimate_log2_token_error_rate(
        self,
        n: int | None = None,
        *,
        width: float | None = None,
        confidence: float = 0.99,
        seed: int,
        most: int = MOST,
    ) -> Estimate:
        """log2 TER in bits per token, from the exact H(q) and `estimate_kl_divergence`."""

        def divergence(left: float | None) -> Estimate:
            return self.estimate_kl_divergence(n, width=left, confidence=confidence, seed=seed, most=most)

        return per_token(self.law, width, divergence)

    def estimate_sequence_error_rate(
        self,
        n: int | None = None,
        *,
        width: float | None = None,
        confidence: float = 0.99,
        seed: int,
        most: int = MOST,
    ) -> Estimate:
        """SER: the share of impossible sequences among draws of the model, with the exact binomial interval."""

        def draw(n: int, rng: np.random.Generator) -> Values:
            return ~np.asarray(self.law.in_support(self.model.draw(n, rng))) * 1.0

        values, low, high, notes = run(Plan(n, width, most, confidence, seed), draw, error_interval)
        rate, method = float(values.mean()), "Clopper-Pearson interval"
        return Estimate(rate, low, high, confidence, len(values), "probability", method, notes)

    # ------------------------------------------------------------------ from logits

    def _blocks(self, count: int) -> list[slice]:
        return [slice(start, start + self.model.batch) for start in range(0, count, self.model.batch)]

    def _log_prob(self, free: Tokens) -> Array:
        """`[n, L']` -> `[n]`, nats."""
        index = self.law.arithmetic.index(free)
        return self.model.logs(free).gather(-1, index[..., None])[..., 0].sum(-1)

    def _log_table(self) -> Array:
        """ln p of every sequence in lexicographic order, `[V**L']`.

        One pass for all but the last token gives the law of the last.
        """
        law = self.law
        check_table_size("q", law.vocab_size, law.length, law.arithmetic)
        place = law.vocab_size ** np.arange(law.length - 1)[::-1]
        prefixes = np.arange(law.vocab_size ** (law.length - 1))
        found = law.arithmetic.zeros(len(prefixes), law.vocab_size)
        for part in self._blocks(len(prefixes)):
            prefix = prefixes[part, None] // place % law.vocab_size
            logs = self.model.logs(np.pad(prefix, ((0, 0), (0, 1))))
            index = law.arithmetic.index(prefix)
            before = logs[:, :-1].gather(-1, index[..., None])[..., 0].sum(-1)
            found[part] = before[:, None] + logs[:, -1]
        return found.reshape(-1)
