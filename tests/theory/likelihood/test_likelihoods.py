"""All likelihoods of a denoiser together: that they are those of their own modules, and what is missing says why."""

import math

import pytest

from oracles import Oracle, Result, fit_ngram, uniform_on, zoo
from theory import IID, FixedSizes, TopK, kl_divergence
from theory.analysis import Missing
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.likelihood.likelihoods import Likelihoods, likelihoods
from theory.likelihood.nelbo import clipped_nelbo, cross_entropy_profile, nelbo
from theory.monte_carlo import Estimate
from theory.unmasking.orders import Order, Space, read_order


def orders_of(q: Oracle, *names: str) -> list[Order]:
    return [
        read_order(name, Space(range(q.length), q.length))
        for name in names or ("random", "left", "confidence")
    ]


def value(number: object) -> float:
    assert isinstance(number, Result)
    return float(number.value)


def test_small_laws_are_exact() -> None:
    q = zoo.golden_mean(4).to("float64")
    denoiser = Perturbed(Windowed(q, 1), 0.2)
    found = likelihoods(q, [1, 3], orders_of(q), denoiser=denoiser, samples=200)
    entropy = float(q.entropy())
    assert value(found.continuous) == pytest.approx(float(nelbo(q, None, denoiser)), abs=1e-12)
    for count, number in found.discrete:
        assert value(number) == pytest.approx(float(nelbo(q, IID.uniform(count), denoiser)), abs=1e-12)
    for order, unmasking in zip(found.orders, (FixedSizes([1] * 4), None, TopK(1)), strict=True):
        if unmasking is not None:
            wanted = entropy + float(kl_divergence(q, unmasking, denoiser))
            assert value(order.value) == pytest.approx(wanted, abs=1e-12)
    profile = cross_entropy_profile(q, denoiser)
    assert found.clipped == pytest.approx(clipped_nelbo(profile, 1e-3), abs=1e-12)
    assert not isinstance(found.estimators, Missing)
    assert [each.name for each in found.estimators] == ["time", "time", "count", "order"]
    (one, exact), *others = found.gaps
    assert one == 1
    assert value(exact) == pytest.approx(value(found.continuous) - value(found.orders[0].value), abs=1e-12)
    assert all(isinstance(gap, Estimate) for _, gap in others)
    assert not found.ideal


def test_the_ideal_denoiser_has_no_gaps() -> None:
    q = zoo.golden_mean(4).to("float64")
    found = likelihoods(q, [2], orders_of(q))
    assert found.ideal
    assert found.gaps == ()
    assert value(found.continuous) == pytest.approx(float(q.entropy()), abs=1e-12)
    assert all(value(order.value) == pytest.approx(float(q.entropy()), abs=1e-12) for order in found.orders)


def test_infinite_bounds_have_no_estimators() -> None:
    q = zoo.golden_mean(3).to("float64")
    found = likelihoods(q, [1], orders_of(q), denoiser=Tempered(Ideal(q), 0))
    assert math.isinf(value(found.continuous))
    assert isinstance(found.estimators, Missing)
    assert found.clipped is None
    assert found.gaps == ()


def large(samples: int) -> Likelihoods:
    q = zoo.pair_hmm(12).to("float64")
    return likelihoods(q, [2], orders_of(q), denoiser=Perturbed(Ideal(q), 0.1), samples=samples, seed=5)


def test_large_laws_are_estimated() -> None:
    found, again = large(100), large(100)
    random, left, confidence = found.orders
    assert isinstance(random.value, Missing)
    for number in (found.continuous, found.discrete[0][1], left.value, confidence.value):
        assert isinstance(number, Estimate)
    assert isinstance(found.estimators, Missing)
    assert "patterns" in found.estimators.reason
    assert (found.continuous, left.value) == (again.continuous, again.orders[1].value)
    assert isinstance(large(0).continuous, Missing)


def test_lengths_of_texts() -> None:
    q = fit_ngram("äbc äbc äbc abc", 2, 5)
    found = likelihoods(q, [1], [])
    assert found.characters == pytest.approx(5)
    assert found.bytes is not None
    assert 5 < found.bytes < 6.5
    words = fit_ngram("to be or to go to", 2, 3, level="word")
    found = likelihoods(words, [1], [])
    assert found.characters == pytest.approx(8)  # three words of two letters and two spaces
    cut = fit_ngram("to be or to go to", 2, 3, level="word", vocabulary=2)
    assert likelihoods(cut, [1], []).characters is None
    assert likelihoods(uniform_on(["01"], 2).to("float64"), [1], []).bytes is None


def test_a_prompt() -> None:
    q = zoo.golden_mean(5).to("float64")
    given = [0, 2, 2, 2, 2]
    space = Space([1, 2, 3, 4], 4)
    found = likelihoods(q, [2], [read_order("margin", space)], given=given)
    assert found.length == 4
    assert value(found.discrete[0][1]) == pytest.approx(
        float(nelbo(q, IID.uniform(2), given=given)), abs=1e-12
    )
