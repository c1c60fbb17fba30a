"""Long and nearly deterministic laws in floats, inside the enclosures of the same laws in balls."""

import math
from typing import Any

import flint
import numpy as np
import pytest
import torch
from flint import arb

from oracles import HMM, MarkovChain, NGram, Oracle, Table
from tests.oracles.brute_force import entries


def rows(seed: int, *shape: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).random(shape)
    return drawn / drawn.sum(axis=-1, keepdims=True)


def chain(length: int) -> MarkovChain:
    return MarkovChain(rows(0, 3), rows(1, 3, 3), length)


def hmm(length: int) -> HMM:
    return HMM(rows(0, 3), rows(1, 3, 3), rows(2, 3, 2), length)


def trigram(length: int) -> NGram:
    return NGram(np.full((2, 2), 0.25), rows(3, 2, 2, 2), length)


def masked(q: Oracle, rate: float) -> np.ndarray:
    """A sample with so many of its positions masked."""
    return np.where(np.random.default_rng(7).random(q.length) < rate, q.mask, q.sample(1, seed=4)[0])


def enclosed(values: Any, balls: Any, error: float) -> bool:
    """Whether each float lies within a relative error of its ball, down to the smallest normal number."""
    with flint.ctx.workprec(128):
        pairs = zip(np.ravel(values).tolist(), np.ravel(balls).tolist(), strict=True)
        return all(bool(abs(arb(value) - ball) < error * abs(ball) + 1e-307) for value, ball in pairs)


@pytest.mark.parametrize(("make", "length"), [(chain, 4096), (hmm, 1024), (trigram, 1024)])
def test_a_long_law_stays_inside_its_balls(make: Any, length: int) -> None:
    double = make(length)
    ball, sequence, pattern = double.to("ball"), masked(double, 0), masked(double, 0.5)
    positions = np.random.default_rng(8).permutation(length)[:20].tolist()
    rows, logarithm = ball.conditionals(pattern, positions), float(ball.log_prob(sequence))
    for q, error in ((double, 1e-12), (double.to("float32"), 1e-6)):
        assert enclosed(entries(q.conditionals(pattern, positions), q.arithmetic), rows, error)
        assert math.isclose(q.log_prob(sequence), logarithm, rel_tol=error)
        assert q.in_support(sequence)
        # Rows of floats miss 1 by rounding, so nothing observed has a logarithm near 0.
        assert abs(q.log_prob(q.all_masked())) < error * length
    if length == 4096:
        assert double.probability(sequence) == 0
        assert logarithm < -1000


@pytest.mark.parametrize("make", [chain, hmm, trigram])
def test_conditioning_a_long_law(make: Any) -> None:
    q = make(512)
    pattern = masked(q, 0.5)
    law = q.condition(pattern)
    expected = q.conditionals(pattern)
    assert torch.allclose(law.conditionals(law.all_masked()), expected, rtol=1e-10)
    tokens = law.sample(3, seed=1)
    assert ((pattern == q.mask) | (tokens == pattern)).all()
    assert q.in_support(tokens).all()


def sticky(slip: float, length: int) -> MarkovChain:
    return MarkovChain([1 - slip, slip], [[1 - slip, slip], [slip, 1 - slip]], length)


@pytest.mark.parametrize("slip", [1e-300, 1e-160, 1e-16])
def test_a_nearly_deterministic_chain(slip: float) -> None:
    q = sticky(slip, 60)
    ball = q.to("ball")
    pattern = np.full(60, 2)
    pattern[[0, 20, 21, 40]] = [1, 0, 1, 0]
    assert enclosed(entries(q.conditionals(pattern), q.arithmetic), ball.conditionals(pattern), 1e-12)
    every = (pattern == 2)[None]
    fast = q.conditionals(pattern[None], every)
    assert enclosed(entries(fast, q.arithmetic), ball.conditionals(pattern[None], every), 1e-12)
    assert abs(q.log_prob(pattern) - float(ball.log_prob(pattern))) < 1e-9
    assert q.in_support(pattern)
    assert q.sample(20, seed=2).max() == 0  # a slip within 20 samples has probability at most 2e-13


def test_the_gap_tables_leave_what_underflows_to_the_rescaled_pass() -> None:
    q = sticky(1e-160, 8)
    pattern = np.array([[0, 2, 2, 1, 2, 2, 2, 0]])
    pattern[0, 4] = 0  # two slips next to each other: products of 1e-320, where digits are lost
    masked = pattern == 2
    expected = q.to("ball").conditionals(pattern, masked)
    assert enclosed(entries(q.conditionals(pattern, masked), q.arithmetic), expected, 1e-12)


@pytest.mark.parametrize("chosen", [None, np.array([False, True, True, False])])
def test_digits_lost_below_the_smallest_normal_number_are_an_underflow(chosen: Any) -> None:
    # Three paths of about 1e-320 each, which a float64 holds to three digits.
    slow = [[1.0, 1e-160, 0.0], [0.0, 1.0, 1e-160], [0.0, 0.0, 1.0]]
    q = MarkovChain([1.0, 0.0, 0.0], slow, 4)
    with pytest.raises(ArithmeticError, match="underflow"):
        q.conditionals([0, 3, 3, 2], chosen)
    assert np.allclose(
        np.array(q.to("ball").conditionals([0, 3, 3, 2], chosen)[1 if chosen is None else 0], float),
        [1 / 3, 2 / 3, 0],
    )
    emission = [[1e-310, 1.0], [0.0, 1.0]]
    with pytest.raises(ArithmeticError, match="underflow"):
        HMM([0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]], emission, 1).log_prob([0])


# Reaching the last token takes two steps of 1e-200, while a path of weight 1 stays at the first.
TRAP = [[1.0, 1e-200, 0.0], [0.0, 1.0, 1e-200], [0.0, 0.0, 1.0]]


def test_what_underflows_is_an_error_and_never_a_wrong_answer() -> None:
    q = MarkovChain([1.0, 0.0, 0.0], TRAP, 3)
    hidden = HMM([1.0, 0.0], [[1.0, 1e-200], [0.0, 1.0]], [[1.0, 0.0], [1.0 - 1e-200, 1e-200]], 2)
    tiny = MarkovChain([0.5, 0.5], [[1.0, 1e-310], [0.0, 1.0]], 3)
    for request in (
        lambda: q.marginal([0, 2]),
        lambda: MarkovChain([1.0, 0.0, 0.0], TRAP, 5).conditionals([0, 3, 3, 3, 2]),
        lambda: q.conditionals([0, 3, 2]),
        lambda: hidden.log_prob([0, 1]),
        lambda: tiny.condition([0, 2, 1]),
        lambda: Table.of(hidden),
    ):
        with pytest.raises(ArithmeticError, match=r"underflow.* use to\('exact'\) or to\('ball'\)"):
            request()
    assert q.in_support([0, 3, 2])
    assert hidden.to("ball").log_prob([0, 1]) < -900
