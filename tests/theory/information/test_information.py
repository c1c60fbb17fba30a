"""The profile of a law by the cheapest route: identities, prompts, correlations, and what is refused."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, NGram, Oracle, Table, uniform_on
from oracles.testing.strategies import oracles, patterns
from theory.information import dual_total_correlation, information_profile, total_correlation

COIN = ["1/2", "1/2"]
GOLDEN_MEAN = [["1/2", "1/2"], [1, 0]]


def equal(a: arb, b: arb) -> bool:
    """Enclosures of one number: they overlap, and are narrow enough for that to mean something."""
    return a.overlaps(b) and a.rad() < 1e-30 and b.rad() < 1e-30


def at_least(a: arb, b: arb) -> bool:
    """Not refuted, at 1e-30: balls never settle an equality, so only 'certainly less' counts against it."""
    return not a < b and a.rad() < 1e-30 and b.rad() < 1e-30


@given(q=oracles(max_length=4))
def test_identities(q: Oracle) -> None:
    f = information_profile(q)
    singles = [q.marginal([i]).entropy().value for i in range(q.length)]
    with f.arithmetic.context():
        assert equal(f.entropy, q.entropy().value)
        assert equal(f.h(0), sum(singles, arb(0)))
        assert equal(f.h(1), q.length * f[-1])
        assert equal(f.total_correlation, f.h(0) - f.entropy)
        assert equal(f.dual_total_correlation, f.entropy - f.h(1))
        assert equal(f.correlation, f.total_correlation + f.dual_total_correlation)
    assert equal(total_correlation(q).value, f.total_correlation)
    assert equal(dual_total_correlation(q).value, f.dual_total_correlation)


@given(q=oracles(max_length=4))
def test_f_and_h_never_increase(q: Oracle) -> None:
    f = information_profile(q)
    assert at_least(f[-1], arb(0))
    assert all(at_least(before, after) for before, after in pairwise(f))
    h = f.h([Fraction(k, 5) for k in range(6)])
    assert all(at_least(before, after) for before, after in pairwise(h))


@given(q=oracles(max_length=4))
def test_integral_of_h_is_the_entropy(q: Oracle) -> None:
    """By Gauss-Legendre quadrature, which is exact for a polynomial of this degree."""
    nodes, node_weights = np.polynomial.legendre.leggauss(4)
    f = information_profile(q.to("float64"))
    assert f.h((nodes + 1) / 2) @ torch.tensor(node_weights) / 2 == pytest.approx(f.entropy, abs=1e-12)


@given(data=st.data(), q=oracles(max_length=4))
def test_given_a_pattern_the_rest_is_conditional_on_it(data: st.DataObject, q: Oracle) -> None:
    prompt = np.array(data.draw(patterns(q, possible=True)))
    masked = np.flatnonzero(prompt == q.mask)
    assume(masked.size)
    table = Table.of(q).condition(prompt).marginal(masked)
    expected = information_profile(table)
    f = information_profile(q, given=prompt.tolist())
    assert all(equal(a, b) for a, b in zip(f, expected, strict=True))
    assert equal(total_correlation(q, given=prompt).value, expected.total_correlation)
    assert equal(dual_total_correlation(q, given=prompt).value, expected.dual_total_correlation)


def test_a_prompt_cuts_a_chain() -> None:
    """Given the middle of three, the ends of a chain are independent."""
    q = MarkovChain(["2/3", "1/3"], GOLDEN_MEAN, 3)
    assert float(total_correlation(q).value) > 0.1
    assert total_correlation(q, given=[2, 0, 2]).value == 0
    assert list(information_profile(q, given=[2, 1, 2])) == [0, 0]


def test_the_cheapest_route_is_recorded() -> None:
    chain = MarkovChain(["2/3", "1/3"], GOLDEN_MEAN, 4)
    assert information_profile(chain).method == "pairs"
    assert information_profile(chain, method="enumeration").method == "enumeration"
    assert information_profile(chain, given=[2, 2, 0, 2]).method == "pairs"
    assert information_profile(Table.of(chain)).method == "enumeration"
    assert dual_total_correlation(chain).method == "pairs"


def test_results_say_what_they_are_worth() -> None:
    q = uniform_on(["000", "011", "101", "110"], vocab_size=2)
    exact, rounded = total_correlation(q), dual_total_correlation(q.to("float64"))
    assert (exact.value, exact.unit, exact.guarantee) == (1, "bits", "enclosure at 128 bits")
    assert (rounded.value, rounded.unit, rounded.guarantee) == (2.0, "bits", "float64 rounding")


def test_total_correlation_of_a_long_ngram_needs_no_profile() -> None:
    """X_i = X_{i-1} + X_{i-2} mod 2 after two fair coins: every token is fair, H = 2."""
    xor = [[[int(c == (a + b) % 2) for c in range(2)] for b in range(2)] for a in range(2)]
    assert total_correlation(NGram([["1/4", "1/4"], ["1/4", "1/4"]], xor, 40)).value == 38


def test_total_correlation_of_an_entropy_within_bounds_has_bounds() -> None:
    entropy, result = wide_hmm().entropy(), total_correlation(wide_hmm())
    assert entropy.bounds is not None
    assert result.bounds is not None
    low, high = result.bounds
    assert low <= result.value <= high
    assert high - low == pytest.approx(entropy.bounds[1] - entropy.bounds[0], abs=1e-12)


def wide_hmm() -> HMM:
    """Too many sequences to sum over, so its entropy is known only within bounds."""
    emission = np.random.default_rng(3).dirichlet(np.ones(40), size=2)
    return HMM([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]], emission, 5)


@pytest.mark.parametrize(
    ("q", "message"),
    [
        (
            wide_hmm(),
            r"enumeration would take 1.2e\+08 pattern entropies, and the limit in float64 is 5e\+07",
        ),
        (MarkovChain(COIN, GOLDEN_MEAN, 10**5), r"pairs would take 1.0e\+10 multiplications"),
        (HMM([1], [[1]], [["1/9"] * 9], 10**4), "enumeration would take more than 1e300 pattern"),
    ],
)
def test_what_is_too_large_is_refused_with_its_cost(q: Oracle, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        information_profile(q)


def test_bad_arguments_are_named() -> None:
    chain = MarkovChain(["2/3", "1/3"], GOLDEN_MEAN, 3)
    with pytest.raises(ValueError, match=r"method: expected one of enumeration, pairs for .*, got 'magic'"):
        information_profile(chain, method="magic")
    with pytest.raises(ValueError, match=r"method: expected one of enumeration for .*, got 'pairs'"):
        information_profile(Table.of(chain), method="pairs")
    with pytest.raises(ValueError, match="given: expected a possible pattern"):
        information_profile(chain, given=[1, 1, 2])
    with pytest.raises(ValueError, match="given: expected one pattern with a masked position"):
        information_profile(chain, given=[0, 1, 0])
    with pytest.raises(ValueError, match="given: expected last axis of length 3"):
        information_profile(chain, given=[0, 2])
    with pytest.raises(ValueError, match="given: expected one pattern"):
        total_correlation(chain, given=[[0, 2, 2]])
    with pytest.raises(ValueError, match="q: expected a law with probabilities, got one over Booleans"):
        information_profile(chain.to("boolean"))
