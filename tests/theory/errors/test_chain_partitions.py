"""Errors of fixed partitions of chains against enumeration, and at lengths that enumeration does not reach."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Product, zoo
from oracles.arithmetic import arithmetic
from oracles.testing import markov_chains, ordered_partitions
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory import Partition, expected_kl
from theory.errors.chain_partitions import chain_errors_by_position, chain_errors_by_step

BALL = arithmetic("ball", bits=128)


def conditional(q: Oracle, of: set[int], given_set: set[int]) -> arb:
    """H(X_of | X_given) in bits, from the joint law."""

    def entropy(positions: set[int]) -> arb:
        marginal: dict[tuple[int, ...], Any] = {}
        for x, p in as_law(q).items():
            kept = tuple(x[i] for i in sorted(positions))
            marginal[kept] = marginal.get(kept, 0) + p
        return brute_force.entropy(marginal)

    with BALL.context():
        return entropy(of | given_set) - entropy(given_set)


def steps_of(q: Oracle, blocks: list[list[int]]) -> Iterator[arb]:
    """TC(X_{S_k} | X_{S_<k})."""
    revealed: set[int] = set()
    for block in blocks:
        with BALL.context():
            alone = sum((conditional(q, {i}, revealed) for i in block), arb(0))
            yield alone - conditional(q, set(block), revealed)
        revealed |= set(block)


def shares_of(q: Oracle, blocks: list[list[int]]) -> list[arb]:
    """What every position loses, averaged over all orders in which a step may be read."""
    shares, revealed = [arb(0)] * q.length, set()
    for block in blocks:
        for order in itertools.permutations(block):
            for rank, i in enumerate(order):
                with BALL.context():
                    gain = conditional(q, {i}, revealed) - conditional(q, {i}, revealed | set(order[:rank]))
                    shares[i] += gain / math.factorial(len(block))
        revealed |= set(block)
    return shares


def same(values: Any, expected: Any) -> bool:
    return all(a.overlaps(b) and a.rad() < 1e-30 for a, b in zip(values, expected, strict=True))


@settings(max_examples=40)
@given(data=st.data(), q=markov_chains(max_length=4))
def test_every_step_and_every_position(data: st.DataObject, q: MarkovChain) -> None:
    blocks = data.draw(ordered_partitions(q.length))
    blocks.insert(data.draw(st.integers(0, len(blocks))), [])
    steps, shares = chain_errors_by_step(q, blocks), chain_errors_by_position(q, blocks)
    assert same(steps, steps_of(q, blocks))
    assert same(shares, shares_of(q, blocks))
    float_law = q.to("float64")
    np.testing.assert_allclose(chain_errors_by_step(float_law, blocks), [float(x) for x in steps], atol=1e-13)
    np.testing.assert_allclose(
        chain_errors_by_position(float_law, blocks), [float(x) for x in shares], atol=1e-13
    )


@given(data=st.data(), q=markov_chains(max_length=6))
def test_both_sum_to_the_divergence(data: st.DataObject, q: MarkovChain) -> None:
    blocks = data.draw(ordered_partitions(q.length))
    exact = expected_kl(q, Partition(blocks), method="enumeration").value
    with BALL.context():
        assert sum(chain_errors_by_step(q, blocks), arb(0)).overlaps(exact)
        assert sum(chain_errors_by_position(q, blocks), arb(0)).overlaps(exact)


def bisection(length: int) -> list[list[int]]:
    """Every step reveals the middle of every gap."""
    blocks, gaps = [], [(-1, length)]
    while gaps := [(l, r) for l, r in gaps if r - l > 1]:
        middles = [(l + r) // 2 for l, r in gaps]
        blocks.append(middles)
        gaps = [end for (l, r), m in zip(gaps, middles, strict=True) for end in ((l, m), (m, r))]
    return blocks


@pytest.mark.parametrize("length", [1, 2, 7, 64, 1000])
def test_bisection_is_exact_in_logarithmically_many_steps(length: int) -> None:
    blocks = bisection(length)
    assert len(blocks) == math.ceil(math.log2(length + 1))
    for q in (zoo.noisy_cycle(length), zoo.golden_mean(length).to("float64")):
        assert all(error == 0 for error in chain_errors_by_step(q, blocks))
        assert all(error == 0 for error in chain_errors_by_position(q, blocks))


def test_strided_blocks_of_a_stationary_chain() -> None:
    """KL = (L/N - 1) I(X_0; X_N), at any length."""
    q, steps = zoo.golden_mean(240), 8
    errors = chain_errors_by_step(q, [range(k, 240, steps) for k in range(steps)])
    both = q.marginal([0, steps]).entropy().value
    with BALL.context():
        information = 2 * q.marginal([0]).entropy().value - both
        assert errors[0].overlaps((240 // steps - 1) * information)
        assert errors[0].rad() < 1e-30
    assert all(error == 0 for error in errors[1:])


def test_strided_is_not_always_better_than_blocks() -> None:
    """Three coins and four copies of the third: 1 bit against 0."""
    coin = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"]] * 2, 2)
    q = Product([coin, zoo.all_equal(4)])
    assert list(chain_errors_by_step(q, [[0, 2, 4], [1, 3, 5]])) == [1, 0]
    assert list(chain_errors_by_step(q, [[0, 1, 2], [3, 4, 5]])) == [0, 0]


def test_one_step_costs_the_total_correlation() -> None:
    """All positions of a ring of copies lose alike, and the ends as much as the middle: (L-1)/L bits each."""
    q = zoo.ababbaba(12)
    shares = chain_errors_by_position(q, [range(12)])
    with BALL.context():
        assert all(share.overlaps(arb(fmpq(11, 12))) for share in shares)
    assert chain_errors_by_step(q, [range(12)])[0] == 11
