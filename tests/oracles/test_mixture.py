from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from oracles import MarkovChain, Mixture, Oracle, Product, Table, zoo
from oracles.testing import check_oracle, distributions, patterns
from tests.oracles.twins import ARITHMETICS, Draw, assert_same_law, laws


@st.composite
def choices(draw: Draw) -> tuple[list[Fraction], list[Oracle]]:
    """Weights, some of them zero, and one to three laws of one shape."""
    vocab, length, count = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return draw(distributions(count)), [draw(laws(vocab, length)) for _ in range(count)]


def weighted_sum(weights: list[Fraction], members: list[Oracle]) -> Table:
    tables = [member.joint() for member in members]
    number = members[0].arithmetic.number  # type: ignore[attr-defined]
    return Table(sum(number(weight) * table for weight, table in zip(weights, tables, strict=True)))


@pytest.mark.parametrize("name", ARITHMETICS)
@given(choice=choices())
def test_is_the_weighted_sum_of_its_parts(name: str, choice: tuple[Any, Any]) -> None:
    assert_same_law(Mixture(*choice).to(name), weighted_sum(*choice).to(name))


@given(choice=choices(), data=st.data())
def test_given_a_pattern_and_at_chosen_positions(choice: tuple[Any, Any], data: Any) -> None:
    law, twin = Mixture(*choice), weighted_sum(*choice)
    pattern = data.draw(patterns(law, possible=True))
    assert_same_law(law.condition(pattern), twin.condition(pattern))
    positions = sorted(data.draw(st.sets(st.integers(0, law.length - 1), min_size=1)))
    assert_same_law(law.marginal(positions), twin.marginal(positions))


@given(choice=choices())
def test_entropy(choice: tuple[Any, Any]) -> None:
    assert Mixture(*choice).entropy().value.overlaps(weighted_sum(*choice).entropy().value)


def test_symbols() -> None:
    p = sympy.Symbol("p", positive=True)
    chain, other = zoo.sticky_chain(2).to("symbolic"), zoo.golden_mean(2).to("symbolic")
    twin = Table(chain.joint() * p + other.joint() * (1 - p))
    assert_same_law(Mixture([p, 1 - p], [chain, other]), twin)


@pytest.mark.parametrize("name", ["exact", "float64", "float32"])
def test_samples_come_from_every_family_of_parts(name: str) -> None:
    # Dense, shifted, sparse and forgetful transitions in one block each; check_oracle tests the samples.
    members = [zoo.non_unifilar_hmm(4), zoo.golden_mean(4), zoo.dyck(4), zoo.equal_pairs(4)]
    law = Mixture(["1/5", "1/5", "3/5", 0], members)
    check_oracle(law.to(name))
    check_oracle(Product([Mixture(["1/2", "1/2"], members[2:]), zoo.golden_mean(1)]).to(name))


def test_homogeneous_parts_make_a_homogeneous_mixture() -> None:
    law = Mixture(["1/2", "1/2"], [zoo.pair_hmm(100, 2), zoo.topic_hmm(100, words=1, topics=2)])
    assert len({id(transition) for transition in law.space.transitions}) == 1
    assert len({id(emission) for emission in law.to("float64").space.emissions}) == 1


def test_parts_and_weights_are_kept_and_converted() -> None:
    law = Mixture(["1/3", "2/3"], [zoo.sticky_chain(3), zoo.golden_mean(3)])
    assert law.weights.tolist() == [Fraction(1, 3), Fraction(2, 3)]
    converted = law.to("float64")
    assert converted.weights.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert [type(part) for part in converted.parts] == [MarkovChain, MarkovChain]
    assert converted.parts[0].arithmetic is converted.arithmetic


def test_weights_may_be_exact_whatever_the_parts() -> None:
    members = [zoo.sticky_chain(2), zoo.golden_mean(2)]
    for name in ("float32", "float64", "ball", "symbolic", "boolean"):
        law = Mixture(["1/3", "2/3"], [member.to(name) for member in members])
        assert_same_law(law, weighted_sum([Fraction(1, 3), Fraction(2, 3)], members).to(name))
    assert Mixture([0.5, 0.5], [member.to("float32") for member in members]).arithmetic.name == "float32"


TWO = [zoo.sticky_chain(2), zoo.golden_mean(2)]


@pytest.mark.parametrize(
    ("weights", "members", "message"),
    [
        ([], [], "parts: expected at least one oracle"),
        (["1/2", "1/2"], [zoo.dyck(2), zoo.dyck(4)], "parts: expected one length, got 2 and 4"),
        ([1], TWO, r"weights: expected shape \(2,\), got \(1,\)"),
        (["1/2", "1/3"], TWO, "weights: expected probabilities that sum to 1, got .* 5/6"),
        (["3/2", "-1/2"], TWO, "weights: expected non-negative"),
        ([0.5, 0.5], TWO, "weights: expected exact numbers, got float64 ones"),
        (
            [0.5, 0.4],
            [member.to("float64") for member in TWO],
            "weights: expected probabilities that sum to 1",
        ),
    ],
)
def test_bad_input_is_named(weights: Any, members: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mixture(weights, members)


def test_rationalised_weights_are_checked() -> None:
    law = Mixture([0.123, 0.234, 0.643], [zoo.dyck(2).to("float64")] * 3)
    with pytest.raises(ValueError, match="weights: expected probabilities that sum to 1"):
        law.to("exact", rationalise=10)


def test_a_part_of_weight_zero_is_never_sampled() -> None:
    law = Mixture([1, 0], [zoo.ababbaba(6), zoo.all_equal(6)])
    assert np.asarray(law.in_support(law.sample(50, seed=1))).all()
    assert not law.in_support([0] * 6)
