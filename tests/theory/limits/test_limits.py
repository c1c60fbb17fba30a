"""Limits of many steps, against the exact laws of samplers as polynomials in 1/N.

With N equal iid steps p_N(x) = sum_k C(N, k) A_k(x) / N^L, where A_k sums p_pi(x) over the ordered partitions in k
non-empty blocks.  So the brute force at N = 1..L gives p_N exactly for every N, and its coefficient of 1/N:
    (A_{L-1}(x) - C(L, 2) A_L(x) / L) / (L-1)!.
"""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram, Oracle, Product, Table, uniform_on, zoo
from oracles.testing import markov_chains, oracles, patterns, products, tables
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory import IID, first_order_error, kl_divergence, second_order_error, sequence_error_rate

HUGE = 10**14

GOLDEN_MEAN = [["1/2", "1/2"], [1, 0]]
PERIODIC = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
REDUCIBLE = [["1/2", "1/2", 0], ["3/10", "7/10", 0], [0, 0, 1]]
LEFT_TO_RIGHT = [["1/3", "2/3", 0], [0, "1/4", "3/4"], [0, 0, 1]]


class ManySteps:
    """The laws of the samplers of N equal iid steps, for any N."""

    def __init__(self, q: Oracle) -> None:
        self.law, self.length = as_law(q), q.length
        denoise = brute_force.ideal(self.law, q.vocab_size)
        scaled = [dict.fromkeys(self.law, Fraction(0))]
        for steps in range(1, self.length + 1):
            partitions = brute_force.iid_partitions([Fraction(1, steps)] * steps, self.length)
            p = brute_force.sampler_law(partitions, denoise, q.vocab_size)
            scaled.append({x: steps**self.length * p.get(x, Fraction(0)) for x in self.law})
        self.by_blocks = [
            {x: sum((-1) ** (k - n) * math.comb(k, n) * scaled[n][x] for n in range(k + 1)) for x in self.law}
            for k in range(self.length + 1)
        ]

    def at(self, steps: int) -> brute_force.Law:
        shares = [Fraction(math.comb(steps, k), steps**self.length) for k in range(self.length + 1)]
        return {x: sum(s * a[x] for s, a in zip(shares, self.by_blocks, strict=True)) for x in self.law}

    def first_order(self, x: brute_force.Sequence) -> Fraction:
        """The coefficient of 1/N in p_N(x)."""
        last, before = self.by_blocks[self.length][x], self.by_blocks[self.length - 1][x]
        pairs = Fraction(math.comb(self.length, 2), self.length)
        return (before - pairs * last) / math.factorial(self.length - 1)

    @property
    def error(self) -> Fraction:
        return sum((self.first_order(x) for x in self.law if not self.law[x]), Fraction(0))


def is_product(q: Oracle) -> bool:
    """Whether the support is a product of sets of tokens."""
    words = [x for x, p in as_law(q).items() if p]
    return len(words) == math.prod(len({word[i] for word in words}) for i in range(q.length))


@given(q=oracles(max_length=4))
def test_first_order_error_is_the_coefficient_of_the_error_rate(q: Oracle) -> None:
    result = first_order_error(q)
    assert result.value == ManySteps(q).error
    assert result.value == first_order_error(q, method="enumeration").value
    assert (result.unit, result.guarantee) == ("probability times steps", "exact rational")


@settings(max_examples=100)
@given(q=oracles(max_length=4))
def test_it_vanishes_exactly_where_the_support_is_a_product(q: Oracle) -> None:
    assert (first_order_error(q).value == 0) == is_product(q)


@settings(max_examples=25)
@given(q=oracles(max_length=4))
def test_steps_times_the_errors_converge_to_it(q: Oracle) -> None:
    first, steps = first_order_error(q).value, ManySteps(q)
    p = steps.at(HUGE)
    assert float(HUGE * brute_force.error_rate(steps.law, p)) == pytest.approx(float(first), abs=1e-9)
    with ctx.workprec(brute_force.BITS):
        divergence = HUGE * brute_force.divergence(steps.law, p)
        assert float(divergence * arb.const_log2()) == pytest.approx(float(first), abs=1e-9)


def with_product_support() -> st.SearchStrategy[Oracle]:
    return oracles(max_length=4).filter(is_product)


@settings(max_examples=25)
@given(q=with_product_support())
def test_second_order_error_is_the_limit_of_the_divergence(q: Oracle) -> None:
    steps, result = ManySteps(q), second_order_error(q)
    squares = [steps.first_order(x) ** 2 / p for x, p in steps.law.items() if p]
    with ctx.workprec(brute_force.BITS):
        expected = brute_force.ball(sum(squares, Fraction(0))) / (2 * arb.const_log2())
        assert result.value.overlaps(expected)
        assert result.value.rad() < 1e-30
        limit = HUGE**2 * brute_force.divergence(steps.law, steps.at(HUGE))
        assert float(limit) == pytest.approx(float(expected), rel=1e-8, abs=1e-9)
    assert (result.unit, result.guarantee) == ("bits times steps squared", "enclosure at 128 bits")


@pytest.mark.parametrize("q", [zoo.golden_mean(4), zoo.parity(4), zoo.sticky_chain(4, "3/4")])
def test_the_samplers_themselves_approach_the_limits(q: Oracle) -> None:
    """The distance to the limit halves, nearly, whenever N doubles."""
    first, numbers = first_order_error(q).value, [16, 32, 64]
    if first:
        away = [float(first - n * sequence_error_rate(q, IID.uniform(n)).value) for n in numbers]
    else:
        assert all(sequence_error_rate(q, IID.uniform(n)).value == 0 for n in numbers)
        second = float(second_order_error(q).value)
        away = [second - n**2 * float(kl_divergence(q, IID.uniform(n)).value) for n in numbers]
    assert all(0.4 < after / before < 0.6 for before, after in pairwise(away))


