"""Estimates of NELBOs against their exact values."""

import math

import pytest

from oracles import zoo
from theory import IID, FixedSizes, LowConfidence, TopK, kl_divergence
from theory.denoisers import Ideal, Perturbed, Tempered
from theory.estimators.nelbo import estimate_nelbo
from theory.likelihood.nelbo import nelbo

CONFIDENCE = 1 - 1e-6
"""Each of the assertions here errs with about this probability at most: Student's intervals of thousands of draws."""


@pytest.mark.parametrize("steps", [1, 3])
def test_along_random_orders(steps: int) -> None:
    q = zoo.golden_mean(5).to("float64")
    denoiser = Perturbed(Ideal(q), 0.2)
    schedule = IID.uniform(steps)
    found = estimate_nelbo(q, schedule, 4000, denoiser=denoiser, confidence=CONFIDENCE, seed=1)
    assert found.contains(float(nelbo(q, schedule, denoiser)))
    assert found.unit == "bits"
    assert found.n == 4000


def test_along_the_path_of_a_planner() -> None:
    q = zoo.golden_mean(5).to("float64")
    denoiser = Perturbed(Ideal(q), 0.2)
    found = estimate_nelbo(q, TopK(2), 4000, denoiser=denoiser, confidence=CONFIDENCE, seed=2)
    assert found.contains(float(q.entropy()) + float(kl_divergence(q, TopK(2), denoiser)))


def test_the_ideal_denoiser_has_no_noise() -> None:
    q = zoo.golden_mean(8).to("float64")
    found = estimate_nelbo(q, FixedSizes([1] * 8), 50, seed=0)
    assert found.value == pytest.approx(float(q.entropy()), abs=1e-9)
    assert found.high - found.low < 1e-9


def test_an_enclosed_entropy_widens_the_interval() -> None:
    q = zoo.non_unifilar_hmm(60).to("float64")
    entropy = q.entropy()
    found = estimate_nelbo(q, FixedSizes([1] * 60), 20, seed=0)
    least, largest = (float(end) for end in entropy.bounds or (entropy.value, entropy.value))
    assert found.low <= least + 1e-9
    assert found.high >= largest - 1e-9


def test_a_width_and_a_prompt() -> None:
    q = zoo.golden_mean(5).to("float64")
    denoiser, given = Perturbed(Ideal(q), 0.2), [0, 2, 2, 2, 2]
    schedule = FixedSizes([2, 2])
    found = estimate_nelbo(
        q, schedule, width=0.2, denoiser=denoiser, given=given, confidence=CONFIDENCE, seed=3
    )
    assert found.high - found.low <= 0.2
    assert found.contains(float(nelbo(q, schedule, denoiser, given=given)))


def test_impossible_answers_are_infinite() -> None:
    q = zoo.golden_mean(4).to("float64")
    found = estimate_nelbo(q, FixedSizes([1] * 4), 200, denoiser=Tempered(Ideal(q), 0), seed=0)
    assert math.isinf(found.value)
    assert math.isinf(found.low)


def test_draws_that_are_dropped() -> None:
    q = zoo.golden_mean(4).to("float64")
    with pytest.raises(ValueError, match="schedule: expected a sampler that keeps every token"):
        estimate_nelbo(q, LowConfidence(1), 10, seed=0)
