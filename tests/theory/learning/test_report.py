"""The report on a denoiser: exact on short laws, and estimates that contain what is exact on longer ones."""

import math
from fractions import Fraction

import numpy as np
import pytest

from oracles import Result, zoo
from theory import (
    IID,
    expected_kl,
    information_profile,
    kl_divergence,
    log2_token_error_rate,
    sequence_error_rate,
)
from theory.denoisers import Function, Ideal, Perturbed, Tempered, Windowed
from theory.learning import context_errors, learning_by_step, visited_errors
from theory.learning.report import LearningReport, learning_report, spread
from theory.learning.step_curves import interval_ends
from theory.likelihood.nelbo import nelbo
from theory.monte_carlo import Estimate

CONFIDENCE = 1 - 1e-8
"""Of each interval: there are fewer than a hundred, so that one misses with probability below 1e-6."""

SHORT = zoo.golden_mean(4).to("float64")
BLURRED = Perturbed(Windowed(SHORT, 1), 0.2)


@pytest.fixture(scope="module")
def exact() -> LearningReport:
    return learning_report(SHORT, BLURRED, [1, 3])


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> LearningReport:
    """The same, as if the law were too long for anything but the ideal denoiser's exact routes."""
    monkeypatch.setattr("theory.comparison.SHARE", 1e-9)
    options = {"draws": 1500, "runs": 1500, "patterns": 3**4 - 1, "confidence": CONFIDENCE, "seed": 1}
    return learning_report(SHORT, BLURRED, [1, 3], **options)


def test_short_laws_are_exact(exact: LearningReport) -> None:
    errors = context_errors(SHORT, BLURRED)
    assert exact.exact
    assert float(exact.nelbo.value) == pytest.approx(float(nelbo(SHORT, None, BLURRED)), abs=1e-12)
    assert float(exact.average.value) == float(errors.average)
    assert float(exact.worst.value) == float(errors.worst.value)
    pattern, position = exact.worst_context or ((), -1)
    assert list(pattern) == errors.worst.pattern.tolist()
    assert pattern[position] == SHORT.mask
    assert [float(each.mean.value) for each in exact.by_revealed] == list(errors.by_revealed)
    assert [float(number.value) for _, number in exact.by_position] == list(errors.by_position)
    assert [rate for rate, _ in exact.by_rate] == [Fraction(k, 10) for k in range(1, 11)]
    assert exact.largest_rate is not None
    assert float(exact.largest_rate[1].value) >= max(float(n.value) for _, n in exact.by_rate) - 1e-12
    assert {curve.events for curve in exact.calibrations} == {"tokens", "top"}


def test_rows_are_those_of_both_samplers(exact: LearningReport) -> None:
    errors = context_errors(SHORT, BLURRED)
    for row in exact.rows:
        schedule = IID.uniform(row.steps)
        for number, quantity, denoiser in (
            (row.learned.sequence_error_rate, sequence_error_rate, BLURRED),
            (row.ideal.sequence_error_rate, sequence_error_rate, None),
            (row.learned.log2_token_error_rate, log2_token_error_rate, BLURRED),
            (row.divergence, kl_divergence, BLURRED),
            (row.ideal_divergence, kl_divergence, None),
            (row.learned.expected_kl, expected_kl, BLURRED),
        ):
            assert isinstance(number, Result)
            assert float(number) == pytest.approx(float(quantity(SHORT, schedule, denoiser)), abs=1e-12)
        both = float(row.ideal.expected_kl.value) + float(row.learning.value)
        assert both == pytest.approx(float(row.learned.expected_kl.value), abs=1e-12)
        for visited, sampler in ((row.visited, None), (row.visited_by_ideal, Ideal(SHORT))):
            wanted = visited_errors(errors, schedule, sampler)
            assert float(visited.mean.value) == pytest.approx(float(wanted.mean.value), abs=1e-15)
            assert float(visited.impossible.value) == pytest.approx(float(wanted.impossible.value), abs=1e-15)


@pytest.mark.parametrize("patterns", [10**6, 0])
def test_where_every_sequence_is_possible_nothing_is_wrong(patterns: int) -> None:
    """Nor is a context impossible, exactly, whether or not the rest is estimated."""
    q = zoo.sticky_chain(4).to("float64")
    found = learning_report(q, Windowed(q, 1), [1, 3], draws=10, runs=10, patterns=patterns)
    assert found.exact is bool(patterns)
    for row in found.rows:
        for number in (
            row.learned.sequence_error_rate,
            row.error_bound,
            row.error_range,
            row.visited.impossible,
            row.visited_by_ideal.impossible,
        ):
            assert isinstance(number, Result)
            assert number.value == 0
            assert interval_ends(number) == (0, 0)
        assert row.error_range.method == row.error_bound.method == "full support"
        if not patterns:
            assert row.visited.impossible.method == "full support"
    assert float(found.rows[1].visited.total.value) > 0
    [row] = learning_report(SHORT, BLURRED, [2], draws=2, runs=2, patterns=0).rows
    assert isinstance(row.visited.impossible, Estimate)


