"""Estimates of NELBOs against their exact values, and the gap of several orders inside the logarithm."""

import math
from itertools import permutations, product

import numpy as np
import pytest

from oracles import Oracle, zoo
from theory import IID, FixedSizes, LowConfidence, SamplerLaw, TopK, kl_divergence, sampler_law
from theory.denoisers import Denoiser, Ideal, Perturbed, Tempered, Windowed
from theory.estimators.nelbo import estimate_importance_gap, estimate_nelbo
from theory.nelbo import nelbo

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


def test_orders_inside_the_logarithm() -> None:
    """K = 1 is the NELBO; K = 2 by summing over all pairs of orders; more orders come closer."""
    q = zoo.golden_mean(3).to("float64")
    denoiser, single = Perturbed(Windowed(q, 1), 0.1), FixedSizes([1] * 3)
    law = sampler_law(q, single, denoiser)
    exact = float(nelbo(q, None, denoiser)) - float(q.entropy()) - float(kl_divergence(q, single, denoiser))
    found = [estimate_importance_gap(law, k, 8000, confidence=CONFIDENCE, seed=4) for k in (1, 2, 32)]
    assert found[0].contains(exact)
    assert found[1].contains(_pairs(q, denoiser, law))
    assert found[0].value > found[1].value > found[2].value > -1e-3


def _pairs(q: Oracle, denoiser: Denoiser, law: SamplerLaw) -> float:
    total = 0.0
    for x in product(range(2), repeat=3):
        mass = float(q.probability(x))
        if not mass:
            continue
        paths = []
        for order in permutations(range(3)):
            pattern, path = [q.mask] * 3, 1.0
            for i in order:
                path *= float(np.asarray(denoiser([pattern], [i]))[0, 0, x[i]])
                pattern[i] = x[i]
            paths.append(path)
        target = float(law.probability(x))
        for first in paths:
            for second in paths:
                total += mass * math.log2(target / ((first + second) / 2)) / len(paths) ** 2
    return total
