"""Steps of fixed sizes against enumeration and a closed form."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain
from oracles.testing import size_vectors
from oracles.testing.strategies import markov_chains
from theory import FixedSizes
from theory.denoisers import Ideal
from theory.laws.closed_forms import pairs_error_rate_of_sizes
from theory.laws.enumeration import enumerate_law
from theory.laws.gap_probability import (
    gap_error_rate,
    sequence_ratios,
)
from theory.laws.gap_sizes import sizes_work


@settings(max_examples=60)
@given(data=st.data(), q=markov_chains(max_length=5))
def test_fixed_sizes(data: st.DataObject, q: MarkovChain) -> None:
    schedule = FixedSizes(data.draw(size_vectors(q.length, data.draw(st.integers(1, 5)))))
    law, target = enumerate_law(q, schedule, Ideal(q)), q.joint()
    possible = np.argwhere(target != 0)
    expected = gap_error_rate(q, schedule)
    assert expected == law[target == 0].sum()
    ratios = sequence_ratios(q, schedule, possible)
    np.testing.assert_array_equal(ratios * target[tuple(possible.T)], law[tuple(possible.T)])
    assert math.isclose(gap_error_rate(q.to("float64"), schedule), expected, rel_tol=0, abs_tol=1e-14)


def pairs(count: int, vocab: int) -> MarkovChain:
    """Independent pairs of equal tokens."""
    copy, fresh = np.eye(vocab, dtype=int), [[Fraction(1, vocab)] * vocab] * vocab
    return MarkovChain([Fraction(1, vocab)] * vocab, [copy, fresh] * (count - 1) + [copy], 2 * count)


def test_equal_pairs_in_closed_form() -> None:
    for sizes in ([5, 3], [2, 4, 2], [1, 0, 3, 2, 2]):
        q = pairs(4, 3)
        assert gap_error_rate(q, FixedSizes(sizes)) == pairs_error_rate_of_sizes(sizes, 3)
    long = gap_error_rate(pairs(12, 3).to("float64"), FixedSizes([10, 6, 8]))
    assert math.isclose(long, pairs_error_rate_of_sizes([10, 6, 8], 3), rel_tol=1e-13)


def test_one_token_a_step_is_exact() -> None:
    q = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 5)
    assert gap_error_rate(q, FixedSizes([1, 0] * 5)) == 0


def test_work_counts_the_steps_that_reveal_something() -> None:
    assert sizes_work(10, [3, 2, 2]) == sizes_work(10, [3, 0, 2, 2, 0])
    assert sizes_work(10, [3, 2, 2]) < sizes_work(10, [3, 2, 1, 1])
