"""Training plans: rates over the steps, and what is refused."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from theory.neural import TrainingPlan


def test_the_rate_rises_then_falls_to_zero() -> None:
    plan = TrainingPlan(steps=20, rate=0.5, warmup=4)
    rates = [plan.rate_at(step) for step in range(20)]
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[4] == 0.5
    assert rates[12] == pytest.approx(0.25)
    assert all(a > b for a, b in pairwise(rates[4:]))
    assert plan.rate_at(20) == pytest.approx(0)


def test_a_constant_rate_does_not_depend_on_the_number_of_steps() -> None:
    short, long = (TrainingPlan(steps=n, warmup=2, rate_schedule="constant", rate=0.3) for n in (5, 500))
    assert [short.rate_at(step) for step in range(5)] == [long.rate_at(step) for step in range(5)]
    assert long.rate_at(499) == 0.3


@pytest.mark.parametrize("steps", [1, 9, 10, 50, 999, 1000, 5000])
def test_the_rate_reaches_its_highest_value_in_runs_of_any_length(steps: int) -> None:
    plan = TrainingPlan(steps=steps, rate=0.5)
    assert plan.warmup == min(100, steps // 10)
    rates = [plan.rate_at(step) for step in range(steps)]
    assert max(rates) == 0.5 == rates[min(100, steps // 10)]
    plan.check_warmup()


def test_a_run_that_may_be_given_more_steps_rises_as_the_longer_one() -> None:
    short, long = (TrainingPlan(steps=n, rate_schedule="constant") for n in (50, 5000))
    assert short.warmup == long.warmup == 100
    assert replace(short, steps=5000) == long
    short.check_warmup()


def test_a_run_shorter_than_its_warmup() -> None:
    plan = TrainingPlan(steps=3, warmup=10, rate=0.55)
    assert [plan.rate_at(step) for step in range(3)] == pytest.approx([0.05, 0.1, 0.15])
    with pytest.raises(ValueError, match=r"\Awarmup: expected at most the 3 steps, got 10\Z"):
        plan.check_warmup()
    TrainingPlan(steps=3, warmup=3).check_warmup()


def test_early_weights_are_soon_forgotten() -> None:
    plan = TrainingPlan(average=0.9)
    assert [plan.average_at(step) for step in (0, 8)] == [0.1, 0.5]
    assert plan.average_at(1000) == 0.9
    assert TrainingPlan(average=0).average_at(5) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"objective": "bert"},
            "objective: expected one of mdlm, md4, any_order, autoregressive, got 'bert'",
        ),
        ({"rate_schedule": "step"}, "rate_schedule: expected one of cosine, constant"),
        ({"alpha": "tanh"}, "alpha: expected one of linear, cosine, square"),
        ({"steps": 0}, "steps: expected an integer of at least 1, got 0"),
        ({"batch": 0}, "batch: expected an integer of at least 1"),
        ({"seed": -1}, "seed: expected an integer of at least 0"),
        ({"warmup": -1}, "warmup: expected an integer of at least 0"),
        ({"rate": 0.0}, r"rate: expected a number in \(0, 1\], got 0.0"),
        ({"rate": math.nan}, r"rate: expected a number in \(0, 1\], got nan"),
        ({"rate": 1e38}, r"rate: expected a number in \(0, 1\], got 1e\+38"),
        ({"clip": math.inf}, "clip: expected a finite number above 0, got inf"),
        ({"weight_decay": -0.1}, r"weight_decay: expected a number in \[0, 1\], got -0.1"),
        ({"average": 1.0}, r"average: expected a number in \[0, 1\), got 1.0"),
    ],
)
def test_bad_plans(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingPlan(**options)
