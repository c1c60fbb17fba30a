"""The same samplers with random draws; intervals that hold exactly where there are any, and that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle
from oracles.kernels.path import on_cpu
from oracles.optional import needed_for
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.samplers import Problem, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import Draw, RandomDraw
from theory.unmasking.oblivious import Schedule

BLOCK_ENTRIES = 2**24
"""Conditional probabilities `[B, L, V]` that are held at a time."""


def block_rows(law: Oracle) -> int:
    """How many patterns are worked on at a time, so that their conditionals fit into memory."""
    return max(1, BLOCK_ENTRIES // (law.length * law.vocab_size))


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo value with an interval that contains the truth with probability >= `confidence`.

    value, low, high in `unit`; n: number of draws; method: how the interval was built; notes: what the estimate
    rests on, and warnings.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int
    unit: str
    method: str
    notes: tuple[str, ...] = ()

    def contains(self, value: Any) -> bool:
        """Whether the interval contains a number."""
        return self.low <= float(value) <= self.high

    def __str__(self) -> str:
        level = f"{self.confidence:.10g}"
        return f"{self.value:.6g} [{self.low:.6g}, {self.high:.6g}] {self.unit} ({level} {self.method}, n={self.n})"


def simulate(
    q: Oracle,
    schedule: Unmasking,
    n: int,
    *,
    denoiser: Any = None,
    given: Any = None,
    seed: int,
) -> Tokens:
    """n independent sequences from the sampler, `[n, L]`, tokens in 0..V-1.

    The ideal denoiser by default; `given` is a prompt, kept in every sequence.  Tokens of an exact law are
    drawn without rounding; whether an iid schedule reveals a position is decided in float64.  ValueError as in
    `sampler_law`, or for a law that cannot be drawn from: one in balls or symbols.
    """
    n, seed = read_count("n", n, minimum=0), read_count("seed", seed, minimum=0)
    problem = read_problem(q, schedule, denoiser, given)
    check_drawable(q)
    drawn = run_sampler(problem, n, np.random.default_rng(seed))
    if problem.given is None:
        return drawn
    tokens = np.repeat(problem.given[None], n, axis=0)
    tokens[:, problem.free] = drawn
    return tokens


def check_drawable(q: Oracle) -> None:
    """ValueError for a law in balls or symbols."""
    if q.arithmetic.name not in ("float32", "float64", "exact"):
        raise ValueError(f"q: expected a law in floats or exact rationals, got one in {q.arithmetic.name}")


def run_sampler(problem: Problem, n: int, rng: np.random.Generator) -> Tokens:
    """n draws from a problem already read, on its free positions, in blocks that bound memory."""
    tokens = np.empty((n, problem.law.length), dtype=np.int64)
    for part, rows in shared_out(problem, n, rng):
        _fill_rows(tokens, rows, problem, part, rng)
    return tokens


def shared_out(problem: Problem, n: int, rng: np.random.Generator) -> list[tuple[Unmasking, Tokens]]:
    """The ways of unmasking that a mixture may choose, and which of n draws choose each."""
    system = problem.law.arithmetic
    shares, parts = zip(*problem.schedule.parts(system), strict=True)
    if len(parts) == 1:
        return [(parts[0], np.arange(n))]
    weights = system.array(list(shares))[None]
    chosen = system.draw(weights[system.index(np.zeros(n, dtype=np.int64))], rng)
    return [(part, np.flatnonzero(chosen == index)) for index, part in enumerate(parts)]


def _fill_rows(
    tokens: Tokens, rows: Tokens, problem: Problem, unmasking: Unmasking, rng: np.random.Generator
) -> None:
    """Draw these rows, block by block."""
    law = problem.law
    block = block_rows(law)
    # A stream for every block, so that the number of threads changes nothing.
    streams = rng.spawn(-(-len(rows) // block))

    def work(part: slice) -> None:
        places = rows[part]
        draw = RandomDraw(law.arithmetic, streams[part.start // block])
        tokens[places] = run_steps(problem, unmasking, len(places), draw)

    # Planners and denoisers may be someone else's, who did not think of threads.
    if problem.ideal and isinstance(unmasking, Schedule) and on_cpu(law.arithmetic):
        from oracles.kernels.compiled import over_blocks

        over_blocks(work, len(rows), block)
    else:
        for start in range(0, len(rows), block):
            work(slice(start, start + block))


def run_steps(problem: Problem, unmasking: Unmasking, n: int, draw: Draw) -> Tokens:
    """All steps of one way of unmasking, from n rows of masks, `[n, L]`; chance enters through `draw`."""
    law, scope = problem.law, np.ones(problem.law.length, dtype=bool)
    patterns = np.full((n, law.length), law.mask, dtype=np.int64)
    for step in range(unmasking.most_steps(law.length)):
        if not unmasking.remasks and not (patterns == law.mask).any():
            break
        _, patterns = unmasking.step(step, patterns, scope, problem.denoiser, draw)
    return patterns


def clopper_pearson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """The exact two-sided interval for a binomial probability (Clopper & Pearson 1934)."""
    check_confidence(confidence)
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"successes: expected 0..n with n >= 1, got {successes} of {n}")
    with needed_for("intervals"):  # on demand: nothing else here needs it, and it is slow to import
        from scipy import special

    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(special.betainccinv(successes + 1, n - successes, tail))
    return low, high


def hoeffding(values: NDArray[np.float64], low: float, high: float, confidence: float) -> tuple[float, float]:
    """An exact interval for the mean of values bounded in [low, high] (Hoeffding 1963)."""
    check_confidence(confidence)
    if not len(values) or not ((low <= values) & (values <= high)).all():
        raise ValueError(f"values: expected at least one, all in [{low}, {high}], got {values}")
    half = (high - low) * float(np.sqrt(np.log(2 / (1 - confidence)) / (2 * len(values))))
    mean = float(values.mean())
    return mean - half, mean + half


def student(values: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """An approximate interval for a mean: exact for normal values, and in the limit of many (Student 1908)."""
    check_confidence(confidence)
    with needed_for("intervals"):
        from scipy import special

    n = len(values)
    if n < 2:
        raise ValueError(f"values: expected at least two, got {n}")
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(n))
    mean = float(values.mean())
    return mean - half, mean + half


def check_confidence(confidence: float) -> None:
    """ValueError unless it is strictly between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a number strictly between 0 and 1, got {confidence!r}")
