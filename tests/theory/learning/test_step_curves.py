"""Curves against the number of steps: exact on short laws, estimates that contain what is exact on longer ones."""

import math

import numpy as np
import pytest

from oracles import MarkovChain, Result, zoo
from tests.pretend_device import DEVICE
from theory import (
    IID,
    expected_kl,
    kl_divergence,
    log2_token_error_rate,
    sequence_error_rate,
    total_correlation,
)
from theory.denoisers import Ideal, Perturbed
from theory.estimators import estimate_expected_kl
from theory.learning import estimate_learning_error, estimate_learning_part
from theory.learning.step_curves import (
    CurvePoint,
    Number,
    autoregressive_point,
    exact_autoregressive_point,
    interval_ends,
    step_curve,
    surprise_of_validity,
)
from theory.monte_carlo import Estimate
from theory.neural import AutoregressiveTransformer, Learned, MaskedTransformer, ModelShape
from theory.neural.autoregressive import AutoregressiveLaw

CONFIDENCE = 1 - 1e-8
"""Of each interval: there are fewer than a hundred."""


def exact(number: Number) -> float:
    assert isinstance(number, Result)
    assert number.bounds is None
    return float(number)


def ends(number: Number) -> tuple[float, float]:
    if isinstance(number, Estimate):
        return number.low, number.high
    assert number.bounds is not None
    return number.bounds


@pytest.mark.parametrize("share", [None, "1/10"])
@pytest.mark.parametrize("law", [zoo.golden_mean(4), zoo.parity(4), zoo.golden_mean(1)], ids=repr)
def test_short_laws_are_exact(law, share) -> None:
    denoiser = None if share is None else Perturbed(Ideal(law), share)
    counts = [1, 2, 5]
    for count, point in zip(counts, step_curve(law, counts, denoiser, draws=2, seed=0), strict=True):
        schedule = IID.uniform(count)
        assert point.steps == count
        for number, twin in (
            (point.sequence_error_rate, sequence_error_rate),
            (point.expected_kl, expected_kl),
            (point.log2_token_error_rate, log2_token_error_rate),
        ):
            value = float(twin(law, schedule, denoiser, method="enumeration"))
            assert exact(number) == pytest.approx(value, rel=1e-12, abs=1e-15)


def test_a_chain_at_length_is_enclosed_without_draws() -> None:
    law = zoo.random_ngram(32).to("float64")
    points = step_curve(law, [2, 8, 64], draws=2, seed=0)
    for point, count in zip(points, [2, 8, 64], strict=True):
        rate, divergence = exact(point.sequence_error_rate), exact(point.expected_kl)
        low, high = ends(point.log2_token_error_rate)
        entropy = float(law.entropy())
        assert high == pytest.approx((entropy + divergence) / 32, rel=1e-12)
        assert low == pytest.approx((entropy - math.log2(1 - rate)) / 32, rel=1e-6)
        assert low < high
        assert divergence == pytest.approx(float(expected_kl(law, IID.uniform(count))))


def test_an_entropy_that_is_only_enclosed_widens_both_ends(monkeypatch) -> None:
    law = zoo.random_ngram(32).to("float64")
    [known] = step_curve(law, [2], draws=2, seed=0)
    low, high = ends(known.log2_token_error_rate)
    entropy = float(law.entropy())
    enclosed = Result(entropy, "bits", "", "enclosure", (entropy - 3.2, entropy + 6.4))
    monkeypatch.setattr(type(law), "entropy", lambda law: enclosed)
    [found] = step_curve(law, [2], draws=2, seed=0)
    assert ends(found.log2_token_error_rate) == pytest.approx((low - 0.1, high + 0.2))


def test_bounds_of_a_law_in_float32_are_rounded_so() -> None:
    for name in ("float32", "float64"):
        [point] = step_curve(zoo.random_ngram(32).to(name), [2], draws=2, seed=0)
        assert isinstance(point.log2_token_error_rate, Result)
        assert point.log2_token_error_rate.guarantee == f"enclosure, {name} rounding"


def test_one_step_has_one_partition() -> None:
    """However long the law: E KL is KL, of which TC is the part that is not learned."""
    q = MarkovChain([0.9, 0.1], [[0.5, 0.5], [0.3, 0.7]], 32)
    entropy, correlation = float(q.entropy()), float(total_correlation(q))
    [ideal] = step_curve(q, [1], draws=2, seed=0)
    assert exact(ideal.log2_token_error_rate) == pytest.approx((entropy + correlation) / 32, rel=1e-12)
    [learned] = step_curve(q, [1], Perturbed(Ideal(q), 0.5), draws=400, confidence=CONFIDENCE, seed=0)
    share = estimate_learning_error(q, Perturbed(Ideal(q), 0.5), 2, revealed=0, seed=0).value
    assert isinstance(learned.log2_token_error_rate, Estimate)
    assert learned.log2_token_error_rate.contains((entropy + correlation) / 32 + share)
    assert learned.log2_token_error_rate.low > float(ideal.log2_token_error_rate.value)


