"""Bounds through windows against the exact expected KL at short lengths."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram, testing
from theory import IID, expected_kl
from theory.windows import windowed_expected_kl

WEIGHTS = st.integers(1, 4).flatmap(testing.weights)


def golden_mean(length):
    return MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1, 0]], length)


def stationary_trigram(length):
    """Flipping all tokens changes nothing, which makes the stationary pair law easy to find."""
    transition = [[["1/2", "1/2"], ["1/3", "2/3"]], [["2/3", "1/3"], ["1/2", "1/2"]]]
    return NGram([["2/7", "3/14"], ["3/14", "2/7"]], transition, length)


@pytest.mark.parametrize("family", [golden_mean, stationary_trigram])
@settings(max_examples=10)
@given(weights=WEIGHTS, length=st.integers(2, 5), radius=st.integers(0, 5))
def test_an_upper_bound_that_is_attained_by_wide_windows(family, weights, length, radius):
    q, schedule = family(length), IID(weights)
    exact, bound = expected_kl(q, schedule).value, windowed_expected_kl(q, schedule, radius).value
    assert not bound < exact
    if radius >= length - 1:
        assert bound.overlaps(exact)


@pytest.mark.parametrize("radius", [0, 2])
def test_one_step_is_exact_at_any_radius(radius):
    q = stationary_trigram(5)
    exact = expected_kl(q, IID.uniform(1)).value
    assert windowed_expected_kl(q, IID.uniform(1), radius).value.overlaps(exact)


def test_wider_windows_are_better_at_real_lengths():
    q, schedule = stationary_trigram(560), IID.uniform(250)
    bounds = [windowed_expected_kl(q, schedule, radius).value for radius in (0, 1, 2, 3)]
    assert all(wide < narrow or wide.overlaps(narrow) for narrow, wide in pairwise(bounds))
    assert 0 < bounds[-1] < bounds[0]


def test_an_independent_law_has_no_divergence():
    q = NGram(1, ["1/4", "3/4"], 30)
    assert windowed_expected_kl(q, IID.uniform(2), 1).value.contains(0)


def test_bad_input():
    start = MarkovChain([1, 0], [["1/2", "1/2"], [1, 0]], 4)
    with pytest.raises(ValueError, match="expected a stationary n-gram"):
        windowed_expected_kl(start, IID.uniform(2), 1)
    with pytest.raises(ValueError, match="expected an exact homogeneous n-gram"):
        windowed_expected_kl(golden_mean(4).to("float64"), IID.uniform(2), 1)
    steps = [[["1/2", "1/2"], [1, 0]], [[0, 1], ["1/2", "1/2"]]]
    with pytest.raises(ValueError, match="expected an exact homogeneous n-gram"):
        windowed_expected_kl(MarkovChain(["2/3", "1/3"], steps, 3), IID([Fraction(1)]), 1)