def test_the_bounds_hold(exact: LearningReport) -> None:
    correlation = float(information_profile(SHORT).correlation)
    for row in exact.rows:
        assert float(row.learned.log2_token_error_rate.value) <= float(row.token_bound)
        rate = float(row.learned.sequence_error_rate.value)
        assert rate <= float(row.error_bound)
        low, high = interval_ends(row.error_range)
        assert 0 < low <= rate <= high < 1
        e = float(learning_by_step(context_errors(SHORT, BLURRED), IID.uniform(row.steps)).total) / 4
        wanted = float(SHORT.entropy()) / 4 + e + correlation / (4 * row.steps)
        assert float(row.token_bound) == pytest.approx(wanted, abs=1e-12)
        assert row.token_bound.method == "H/L + e + SI/(N L)"


def spent(a: float, s: float) -> float:
    """The binary divergence a log2(a/s) + (1-a) log2((1-a)/(1-s))."""
    return a * math.log2(a / s) + (1 - a) * math.log2((1 - a) / (1 - s))


@pytest.mark.parametrize("kind", ["exact", "sampled"])
def test_bounds_are_made_of_the_worst_that_intervals_allow(kind: str, request: pytest.FixtureRequest) -> None:
    """Of SER of the ideal sampler, of the errors that this one meets, and of what learning adds."""
    correlation = float(information_profile(SHORT).correlation)
    for row in request.getfixturevalue(kind).rows:
        least, most = interval_ends(row.ideal.sequence_error_rate)
        met = interval_ends(row.visited_by_ideal.total)[1]
        low, high = interval_ends(row.error_range)
        assert low < least <= most < high
        assert (spent(least, low), spent(most, high)) == pytest.approx((met, met), rel=1e-9)
        divergence = interval_ends(row.learning)[1] + correlation / row.steps
        assert float(row.token_bound) == pytest.approx((float(SHORT.entropy()) + divergence) / 4, rel=1e-12)
        assert float(row.error_bound) == pytest.approx(1 - 2**-divergence, rel=1e-12)


def test_bounds_say_what_they_are_worth(sampled: LearningReport) -> None:
    law = SHORT.to("float32")
    [rounded] = learning_report(law, Perturbed(Windowed(law, 1), 0.2), [2]).rows
    for row, worth in (
        (rounded, "float32 rounding"),
        (sampled.rows[1], "at the ends of 99.999999% intervals, approximate"),
    ):
        for bound in (row.token_bound, row.error_bound, row.error_range):
            assert bound.guarantee == worth


def test_estimates_contain_what_is_exact(exact: LearningReport, sampled: LearningReport) -> None:
    assert not sampled.exact
    assert sampled.worst_context is None
    assert sampled.largest_rate is None

    def check(estimated, number) -> None:
        assert isinstance(estimated, Estimate)
        assert estimated.low <= estimated.value <= estimated.high
        assert estimated.low - 1e-12 <= float(number.value) <= estimated.high + 1e-12

    for name in ("nelbo", "average", "worst"):
        check(getattr(sampled, name), getattr(exact, name))
    entropy = float(SHORT.entropy())
    around = [entropy + 4 * end for end in interval_ends(sampled.average)]
    assert interval_ends(sampled.nelbo) == pytest.approx(around)
    for (_, estimated), (_, number) in zip(sampled.by_rate, exact.by_rate, strict=True):
        check(estimated, number)
    for estimated, number in zip(sampled.by_revealed, exact.by_revealed, strict=True):
        check(estimated.mean, number.mean)
        assert estimated.worst is None
    for (_, estimated), (_, number) in zip(sampled.by_position, exact.by_position, strict=True):
        check(estimated, number)
    for estimated, number in zip(sampled.rows, exact.rows, strict=True):
        check(estimated.learning, number.learning)
        check(estimated.learned.sequence_error_rate, number.learned.sequence_error_rate)
        check(estimated.divergence, number.divergence)
        check(estimated.visited.mean, number.visited.mean)
        check(estimated.visited_by_ideal.total, number.visited_by_ideal.total)
        low, high = interval_ends(estimated.error_range)
        assert low <= float(number.learned.sequence_error_rate.value) <= high
        assert float(number.learned.log2_token_error_rate.value) <= float(estimated.token_bound)
        assert "intervals" in estimated.token_bound.guarantee


