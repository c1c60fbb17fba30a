from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from oracles import HMM, FormalLanguage, MarkovChain, Oracle, Product, Table, uniform_on, zoo
from oracles.testing import check_oracle, patterns
from tests.oracles.twins import ARITHMETICS, Draw, assert_same_law, laws


@st.composite
def parts(draw: Draw, total: int = 4) -> list[Oracle]:
    """One to three laws over one vocabulary, together no longer than `total`."""
    vocab = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 2), min_size=1, max_size=3).filter(lambda n: sum(n) <= total))
    return [draw(laws(vocab, length)) for length in lengths]


def side_by_side(members: list[Oracle]) -> Table:
    """The outer product of the parts' tables."""
    return Table(reduce(np.multiply.outer, [member.joint() for member in members]))


@pytest.mark.parametrize("name", ARITHMETICS)
@given(members=parts())
def test_is_the_outer_product_of_its_parts(name: str, members: list[Oracle]) -> None:
    assert_same_law(Product(members).to(name), side_by_side(members).to(name))


@given(members=parts(), data=st.data())
def test_stays_a_product_given_a_pattern_and_at_chosen_positions(members: list[Oracle], data: Any) -> None:
    law, twin = Product(members), side_by_side(members)
    pattern = data.draw(patterns(law, possible=True))
    assert isinstance(law.condition(pattern), Product)
    assert_same_law(law.condition(pattern), twin.condition(pattern))
    positions = sorted(data.draw(st.sets(st.integers(0, law.length - 1), min_size=1)))
    assert isinstance(law.marginal(positions), Product)
    assert_same_law(law.marginal(positions), twin.marginal(positions))


@given(members=parts())
def test_entropy_is_the_sum_of_the_parts(members: list[Oracle]) -> None:
    found, expected = Product(members).entropy(), side_by_side(members).entropy()
    assert found.value.overlaps(expected.value)
    assert found.unit == "bits"
    assert found.bounds is None


def test_entropy_is_an_enclosure_as_soon_as_one_part_is() -> None:
    hidden, known = zoo.non_unifilar_hmm(20).to("float64"), zoo.sticky_chain(3).to("float64")
    found, part = Product([known, hidden, hidden]).entropy(), hidden.entropy()
    assert found.bounds is not None
    assert part.bounds is not None
    expected = [float(known.entropy()) + 2 * end for end in part.bounds]
    assert found.bounds == pytest.approx(tuple(expected), rel=1e-12)
    assert found.bounds[0] < found.value < found.bounds[1]


def test_symbols() -> None:
    p, q = sympy.symbols("p q", positive=True)
    coin = Table([p, 1 - p])
    pair = Table([[q, 0], [0, 1 - q]])
    assert_same_law(Product([coin, pair]), Table(np.multiply.outer(coin.joint(), pair.joint())))


def test_parts_of_parts() -> None:
    inner = Product([zoo.golden_mean(1), zoo.dyck(2)])
    nested = Product([inner, zoo.ababbaba(1), inner])
    flat = [zoo.golden_mean(1), zoo.dyck(2), zoo.ababbaba(1), zoo.golden_mean(1), zoo.dyck(2)]
    assert_same_law(nested, side_by_side(flat))


@pytest.mark.parametrize("name", ["exact", "float64"])
def test_obeys_the_laws_of_oracles(name: str) -> None:
    check_oracle(Product([zoo.golden_mean(2), zoo.non_unifilar_hmm(2), uniform_on(["01"], 2)]).to(name))


def test_parts_are_kept_and_converted_once() -> None:
    pair = zoo.all_equal(2, 3)
    law = Product([pair] * 400)
    assert law.parts == (pair,) * 400
    converted = law.to("float64")
    assert len(set(map(id, converted.parts))) == 1
    assert converted.parts[0].arithmetic is converted.arithmetic
    assert len({id(transition) for transition in converted.space.transitions}) == 2
    assert converted.log_prob([1] * 800) == pytest.approx(-400 * np.log(3), rel=1e-12)


def test_symbols_of_the_tokens_are_kept_where_the_parts_agree() -> None:
    left, right = zoo.golden_mean(2), zoo.golden_mean(1)
    left.symbols = right.symbols = ("a", "b")
    assert Product([left, right]).symbols == ("a", "b")
    assert Product([left, zoo.dyck(2)]).symbols is None


def test_rationalised_parts_are_checked() -> None:
    chain = MarkovChain([1 / 3, 2 / 3], [[0.5, 0.5], [0.0, 1.0]], 2)
    assert Product([chain, chain]).to("exact", rationalise=10).probability([0, 0, 1, 1]) == Fraction(1, 9)
    with pytest.raises(ValueError, match="sum to 1"):
        Product([Table([0.123, 0.234, 0.643])] * 2).to("exact", rationalise=10)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([], "parts: expected at least one oracle, got none"),
        ([[0.5, 0.5]], "parts: expected oracles, got .* of type list"),
        ([zoo.dyck(2), zoo.tetracode()], "parts: expected one vocab_size, got 2 and 3"),
        (
            [zoo.dyck(2), zoo.dyck(2).to("float64")],
            "expected one arithmetic, got exact and float64 device=cpu",
        ),
        ([zoo.dyck(2).to("ball"), zoo.dyck(2).to("ball", bits=64)], "got ball bits=128 and ball bits=64"),
    ],
)
def test_bad_parts_are_named(members: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Product(members)


def test_one_token_and_one_position() -> None:
    one = HMM([1], [[1]], [[1]], 1)
    assert Product([one, one]).probability([0, 1]) == 1
    assert isinstance(zoo.parity(2), FormalLanguage)
