"""Exact laws by enumeration against the recursion over ordered partitions."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram, Oracle, Table, uniform_on, zoo
from oracles.testing import oracles, weights
from tests.theory import brute_force
from tests.theory.cases import (
    ScheduleCase,
    close,
    denoiser_cases,
    schedule_cases,
)
from theory import IID, FixedSizes, Partition
from theory.denoisers import Function, Ideal
from theory.laws.enumeration import check_budget, enumerate_law, enumerate_support


def expected_law(q: Oracle, case: ScheduleCase, twin: brute_force.Denoiser) -> brute_force.Law:
    return brute_force.sampler_law(case.partitions, twin, q.vocab_size)


@settings(max_examples=150)
@given(data=st.data(), q=oracles())
def test_the_law_of_any_sampler(data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    expected = expected_law(q, case, denoiser.twin)
    law = enumerate_law(q, case.schedule, denoiser.of(q) or Ideal(q))
    assert law.shape == (q.vocab_size,) * q.length
    for x in product(range(q.vocab_size), repeat=q.length):
        assert close(law[x], expected.get(x, Fraction(0)), q.arithmetic)
    assert law.sum() == 1
    support = enumerate_support(q, case.schedule, denoiser.of(q) or Ideal(q))
    np.testing.assert_array_equal(support, law != 0)


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "symbolic"])
@settings(max_examples=15)
@given(data=st.data())
def test_other_number_systems(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=2 if name == "symbolic" else 3))
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    expected = expected_law(q, case, denoiser.twin)
    moved = q.to(name)
    law = enumerate_law(moved, case.schedule, denoiser.of(moved) or Ideal(moved))
    for x in product(range(q.vocab_size), repeat=q.length):
        assert close(moved.arithmetic.element(law[x]), expected.get(x, Fraction(0)), moved.arithmetic)


@settings(max_examples=25)
@given(data=st.data(), q=oracles())
def test_one_token_a_step_is_exact(data: st.DataObject, q: Oracle) -> None:
    order = data.draw(st.permutations(range(q.length)))
    for schedule in (Partition([[i] for i in order]), FixedSizes([1, 0] * q.length)):
        np.testing.assert_array_equal(enumerate_law(q, schedule, Ideal(q)), q.joint())


@given(data=st.data(), law=weights(4), chosen=st.integers(1, 3).flatmap(weights))
def test_independent_tokens_are_sampled_exactly(data: st.DataObject, law: list, chosen: list) -> None:
    q = NGram(1, law, data.draw(st.integers(1, 3)))
    np.testing.assert_array_equal(enumerate_law(q, IID(chosen), Ideal(q)), q.joint())


def test_one_step_is_the_product_of_the_marginals() -> None:
    q = zoo.golden_mean(4)
    start = q.conditionals(q.all_masked())
    for schedule in (IID.uniform(1), FixedSizes([4]), Partition([range(4)]), IID([0, 1, 0])):
        law = enumerate_law(q, schedule, Ideal(q))
        for x in product(range(2), repeat=4):
            assert law[x] == np.prod([start[i, v] for i, v in enumerate(x)])


def test_blocks_are_filled_in_order() -> None:
    """Golden mean from (2/3, 1/3): {0, 2} independently, then 1 between them."""
    q = zoo.golden_mean(3)
    law = enumerate_law(q, Partition([[2, 0], [1]]), Ideal(q))
    third = Fraction(1, 3)
    assert law[0, 0, 0] == 4 * third**2 * Fraction(1, 3)
    assert law[0, 1, 0] == 4 * third**2 * Fraction(2, 3)
    assert law[0, 0, 1] == law[1, 0, 0] == 2 * third**2
    assert law[1, 0, 1] == third**2
    assert law[1, 1, 0] == law[0, 1, 1] == law[1, 1, 1] == 0


def test_a_symbolic_law_with_symbolic_weights() -> None:
    p, w = sympy.symbols("p w", positive=True)
    q = MarkovChain([p, 1 - p], [[1, 0], [0, 1]], 2)
    law = enumerate_law(q, IID([w, 1 - w]), Ideal(q))
    together = w**2 + (1 - w) ** 2
    assert sympy.expand(law[0, 0] - (together * p**2 + (1 - together) * p)) == 0
    assert sympy.expand(law[0, 1] - together * p * (1 - p)) == 0
    assert sympy.expand(sum(law.flat)) == 1


def test_symbols_take_their_values_afterwards() -> None:
    p = sympy.Symbol("p", positive=True)
    half = sympy.Rational(1, 2)
    symbolic = MarkovChain([p, 1 - p], [[half, half], [1, 0]], 3)
    law = enumerate_law(symbolic, FixedSizes([2, 1]), Ideal(symbolic))
    at = MarkovChain(["2/7", "5/7"], [["1/2", "1/2"], [1, 0]], 3)
    exact = enumerate_law(at, FixedSizes([2, 1]), Ideal(at))
    for x in product(range(2), repeat=3):
        assert law[x].subs(p, sympy.Rational(2, 7)).equals(sympy.Rational(str(exact[x])))


def test_only_contexts_that_are_met_are_asked_for() -> None:
    """A denoiser that raises where q has nothing must not be asked there by a sampler that never gets there."""
    q = uniform_on(["010", "101"], 2)
    for schedule in (FixedSizes([1, 1, 1]), Partition([[1], [0, 2]]), IID([1, 0, 0])):
        assert enumerate_law(q, schedule, Ideal(q, "raise")).sum() == 1
    with pytest.raises(ValueError, match="patterns: expected possible patterns"):
        enumerate_law(q, FixedSizes([2, 1]), Ideal(q, "raise"))


def test_the_denoiser_is_asked_once_for_each_set_of_masked_positions() -> None:
    q, asked = zoo.golden_mean(3), []

    def answer(patterns: np.ndarray) -> np.ndarray:
        asked.append(tuple(np.flatnonzero((patterns == 2).any(axis=0))))
        return np.full((*patterns.shape, 2), Fraction(1, 2), dtype=object)

    enumerate_law(q, IID.uniform(5), Function(q, answer))
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == 7


def test_float32_reveals_everything_that_is_left() -> None:
    q = zoo.all_equal(4).to("float32")
    for steps in (3, 7, 100):
        law = enumerate_law(q, IID.uniform(steps), Ideal(q))
        assert float(law.sum()) == pytest.approx(1, abs=1e-5)


def test_a_law_of_one_token() -> None:
    q = Table(np.array(Fraction(1), dtype=object).reshape((1,) * 3))
    for schedule in (IID.uniform(4), FixedSizes([0, 3]), Partition([[0], [], [1, 2]])):
        assert enumerate_law(q, schedule, Ideal(q)).tolist() == [[[1]]]


def test_what_is_too_large_is_refused_with_its_cost() -> None:
    long = zoo.golden_mean(1024)
    with pytest.raises(ValueError, match=r"schedule: enumerating 4 steps at V=2, L=1024 .* 1e716\.3 trans"):
        check_budget(long, IID.uniform(4))
    exact = zoo.golden_mean(10)
    with pytest.raises(ValueError, match="in exact at most 2e"):
        enumerate_law(exact, IID.uniform(8), Ideal(exact))
    # Sizes and partitions cost far less than an iid schedule of as many steps.
    check_budget(exact, FixedSizes([1] * 10))
    check_budget(exact, Partition([range(10)]))
    check_budget(exact.to("float64"), IID.uniform(8))
    with pytest.raises(ValueError, match=r"1e8\.2 states"):
        check_budget(zoo.golden_mean(14).to("float64"), Partition([[i] for i in range(14)] + [[]] * 19))


def test_a_schedule_must_fit() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match=r"sizes: expected a sum of 3 .*got 2"):
        enumerate_law(q, FixedSizes([2]), Ideal(q))
    with pytest.raises(
        ValueError, match="weights: expected numbers that a law in exact can use, got float64"
    ):
        enumerate_law(q, IID([0.5, 0.5]), Ideal(q))
