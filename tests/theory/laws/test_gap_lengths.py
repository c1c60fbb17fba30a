"""Gaps by length against gaps by position, and what is left out in floats."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain
from oracles.testing import weights
from oracles.testing.strategies import markov_chains
from theory import IID
from theory.laws import gap_lengths
from theory.laws.gap_cost import has_one_step, reveals_of
from theory.laws.gap_lengths import LengthRecursion
from theory.laws.gap_probability import gap_error_rate

SCHEDULES = st.integers(1, 4).flatmap(weights).map(IID)


def follow_each_position(q: MarkovChain) -> MarkovChain:
    """The same chain, with a matrix of its own for every step: the two recursions share only `solve`."""
    return MarkovChain(q.initial, [q.transitions[0] + 0 for _ in range(q.length - 1)], q.length)


@settings(max_examples=25)
@given(q=markov_chains(max_length=6, max_vocab=3, position_dependent=False), schedule=SCHEDULES)
def test_by_length_and_by_position(q: MarkovChain, schedule: IID) -> None:
    apart = follow_each_position(q)
    assert has_one_step(q)
    assert has_one_step(apart) == (q.length <= 2)
    assert gap_error_rate(q, schedule) == gap_error_rate(apart, schedule)
    filled, wrong = LengthRecursion(q, complement=True).whole(reveals_of(q, schedule))
    assert filled + wrong == 1


@pytest.mark.parametrize("steps", [3, 10])
@pytest.mark.parametrize("rare", [Fraction(1, 2), Fraction(1, 10**9)])
def test_what_is_left_out_is_below_rounding(steps: int, rare: Fraction) -> None:
    """Long gaps are dropped in floats; the rest must still have all digits, and small rates most of them."""
    q, schedule = MarkovChain([1, 0], [[1 - rare, rare], [1, 0]], 20), IID.uniform(steps)
    certified = gap_error_rate(q.to("ball"), schedule)
    assert certified.rad() < 1e-25 * certified.mid()
    assert math.isclose(gap_error_rate(q.to("float64"), schedule), float(certified), rel_tol=3e-14)


@pytest.mark.parametrize("negligible", [1e-3, 1e-6, 1e-9])
def test_the_weight_of_what_is_left_out(negligible: float) -> None:
    q = MarkovChain([1, 0], [[Fraction(1, 2), Fraction(1, 2)], [1, 0]], 40).to("float64")
    steps = reveals_of(q, IID.uniform(12))
    everything = LengthRecursion(q, complement=True).whole(steps)
    filled, wrong = LengthRecursion(q, complement=True).whole(steps, negligible)
    assert 0 < 1 - float(filled + wrong) <= negligible
    assert float(filled) <= float(everything[0])
    assert float(wrong) <= float(everything[1])


@pytest.mark.parametrize("rows", [1, 20, 50])
def test_gaps_in_several_chunks(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(gap_lengths, "_ROWS", rows)
    q = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 9)
    schedule = IID(["1/2", "1/3", "1/6"])
    assert gap_error_rate(q, schedule) == gap_error_rate(follow_each_position(q), schedule)
