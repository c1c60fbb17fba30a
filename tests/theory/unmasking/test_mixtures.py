"""Mixtures of samplers against the mixtures of their laws; randomised sizes that are an iid schedule."""

from fractions import Fraction
from math import factorial, prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import NGram, Oracle, zoo
from oracles.testing import oracles, patterns, size_vectors, weights
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.adaptive_cases import corrected_cases, followed_as_expected, fraction, simple_cases
from tests.theory.cases import as_law, close, denoiser_cases, log_close
from theory import (
    IID,
    Blocks,
    Corrected,
    FixedSizes,
    OneOf,
    Partition,
    RandomSizes,
    TopK,
    expected_kl,
    expected_steps,
    kl_divergence,
    sampler_law,
    sequence_error_rate,
)
from theory.denoisers import Ideal
from theory.laws.branching import follow

HALF = Fraction(1, 2)


@settings(max_examples=40)
@given(data=st.data(), q=oracles(max_length=3))
def test_the_law_of_a_mixture_is_the_mixture_of_the_laws(data: st.DataObject, q: Oracle) -> None:
    denoiser, shares = data.draw(denoiser_cases(q)), data.draw(st.integers(1, 3).flatmap(weights))
    family = st.one_of(simple_cases(q.length, q.vocab_size), corrected_cases(q.length, q.vocab_size))
    cases = [data.draw(family) for _ in shares]
    ways = [(share, case.way(denoiser.twin)) for share, case in zip(shares, cases, strict=True)]
    expected = twins.mixture(ways, range(q.length))
    mixed = OneOf([case.of(q) for case in cases], shares)
    assert followed_as_expected(follow(q, mixed, denoiser.of(q) or Ideal(q)), expected, q)
    law = sampler_law(q, mixed, denoiser.of(q))
    assert all(law.probability(x) == expected.law.get(x, 0) for x in np.ndindex(law.table().shape))
    assert fraction(expected_steps(q, mixed, denoiser.of(q)).value) == expected.calls


@settings(max_examples=25)
@given(q=oracles(max_length=3))
def test_mixtures_of_mixtures(q: Oracle) -> None:
    third = Fraction(1, 3)
    inner = OneOf([IID.uniform(2), TopK(2)], [third, 2 * third])
    nested = OneOf([inner, FixedSizes([1] * q.length)], [HALF, HALF])
    flat = OneOf([IID.uniform(2), TopK(2), FixedSizes([1] * q.length)], [third / 2, third, HALF])
    np.testing.assert_array_equal(sampler_law(q, nested).table(), sampler_law(q, flat).table())


def multinomial(length: int, shares: list[Fraction]) -> tuple[list[tuple[int, ...]], list[Fraction]]:
    """All size vectors, and the probability that independent positions fall into the steps like this."""
    vectors = [v for v in np.ndindex((length + 1,) * len(shares)) if sum(v) == length]
    ways = [Fraction(factorial(length), prod(factorial(n) for n in v)) for v in vectors]
    return vectors, [
        way * prod((w**n for w, n in zip(shares, v, strict=True)), start=Fraction(1))
        for way, v in zip(ways, vectors, strict=True)
    ]


@settings(max_examples=25)
@given(q=oracles(max_length=3), shares=st.integers(1, 3).flatmap(weights))
def test_multinomial_sizes_are_the_iid_schedule(q: Oracle, shares: list[Fraction]) -> None:
    mixed, iid = RandomSizes(*multinomial(q.length, shares)), IID(shares)
    np.testing.assert_array_equal(sampler_law(q, mixed).table(), sampler_law(q, iid).table())
    assert sequence_error_rate(q, mixed).value == sequence_error_rate(q, iid).value
    assert expected_steps(q, mixed).value == expected_steps(q, iid).value
    for method in (None, "enumeration"):
        found, right = (expected_kl(q, s, method=method).value for s in (mixed, iid))
        assert found.overlaps(right)


