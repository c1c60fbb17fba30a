"""Estimates of errors of learning contain what enumeration finds."""

import math

import numpy as np
import pytest

from oracles import zoo
from theory import IID, FixedSizes, Partition, TopK
from theory.denoisers import Function, Ideal, Perturbed, Tempered, Windowed
from theory.learning import (
    context_errors,
    error_at_rate,
    estimate_errors_by_position,
    estimate_learning_error,
    estimate_learning_part,
    estimate_worst,
    learning_by_step,
)
from theory.monte_carlo import clopper_pearson

CONFIDENCE = 1 - 1e-8
"""Of each interval: there are fewer than a hundred, so that one misses with probability below 1e-6."""

LAW = zoo.golden_mean(5).to("float64")
DENOISER = Perturbed(Windowed(LAW, 1), 0.2)
ERRORS = context_errors(LAW, DENOISER)


def test_the_mean_over_all_rates() -> None:
    found = estimate_learning_error(LAW, DENOISER, 3000, confidence=CONFIDENCE, seed=1)
    assert found.contains(ERRORS.average)
    assert found.unit == "bits per token"
    assert found.high - found.low < 0.02


@pytest.mark.parametrize("rate", [0, "1/3", 0.9, 1])
def test_one_rate(rate) -> None:
    found = estimate_learning_error(LAW, DENOISER, 3000, rate=rate, confidence=CONFIDENCE, seed=1)
    assert found.contains(error_at_rate(ERRORS.by_revealed, rate))
    assert found.high - found.low < 0.04


@pytest.mark.parametrize("revealed", range(5))
def test_one_number_of_revealed_tokens(revealed: int) -> None:
    found = estimate_learning_error(LAW, DENOISER, 3000, revealed=revealed, confidence=CONFIDENCE, seed=1)
    assert found.contains(ERRORS.by_revealed[revealed])
    assert found.high - found.low < 0.05


@pytest.mark.parametrize(
    ("options", "chances"),
    [
        ({}, [1 / 3, 1 / 3, 1 / 3]),
        ({"rate": "1/3"}, [1 / 9, 4 / 9, 4 / 9]),  # of the two others each is seen with probability 2/3
        ({"rate": 1}, [1, 0, 0]),
        ({"revealed": 1}, [0, 1, 0]),
    ],
)
@pytest.mark.parametrize("size", range(3))
def test_how_much_is_seen_follows_its_law(options, chances: list[float], size: int) -> None:
    """A denoiser that errs, by one bit, only where so many tokens are seen: the mean is the share of such draws."""
    q, n = zoo.noisy_cycle(3, size=2, noise=1).to("float64"), 2000
    assert q.joint().reshape(-1).tolist() == [1 / 8] * 8
    wrong = (2 + math.sqrt(3)) / 4  # -log2(4 p (1 - p)) / 2 = 1

    def answer(patterns: np.ndarray):
        seen = (patterns < 2).sum(axis=1)
        first = np.where(seen == size, wrong, 0.5)
        return np.stack([first, 1 - first], axis=-1)[:, None].repeat(3, axis=1)

    found = estimate_learning_error(q, Function(q, answer), n, confidence=CONFIDENCE, seed=1, **options)
    count = round(found.value * n)
    assert found.value * n == pytest.approx(count, abs=1e-9)
    low, high = clopper_pearson(count, n, CONFIDENCE)
    assert low <= chances[size] <= high


@pytest.mark.parametrize(
    "schedule", [IID.uniform(3), FixedSizes([2, 3]), Partition([[0, 3], [1, 2, 4]]), FixedSizes([1] * 5)]
)
def test_the_part_of_a_schedule(schedule) -> None:
    found = estimate_learning_part(LAW, schedule, DENOISER, 3000, confidence=CONFIDENCE, seed=1)
    assert found.contains(learning_by_step(ERRORS, schedule).total)
    assert found.high - found.low < 0.2


def test_positions() -> None:
    found = estimate_errors_by_position(LAW, DENOISER, 3000, confidence=CONFIDENCE, seed=0)
    for each, exact in zip(found, ERRORS.by_position, strict=True):
        assert each.contains(exact)
        assert each.high - each.low < 0.05
    assert sum(each.value for each in found) / 5 == pytest.approx(float(ERRORS.average), rel=0.2)


def test_the_largest_met_is_a_lower_bound() -> None:
    few, many = (estimate_worst(LAW, DENOISER, n, confidence=CONFIDENCE, seed=1) for n in (1, 2000))
    assert few.low <= float(ERRORS.worst.value) + 1e-12
    assert many.low == pytest.approx(float(ERRORS.worst.value), abs=1e-12)
    assert math.isinf(many.high)
    # 1 - (1e-8)^(1/2000)
    assert many.notes == ("at most 0.0092 of the contexts drawn so are worse",)
    assert "at most 1 of" in estimate_worst(LAW, DENOISER, 9, confidence=0.5, seed=1).notes[0]


def test_a_width_and_a_prompt_and_an_exact_law() -> None:
    found = estimate_learning_error(LAW, DENOISER, width=0.02, seed=1)
    assert found.high - found.low <= 0.02
    q = zoo.golden_mean(4)
    prompted = estimate_learning_error(
        q, Perturbed(Ideal(q), "1/5"), 500, given=[0, 2, 2, 2], confidence=CONFIDENCE, seed=1
    )
    assert prompted.contains(context_errors(q, Perturbed(Ideal(q), "1/5"), given=[0, 2, 2, 2]).average)


def test_infinity() -> None:
    greedy = Tempered(Ideal(LAW), 0)
    found = estimate_learning_error(LAW, greedy, 50, seed=1)
    assert (found.value, found.low, found.high) == (math.inf,) * 3


def test_bad_input() -> None:
    for options, message in (
        ({"rate": 2}, "rate: expected a number in"),
        ({"revealed": 5}, "revealed: expected a number in 0..4, got 5"),
        ({"rate": 0, "revealed": 1}, "revealed: expected none beside rate"),
        ({"n": 1}, "values: expected at least two"),
    ):
        with pytest.raises(ValueError, match=message):
            estimate_learning_error(LAW, DENOISER, **{"n": 10} | options, seed=1)
    with pytest.raises(ValueError, match="schedule: expected one that looks at no token"):
        estimate_learning_part(LAW, TopK(1), DENOISER, 10, seed=1)
    with pytest.raises(ValueError, match="q: expected a law in floats or exact rationals"):
        estimate_learning_error(LAW.to("ball"), Ideal(LAW.to("ball")), 10, seed=1)
