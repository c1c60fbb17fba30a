"""Remasking diffusion and correctors, followed step by step in plain Python; what they leave alone."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import NGram, Oracle, Table, uniform_on, zoo
from oracles.testing import oracles, weights
from tests.theory import adaptive_brute_force as twins
from tests.theory.adaptive_cases import corrected_cases, followed_as_expected, remasking_cases
from tests.theory.cases import denoiser_cases
from theory import IID, Corrected, FixedSizes, OneOf, Partition, Remasking, TopK, sampler_law
from theory.denoisers import Ideal
from theory.laws.branching import follow

FAMILIES = {"remasking": remasking_cases, "corrected": corrected_cases}
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=50)
@given(data=st.data(), q=oracles(max_length=3))
def test_the_law_of_a_sampler_that_masks_again(family: str, data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(FAMILIES[family](q.length, q.vocab_size)), data.draw(denoiser_cases(q))
    expected = twins.follow(case.way(denoiser.twin), range(q.length))
    assert followed_as_expected(follow(q, case.of(q), denoiser.of(q) or Ideal(q)), expected, q)


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "symbolic"])
@settings(max_examples=12)
@given(data=st.data())
def test_other_number_systems(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=2))
    case, denoiser = data.draw(remasking_cases(q.length, q.vocab_size)), data.draw(denoiser_cases(q))
    expected = twins.follow(case.way(denoiser.twin), range(q.length))
    moved = q.to(name)
    found = follow(moved, case.of(moved), denoiser.of(moved) or Ideal(moved))
    assert followed_as_expected(found, expected, moved)


@settings(max_examples=25)
@given(q=oracles(max_length=3), chosen=st.integers(1, 3).flatmap(weights))
def test_without_remasking_it_is_the_iid_schedule(q: Oracle, chosen: list[Fraction]) -> None:
    plain = sampler_law(q, IID(chosen)).table()
    for still in (
        Remasking(chosen, [0] * len(chosen)),
        Remasking.capped(chosen, 0),
        Remasking.rescaled(chosen, 0),
    ):
        np.testing.assert_array_equal(sampler_law(q, still).table(), plain)


def test_the_strategies_of_remdm() -> None:
    """c = 1/2, 3/4, 1: at most min(1, (1 - c_k) / c_{k-1}) = 1, 1/2, 0 may be masked again."""
    steps = [HALF, Fraction(1, 4), Fraction(1, 4)]
    assert Remasking.capped(steps, 1).sigmas == [1, HALF, 0]
    assert Remasking.capped(steps, "1/3").sigmas == [THIRD, THIRD, 0]
    assert Remasking.rescaled(steps, THIRD).sigmas == [THIRD, THIRD / 2, 0]
    assert Remasking.capped([0.5, 0.25, 0.25], 0.3).sigmas == [0.3, 0.3, 0]


@pytest.mark.parametrize("steps", range(2, 12))
def test_as_much_remasking_as_there_can_be_rounds_to_no_negative_probability(steps: int) -> None:
    q = zoo.golden_mean(2).to("float64")
    chosen = np.random.default_rng(steps).dirichlet(np.ones(steps))
    for weights_ in ([1 / steps] * steps, chosen.tolist(), [1e-3, 0.999 - 1e-9, 1e-9]):
        sampler = Remasking.rescaled(weights_, 1)
        assert all(reveal >= 0 and stay >= 0 for reveal, stay in sampler._rates)
        law = sampler_law(q, sampler).table()
        assert float(law.min()) >= 0
        assert float(law.sum()) == pytest.approx(1, abs=1e-12)
    Remasking.rescaled(torch.tensor(chosen, dtype=torch.float32), 1)


@settings(max_examples=30)
@given(data=st.data(), q=oracles(max_length=3))
def test_gibbs_sampling_leaves_the_target_alone(data: st.DataObject, q: Oracle) -> None:
    """One revealed position at a time, drawn again by the ideal denoiser, in an order that looks at no token."""
    sweeps = data.draw(st.integers(1, 2))
    order = Partition([[i] for i in data.draw(st.permutations(range(q.length)))])
    for inner in (order, FixedSizes([1] * q.length)):
        np.testing.assert_array_equal(sampler_law(q, Corrected(inner, 1, sweeps)).table(), q.joint())


def test_gibbs_sampling_between_the_steps_of_a_planner_does_not() -> None:
    """What an adaptive order has revealed tells of its tokens, so that they are no longer drawn from q."""
    q = uniform_on(["000", "010", "101"], 2)
    words = [[0, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert sampler_law(q, TopK(1)).probability(words).tolist() == [THIRD] * 3
    law = sampler_law(q, Corrected(TopK(1)))
    assert law.probability(words).tolist() == [Fraction(29, 72), Fraction(25, 72), Fraction(1, 4)]


def test_several_at_a_time_are_no_gibbs_sampler() -> None:
    q = zoo.all_equal(2)
    both = Corrected(TopK(1), size=2)
    assert sampler_law(q, both).table().tolist() == [[Fraction(1, 4)] * 2] * 2


@settings(max_examples=20)
@given(q=oracles(max_length=3))
def test_a_corrector_mends_what_was_drawn_in_parallel(q: Oracle) -> None:
    """A sweep over everything forgets the first draw; the last sweep decides."""
    start = Ideal(q)(q.all_masked()[None])[0]
    law = sampler_law(q, Corrected(FixedSizes([q.length]), size=q.length)).table()
    for x in np.ndindex(law.shape):
        expected = 1
        for i, v in enumerate(x):
            expected = expected * start[i, v]
        assert law[x] == expected


def test_a_prompt_is_never_masked_again() -> None:
    q = zoo.golden_mean(3)
    for sampler in (Remasking.rescaled([HALF, HALF], 1), Corrected(TopK(1), 2, 2)):
        law = sampler_law(q, sampler, given=[2, 1, 2])
        assert law.probability([0, 1, 0]) == 1


P = sympy.Symbol("p", positive=True)
COIN = NGram(1, [HALF, HALF], 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Remasking([HALF, HALF], [0]), r"sigmas: expected shape \(2,\), got \(1,\)"),
        (lambda: Remasking([HALF, HALF], 0), r"sigmas: expected shape \(2,\), got \(\)"),
        (
            lambda: Remasking([HALF, HALF], [0, -THIRD]),
            "sigmas: expected 0 <= sigma <= .* got -1/3 at step 1",
        ),
        (lambda: Remasking([HALF, HALF], [0, THIRD]), "sigmas: expected 0 <= sigma <= .* got 1/3 at step 1"),
        (lambda: Remasking([HALF, HALF], [2, 0]), "sigmas: expected 0 <= sigma <= .* got 2 at step 0"),
        (
            lambda: Remasking([0.5, 0.5], [float("nan"), 0]),
            "sigmas: expected 0 <= sigma <= .* got nan at step 0",
        ),
        (lambda: Remasking([HALF, HALF], [0.1, 0]), "sigmas: expected an array of exact numbers"),
        (lambda: Remasking([HALF, THIRD], [0, 0]), "weights: expected probabilities that sum to 1"),
        (lambda: Remasking.capped([HALF, THIRD], 1), "weights: expected probabilities that sum to 1"),
        (lambda: Remasking.capped([[HALF, HALF]], 1), "weights: expected one probability a step"),
        (lambda: Remasking.capped([HALF, HALF], 2), r"eta: expected a number in \[0, 1\], got 2"),
        (lambda: Remasking.rescaled([HALF, HALF], -THIRD), r"eta: expected a number in \[0, 1\], got -1/3"),
        (
            lambda: Remasking.rescaled([0.5, 0.5], float("nan")),
            r"eta: expected a number in \[0, 1\], got nan",
        ),
        (lambda: Remasking.rescaled([HALF, HALF], None), "eta: expected an array of exact numbers"),
        (
            lambda: sampler_law(COIN, Remasking([0.5, 0.5], [0, 0])),
            "weights: expected numbers that a law in exact can use, got float64",
        ),
        (lambda: Corrected(TopK(1), 0), "size: expected an integer of at least 1, got 0"),
        (
            lambda: Remasking([P, 1 - P], [0, 0]),
            "weights: expected floats or exact rationals to put in order, got symbolic",
        ),
        (lambda: Corrected(TopK(1), 1, 0), "sweeps: expected an integer of at least 1, got 0"),
        (lambda: Corrected(OneOf([TopK(1)], [1])), "inner: expected one way of unmasking, got OneOf"),
        (lambda: sampler_law(COIN, Corrected(FixedSizes([1]))), r"sizes: expected a sum of 2 .*, got 1"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_how_they_introduce_themselves() -> None:
    assert repr(Corrected(TopK(1), 2)) == "Corrected(TopK(k=1), size=2, sweeps=1)"
    assert repr(Remasking([HALF, HALF], [THIRD, 0])).startswith("Remasking(IID(2 steps: 1/2, 1/2)")
    with pytest.raises(ValueError, match="schedule: expected one that looks at no token, got Remasking"):
        list(Remasking([HALF, HALF], [0, 0]).contexts(2, COIN.arithmetic))


def test_sigmas_after_everything_is_revealed() -> None:
    """Steps of weight zero at the end have nothing to reveal, and may mask nothing."""
    q = Table(np.array([["1/3", 0], ["1/6", "1/2"]], dtype=object))
    chosen = [HALF, HALF, 0]
    plain = sampler_law(q, IID(chosen)).table()
    np.testing.assert_array_equal(sampler_law(q, Remasking(chosen, [1, 0, 0])).table(), plain)
