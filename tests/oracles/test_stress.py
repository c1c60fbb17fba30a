"""Floats under stress, inside the balls of the same laws: tiny probabilities, cycles, traps, every length.

Laws are made in rationals, so that floats and balls start from the same numbers.  A float answer must lie within
a relative error of its ball, or below the smallest normal number; what cannot be answered must be refused.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction as F
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb

from oracles import HMM, MarkovChain, NGram, Oracle, SparseMarkovChain

TOLERANCE = {"float64": 1e-12, "float32": 2e-6}
SMALLEST_NORMAL = {"float64": 2.3e-308, "float32": 1.2e-38}
TINY = {"float64": F(1, 10**300), "float32": F(1, 10**30)}

Matrix = list[list[F]]


# ------------------------------------------------------------------ laws that are hard on floats


def slipping(tiny: F) -> Matrix:
    """A cycle that stays, or is left backwards, hardly ever."""
    return [[tiny, 1 - 2 * tiny, tiny], [tiny, tiny, 1 - 2 * tiny], [1 - 2 * tiny, tiny, tiny]]


def sticky(tiny: F) -> Matrix:
    """Hardly ever moves, and then to one neighbour only."""
    return [[1 - tiny, tiny, F(0)], [F(0), 1 - tiny, tiny], [tiny, F(0), 1 - tiny]]


def periodic(tiny: F) -> Matrix:
    return [[F(0), F(1), F(0)], [F(0), F(0), F(1)], [F(1), F(0), F(0)]]


def absorbing(tiny: F) -> Matrix:
    """Token 2 is never left, and hard to reach."""
    return [[F(1, 2), F(1, 2) - tiny, tiny], [F(3, 4), F(1, 4), F(0)], [F(0), F(0), F(1)]]


def unvisited(tiny: F) -> Matrix:
    """Nothing leads to token 2."""
    return [[F(1, 4), F(3, 4), F(0)], [1 - tiny, tiny, F(0)], [F(1, 3), F(1, 3), F(1, 3)]]


MATRICES = [slipping, sticky, periodic, absorbing, unvisited]
START = [F(1, 4), F(3, 4), F(0)]


def chain(matrix: Matrix, length: int) -> Oracle:
    return MarkovChain(START, matrix, length)


def trigram(matrix: Matrix, length: int) -> Oracle:
    """The same law with a context of two tokens."""
    pairs = [[p * t for t in row] for p, row in zip(START, matrix, strict=True)]
    return NGram(pairs, [matrix] * 3, length)


def hmm(matrix: Matrix, length: int) -> Oracle:
    """The chain seen through two tokens, of which the first tells two states apart hardly at all."""
    return HMM(START, matrix, [[F(1), F(0)], [F(1, 2), F(1, 2)], [F(1, 1024), F(1023, 1024)]], length)


def sparse(matrix: Matrix, length: int) -> Oracle:
    """Every row keeps its largest entries; a token that all rows can spare is the background's."""
    background = [F(1), F(0), F(0)]
    rows = [[t if b or not a else F(0) for b, t in enumerate(row)] for a, row in enumerate(matrix)]
    return SparseMarkovChain(START, [[0, 1, 2]] * 3, rows, background, length)


FAMILIES = [chain, trigram, hmm, sparse]