@pytest.mark.parametrize(
    ("law", "share"),
    [(zoo.random_ngram(8, 3, 2, 1), None), (zoo.random_ngram(8, 2, 2, 1), "1/10")],
    ids=["ideal trigram", "perturbed bigram"],
)
def test_estimates_contain_what_is_exact(law, share, monkeypatch) -> None:
    monkeypatch.setattr("theory.comparison.SHARE", 1e-9)  # no exact route is affordable
    q = law.to("float64")
    denoiser = None if share is None else Perturbed(Ideal(q), 0.1)
    for point in step_curve(q, [2, 6], denoiser, draws=2000, confidence=CONFIDENCE, seed=1):
        schedule = IID.uniform(point.steps)
        for number, value in (
            (point.sequence_error_rate, sequence_error_rate(q, schedule, denoiser, method="enumeration")),
            (point.expected_kl, expected_kl(q, schedule, denoiser, method="enumeration")),
        ):
            assert isinstance(number, Estimate)
            assert number.contains(value)
            assert number.high - number.low < 1
        low, high = ends(point.log2_token_error_rate)
        entropy, most = float(q.entropy()), interval_ends(point.expected_kl)[1]
        least = -math.log2(1 - interval_ends(point.sequence_error_rate)[0])
        assert (low, high) == pytest.approx(((entropy + least) / 8, (entropy + most) / 8), abs=1e-12)
        middle = (entropy + float(point.expected_kl.value)) / 8
        assert float(point.log2_token_error_rate.value) == pytest.approx(middle, rel=1e-12)
        truth = entropy + float(kl_divergence(q, schedule, denoiser, method="enumeration"))
        assert low <= truth / 8 <= high


def test_two_estimated_parts_share_the_probability_of_error(monkeypatch) -> None:
    """Each interval misses with half of it, so that the sum of both misses with no more than all of it."""
    monkeypatch.setattr("theory.comparison.SHARE", 1e-9)  # no exact route is affordable
    q = zoo.random_ngram(8, 3, 2, 1).to("float64")
    denoiser, schedule = Perturbed(Ideal(q), 0.1), IID.uniform(3)
    point, again = step_curve(q, [3, 3], denoiser, draws=100, confidence=0.9, seed=5)
    assert point.expected_kl != again.expected_kl  # from draws of its own
    parts = (
        estimate_expected_kl(q, schedule, n=100, confidence=0.95, seed=5),
        estimate_learning_part(q, schedule, denoiser, 100, confidence=0.95, seed=5),
    )
    for end in ("value", "low", "high"):
        wanted = sum(getattr(part, end) for part in parts)
        assert getattr(point.expected_kl, end) == pytest.approx(wanted, rel=1e-12)
    assert isinstance(point.expected_kl, Estimate)
    assert point.expected_kl.confidence == 0.9
    [ideal] = step_curve(q, [3], draws=100, confidence=0.95, seed=5)
    assert interval_ends(ideal.expected_kl) == (parts[0].low, parts[0].high)


@pytest.mark.parametrize("share", [0.1, 1e-9], ids=["exact", "estimated"])
def test_any_device_gives_the_same_curve(share, monkeypatch) -> None:
    monkeypatch.setattr("theory.comparison.SHARE", share)
    model = MaskedTransformer(ModelShape(8, 4, width=8, depth=1, heads=1))
    curves = []
    for device in ("cpu", DEVICE):
        q = zoo.random_ngram(4).to("float64", device=device)
        curves.append(step_curve(q, [1, 3], Learned(q, model), draws=50, seed=0))
    for here, there in zip(*curves, strict=True):
        for name in ("sequence_error_rate", "expected_kl", "log2_token_error_rate"):
            assert interval_ends(getattr(here, name)) == pytest.approx(
                interval_ends(getattr(there, name)), rel=1e-9
            )


def test_an_autoregressive_model_has_one_point() -> None:
    q = zoo.golden_mean(4).to("float64")
    law = AutoregressiveLaw(q, AutoregressiveTransformer(ModelShape(2, 4, width=8, depth=1, heads=1)))
    point = autoregressive_point(law, draws=2000, confidence=CONFIDENCE, seed=0)
    assert point.steps == 4
    for number, twin in (
        (point.sequence_error_rate, law.sequence_error_rate()),
        (point.expected_kl, law.kl_divergence()),
        (point.log2_token_error_rate, law.log2_token_error_rate()),
    ):
        assert isinstance(number, Estimate)
        assert number.contains(twin)
    exact = exact_autoregressive_point(law)
    assert exact.steps == 4
    assert exact.expected_kl == law.kl_divergence()
    table, target = (np.asarray(each.joint()) for each in (law.as_table(), q))
    assert float(exact.sequence_error_rate.value) == pytest.approx(table[target == 0].sum(), abs=1e-12)
    rate = (float(q.entropy()) + float(exact.expected_kl.value)) / 4
    assert float(exact.log2_token_error_rate.value) == pytest.approx(rate, abs=1e-12)


def test_an_autoregressive_model_makes_no_errors_where_there_are_none() -> None:
    q = zoo.sticky_chain(4).to("float64")
    law = AutoregressiveLaw(q, AutoregressiveTransformer(ModelShape(2, 4, width=8, depth=1, heads=1)))
    for point in (exact_autoregressive_point(law), autoregressive_point(law, draws=5, seed=0)):
        assert isinstance(point.sequence_error_rate, Result)
        assert (point.sequence_error_rate.value, point.sequence_error_rate.method) == (0, "full support")


def test_what_rounding_hides_is_no_bound() -> None:
    assert surprise_of_validity(0.75) == pytest.approx(2)
    assert surprise_of_validity(0.0) == 0
    assert surprise_of_validity(1.0) == pytest.approx(50)


def test_progress_and_bad_input() -> None:
    told: list[tuple[str, int, int]] = []
    law = zoo.golden_mean(3)
    points = step_curve(law, [2, 3], draws=2, seed=0, progress=lambda *call: told.append(call))
    assert all(isinstance(point, CurvePoint) for point in points)
    assert told == [("N = 2", 0, 2), ("N = 3", 1, 2), ("done", 2, 2)]
    with pytest.raises(ValueError, match="counts: expected an integer of at least 1, got 0"):
        step_curve(law, [0], draws=2, seed=0)
    with pytest.raises(ValueError, match="confidence: expected a number strictly between 0 and 1, got 1"):
        step_curve(law, [1], draws=2, seed=0, confidence=1)
