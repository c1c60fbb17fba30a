"""Exact profiles, ordered partitions and losses agree with the enclosures of the same quantities."""

import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Table, testing, zoo
from theory import IID, FixedSizes, expected_kl, information_profile
from theory.denoisers import Ideal, Perturbed
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact.losses import Losses
from theory.exact.ordered_partitions import mean_divergence, multinomial, ordered_partitions, size_vectors
from theory.information.profile import iid_expected_kl, sizes_expected_kl
from theory.likelihood.nelbo import cross_entropy_profile, nelbo

LAWS = testing.oracles(max_vocab=3, max_length=3)


def assert_encloses(ball: arb, value) -> None:
    """The ball is narrow and overlaps that of the exact number (both contain the same number)."""
    own = value.enclosure(128)
    assert ball.overlaps(own)
    assert ball.rad() < arb("1e-15")


@settings(max_examples=25, deadline=None)
@given(LAWS, st.integers(1, 3).flatmap(testing.weights))
def test_profile_and_expected_divergence(q, weights):
    enclosures, f = information_profile(q), profiles.profile(q)
    for ball, value in zip(enclosures, f, strict=True):
        assert_encloses(ball, value)
    assert_encloses(enclosures.correlation, profiles.correlation(f))
    assert_encloses(enclosures.total_correlation, profiles.total_correlation(f))
    assert_encloses(enclosures.dual_total_correlation, profiles.dual_total_correlation(f))
    assert_encloses(enclosures.h("1/3"), profiles.h(f, fmpq(1, 3)))
    assert_encloses(iid_expected_kl(enclosures, weights), profiles.iid_expected_divergence(f, weights))


@settings(max_examples=25, deadline=None)
@given(LAWS, st.data())
def test_sizes_and_the_mean_over_partitions(q, data):
    sizes = data.draw(testing.size_vectors(q.length, 2))
    expected = profiles.sizes_expected_divergence(profiles.profile(q), sizes)
    assert_encloses(sizes_expected_kl(information_profile(q), sizes), expected)
    assert mean_divergence(q, FixedSizes(sizes)) == expected


@settings(max_examples=15, deadline=None)
@given(LAWS, st.integers(1, 2))
def test_losses(q, steps):
    denoiser = Perturbed(Ideal(q), fmpq(1, 7))
    losses = Losses(q, denoiser)
    assert_encloses(nelbo(q, denoiser=denoiser).value, losses.by_count())
    assert losses.any_order() == losses.by_count()
    assert_encloses(nelbo(q, IID.uniform(steps), denoiser).value, losses.expected(IID.uniform(steps)))
    for ball, size in zip(cross_entropy_profile(q, denoiser), range(q.length), strict=True):
        assert_encloses(ball, losses.mean_in_context(size))


def test_learned_expected_divergence():
    q = Table.of(zoo.golden_mean(3))
    denoiser, schedule = Perturbed(Ideal(q), fmpq(1, 10)), IID(["1/3", "2/3"])
    assert_encloses(expected_kl(q, schedule, denoiser).value, mean_divergence(q, schedule, denoiser))


def test_an_infinite_loss_is_refused():
    q = zoo.parity(2)
    answers = {0: [1, 0], 1: [1, 0]}
    from theory.denoisers import Function

    denoiser = Function(q, lambda patterns: q.arithmetic.array([[answers[0], answers[1]]] * len(patterns)))
    with pytest.raises(ValueError, match="denoiser: expected a positive probability"):
        Losses(q, denoiser)


def test_integrals_of_h():
    f = [fmpq(3), fmpq(2), fmpq(1, 2)]
    assert profiles.integral(f, fmpq(0), fmpq(1)) == sum(f)
    third = profiles.integral(f, fmpq(0), fmpq(1, 3)) + profiles.integral(f, fmpq(1, 3), fmpq(1))
    assert third == sum(f)


def test_partitions_and_their_probabilities():
    for schedule in (IID(["1/4", "3/4"]), IID([1, 0]), FixedSizes([1, 2]), FixedSizes([0, 3])):
        found = list(ordered_partitions(schedule, 3))
        assert sum(chance for _, chance in found) == 1
        assert all(sorted(i for block in blocks for i in block) == [0, 1, 2] for blocks, _ in found)
    assert len(list(ordered_partitions(FixedSizes([1, 2]), 3))) == 3
    assert len(list(size_vectors(4, 3))) == 15
    assert sum(multinomial(n, ["1/4", "3/4"]) for n in size_vectors(4, 2)) == 1


def test_entropies_of_sets():
    entropies = profiles.Entropies(zoo.parity(3))
    assert entropies.joint([0, 1, 2]) == 2
    assert entropies.mutual(0, 1) == 0
    assert entropies.mutual(0, 1, [2]) == 1
    assert entropies.total_correlation([0, 1], [2]) == 1
    assert entropies.along([[0, 1], [2]]) == exact.entropy(zoo.parity(3))
