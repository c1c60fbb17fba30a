"""Stopping at a width: when, after how many draws, and that coverage survives the looking."""

import math

import numpy as np
import pytest

from theory.estimators.sequence_errors import error_interval
from theory.estimators.stages import FIRST, Plan, run


def coin(chance: float):
    return lambda n, rng: (rng.random(n) < chance) * 1.0


def test_a_number_of_draws_is_taken_as_it_is() -> None:
    stopped = run(Plan(50, None, 10, 0.9, 0), coin(0.5), error_interval)
    assert len(stopped.values) == 50
    assert (stopped.low, stopped.high) == error_interval(stopped.values, 0.9)
    assert stopped.notes == ()


@pytest.mark.parametrize("width", [0.2, 0.05, 0.01])
def test_draws_double_until_the_interval_is_narrow(width: float) -> None:
    stopped = run(Plan(None, width, 10**6, 0.99, 1), coin(0.3), error_interval)
    stage = int(math.log2(len(stopped.values) / FIRST)) + 1
    assert len(stopped.values) == FIRST * 2 ** (stage - 1)
    assert stopped.high - stopped.low <= width
    assert stopped.notes == (f"stopped at stage {stage} of doubling n",)
    level = 1 - 0.01 / (stage * (stage + 1))
    assert (stopped.low, stopped.high) == error_interval(stopped.values, level)
    if stage > 1:
        before = stopped.values[: len(stopped.values) // 2]
        low, high = error_interval(before, 1 - 0.01 / (stage * (stage - 1)))
        assert high - low > width


def test_rare_errors_take_fewer_draws() -> None:
    common = run(Plan(None, 0.01, 10**6, 0.99, 2), coin(0.5), error_interval)
    rare = run(Plan(None, 0.01, 10**6, 0.99, 2), coin(0.001), error_interval)
    assert len(rare.values) < len(common.values) / 8


def test_what_is_not_reached_is_said() -> None:
    stopped = run(Plan(None, 1e-4, 3000, 0.99, 3), coin(0.5), error_interval)
    assert len(stopped.values) == 3000
    assert stopped.notes == ("the width 0.0001 was not reached in 3000 draws",)


def test_stopping_keeps_the_coverage() -> None:
    """At 80% the stopped interval must contain the truth in at least 80% of runs.

    600 runs: fewer than 440 hits would have probability below 1e-5 (binomial tail), with the seeds fixed.
    """
    hits = 0
    for seed in range(600):
        stopped = run(Plan(None, 0.04, 10**5, 0.8, seed), coin(0.3), error_interval)
        hits += stopped.low <= 0.3 <= stopped.high
    assert hits >= 440


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(None, None, 10, 0.9, 0), "width: expected a positive number where n is not given, got None"),
        (Plan(None, 0.0, 10, 0.9, 0), r"width: expected a positive number where n is not given, got 0\.0"),
        (Plan(None, math.nan, 10, 0.9, 0), "width: expected a positive number"),
        (Plan(5, 0.1, 10, 0.9, 0), r"width: expected none beside n = 5, got 0\.1"),
        (Plan(0, None, 10, 0.9, 0), "n: expected an integer of at least 1"),
        (Plan(5, None, 10, 1.0, 0), "confidence: expected a number strictly between 0 and 1"),
        (Plan(5, None, 10, 0.9, -1), "seed: expected an integer of at least 0"),
        (Plan(None, 0.1, 1, 0.9, 0), "most: expected an integer of at least 2"),
    ],
)
def test_bad_plans(plan: Plan, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(plan, lambda n, rng: np.zeros(n), error_interval)
