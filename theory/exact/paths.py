"""The paths by which a planner reaches each possible sequence, as exact numbers, for laws that can be written out.

A planner picks its positions by the tokens it has seen, so that the sequence that comes out fixes every set on the
way.  From these paths follow E_q[#steps], which is not the E_p[#steps] of sampling (`theory.metrics`), and p(x)
itself, by a way that shares nothing with `theory.laws`: no outcome but x is ever looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from oracles import Oracle
from oracles.arithmetic import Array
from oracles.patterns import Tokens, all_sequences
from theory.exact.log_sums import LogSum, entropy, log2
from theory.monte_carlo import run_steps
from theory.samplers import read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import EVERY_ROW, Draw, Places, Rows


@dataclass(frozen=True)
class ExactPaths:
    """Of every possible sequence x: q(x), how many steps reveal something, and p(x) along the way."""

    weights: tuple[fmpq, ...]
    steps: tuple[int, ...]
    probabilities: tuple[fmpq, ...]

    @classmethod
    def of(cls, q: Oracle, unmasking: Unmasking, denoiser: Any = None) -> ExactPaths:
        """The paths of a planner or a fixed partition over an exact law, by default with the ideal denoiser.

        ValueError for a law that is not exact, a sampler that draws tokens it does not keep or leaves positions to
        chance, and as in `read_problem`.
        """
        problem = read_problem(q, unmasking, denoiser)
        if problem.law.arithmetic.name != "exact":
            raise ValueError(f"q: expected an exact law, got one in {problem.law.arithmetic.name}")
        if not problem.schedule.forceable or problem.schedule.mixes:
            raise ValueError(f"unmasking: expected one that keeps every token it draws, got {unmasking!r}")
        sequences = all_sequences(q.vocab_size, q.length)
        sequences = sequences[np.asarray(q.in_support(sequences))]
        draw = _Recorded(sequences)
        run_steps(problem, problem.schedule, len(sequences), draw)
        weights = q.arithmetic.tolist(q.probability(sequences))
        return cls(tuple(weights), tuple(draw.steps.tolist()), tuple(draw.probabilities))

    @property
    def expected_steps(self) -> fmpq:
        """E_q[#steps]."""
        return sum((w * n for w, n in zip(self.weights, self.steps, strict=True)), fmpq(0))

    @property
    def cross_entropy(self) -> LogSum:
        """E_q[-log2 p(X)] in bits.  ValueError if it is infinite."""
        pairs = zip(self.weights, self.probabilities, strict=True)
        return sum((-w * log2(p) for w, p in pairs), LogSum({}))

    @property
    def divergence(self) -> LogSum:
        """KL(q || p) in bits.  ValueError if it is infinite."""
        return self.cross_entropy - entropy(self.weights)


class _Recorded(Draw):
    """The tokens of given sequences `[n, L]`, with the product of their answers and the number of steps."""

    def __init__(self, sequences: Tokens) -> None:
        self.sequences, self.calls = sequences, 0
        self.steps = np.zeros(len(sequences), dtype=np.int64)
        self.probabilities = [fmpq(1)] * len(sequences)

    def coins(self, allowed: Places, rate: Any, stay: Any) -> tuple[Rows, Places]:
        raise ValueError(
            "unmasking: expected a planner or a partition, got one that tosses coins for positions"
        )

    def subset(self, allowed: Places, size: int) -> tuple[Rows, Places]:
        raise ValueError("unmasking: expected a planner or a partition, got one that draws sets of positions")

    def tokens(self, patterns: Tokens, chosen: Places, answers: Array) -> tuple[Rows, Tokens]:
        self.steps += chosen.any(axis=1)
        filled = np.where(chosen, self.sequences, patterns)
        for row, answer, token in zip(np.nonzero(chosen)[0], answers, filled[chosen], strict=True):
            self.probabilities[row] *= answer[token]
        return EVERY_ROW, filled