@contextmanager
def way(name: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Conditionals by kernels whatever the size, by compiled messages in place of tables, or plainly."""
    with patch.context() as inner:
        least = math.inf if name == "plain" else 0
        for module in ("oracles.kernels.path", "oracles.sparse_chain", "oracles.background"):
            inner.setattr(f"{module}.LEAST_WORK", least)
        if name != "tables":
            inner.setattr("oracles.ngram.POWER_ENTRIES", 0)
        yield


WAYS = ["tables", "messages", "plain"]


# ------------------------------------------------------------------ what floats may answer


def inside(values: Any, balls: Any, name: str, floor: float = 0.0) -> None:
    """Every float within a relative error of its ball (or of `floor`), down to the smallest normal number."""
    with flint.ctx.workprec(256):
        error = arb(TOLERANCE[name])
        for value, ball in zip(np.ravel(values).tolist(), np.ravel(balls).tolist(), strict=True):
            room = error * abs(ball).max(arb(floor)) + arb(SMALLEST_NORMAL[name])
            assert abs(arb(value) - ball) <= room, (value, ball)


def told(q: Oracle, seed: int) -> np.ndarray:
    """Patterns of the law: nothing, one token at either end or inside, every other, all, and random ones."""
    rng = np.random.default_rng(seed)
    whole = q.to("float64").sample(8, seed=seed)
    shown = rng.random(whole.shape) < 0.5
    for row, positions in enumerate([[], [0], [-1], [q.length // 2], slice(None, None, 2), slice(None)]):
        shown[row] = False
        shown[row, positions] = True
    return np.where(shown, whole, q.mask)


@pytest.mark.parametrize("name", ["float64", "float32"])
@pytest.mark.parametrize("make", FAMILIES)
@pytest.mark.parametrize("matrix", MATRICES)
def test_answers_lie_in_their_balls(
    matrix: Callable[[F], Matrix], make: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for length in (1, 2, 3, 20):
        exact = make(matrix(TINY[name]), length)
        patterns = told(exact, seed=length)
        ball = exact.to("ball", bits=256)
        rows, logs, masses = ball.conditionals(patterns), ball.log_prob(patterns), ball.probability(patterns)
        for path in WAYS:
            with way(path, monkeypatch):
                q = exact.to(name)
                inside(q.conditionals(patterns), rows, name)
                # Half a unit in the last place of a probability near 1 is all that is left of its logarithm.
                inside(q.log_prob(patterns), logs, name, floor=1.0)
                inside(q.probability(patterns), masses, name)
                assert q.in_support(patterns).all()


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("make", FAMILIES)
def test_the_impossible_is_refused_and_the_nearly_impossible_answered(
    make: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = TINY["float64"]
    with way(path, monkeypatch):
        exact = make(absorbing(tiny), 6)
        q, mask = exact.to("float64"), exact.mask
        possible = exact.sample(1, seed=0)[0]
        patterns = np.stack([np.full(6, mask), possible])
        if make is hmm:
            q = HMM(START, periodic(tiny), np.eye(3, dtype=int).astype(object), 6).to("float64")
            mask, patterns = 3, np.full((2, 6), 3)
        patterns[1] = [2, *[mask] * 5]  # never the first
        with pytest.raises(ValueError, match=r"\(row 1\) of probability zero"):
            q.conditionals(patterns)
        assert q.in_support(patterns).tolist() == [True, False]
        assert q.log_prob(patterns[1]) == -math.inf
        assert q.probability(patterns[1]) == 0

        exact = make(sticky(tiny), 7)
        q, ball = exact.to("float64"), exact.to("ball", bits=256)
        rare = np.array([1, 0, 0, 1, 1, 0, 0] if make is hmm else [0, 1, 2, 2, 0, 1, 2])
        inside(q.log_prob(rare), ball.log_prob(rare), "float64", floor=1.0)
        hidden = np.where(np.arange(7) == 3, exact.mask, rare)
        inside(q.conditionals(hidden), ball.conditionals(hidden), "float64")


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("make", [chain, trigram, sparse])
def test_the_impossible_is_refused_whatever_is_asked(
    make: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patterns = np.full((2, 6), 3)
    patterns[0, :3], patterns[1, 2:4] = [0, 1, 2], [2, 1]  # after 2 comes 0
    nothing = np.zeros(patterns.shape, dtype=bool)
    elsewhere = nothing.copy()
    elsewhere[0, 4:] = True
    with way(path, monkeypatch):
        q = make(periodic(F(0)), 6).to("float64")
        for asked in ([], *([i] for i in range(6)), nothing, elsewhere):
            with pytest.raises(ValueError, match=r"\(row 1\) of probability zero"):
                q.conditionals(patterns, asked)


@pytest.mark.parametrize("path", WAYS)
@pytest.mark.parametrize("make", [chain, trigram, sparse])
def test_what_floats_cannot_tell_is_refused_not_guessed(
    make: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = TINY["float64"]
    with way(path, monkeypatch):
        # From 0 to 2 over 1: 1e-500, where over 0 or 2 it is 1e-300.  The share of 1 falls below what is told apart.
        step = F(1, 10**200)
        exact = make([[1 - step - tiny, step, tiny], *slipping(tiny)[1:]], 3)
        pattern = np.array([0, 3, 2])
        expected = exact.to("ball", bits=256).conditionals(pattern)
        inside(exact.to("float64").conditionals(pattern), expected, "float64", floor=1.0)
        # From 2 to 1 in two steps there is one way, of probability 1e-600.
        q = make(sticky(tiny), 4).to("float64")
        pattern = [1, 2, 3, 1]
        assert q.in_support(pattern)
        with pytest.raises(ArithmeticError, match="underflow"):
            q.conditionals(pattern)


@pytest.mark.parametrize("name", ["float64", "float32"])
@pytest.mark.parametrize("make", [chain, trigram, sparse])
def test_one_token(make: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    laws = {
        chain: lambda length: MarkovChain([1], [[1]], length),
        trigram: lambda length: NGram([[1]], [[[1]]], length),
        sparse: lambda length: SparseMarkovChain([1], [[0]], [["1/3"]], [1], length),
    }
    for length in (1, 2, 100):
        q = laws[make](length).to(name)
        patterns = np.stack([np.ones(length, dtype=int), np.zeros(length, dtype=int)])
        for path in WAYS:
            with way(path, monkeypatch):
                assert np.allclose(q.conditionals(patterns), 1, rtol=0, atol=TOLERANCE[name])
                assert abs(q.log_prob(patterns)).max() < TOLERANCE[name] * length


SMOOTH = [
    [F(1, 2), F(1, 4), F(1, 4)],
    [F(1, 8), F(3, 4), F(1, 8)],
    [F(1, 2**30), F(1, 2), F(1, 2) - F(1, 2**30)],
]


def walk(length: int) -> np.ndarray:
    """A sequence of this chain."""
    drawn, rows = (
        np.random.default_rng(1).random(length).tolist(),
        np.cumsum(np.array(SMOOTH, dtype=float), 1),
    )
    tokens = [0]
    for point in drawn[1:]:
        tokens.append(int(np.searchsorted(rows[tokens[-1], :-1], point)))
    return np.array(tokens)


@pytest.mark.parametrize(("make", "length"), [(chain, 10**5), (hmm, 5000), (sparse, 5000)])
def test_very_long_laws(make: Any, length: int) -> None:
    exact = make(SMOOTH, length)
    whole = walk(length) % exact.vocab_size
    pattern = np.where(np.random.default_rng(2).random(length) < 0.5, whole, exact.mask)
    # Thirty revealed tokens away nothing of the ends is left: a shorter law answers alike.
    near = slice(length // 2 - 60, length // 2 + 60)
    wanted = np.arange(length // 2 - 5, length // 2 + 5)
    middle = make(SMOOTH, 120).to("ball").conditionals(pattern[near], (wanted - near.start).tolist())
    for name in ("float64", "float32"):
        rows = exact.to(name).conditionals(pattern, wanted.tolist())
        inside(rows, middle, name, floor=1.0 if make is hmm else 0.0)
    assert exact.in_support(pattern)


@pytest.mark.parametrize("make", [chain, sparse])
def test_the_logarithm_of_a_long_sequence(make: Any) -> None:
    whole = walk(3000)
    steps = [math.log(SMOOTH[a][b]) for a, b in itertools.pairwise(whole.tolist())]
    logarithm = math.fsum([math.log(START[whole[0]]), *steps])
    for name in ("float64", "float32"):
        found = make(SMOOTH, len(whole)).to(name).log_prob(whole)
        assert math.isclose(found, logarithm, rel_tol=TOLERANCE[name])


@pytest.mark.parametrize("stay", [0.0, 1 - 2.0**-10])
def test_many_hidden_states_in_float32(stay: float) -> None:
    hidden, vocab, length = 144, 4, 48
    rng = np.random.default_rng(0)

    def rows(*shape: int) -> np.ndarray:
        """Multiples of 2**-16 that sum to 1: exact in floats."""
        cuts = np.sort(rng.integers(0, 2**16 + 1, (*shape[:-1], shape[-1] - 1)), axis=-1)
        return np.diff(cuts, axis=-1, prepend=0, append=2**16) / 2**16

    transition = stay * np.eye(hidden) + (1 - stay) * rows(hidden, hidden)
    law = HMM(rows(hidden), transition, rows(hidden, vocab), length)
    patterns = np.where(rng.random((40, length)) < 0.5, law.sample(40, seed=1), vocab)
    single = HMM(*(np.float32(array) for array in (law.initial, transition, law.emissions[0])), length)
    assert single.explain(40).name == "compiled messages"
    expected = law.to("ball", bits=64).conditionals(patterns[:1])
    inside(law.conditionals(patterns)[:1], expected, "float64")
    inside(single.conditionals(patterns)[:1], expected, "float32")
    inside(single._plain_conditionals(patterns[:1], list(range(length))), expected, "float32")
