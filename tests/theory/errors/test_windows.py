"""Bounds through windows against the exact expected KL at short lengths."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram, testing, uniform_on, zoo
from theory import IID, FixedSizes, Partition, expected_kl
from theory.errors.windows import windowed_expected_kl, windowed_partition_kl
from theory.information.window_entropies import WINDOW_ENTRIES


def golden_mean(length):
    return MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1, 0]], length)


def stationary_trigram(length):
    """Flipping all tokens changes nothing, which makes the stationary pair law easy to find."""
    transition = [[["1/2", "1/2"], ["1/3", "2/3"]], [["2/3", "1/3"], ["1/2", "1/2"]]]
    return NGram([["2/7", "3/14"], ["3/14", "2/7"]], transition, length)


LAWS = st.one_of(
    *(family(max_length=5) for family in (testing.hmms, testing.ngrams, testing.languages, testing.products))
)


@settings(max_examples=60)
@given(data=st.data(), q=LAWS, radius=st.integers(0, 5))
def test_bounds_that_meet_in_wide_windows(data, q, radius):
    steps = data.draw(st.integers(1, 4))
    schedule = data.draw(
        st.one_of(testing.weights(steps).map(IID), testing.size_vectors(q.length, steps).map(FixedSizes))
    )
    exact = float(expected_kl(q, schedule, method="enumeration"))
    low, high = windowed_expected_kl(q, schedule, radius=radius).bounds
    assert low <= exact + 1e-15
    assert high >= exact - 1e-15
    if radius >= q.length - 1:
        assert high - low < 1e-30
    rounded = windowed_expected_kl(q.to("float64"), schedule, radius=radius)
    np.testing.assert_allclose([float(end) for end in rounded.bounds], [float(low), float(high)], atol=1e-13)


@pytest.mark.parametrize("radius", [0, 2])
def test_the_upper_bound_of_one_step_is_exact_at_any_radius(radius):
    q = stationary_trigram(5)
    exact = expected_kl(q, IID.uniform(1)).value
    _, high = windowed_expected_kl(q, IID.uniform(1), radius=radius).bounds
    assert float(high) == pytest.approx(float(exact), rel=1e-15)


@pytest.mark.parametrize("q", [stationary_trigram(560), zoo.topic_hmm(200, 2, 1), zoo.two_token_chain(60)])
def test_wider_windows_are_better_at_real_lengths(q):
    schedule = IID.uniform(q.length // 2)
    found = [windowed_expected_kl(q, schedule, radius=radius).bounds for radius in (0, 1, 2, 3)]
    assert all(0 <= a[0] <= b[0] < b[1] <= a[1] for a, b in pairwise(found))


def test_the_radius_grows_until_the_width_is_reached_or_the_work_is_too_much(monkeypatch):
    schedule = FixedSizes([50, 50])
    reached = windowed_expected_kl(zoo.topic_hmm(100, 2, 1), schedule, width=0.5)
    low, high = reached.bounds
    assert 0 < high - low <= 0.5
    assert reached.notes == ()
    monkeypatch.setitem(WINDOW_ENTRIES, "float64", 2**12)
    cycle = zoo.deterministic_cycle_hmm(100).to("float64")
    assert windowed_expected_kl(cycle, schedule).notes == ("the requested width 0.001 was not reached",)
    with pytest.raises(ValueError, match="radius: expected windows that fit in memory, got 9 on a side"):
        windowed_expected_kl(cycle, schedule, radius=9)


def test_an_independent_law_has_no_divergence():
    q = NGram(1, ["1/4", "3/4"], 30)
    assert float(windowed_expected_kl(q, IID.uniform(2), radius=1)) == pytest.approx(0, abs=1e-30)


@settings(max_examples=40)
@given(data=st.data())
def test_a_fixed_partition_of_any_law_with_states(data):
    q = data.draw(LAWS)
    blocks = data.draw(testing.ordered_partitions(q.length))
    exact = float(expected_kl(q, Partition(blocks), method="enumeration"))
    result = windowed_partition_kl(q, blocks, width=data.draw(st.sampled_from([0, 1e-2, 1])))
    if all(len(block) == 1 for block in blocks):
        assert result.value == 0
    else:
        low, high = result.bounds
        assert 0 <= low <= exact + 1e-15
        assert high >= exact - 1e-15


def test_a_fixed_partition_at_real_lengths():
    """Chains know the answer; equal pairs cost a bit each where both are drawn at once."""
    chain, halves = golden_mean(200), [range(0, 200, 2), range(1, 200, 2)]
    result = windowed_partition_kl(chain, halves, width=1e-9)
    shared = chain.marginal([0, 2]).entropy().value
    information = 99 * (2 * chain.marginal([0]).entropy().value - shared)
    low, high = result.bounds
    assert float(low) == pytest.approx(float(information), abs=1e-9)
    assert float(high - low) <= 1e-9
    pairs = zoo.pair_hmm(60, 4).to("float64")
    together = windowed_partition_kl(pairs, [range(30), range(30, 60)])
    assert together.value == pytest.approx(60, abs=1e-10)
    assert windowed_partition_kl(pairs, [range(0, 60, 2), range(1, 60, 2)]).value == pytest.approx(
        0, abs=1e-10
    )


def bisection(length, memory):
    """Every `memory` steps reveal so many neighbouring positions in the middle of every gap, one at a time."""
    blocks, gaps = [], [range(length)]
    while gaps := [gap for gap in gaps if gap]:
        starts = [(len(gap) - min(memory, len(gap))) // 2 for gap in gaps]
        runs = [gap[start : start + memory] for gap, start in zip(gaps, starts, strict=True)]
        blocks += [[run[k] for run in runs if k < len(run)] for k in range(max(map(len, runs)))]
        halves = zip(gaps, starts, strict=True)
        gaps = [half for gap, start in halves for half in (gap[:start], gap[start + memory :])]
    return blocks


def test_bisection_is_exact_for_what_as_many_tokens_separate_and_for_nothing_else():
    """Two tokens separate a trigram, one does not; no number of tokens separates a law with hidden states."""
    trigram, hidden = zoo.trigram(24).to("float64"), zoo.topic_hmm(24, 2, 1).to("float64")
    assert len(bisection(24, 1)) == 5
    assert len(bisection(24, 2)) <= 2 * 4
    _, high = windowed_partition_kl(trigram, bisection(24, 2), width=1e-9).bounds
    assert high < 1e-9
    for q in (trigram, hidden):
        low, _ = windowed_partition_kl(q, bisection(24, 1), width=0.01).bounds
        assert low > 0.01


def test_the_width_of_a_partition_is_reached_or_not(monkeypatch):
    q, halves = zoo.topic_hmm(100, 3, 1), [range(0, 100, 2), range(1, 100, 2)]
    reached = windowed_partition_kl(q, halves, width=0.1)
    low, high = reached.bounds
    assert 0 < high - low <= 0.1
    assert reached.notes == ()
    monkeypatch.setitem(WINDOW_ENTRIES, "float64", 2**12)
    cycle = windowed_partition_kl(zoo.deterministic_cycle_hmm(100).to("float64"), halves, width=0.1)
    assert cycle.notes == ("the requested width 0.1 was not reached",)


def test_bad_input():
    for law in (uniform_on(["01", "10"], 2), golden_mean(2).to("boolean")):
        with pytest.raises(ValueError, match="q: expected a law with a state space and probabilities"):
            windowed_expected_kl(law, IID.uniform(2))
        with pytest.raises(ValueError, match="q: expected a law with a state space and probabilities"):
            windowed_partition_kl(law, [[0], [1]])
    with pytest.raises(ValueError, match="sizes: expected a sum of 4"):
        windowed_expected_kl(golden_mean(4), FixedSizes([2, 3]))
