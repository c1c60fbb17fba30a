"""Orders with ties, and bounds with a tolerance."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from oracles.arithmetic import arithmetic
from theory.exact.log_sums import entropy
from theory.unmasking.ties import ascending, at_most, comparable, places, tolerance

EXACT, DOUBLE, SINGLE = (arithmetic(name) for name in ("exact", "float64", "float32"))


@given(keys=st.lists(st.fractions(0, 1, max_denominator=4), min_size=1, max_size=6))
def test_equal_keys_keep_their_places(keys: list[Fraction]) -> None:
    right = sorted(range(len(keys)), key=lambda i: (keys[i], i))
    exact = np.array([fmpq(k.numerator, k.denominator) for k in keys], dtype=object)
    assert ascending(exact, EXACT).tolist() == right
    noisy = np.array([float(k) + 1e-13 * (-1) ** i for i, k in enumerate(keys)])
    assert ascending(noisy, DOUBLE).tolist() == right
    assert (
        ascending(np.array([float(k) for k in keys], dtype=np.float32).astype(float), SINGLE).tolist()
        == right
    )
    assert places(ascending(exact, EXACT))[right].tolist() == list(range(len(keys)))


def test_sums_of_logarithms_are_ordered_exactly() -> None:
    laws = [[fmpq(1, 2), fmpq(1, 2)], [fmpq(1)], [fmpq(1, 3), fmpq(2, 3)], [fmpq(2, 3), fmpq(1, 3)]]
    keys = np.array([entropy(law) for law in laws], dtype=object)
    assert ascending(keys, EXACT).tolist() == [1, 2, 3, 0]
    assert at_most(keys, Fraction(1), EXACT).tolist() == [True] * 4
    assert at_most(keys, Fraction(9, 10), EXACT).tolist() == [False, True, False, False]


def test_a_run_of_ties_is_as_wide_as_the_tolerance() -> None:
    """A chain of near ties does not add up: each key is compared with the first of its run."""
    step = 0.6e-9
    assert ascending(np.array([2 * step, step, 0.0]), DOUBLE).tolist() == [1, 2, 0]
    assert ascending(np.array([[0.2, 0.1], [0.1 + 1e-10, 0.1]]), DOUBLE).tolist() == [[1, 0], [0, 1]]
    assert ascending(np.array([np.inf, 0.5, np.inf, 0.5]), DOUBLE).tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize(("system", "width"), [(EXACT, 0), (DOUBLE, 1e-9), (SINGLE, 1e-5)])
def test_bounds_are_met_within_the_tolerance(system: Any, width: float) -> None:
    assert tolerance(system) == width
    if not width:
        values = np.array([fmpq(1, 3), fmpq(1, 3) + fmpq(1, 10**30)], dtype=object)
        assert at_most(values, Fraction(1, 3), system).tolist() == [True, False]
        return
    values = np.array([0.5, 0.5 + width / 2, 0.5 + 2 * width])
    assert at_most(values, Fraction(1, 2), system).tolist() == [True, True, False]


def test_what_can_be_put_in_order() -> None:
    assert comparable("keys", torch.tensor([0.5], dtype=torch.float32), SINGLE).dtype == np.float64
    for name in ("ball", "symbolic"):
        with pytest.raises(
            ValueError, match=f"keys: expected floats or exact rationals to put in order, got {name}"
        ):
            comparable("keys", np.array([1], dtype=object), arithmetic(name))
