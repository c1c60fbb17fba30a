"""Compiled drawing and support lookups against their plain twins, and against exact intervals."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oracles import MarkovChain
from oracles.arithmetic import arithmetic
from oracles.kernels import gaps
from oracles.kernels.choices import RUN, choose
from oracles.testing import markov_chains


def chosen_plainly(row: np.ndarray, uniform: float) -> int:
    """The index at which the running sum exceeds the share of the total."""
    running = np.cumsum(row.astype(np.float64))
    return int(np.searchsorted(running, uniform * running[-1], side="right"))


@settings(max_examples=60)
@given(st.data())
def test_the_running_sum_decides(data: st.DataObject) -> None:
    """Whole weights and uniform numbers in 64ths: no rounding, so the twin must agree at every boundary."""
    width = data.draw(st.sampled_from([1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN, 2 * RUN + 5]))
    row = data.draw(st.lists(st.sampled_from([0, 0, 1, 2, 5]), min_size=width, max_size=width))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    weights = np.repeat(np.array([row], dtype=dtype), 64, axis=0)
    uniform = np.arange(64) / 64
    found = choose(weights, uniform)
    if not any(row):
        assert (found == -1).all()
    else:
        assert found.tolist() == [chosen_plainly(weights[0], point) for point in uniform]


@pytest.mark.parametrize("width", [3, RUN, 40, 103])
def test_nothing_impossible_is_chosen_at_the_very_end(width: int) -> None:
    rng = np.random.default_rng(width)
    weights = rng.random((5000, width)) * (rng.random((5000, width)) < 0.2)
    weights[:, 1] += 1e-300
    last = np.full(5000, np.nextafter(1, 0))
    found = choose(weights, last)
    assert (weights[np.arange(5000), found] > 0).all()
    # Rounding of the sums may leave the point among the last few weights that matter at all.
    beyond = [row[index + 1 :].sum() for row, index in zip(weights, found, strict=True)]
    assert max(beyond) <= 1e-14 * width


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_draws_have_the_probabilities_of_the_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 frequencies in exact intervals, each missed with probability 1e-8."""
    monkeypatch.setattr("oracles.arithmetic.floating.LEAST_DRAWN", 0)
    system, weights = arithmetic(name), [1, 0, 3, 0.5, *[0.25] * 18]
    rows = system.array(weights)[None].expand(40_000, -1)
    counts = Counter(system.draw(rows, np.random.default_rng(0)).tolist())
    for index, weight in enumerate(weights):
        low, high = stats.binomtest(counts[index], 40_000).proportion_ci(1 - 1e-8, method="exact")
        assert low <= weight / sum(weights) <= high


def test_both_ways_of_drawing_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    system = arithmetic("float64")
    rows = torch.rand(3000, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows[:, ::3] = 0
    plain = system.draw(rows[:100], np.random.default_rng(1))
    monkeypatch.setattr("oracles.arithmetic.floating.LEAST_DRAWN", 0)
    np.testing.assert_array_equal(system.draw(rows[:100], np.random.default_rng(1)), plain)
    rows[7] = 0
    with pytest.raises(ZeroDivisionError, match="weights that sum to zero"):
        system.draw(rows, np.random.default_rng(1))


@settings(max_examples=60)
@given(q=markov_chains(position_dependent=False), data=st.data())
def test_possible_patterns_by_the_kernel(q: MarkovChain, data: st.DataObject) -> None:
    support = q.support()
    if not support._tabulated():
        return
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    patterns = rng.integers(0, q.vocab_size + 1, size=(50, q.length))
    plain = support._support_tables.possible(patterns)
    np.testing.assert_array_equal(support._support_tables._compiled(patterns), plain)


def test_many_patterns_are_looked_up_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    q = MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1, 0]], 16)
    patterns = np.random.default_rng(0).integers(0, 3, size=(5000, 16))
    compiled: Any = q.in_support(patterns)
    monkeypatch.setattr(gaps, "LEAST_ENTRIES", 2**60)
    np.testing.assert_array_equal(q.in_support(patterns), compiled)
