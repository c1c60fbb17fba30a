"""Runs of shared information, and the profiles that cost most and least, against laws that have them."""

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Product, testing, zoo
from theory import bounds
from theory.exact import extreme_profiles as extremes
from theory.exact import profile as profiles
from theory.exact import runs
from theory.exact.log_sums import log2
from theory.exact.profile import Entropies
from theory.unmasking.partitions import bisection


def in_units(f, unit):
    """A profile divided by the logarithm of a number."""
    return [fmpq(0) if value == 0 else next(c for c in CANDIDATES if value == c * log2(unit)) for value in f]


CANDIDATES = sorted({fmpq(a, b) for b in range(1, 40) for a in range(b + 1)})


@pytest.mark.parametrize(("blocks", "size"), [(1, 5), (2, 3), (3, 2), (4, 1), (1, 1)])
def test_blocks_of_equal_tokens_have_their_profile(blocks, size):
    q = Product([zoo.all_equal(size)] * blocks)
    assert in_units(profiles.profile(q), 2) == extremes.block_profile(blocks * size, size)


@pytest.mark.parametrize(("length", "known", "vocab"), [(4, 2, 3), (4, 1, 3), (4, 3, 3), (5, 3, 5)])
def test_codes_have_their_profile(length, known, vocab):
    f = profiles.profile(zoo.mds_code(length, known, vocab))
    assert in_units(f, vocab) == extremes.code_profile(length, known)


@given(st.lists(st.integers(0, 4), min_size=2, max_size=9), st.integers(1, 4).flatmap(testing.weights))
def test_a_falling_profile_loses_what_codes_lose(drops, weights):
    """Any profile is the mixture of codes by its drops, so its share lies in their range."""
    f = [fmpq(sum(drops[m:])) for m in range(len(drops))]
    if f[0] == f[-1]:
        return

    def divergence(f):
        return profiles.iid_expected_divergence(f, weights)

    least, most = extremes.range_lost(divergence, extremes.codes(len(f)))
    assert least <= extremes.share_lost(divergence, f) <= most


def test_one_token_loses_nothing():
    assert (
        extremes.range_lost(sum, extremes.codes(1)) == extremes.range_lost(sum, extremes.blocks(1)) == (0, 0)
    )


@settings(max_examples=15, deadline=None)
@given(testing.markov_chains(max_vocab=3, max_length=4))
def test_sums_of_runs_are_the_information_of_a_chain(q):
    totals, f = runs.by_length(runs.run_information(Entropies(q))), profiles.profile(q)
    sizes = range(1, q.length + 1)
    assert sum(totals) == sum(f)
    assert sum((b - 1) * t for b, t in zip(sizes, totals, strict=True)) == profiles.total_correlation(f)
    assert sum(totals[1:], 0 * f[0]) == profiles.dual_total_correlation(f)


def test_a_partition_that_halves_every_run_costs_nothing():
    q = zoo.golden_mean(5)
    shared = runs.run_information(Entropies(q))
    assert runs.partition_cost(shared, bisection(5).blocks) == 0
    assert runs.partition_cost(shared, [range(5)]) == profiles.total_correlation(profiles.profile(q))


@pytest.mark.parametrize("length", [1, 2, 3, 6])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_ends_of_the_range_of_uniform_steps(length, steps):
    """Of equal tokens and parity, by the definition of E KL."""
    weights = [fmpq(1, steps)] * steps
    least, most = bounds.uniform_divergence_range(length, steps, length)
    if length == 1:
        assert most == 0
        return
    assert profiles.iid_expected_divergence(extremes.code_profile(length, 1), weights) == most
    assert profiles.iid_expected_divergence(extremes.code_profile(length, length - 1), weights) == least
