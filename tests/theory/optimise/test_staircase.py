"""The lowest staircase: the hull against trying every start, and both against all compositions."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.optimise.plain_staircases import plain_staircases
from theory.optimise.staircase import lowest_staircases, step_sizes

FALLS = st.lists(st.one_of(st.just(0), st.integers(0, 3), st.integers(0, 10**6)), min_size=1, max_size=24)


def falling(falls: list[int]) -> list[int]:
    """A nonincreasing sequence that ends at the first of these."""
    return np.cumsum(falls)[::-1].tolist()


def area(heights: list[Any], sizes: list[int]) -> Any:
    done = np.cumsum([0, *sizes]).tolist()
    return sum(size * heights[start] for size, start in zip(sizes, done, strict=False) if size)


def all_sizes(length: int, steps: int) -> list[list[int]]:
    """Every way to write `length` as `steps` non-negative sizes."""
    cuts = itertools.combinations_with_replacement(range(length + 1), steps - 1)
    return [np.diff([0, *each, length]).tolist() for each in cuts]


@given(falls=FALLS, steps=st.integers(1, 9))
def test_the_hull_is_the_plain_recursion_ties_included(falls: list[int], steps: int) -> None:
    heights = falling(falls)
    plain = plain_staircases(np.array(heights, dtype=object), steps)
    np.testing.assert_array_equal(lowest_staircases(np.array(heights), steps), plain)
    np.testing.assert_array_equal(lowest_staircases(np.array(heights, dtype=object), steps), plain)


@given(falls=st.lists(st.integers(0, 2**120), min_size=1, max_size=12), steps=st.integers(1, 5))
def test_integers_of_any_size(falls: list[int], steps: int) -> None:
    heights = np.array(list(itertools.accumulate(falls))[::-1], dtype=object)
    np.testing.assert_array_equal(lowest_staircases(heights, steps), plain_staircases(heights, steps))


@given(
    heights=st.lists(st.fractions(-9, 9, max_denominator=20), min_size=1, max_size=7), steps=st.integers(1, 4)
)
def test_the_plain_recursion_is_best_of_all_compositions(heights: list[Fraction], steps: int) -> None:
    """Also for heights that rise, which the hull refuses."""
    starts = plain_staircases(np.array(heights, dtype=object), steps)
    for count in range(1, steps + 1):
        sizes = step_sizes(starts, count)
        assert (len(sizes), sum(sizes)) == (count, len(heights))
        least = min(area(heights, each) for each in all_sizes(len(heights), count))
        assert area(heights, sizes) == least


def test_a_long_sequence_in_both_ways() -> None:
    rng = np.random.default_rng(0)
    heights = np.sort(rng.integers(0, 2**40, 400))[::-1].copy()
    np.testing.assert_array_equal(lowest_staircases(heights, 20), plain_staircases(heights, 20))


def test_words_do_not_overflow() -> None:
    """Sums of up to 2^61 in magnitude, differences of twice that."""
    length = 64
    heights = np.array([2**61 // (length + 1)] * 40 + [7] * 20 + [0] * 4)
    exact = heights.astype(object)
    np.testing.assert_array_equal(lowest_staircases(heights, 6), plain_staircases(exact, 6))


def test_empty_steps_come_last() -> None:
    starts = lowest_staircases(np.array([5, 0, 0, 0]), 4)
    assert [step_sizes(starts, count) for count in (1, 2, 3, 4)] == [[4], [1, 3], [1, 3, 0], [1, 3, 0, 0]]


def test_what_rises_is_refused() -> None:
    with pytest.raises(ValueError, match="heights: expected a sequence that never rises"):
        lowest_staircases(np.array([3, 4, 1]), 2)


def test_too_many_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps: expected at most"):
        lowest_staircases(np.zeros(10**5, dtype=np.int64), 10**4)