@settings(max_examples=25)
@given(data=st.data(), q=oracles(max_length=3))
def test_the_expected_error_is_the_mixture_of_the_errors(data: st.DataObject, q: Oracle) -> None:
    vectors = [data.draw(size_vectors(q.length, 2)) for _ in range(2)]
    shares, law = data.draw(weights(2)), as_law(q)
    denoiser = data.draw(denoiser_cases(q))
    partitions = [
        (share * weight, blocks)
        for share, sizes in zip(shares, vectors, strict=True)
        for weight, blocks in brute_force.sizes_partitions(sizes, q.length)
    ]
    expected = brute_force.expected_divergence(law, partitions, denoiser.twin, q.vocab_size)
    mixed = RandomSizes(vectors, shares)
    assert log_close(expected_kl(q, mixed, denoiser.of(q)).value, expected, q.arithmetic)
    p = brute_force.sampler_law(partitions, denoiser.twin, q.vocab_size)
    for method in ("enumeration", "branching"):
        found = kl_divergence(q, mixed, denoiser.of(q), method=method).value
        assert log_close(found, brute_force.divergence(law, p), q.arithmetic)


@settings(max_examples=20)
@given(data=st.data(), q=oracles(max_vocab=2))
def test_under_a_prompt(data: st.DataObject, q: Oracle) -> None:
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    mixed = OneOf(
        [Blocks(2, TopK(2)), Partition([free]), RandomSizes([[len(free)]], [1])], ["1/2", "1/4", "1/4"]
    )
    found = sampler_law(q, mixed, given=prompt).table()
    parts = [sampler_law(q, part, given=prompt).table() for part in mixed.choices]
    np.testing.assert_array_equal(found, (parts[0] * 2 + parts[1] + parts[2]) / 4)


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "symbolic"])
def test_other_number_systems(name: str) -> None:
    q = zoo.golden_mean(2)
    mixed = OneOf([IID.uniform(2), FixedSizes([1, 1]), FixedSizes([2])], ["1/2", "1/3", "1/6"])
    exact, moved = sampler_law(q, mixed), q.to(name)
    for method in ("enumeration", "branching"):
        found = sampler_law(moved, mixed, method=method).table()
        for x in np.ndindex((2, 2)):
            assert close(moved.arithmetic.element(found[x]), fraction(exact.probability(x)), moved.arithmetic)
        assert float(kl_divergence(moved, mixed, method=method).value) == pytest.approx(
            float(kl_divergence(q, mixed).value), abs=1e-6
        )


def test_what_is_never_chosen_does_not_matter() -> None:
    q = zoo.golden_mean(3)
    mixed = OneOf([TopK(1), FixedSizes([3])], [1, 0])
    np.testing.assert_array_equal(sampler_law(q, mixed).table(), q.joint())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OneOf([], []), r"choices: expected one or more schedules or planners, got \[\]"),
        (lambda: OneOf([TopK(1)], [HALF, HALF]), r"weights: expected 1, one a choice, got shape \(2,\)"),
        (lambda: OneOf([TopK(1)], 1), r"weights: expected 1, one a choice, got shape \(\)"),
        (lambda: OneOf([TopK(1)] * 2, [HALF, 1]), "weights: expected probabilities that sum to 1"),
        (lambda: OneOf([TopK(1)] * 2, [-1, 2]), "weights: expected non-negative probabilities, got -1"),
        (lambda: OneOf([TopK(1)], ["x"]), "weights: expected an array of"),
        (lambda: RandomSizes([], []), r"sizes: expected one or more vectors of sizes, got \[\]"),
        (lambda: RandomSizes([[1, -1]], [1]), "sizes: expected an integer of at least 0, got -1"),
        (lambda: RandomSizes([[1]], [HALF]), "weights: expected probabilities that sum to 1"),
        (
            lambda: sampler_law(NGram(1, [HALF, HALF], 2), RandomSizes([[2], [1]], [HALF, HALF])),
            r"sizes: expected a sum of 2 .*, got 1",
        ),
        (
            lambda: sampler_law(NGram(1, [HALF, HALF], 2), OneOf([TopK(1), TopK(2)], [0.5, 0.5])),
            "weights: expected numbers that a law in exact can use, got float64",
        ),
        (lambda: Blocks(1, OneOf([TopK(1)], [1])), "inner: expected one way of unmasking, got OneOf"),
        (lambda: Corrected(RandomSizes([[1]], [1])), "inner: expected one way of unmasking, got RandomSizes"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