# ------------------------------------------------------------------ the route through gaps


@settings(max_examples=150)
@given(q=markov_chains(max_length=6))
def test_gaps_equal_enumeration(q: MarkovChain) -> None:
    gaps = first_order_error(q, method="gaps").value
    assert gaps == first_order_error(q, method="enumeration").value
    assert float(first_order_error(q.to("float64"), method="gaps")) == pytest.approx(float(gaps), abs=1e-13)


@pytest.mark.parametrize("transition", [GOLDEN_MEAN, PERIODIC, REDUCIBLE, LEFT_TO_RIGHT])
@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_gaps_on_special_chains(transition: list, length: int) -> None:
    vocab = len(transition)
    start = [Fraction(2 * a + 2, vocab * (vocab + 1)) for a in range(vocab)]
    same = MarkovChain(start, transition, length)
    apart = MarkovChain(start, [[list(row) for row in transition] for _ in range(length - 1)], length)
    gaps = first_order_error(same, method="gaps").value
    assert gaps == first_order_error(apart, method="gaps").value
    if length < 8 or vocab == 2:
        assert gaps == first_order_error(same, method="enumeration").value


def test_gaps_in_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    q = MarkovChain(["1/6", "1/3", "1/2"], LEFT_TO_RIGHT, 6)
    whole = first_order_error(q, method="gaps").value
    monkeypatch.setattr("theory.limits.chains._BLOCK", 1)
    assert first_order_error(q, method="gaps").value == whole


def test_real_lengths() -> None:
    """ABAB.. leaves its support as fast at any length: Lambda = L/4.  Full support costs nothing to first order."""
    assert first_order_error(zoo.ababbaba(200).to("float64")).value == pytest.approx(50, rel=1e-13)
    assert first_order_error(zoo.sticky_chain(500)).value == 0
    exact, rounded = (first_order_error(zoo.golden_mean(64).to(name)) for name in ("exact", "float64"))
    assert exact.method == rounded.method == "gaps"
    assert float(rounded) == pytest.approx(float(exact), rel=1e-13)


# ------------------------------------------------------------------ prompts, parts, number systems


@given(data=st.data(), q=oracles(max_length=4))
def test_a_prompt_leaves_the_limits_of_the_rest(data: st.DataObject, q: Oracle) -> None:
    prompt = np.array(data.draw(patterns(q, possible=True)))
    free = np.flatnonzero(prompt == q.mask)
    if free.size:
        rest = Table.of(q).condition(prompt).marginal(free)
        assert first_order_error(q, given=prompt.tolist()).value == first_order_error(rest).value
        if is_product(rest):
            assert second_order_error(q, given=prompt).value.overlaps(second_order_error(rest).value)


@given(q=products(max_length=4))
def test_limits_of_independent_parts_add_up(q: Product) -> None:
    whole = first_order_error(q, method="enumeration").value
    assert first_order_error(q, method="parts").value == whole
    if is_product(q):
        parts, every = (second_order_error(q, method=name).value for name in ("parts", "enumeration"))
        assert parts.overlaps(every)


@given(q=tables(max_length=3))
def test_other_number_systems(q: Table) -> None:
    exact = float(first_order_error(q))
    for name in ("float64", "ball", "symbolic"):
        assert float(first_order_error(q.to(name)).value) == pytest.approx(exact, abs=1e-14)
    if is_product(q):
        kappa = float(second_order_error(q))
        for name in ("float64", "ball", "symbolic"):
            assert float(second_order_error(q.to(name)).value) == pytest.approx(kappa, rel=1e-12, abs=1e-12)


def test_it_is_discontinuous_where_a_probability_vanishes() -> None:
    """Golden mean with P(1|1) = 1e-6 in place of 0: Lambda = 0, yet N KL is far from 0 at any N that is used."""
    rare = Fraction(1, 10**6)
    q = MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1 - rare, rare]], 5)
    assert first_order_error(q).value == 0
    for steps, product in ((8, 0.575), (64, 0.530)):
        divergence = kl_divergence(q.to("float64"), IID.uniform(steps))
        assert steps * float(divergence) == pytest.approx(product, abs=5e-4)


# ------------------------------------------------------------------ edges


def test_one_position_and_one_token() -> None:
    for q in (NGram(1, ["1/4", "3/4"], 1), MarkovChain([1], [[1]], 4), uniform_on(["010"], 2)):
        assert first_order_error(q).value == 0
        assert second_order_error(q).value == 0


def test_bad_input() -> None:
    with pytest.raises(
        ValueError, match="q: expected a law whose support is a product of sets of tokens, got 8"
    ):
        second_order_error(zoo.golden_mean(4))
    with pytest.raises(ValueError, match="q: expected a law with probabilities, got one over Booleans"):
        first_order_error(zoo.golden_mean(4).to("boolean"))
    with pytest.raises(ValueError, match="method: expected one of enumeration, gaps for"):
        first_order_error(zoo.golden_mean(4), method="magic")
    with pytest.raises(ValueError, match=r"enumeration would take .* pairs of tokens in a pattern"):
        second_order_error(zoo.sticky_chain(64))
    with pytest.raises(ValueError, match="enumeration would take more than 1e300 pairs"):
        first_order_error(zoo.topic_hmm(1000))
    assert isinstance(first_order_error(zoo.golden_mean(3)).value, fmpq)