def test_a_prompt() -> None:
    found = learning_report(SHORT, Perturbed(Ideal(SHORT), 0.2), [1], given=[0, 2, 2, 1])
    reduced = SHORT.condition([0, 2, 2, 1]).marginal([1, 2])
    wanted = learning_report(reduced, Perturbed(Ideal(reduced), 0.2), [1])
    assert found.length == 2
    assert float(found.average.value) == pytest.approx(float(wanted.average.value), abs=1e-14)
    assert float(found.rows[0].divergence.value) == pytest.approx(
        float(wanted.rows[0].divergence.value), abs=1e-13
    )


def test_a_law_whose_correlation_is_not_known_has_a_weaker_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(law):
        raise ValueError("too large")

    monkeypatch.setattr("theory.learning.rows.information_profile", refuse)
    [row] = learning_report(SHORT, BLURRED, [2]).rows
    assert row.token_bound.method == "H/L + e + log2(V)/N"
    e = float(row.learning.value) / 4
    assert float(row.token_bound) == pytest.approx(float(SHORT.entropy()) / 4 + e + 1 / 2, abs=1e-12)


def test_an_entropy_that_is_only_enclosed(exact: LearningReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """NELBO and TER are within as much, the bound of TER takes the upper end, and KL does not depend on it."""
    entropy = float(SHORT.entropy())
    enclosed = Result(entropy, "bits", "", "enclosure", (entropy - 0.5, entropy + 0.5))
    monkeypatch.setattr(type(SHORT), "entropy", lambda law: enclosed)
    found = learning_report(SHORT, BLURRED, [1, 3])
    assert found.nelbo.value == pytest.approx(exact.nelbo.value)
    assert interval_ends(found.nelbo) == pytest.approx((exact.nelbo.value - 0.5, exact.nelbo.value + 0.5))
    for row, known in zip(found.rows, exact.rows, strict=True):
        assert float(row.token_bound) == pytest.approx(float(known.token_bound) + 0.5 / 4)
        assert float(row.error_bound) == pytest.approx(float(known.error_bound))
        divergence = float(known.divergence.value)
        assert interval_ends(row.divergence) == pytest.approx((divergence, divergence))
        assert float(row.divergence.value) == pytest.approx(divergence)


def test_infinite_errors() -> None:
    found = learning_report(SHORT, Tempered(Ideal(SHORT), 0), [2])
    assert math.isinf(float(found.nelbo.value))
    assert math.isinf(float(found.rows[0].token_bound))
    assert found.rows[0].error_range.bounds == (0.0, 1.0)
    assert float(found.rows[0].error_bound) == 1


def test_errors_that_rounding_makes_negative() -> None:
    def a_little_more(patterns: np.ndarray):
        return np.nextafter(Ideal(SHORT)(patterns).numpy(), 2)

    [row] = learning_report(SHORT, Function(SHORT, a_little_more), [2]).rows
    assert -1e-12 < float(row.visited_by_ideal.total.value) < 0
    low, high = interval_ends(row.error_range)
    rate = float(row.ideal.sequence_error_rate.value)
    assert rate - 1e-12 <= low <= high <= rate + 1e-12


def test_what_is_shown_of_many() -> None:
    assert spread(1) == [0]
    assert spread(5) == [0, 1, 2, 3, 4]
    assert spread(100) == [0, 12, 25, 37, 50, 62, 74, 87, 99]


def test_progress_and_bad_input() -> None:
    told: list[tuple[str, int, int]] = []
    learning_report(SHORT, BLURRED, [1, 2], progress=lambda *call: told.append(call))
    assert told == [("errors in every context", 0, 3), ("N = 1", 1, 3), ("N = 2", 2, 3), ("done", 3, 3)]
    with pytest.raises(ValueError, match="q: expected a law over floats, got one in exact"):
        learning_report(zoo.golden_mean(3), Ideal(zoo.golden_mean(3)), [1])
    for options, message in (
        ({"steps": [0]}, "steps: expected"),
        ({"draws": 1}, "draws: expected"),
        ({"runs": 1}, "runs: expected"),
        ({"seed": -1}, "seed: expected"),
        ({"confidence": 1.0}, "confidence: expected"),
        ({"bins": 0}, "bins: expected"),
    ):
        with pytest.raises(ValueError, match=message):
            learning_report(SHORT, BLURRED, **{"steps": [1]} | options)
