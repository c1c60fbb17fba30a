"""Hypothesis strategies for exact numbers: distributions, and what a schedule is made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

LARGEST_WEIGHT = 5
"""Probabilities are ratios of integers up to this one."""

Draw = Callable[..., Any]
"""Hypothesis' `draw`; its own type cannot be checked while running."""

Row = list[Fraction]


@st.composite
def distributions(draw: Draw, size: int, *, zeros: bool = True) -> Row:
    """A list of `size` fractions that sum to 1; some may be 0 unless `zeros` is False."""
    if zeros and draw(st.integers(0, 4)) == 0:
        # Certainty takes the fewest choices, so it is what laws shrink to.
        certain = draw(st.integers(0, size - 1))
        return [Fraction(int(index == certain)) for index in range(size)]
    smallest = 0 if zeros else 1
    counts = draw(st.lists(st.integers(smallest, LARGEST_WEIGHT), min_size=size, max_size=size))
    counts[0] += not any(counts)
    return [Fraction(count, sum(counts)) for count in counts]


def weights(steps: int, *, zeros: bool = True) -> st.SearchStrategy[Row]:
    """Weights of `steps` steps: fractions that sum to 1."""
    return distributions(steps, zeros=zeros)


@st.composite
def size_vectors(draw: Draw, length: int, steps: int) -> list[int]:
    """How many positions each of `steps` steps reveals: sizes, some of them 0, that sum to `length`."""
    cuts = sorted(draw(st.lists(st.integers(0, length), min_size=steps - 1, max_size=steps - 1)))
    return [after - before for before, after in itertools.pairwise([0, *cuts, length])]


@st.composite
def compositions(draw: Draw, length: int) -> list[int]:
    """Positive sizes that sum to `length`, in any number of steps."""
    cut_after = draw(st.lists(st.booleans(), min_size=length - 1, max_size=length - 1))
    cuts = [position for position, cut in enumerate(cut_after, start=1) if cut]
    return [after - before for before, after in itertools.pairwise([0, *cuts, length])]


@st.composite
def ordered_partitions(draw: Draw, length: int) -> list[list[int]]:
    """Non-empty blocks of positions that together cover 0..length-1, in the order they are revealed."""
    order = iter(draw(st.permutations(range(length))))
    return [sorted(itertools.islice(order, size)) for size in draw(compositions(length))]
