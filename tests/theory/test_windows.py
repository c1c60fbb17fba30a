"""Bounds through windows against the exact expected KL at short lengths."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram, testing, zoo
from theory import IID, Partition, expected_kl
from theory.window_entropies import WINDOW_ENTRIES
from theory.windows import windowed_expected_kl, windowed_partition_kl

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


@settings(max_examples=40)
@given(data=st.data())
def test_a_fixed_partition_of_any_law_with_states(data):
    families = (testing.hmms, testing.ngrams, testing.languages, testing.products)
    q = data.draw(st.one_of(*(family(max_length=5) for family in families)))
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
    start = MarkovChain([1, 0], [["1/2", "1/2"], [1, 0]], 4)
    with pytest.raises(ValueError, match="expected a stationary n-gram"):
        windowed_expected_kl(start, IID.uniform(2), 1)
    with pytest.raises(ValueError, match="expected an exact homogeneous n-gram"):
        windowed_expected_kl(golden_mean(4).to("float64"), IID.uniform(2), 1)
    steps = [[["1/2", "1/2"], [1, 0]], [[0, 1], ["1/2", "1/2"]]]
    with pytest.raises(ValueError, match="expected an exact homogeneous n-gram"):
        windowed_expected_kl(MarkovChain(["2/3", "1/3"], steps, 3), IID([Fraction(1)]), 1)
