"""The pairwise route against enumeration, against another closed formula, and against balls at length 256."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from oracles import HMM, MarkovChain, NGram, Oracle, uniform_on
from oracles.testing.strategies import markov_chains, ngrams
from theory.information import chain_entropies
from theory.information.chain_entropies import is_chain, is_homogeneous, pairwise_profile
from theory.information.subset_entropies import enumerated_profile

STICKY = [["19/20", "1/20"], ["1/20", "19/20"]]
REDUCIBLE = [["1/2", "1/2", 0], ["3/10", "7/10", 0], [0, 0, 1]]
PERIODIC = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
NOISY_CYCLE = [["23/25" if b == (a + 1) % 5 else "1/50" for b in range(5)] for a in range(5)]


def floats(values: np.ndarray) -> np.ndarray:
    return np.vectorize(float, otypes=[np.float64])(values)


@given(q=markov_chains(max_length=5))
def test_pairs_equal_enumeration(q: MarkovChain) -> None:
    pairs, every = pairwise_profile(q), enumerated_profile(q)
    assert all(a.overlaps(b) and a.rad() < 1e-30 for a, b in zip(pairs, every, strict=True))
    np.testing.assert_allclose(pairwise_profile(q.to("float64")), floats(every), atol=1e-13)


@given(q=markov_chains(max_length=3, max_vocab=2))
def test_pairs_of_symbols(q: MarkovChain) -> None:
    np.testing.assert_allclose(
        floats(pairwise_profile(q.to("symbolic"))), floats(pairwise_profile(q)), atol=1e-13
    )


@pytest.mark.parametrize(
    ("transition", "length"), [(REDUCIBLE, 6), (PERIODIC, 7), (STICKY, 9), (NOISY_CYCLE, 5), ([[1]], 8)]
)
def test_pairs_equal_enumeration_on_special_chains(transition: list, length: int) -> None:
    vocab = len(transition)
    start = [Fraction(2 * a + 2, vocab * (vocab + 1)) for a in range(vocab)]
    q = MarkovChain(start, transition, length)
    assert all(a.overlaps(b) for a, b in zip(pairwise_profile(q), enumerated_profile(q), strict=True))
    float_law = q.to("float64")
    np.testing.assert_allclose(pairwise_profile(float_law), enumerated_profile(float_law), atol=1e-13)


def grouped_by_gap(q: MarkovChain) -> list[float]:
    """f from G(d) = sum_l H(X_{l+d} | X_l) and border terms, with whole binomials: another formula.

    f(s) = [sum_d G(d) (2 C(L-d-1, s-1) - (d-1) C(L-d-1, s-2))
            + sum_{i=1..L} H(X_i) (C(L-i, s) - (i-1) C(L-i, s-1))] / (L C(L-1, s)).
    """
    length = q.length

    def choose(n: int, k: int) -> int:
        return math.comb(n, k) if 0 <= k <= n else 0

    def entropy(law: Oracle) -> float:
        return float(law.entropy())

    singles = [entropy(q.marginal([i])) for i in range(length)]
    gaps = [
        sum(entropy(q.marginal([l, l + d])) - singles[l] for l in range(length - d)) for d in range(1, length)
    ]
    profile = []
    for s in range(length):
        inner = sum(
            gap * (2 * choose(length - d - 1, s - 1) - (d - 1) * choose(length - d - 1, s - 2))
            for d, gap in enumerate(gaps, start=1)
        )
        border = sum(
            single * (choose(length - i, s) - (i - 1) * choose(length - i, s - 1))
            for i, single in enumerate(singles, start=1)
        )
        profile.append((inner + border) / (length * math.comb(length - 1, s)))
    return profile


@given(q=markov_chains(max_length=6, max_vocab=2))
def test_pairs_equal_the_formula_with_border_terms(q: MarkovChain) -> None:
    np.testing.assert_allclose(floats(pairwise_profile(q)), grouped_by_gap(q), atol=1e-12)


@given(q=ngrams(max_order=2, max_length=4))
def test_an_ngram_up_to_order_two_is_a_chain(q: NGram) -> None:
    assert is_chain(q)
    assert all(a.overlaps(b) for a, b in zip(pairwise_profile(q), enumerated_profile(q), strict=True))


def test_what_is_a_chain_by_its_form() -> None:
    half = ["1/2", "1/2"]
    swap = [[0, 1], [1, 0]]
    assert is_chain(HMM(half, [half, half], [[1, 0], [0, 1]], 3))
    assert not is_chain(HMM(half, [half, half], swap, 3))
    assert not is_chain(HMM([1], [[1]], [half], 3))
    assert not is_chain(NGram([[1, 0], [0, 0]], [[half] * 2] * 2, 4))
    assert not is_chain(uniform_on(["01"], vocab_size=2))


def test_a_conditioned_chain_is_still_a_chain() -> None:
    q = MarkovChain(["1/2", "1/2"], STICKY, 6)
    remaining = q.condition([2, 2, 1, 2, 2, 0]).marginal([0, 1, 3, 4])
    assert is_chain(remaining)
    pairs, every = pairwise_profile(remaining), enumerated_profile(remaining)
    assert all(a.overlaps(b) for a, b in zip(pairs, every, strict=True))


def test_what_follows_a_prompt_is_homogeneous() -> None:
    """So that a prompted chain of real length costs no more than the chain itself."""
    q = MarkovChain(["1/2", "1/2"], STICKY, 6)
    rest = q.condition([0, 2, 1, 2, 2, 2]).marginal([3, 4, 5])
    assert is_chain(rest)
    assert is_homogeneous(rest)
    assert rest.probability([1, 1, 1]) == Fraction(19, 20) ** 3


@pytest.mark.parametrize("transition", [STICKY, REDUCIBLE, PERIODIC, NOISY_CYCLE])
def test_float64_is_right_to_fourteen_digits_at_length_256(transition: list) -> None:
    vocab = len(transition)
    q = MarkovChain([Fraction(1, vocab)] * vocab, transition, 256)
    certified = pairwise_profile(q)
    assert all(ball.rad() < 1e-30 for ball in certified)
    np.testing.assert_allclose(pairwise_profile(q.to("float64")), floats(certified), atol=3e-14, rtol=0)


@pytest.mark.parametrize("entries", [1, 8, 12, 20])
def test_products_in_several_blocks(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    """Blocks of 1, 2, 3 and 5 products, whose last is shorter, or holds but one."""
    monkeypatch.setattr(chain_entropies, "_BLOCK", entries)
    same = MarkovChain(["1/3", "2/3"], [["1/4", "3/4"], ["2/5", "3/5"]], 8)
    steps = [
        [[Fraction(k, 9), Fraction(9 - k, 9)], [Fraction(1, k + 1), Fraction(k, k + 1)]] for k in range(7)
    ]
    for q in (same, MarkovChain(["1/3", "2/3"], steps, 8)):
        assert all(a.overlaps(b) for a, b in zip(pairwise_profile(q), enumerated_profile(q), strict=True))
        np.testing.assert_allclose(
            pairwise_profile(q.to("float64")), floats(enumerated_profile(q)), atol=1e-13, rtol=0
        )


def test_precision_follows_the_law() -> None:
    q = MarkovChain(["1/3", "2/3"], STICKY, 20)
    assert pairwise_profile(q.to("ball", bits=300))[7].rad() < 2.0**-280
    independent = NGram(1, ["1/3", "2/3"], 5).to("ball", bits=300)
    assert is_chain(independent)
    assert pairwise_profile(independent)[2].rad() < 2.0**-280
    assert str(pairwise_profile(q.to("float32")).dtype) == "torch.float32"
