"""Estimates of KL, TER and entropy against exact values, by exact intervals where the terms are bounded."""

import math

import numpy as np
import pytest

from oracles import zoo
from tests.theory.estimators.samplers import BY_CHANCE, DETERMINED, LAWS
from theory import (
    IID,
    FixedSizes,
    Partition,
    TopK,
    expected_kl,
    kl_divergence,
    log2_token_error_rate,
    sampler_law,
)
from theory.denoisers import Ideal, Perturbed, Tempered
from theory.estimators import (
    estimate_kl_divergence,
    estimate_log2_token_error_rate,
    estimate_sampler_entropy,
)

MISSES = 1e-8
"""Probability that one interval misses; there are fewer than 100, with fixed seeds."""


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sampler", DETERMINED)
def test_exact_terms_average_to_the_divergence(sampler: str, name: str) -> None:
    """On a small law the terms have known bounds, so Hoeffding's bound on the error is exact."""
    q, schedule = LAWS[name], DETERMINED[sampler]()
    n = 3000
    for denoiser in (None, Perturbed(Ideal(q), 0.25)):
        exact = float(kl_divergence(q, schedule, denoiser, method="branching"))
        found = estimate_kl_divergence(q, schedule, n, denoiser=denoiser, seed=1)
        target = q.joint().reshape(-1).numpy()
        law = sampler_law(q, schedule, denoiser, method="branching").table().reshape(-1).numpy()
        terms = np.log2(target[target > 0] / law[target > 0])
        half = (terms.max() - terms.min()) * math.sqrt(math.log(2 / MISSES) / (2 * n))
        assert abs(found.value - exact) <= half + 1e-9
        assert found.notes == ("p(x) is exact: nothing but tokens is left to chance",)
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sampler", BY_CHANCE)
def test_the_two_ends_enclose_the_divergence(sampler: str, name: str) -> None:
    q, schedule = LAWS[name], BY_CHANCE[sampler]()
    exact = kl_divergence(q, schedule, method="branching")
    for inner in (1, 16):
        found = estimate_kl_divergence(q, schedule, 2000, inner=inner, confidence=1 - MISSES, seed=2)
        assert found.contains(exact)
        assert found.notes == (f"an upper estimate: p(x) by {inner} draws of the sets of positions",)


@pytest.mark.parametrize("name", ["golden mean", "ABAB"])
def test_one_inner_draw_estimates_the_expected_divergence_and_more_come_down_to_it(name: str) -> None:
    """Student's intervals of 20000 values of a few bits, far from their ends: six standard errors."""
    q, schedule = LAWS[name], FixedSizes([2, 2])
    upper = float(expected_kl(q, schedule))
    lower = float(kl_divergence(q, schedule))
    one, some, many = (
        estimate_kl_divergence(q, schedule, 20_000 // k, inner=k, confidence=1 - MISSES, seed=3)
        for k in (1, 4, 100)
    )
    error = one.high - one.value + 1e-9  # some terms are all alike
    assert abs(one.value - upper) <= error
    assert lower - 2 * error <= many.value <= some.value + 2 * error
    assert some.value <= one.value + 2 * error
    assert many.value == pytest.approx(lower, abs=0.1)


def test_what_is_never_generated_makes_it_infinite() -> None:
    q = LAWS["golden mean"]
    greedy = Tempered(Ideal(q), 0)
    found = estimate_kl_divergence(q, TopK(1), 200, denoiser=greedy, seed=0)
    assert found.value == found.low == found.high == math.inf
    chance = estimate_kl_divergence(q, FixedSizes([2, 2]), 200, denoiser=greedy, seed=0)
    assert chance.value == chance.high == math.inf
    assert 0 <= chance.low < math.inf


def test_long_laws_have_estimates_where_nothing_is_exact() -> None:
    q = zoo.topic_hmm(48).to("float64")
    pairs = Partition([[i, i + 24] for i in range(24)])
    found = estimate_kl_divergence(q, pairs, 300, seed=0)
    assert found.low <= found.value <= found.high
    rate = estimate_log2_token_error_rate(q, pairs, 300, seed=0)
    entropy = q.entropy()
    assert rate.value == pytest.approx((float(entropy) + found.value) / 48)
    assert rate.unit == "bits per token"
    planner = estimate_kl_divergence(q, TopK(4), 50, seed=0)
    assert planner.notes == ("p(x) is exact: nothing but tokens is left to chance",)


@pytest.mark.parametrize("sampler", ["top k", "partition", "iid"])
def test_token_error_rates(sampler: str) -> None:
    q, schedule = LAWS["golden mean"], (DETERMINED | BY_CHANCE)[sampler]()
    for given in (None, [2, 2, 0, 2]):
        if given is not None and sampler == "partition":
            schedule = Partition([[3, 1], [0]])
        found = estimate_log2_token_error_rate(q, schedule, 3000, given=given, confidence=1 - MISSES, seed=4)
        assert found.contains(log2_token_error_rate(q, schedule, given=given, method="branching"))


def test_a_width_in_bits_per_token() -> None:
    q, schedule = LAWS["golden mean"], DETERMINED["partition"]()
    found = estimate_log2_token_error_rate(q, schedule, width=0.02, seed=5)
    assert found.high - found.low <= 0.02
    hidden = zoo.topic_hmm(48).to("float64")
    least, largest = hidden.entropy().bounds
    if largest > least:
        with pytest.raises(ValueError, match=r"width: expected more than .*, within which H\(q\)/L is known"):
            estimate_log2_token_error_rate(hidden, IID.uniform(4), width=float(largest - least) / 48, seed=5)


# ------------------------------------------------------------------ entropy


def exact_entropy(table: np.ndarray) -> float:
    positive = table[table > 0]
    return float(-(positive * np.log2(positive)).sum())


@pytest.mark.parametrize("name", ["ABAB", "hidden"])
@pytest.mark.parametrize("sampler", [*DETERMINED, *BY_CHANCE])
def test_entropies_of_samplers(sampler: str, name: str) -> None:
    q, schedule = LAWS[name], (DETERMINED | BY_CHANCE)[sampler]()
    for denoiser in (None, Perturbed(Ideal(q), 0.25)):
        law = sampler_law(q, schedule, denoiser, method="branching").table().reshape(-1).numpy()
        found = estimate_sampler_entropy(
            q, schedule, 2000, denoiser=denoiser, inner=4, confidence=1 - MISSES, seed=6
        )
        # Equally probable sequences have no variance at all: allow for rounding.
        assert found.low - 1e-9 <= exact_entropy(law) <= found.high + 1e-9
        assert found.notes[0].startswith("p(x) is exact") == (sampler in DETERMINED)


def test_the_two_entropies_close_in() -> None:
    q, schedule = LAWS["golden mean"], IID.uniform(2)
    few, many = (estimate_sampler_entropy(q, schedule, 2000, inner=k, seed=7) for k in (1, 64))
    assert many.high - many.low < few.high - few.low


def test_an_entropy_under_a_prompt() -> None:
    q, prompt = LAWS["golden mean"], [2, 0, 2, 2]
    law = sampler_law(q, FixedSizes([3]), given=prompt).table().reshape(-1).numpy()
    found = estimate_sampler_entropy(q, FixedSizes([3]), 3000, given=prompt, confidence=1 - MISSES, seed=8)
    assert found.contains(exact_entropy(law))
