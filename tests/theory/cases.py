"""Random samplers for the tests: what the package is given beside what the brute force is given."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, ctx, fmpq
from hypothesis import strategies as st

from oracles import Oracle
from oracles.arithmetic import Arithmetic
from oracles.testing import ordered_partitions, size_vectors, weights
from tests.theory import brute_force
from theory import IID, FixedSizes, Partition, Schedule
from theory.denoisers import IMPOSSIBLE, Function, Ideal, Perturbed

RELATIVE_ERROR = {"float64": 1e-12, "float32": 1e-4}
MOST_PARTITIONS = 130

Draw = st.DrawFn


@dataclass(frozen=True)
class ScheduleCase:
    """A schedule and all its ordered partitions with their probabilities."""

    schedule: Schedule
    partitions: list[tuple[Fraction, brute_force.Blocks]]


@st.composite
def schedule_cases(draw: Draw, length: int) -> ScheduleCase:
    """iid weights, fixed sizes or a fixed partition; zero weights, empty steps and N > L among them."""
    kind = draw(st.sampled_from(["iid", "sizes", "partition"]))
    if kind == "iid":
        most = max(n for n in range(1, 6) if n**length <= MOST_PARTITIONS)
        chosen = draw(weights(draw(st.integers(1, most))))
        return ScheduleCase(IID(chosen), list(brute_force.iid_partitions(chosen, length)))
    if kind == "sizes":
        sizes = draw(size_vectors(length, draw(st.integers(1, 5))))
        return ScheduleCase(FixedSizes(sizes), list(brute_force.sizes_partitions(sizes, length)))
    blocks = draw(ordered_partitions(length))
    blocks.insert(draw(st.integers(0, len(blocks))), [])
    return ScheduleCase(Partition(blocks), list(brute_force.fixed_partition(blocks)))


@dataclass(frozen=True)
class DenoiserCase:
    """A denoiser of a law in exact numbers, how to make it for the law in another system, and its twin."""

    kind: str
    options: tuple[Any, ...]
    twin: brute_force.Denoiser

    def of(self, q: Oracle) -> Any:
        if self.kind == "none":
            return None
        if self.kind == "learned":
            return Function(q, lambda patterns: learned_answers(q, patterns))
        ideal = Ideal(q, self.options[0])
        return ideal if self.kind == "ideal" else Perturbed(ideal, q.arithmetic.array([self.options[1]])[0])


@st.composite
def denoiser_cases(draw: Draw, q: Oracle) -> DenoiserCase:
    """No denoiser, an ideal or perturbed one under any convention, or one that has little to do with q."""
    law = brute_force.dictionary(q.joint().tolist())
    kind = draw(st.sampled_from(["none", "ideal", "perturbed", "learned"]))
    convention = draw(st.sampled_from([name for name in IMPOSSIBLE if name != "raise"]))
    amount = draw(st.fractions(0, 1, max_denominator=4))
    if kind == "learned":
        return DenoiserCase(kind, (), lambda context, i: learned_answer(context, i, q.vocab_size))
    twin = brute_force.ideal(law, q.vocab_size, convention if kind != "none" else "marginal")
    if kind == "perturbed":
        return DenoiserCase(kind, (convention, amount), brute_force.perturbed(twin, amount, q.vocab_size))
    return DenoiserCase(kind, (convention,), twin)


def learned_answer(context: brute_force.Context, position: int, vocab: int) -> list[Fraction]:
    """An arbitrary law of a token, some of whose entries are 0."""
    seen = sum((i + 2) * (v + 1) for i, v in context)
    counts = [(seen + (position + 1) * (v + 1)) % 3 + (v == 0) for v in range(vocab)]
    return [Fraction(count, sum(counts)) for count in counts]


def learned_answers(q: Oracle, patterns: np.ndarray) -> Any:
    rows = []
    for pattern in patterns.tolist():
        context = frozenset((i, v) for i, v in enumerate(pattern) if v != q.mask)
        rows.append([learned_answer(context, i, q.vocab_size) for i in range(q.length)])
    return q.arithmetic.array(np.array(rows, dtype=object).reshape(len(rows), q.length, q.vocab_size))


def as_law(q: Oracle) -> brute_force.Law:
    """The joint law of an exact oracle."""
    return brute_force.dictionary(q.joint().tolist())


def close(value: Any, expected: Fraction, system: Arithmetic) -> bool:
    """Whether a probability is the expected one, as nearly as the system promises."""
    if system.name == "exact":
        return isinstance(value, fmpq) and value == expected
    if system.name == "ball":
        with ctx.workprec(brute_force.BITS):
            exact = arb(fmpq(expected.numerator, expected.denominator))
        return bool(value.contains(exact)) and value.rad() < 1e-30
    if system.name == "symbolic":
        return bool(value.equals(expected))
    return math.isclose(
        float(value), expected, rel_tol=RELATIVE_ERROR[system.name], abs_tol=RELATIVE_ERROR[system.name] / 100
    )


def log_close(value: Any, expected: arb, system: Arithmetic) -> bool:
    """Whether a quantity in bits is the expected one; `expected` may be infinite."""
    if not expected.is_finite():
        return math.isinf(float(value)) and float(value) > 0
    if system.logs.name == "ball":
        return bool(value.overlaps(expected)) and value.rad() < 1e-30
    error = RELATIVE_ERROR.get(system.name, 1e-12)
    return math.isclose(float(value), float(expected), rel_tol=error, abs_tol=10 * error)
