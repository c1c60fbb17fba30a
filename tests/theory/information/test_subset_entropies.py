"""Enumeration of subset entropies against the definition, summed term by term."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import sympy
from hypothesis import given

from oracles import Oracle, Table, uniform_on
from oracles.testing.strategies import oracles
from theory.information.subset_entropies import conditional_entropies, enumerated_profile, subset_entropies


def masses(q: Oracle, positions: tuple[int, ...]) -> dict[tuple[int, ...], Fraction]:
    """The law of the tokens at these positions, by a loop over all sequences."""
    law: dict[tuple[int, ...], Fraction] = {}
    for tokens, p in np.ndenumerate(q.joint()):
        key = tuple(tokens[i] for i in positions)
        law[key] = law.get(key, Fraction(0)) + Fraction(int(p.p), int(p.q))
    return law


def conditional_entropy(q: Oracle, position: int, given_positions: tuple[int, ...]) -> float:
    """H(X_i | X_S) = sum of p(x_i, x_S) log2 (p(x_S) / p(x_i, x_S)) over what is possible."""
    context = masses(q, given_positions)
    joint = masses(q, (*given_positions, position))
    return math.fsum(p * math.log2(context[tokens[:-1]] / p) for tokens, p in joint.items() if p)


def naive_profile(q: Oracle) -> list[float]:
    profile = []
    for m in range(q.length):
        terms = [
            conditional_entropy(q, i, chosen)
            for i in range(q.length)
            for chosen in combinations([j for j in range(q.length) if j != i], m)
        ]
        profile.append(math.fsum(terms) / len(terms))
    return profile


def floats(values: np.ndarray) -> np.ndarray:
    return np.vectorize(float, otypes=[np.float64])(values)


@given(q=oracles(max_length=4))
def test_profile_is_the_mean_of_conditional_entropies(q: Oracle) -> None:
    expected = naive_profile(q)
    balls = enumerated_profile(q)
    np.testing.assert_allclose(floats(balls), expected, atol=1e-13)
    assert all(ball.rad() < 1e-30 for ball in balls)
    np.testing.assert_allclose(enumerated_profile(q.to("float64")), expected, atol=1e-13)


@given(q=oracles(max_length=3, max_vocab=2))
def test_symbols_agree_with_floats(q: Oracle) -> None:
    symbolic = enumerated_profile(q.to("symbolic"))
    np.testing.assert_allclose(floats(symbolic), enumerated_profile(q.to("float64")), atol=1e-13)


@given(q=oracles(max_length=3))
def test_every_conditional_entropy(q: Oracle) -> None:
    table = floats(conditional_entropies(q))
    assert table.shape == (q.length, *(2,) * q.length)
    for i, *chosen in np.ndindex(table.shape):
        inside = tuple(j for j in range(q.length) if chosen[j])
        expected = 0 if i in inside else conditional_entropy(q, i, inside)
        assert table[(i, *chosen)] == pytest.approx(expected, abs=1e-13)


def test_subset_entropies_of_a_pair_and_a_coin() -> None:
    q = uniform_on(["000", "001", "110", "111"], vocab_size=2)
    entropies = subset_entropies(q)
    assert entropies[0, 0, 0] == 0
    assert entropies[1, 1, 0] == entropies[1, 0, 0] == entropies[0, 1, 0] == entropies[0, 0, 1] == 1
    assert entropies[1, 1, 1] == entropies[1, 0, 1] == 2


def test_one_symbolic_coin() -> None:
    p = sympy.Symbol("p", positive=True)
    (entropy,) = enumerated_profile(Table([p, 1 - p]))
    expected = -(p * sympy.log(p) + (1 - p) * sympy.log(1 - p)) / sympy.log(2)
    assert sympy.expand(entropy - expected) == 0


def test_float32_stays_float32() -> None:
    q = uniform_on(["01", "10"], vocab_size=2).to("float32")
    assert str(enumerated_profile(q).dtype) == "torch.float32"
