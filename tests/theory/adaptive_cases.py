"""Random planners and remasking samplers for the tests: what the package is given beside its twin."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from hypothesis import strategies as st

from oracles import NGram, Oracle
from oracles.testing import ordered_partitions, size_vectors, weights
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.cases import close, learned_answer, learned_answers
from theory import (
    IID,
    Corrected,
    EntropyBounded,
    EntropySum,
    FixedSizes,
    LowConfidence,
    LowestEntropy,
    Margin,
    Partition,
    Planner,
    Remasking,
    Threshold,
    TopK,
    Unmasking,
)
from theory.denoisers import Function
from theory.laws.branching import Followed

Draw = st.DrawFn

BEST_FEW = {"confidence": TopK, "margin": Margin, "entropy": LowestEntropy}
ORDERS = ["left", "entropy", "confidence", "margin"]
BITS = [Fraction(0), Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(100)]


@dataclass(frozen=True)
class WayCase:
    """A way of unmasking for an oracle in any number system, and its twin around the twin of a denoiser."""

    of: Callable[[Oracle], Unmasking]
    way: Callable[[brute_force.Denoiser], twins.Way]


@dataclass(frozen=True)
class Scores:
    """Another denoiser for a planner to look at; None for that of the sampler."""

    of: Callable[[Oracle], Any]
    twin: brute_force.Denoiser | None


@st.composite
def scores(draw: Draw, vocab: int) -> Scores:
    if draw(st.booleans()):
        return Scores(lambda q: None, None)
    return Scores(
        lambda q: Function(q, lambda patterns: learned_answers(q, patterns)),
        lambda context, i: learned_answer(context, i, vocab),
    )


@st.composite
def counts(draw: Draw, length: int) -> int | list[int]:
    """Tokens a step, perhaps more than there are, or a list of sizes, some of them 0."""
    if draw(st.booleans()):
        return draw(st.integers(1, length + 1))
    return draw(size_vectors(length, draw(st.integers(1, 4))))


@st.composite
def best_few_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    kind, k, seen = draw(st.sampled_from(list(BEST_FEW))), draw(counts(length)), draw(scores(vocab))
    rule = twins.best_few(kind, k)
    return WayCase(
        lambda q: BEST_FEW[kind](k, seen.of(q)),
        lambda twin: twins.planner(rule, twin, lambda n: twins.steps_of(k, n), seen.twin),
    )


@st.composite
def threshold_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    least, seen = draw(st.fractions(0, 1, max_denominator=6)), draw(scores(vocab))
    rule = twins.threshold(least)
    return WayCase(
        lambda q: Threshold(least, seen.of(q)),
        lambda twin: twins.planner(rule, twin, lambda n: n, seen.twin),
    )


@st.composite
def entropy_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    """Entropy-bounded, or entropy-sum with or without the crossing token, in any order."""
    bits, seen = draw(st.sampled_from(BITS)), draw(scores(vocab))
    order = draw(st.one_of(st.sampled_from(ORDERS), st.permutations(range(length))))
    kind = draw(st.sampled_from(["bounded", "crossing", "before"]))
    if kind == "bounded":
        rule = twins.entropy_bounded(bits, order)
        return WayCase(
            lambda q: EntropyBounded(bits, order, seen.of(q)),
            lambda twin: twins.planner(rule, twin, lambda n: n, seen.twin),
        )
    rule = twins.entropy_sum(bits, order, kind == "crossing")
    return WayCase(
        lambda q: EntropySum(bits, order, kind == "crossing", seen.of(q)),
        lambda twin: twins.planner(rule, twin, lambda n: n, seen.twin),
    )


@st.composite
def low_confidence_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    k, seen = draw(counts(length)), draw(scores(vocab))
    return WayCase(
        lambda q: LowConfidence(k, seen.of(q)),
        lambda twin: twins.low_confidence(k, twin, seen.twin),
    )


@st.composite
def schedule_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    """iid weights, fixed sizes or a fixed partition, step by step."""
    kind = draw(st.sampled_from(["iid", "sizes", "partition"]))
    if kind == "iid":
        chosen = draw(weights(draw(st.integers(1, 3))))
        return WayCase(lambda q: IID(chosen), lambda twin: twins.iid(chosen, twin))
    if kind == "sizes":
        sizes = draw(size_vectors(length, draw(st.integers(1, 4))))
        return WayCase(lambda q: FixedSizes(sizes), lambda twin: twins.sizes(sizes, twin))
    parts = draw(ordered_partitions(length))
    parts.insert(draw(st.integers(0, len(parts))), [])
    return WayCase(lambda q: Partition(parts), lambda twin: twins.partition(parts, twin))


@st.composite
def remasking_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    """ReMDM with any sigmas that are possible."""
    chosen = draw(weights(draw(st.integers(1, 3))))
    sigmas = []
    for k in range(len(chosen)):
        done, left = sum(chosen[:k], Fraction(0)), sum(chosen[k + 1 :], Fraction(0))
        most = min(Fraction(1), left / done) if done else Fraction(1)
        sigmas.append(most * draw(st.sampled_from([0, Fraction(1, 3), 1])))
    return WayCase(lambda q: Remasking(chosen, sigmas), lambda twin: twins.remasking(chosen, sigmas, twin))


def planner_cases(length: int, vocab: int) -> st.SearchStrategy[WayCase]:
    """Any planner."""
    families = (best_few_cases, threshold_cases, entropy_cases, low_confidence_cases)
    return st.one_of(*(family(length, vocab) for family in families))


def simple_cases(length: int, vocab: int) -> st.SearchStrategy[WayCase]:
    """Any way that is not made of others."""
    return st.one_of(
        planner_cases(length, vocab), schedule_cases(length, vocab), remasking_cases(length, vocab)
    )


@st.composite
def corrected_cases(draw: Draw, length: int, vocab: int) -> WayCase:
    inner = draw(st.one_of(schedule_cases(length, vocab), planner_cases(length, vocab)))
    size, sweeps = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    return WayCase(
        lambda q: Corrected(inner.of(q), size, sweeps),
        lambda twin: twins.corrected(inner.way(twin), size, sweeps, twin),
    )


def fair(length: int, vocab: int) -> NGram:
    """Independent uniform tokens."""
    return NGram(1, [Fraction(1, vocab)] * vocab, length)


def chosen(planner: Planner, laws: list[list[Any]], name: str = "exact", number: int = 0) -> list[int]:
    """What a planner reveals where the positions have these token laws."""
    q = fair(len(laws), len(laws[0])).to(name)
    answers, masked = q.arithmetic.array(laws), np.ones((1, len(laws)), dtype=bool)
    return np.flatnonzero(planner.choose(answers, masked, number, q.arithmetic)[0]).tolist()


def followed_as_expected(found: Followed, expected: twins.Followed, q: Oracle) -> bool:
    """Whether a law and its expected number of calls are those of the twin."""
    table = found.table
    calls = close(found.calls, expected.calls, q.arithmetic)
    return calls and all(
        close(q.arithmetic.element(table[x]), expected.law.get(x, Fraction(0)), q.arithmetic)
        for x in np.ndindex(tuple(table.shape))
    )


def fraction(value: fmpq | int) -> Fraction:
    """An exact result as Python's own number."""
    return Fraction(int(value.p), int(value.q)) if isinstance(value, fmpq) else Fraction(value)
