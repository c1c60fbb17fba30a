"""The keys by which planners rank positions, and who waits for whom."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from oracles.testing import distributions
from tests.theory import adaptive_brute_force as twins
from theory.unmasking.rankings import ORDERS, entropies, lack_of_confidence, lack_of_margin, waiting

EXACT, DOUBLE = arithmetic("exact"), arithmetic("float64")


@given(vocab=st.integers(1, 3), data=st.data())
def test_keys_rank_as_the_definitions_do(vocab: int, data: st.DataObject) -> None:
    laws = [data.draw(distributions(vocab)) for _ in range(4)]
    scope, masked = tuple(range(4)), np.ones((1, 4), dtype=bool)
    for name, order in ORDERS.items():
        right = twins.ranked(name, dict(enumerate(laws)), scope)
        for system in (EXACT, DOUBLE):
            place = waiting(order(system.array(laws), masked, system), masked, system)[0]
            assert sorted(scope, key=lambda i: place[i]) == right


def test_values_of_keys() -> None:
    laws = [["1/2", "1/4", "1/4"], ["0", "1", "0"], ["1/3", "1/3", "1/3"]]
    exact = EXACT.array(laws)
    assert lack_of_confidence(exact, EXACT).tolist() == [Fraction(-1, 2), -1, Fraction(-1, 3)]
    assert lack_of_margin(exact, EXACT).tolist() == [Fraction(-1, 4), -1, 0]
    bits = entropies(exact, EXACT)
    assert (bits[0], bits[1]) == (Fraction(3, 2), 0)
    assert Fraction(3, 2) < bits[2] < Fraction(8, 5)
    floats = DOUBLE.array([[0.5, 0.25, 0.25], [0, 1, 0]])
    assert entropies(floats, DOUBLE).tolist() == pytest.approx([1.5, 0])
    assert lack_of_margin(EXACT.array([[1], [1]]), EXACT).tolist() == [-1, -1]


def test_equal_laws_share_their_entropy() -> None:
    """Comparing an object with itself is fast, and the order of the tokens does not matter."""
    first, second, third = entropies(EXACT.array([["1/3", "2/3"], ["2/3", "1/3"], ["1/2", "1/2"]]), EXACT)
    assert first is second
    assert first is not third


def test_rows_wait_among_themselves() -> None:
    masked = np.array([row for row in product([True, False], repeat=3) if any(row)])
    for system in (EXACT, DOUBLE):
        keys = (
            np.arange(int(masked.sum()))[::-1]
            if system is DOUBLE
            else EXACT.array(list(range(int(masked.sum())))[::-1])
        )
        place = waiting(keys, masked, system)
        assert (place[~masked] == 3).all()
        for row, places in zip(masked, place, strict=True):
            # Keys fall from left to right, so the last masked entry goes first.
            assert places[row].tolist() == list(range(int(row.sum())))[::-1]
