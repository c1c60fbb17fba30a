"""Both estimates of SER against the exact value, and what is said of weights."""

import numpy as np
import pytest

from oracles import fit_ngram, zoo
from tests.theory.estimators.samplers import BY_CHANCE, DETERMINED, LAWS
from theory import IID, FixedSizes, LowConfidence, Remasking, TopK, sequence_error_rate
from theory.denoisers import Ideal, Perturbed
from theory.estimators import estimate_sequence_error_rate
from theory.estimators.paths import draw_paths, log_target, read_forceable
from theory.estimators.sequence_errors import effective_sample_size
from theory.monte_carlo import hoeffding

MISSES = 1e-8
"""Probability that one interval misses; there are fewer than 100, with fixed seeds."""

SAMPLERS = DETERMINED | BY_CHANCE


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_counting_covers_the_exact_rate(sampler: str, name: str) -> None:
    q, schedule = LAWS[name], SAMPLERS[sampler]()
    found = estimate_sequence_error_rate(q, schedule, 2000, confidence=1 - MISSES, seed=1)
    assert found.contains(sequence_error_rate(q, schedule, method="branching"))


def test_counting_covers_samplers_that_drop_tokens() -> None:
    q = LAWS["golden mean"]
    for schedule in (LowConfidence(2), Remasking([0.5, 0.5], [0.25, 0])):
        found = estimate_sequence_error_rate(q, schedule, 2000, confidence=1 - MISSES, seed=2)
        assert found.contains(sequence_error_rate(q, schedule))


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_weights_average_to_the_mass_on_the_support(sampler: str, name: str) -> None:
    """p_pi(x)/q(x) <= 1/min q on a small law: Hoeffding's interval is exact."""
    q, schedule = LAWS[name], SAMPLERS[sampler]()
    least = min(p for p in q.joint().reshape(-1).tolist() if p > 0)
    for denoiser in (None, Perturbed(Ideal(q), 0.25)):
        problem, rng = read_forceable(q, schedule, denoiser, None), np.random.default_rng(3)
        drawn = q._sample(4000, rng)
        weights = np.exp(draw_paths(problem, drawn, 1, rng).log_mean() - log_target(q, drawn))
        low, high = hoeffding(weights, 0, (1 + 1e-9) / least, 1 - MISSES)
        assert low <= 1 - float(sequence_error_rate(q, schedule, denoiser, method="branching")) <= high


def test_weights_without_variance() -> None:
    """One token a step: every weight is 1, whatever is left to chance."""
    q = zoo.topic_hmm(24).to("float64")
    found = estimate_sequence_error_rate(q, FixedSizes([1] * q.length), 20, method="weights", seed=0)
    assert abs(found.value) < 1e-12
    assert found.high - found.low < 1e-12
    assert found.notes == ("the weights are worth 20 of 20 draws",)


def test_unreliable_weights_say_so() -> None:
    q = fit_ngram("abracadabra " * 30 + "simsalabim " * 20, 2, 64).to("float64")
    found = estimate_sequence_error_rate(q, IID.uniform(2), 300, method="weights", seed=0)
    assert any(note.startswith("unreliable") for note in found.notes)
    counted = estimate_sequence_error_rate(q, IID.uniform(2), 300, seed=0)
    assert counted.notes == ()


def test_an_interval_of_a_width() -> None:
    q = zoo.golden_mean(24).to("float64")
    found = estimate_sequence_error_rate(q, IID.uniform(24), width=0.05, confidence=1 - MISSES, seed=4)
    assert found.high - found.low <= 0.05
    assert found.contains(sequence_error_rate(q, IID.uniform(24), method="gaps"))
    assert found.notes[-1].startswith("stopped at stage")


def test_prompts() -> None:
    q, prompt = zoo.golden_mean(5).to("float64"), [2, 0, 2, 2, 2]
    exact = sequence_error_rate(q, TopK(2), given=prompt)
    for method in ("draws", "weights"):
        found = estimate_sequence_error_rate(
            q, TopK(2), 3000, given=prompt, method=method, confidence=1 - MISSES, seed=5
        )
        assert found.contains(exact)


def test_effective_sample_size() -> None:
    assert effective_sample_size(np.ones(7)) == 7
    assert effective_sample_size(np.array([0, 0, 5.0])) == 1
    assert effective_sample_size(np.array([1e-300, 1e-300])) == 2
    assert effective_sample_size(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective_sample_size(np.zeros(3)) == 0


def test_bad_arguments() -> None:
    q = LAWS["golden mean"]
    with pytest.raises(ValueError, match="method: expected one of draws, weights, got 'magic'"):
        estimate_sequence_error_rate(q, TopK(1), 5, method="magic", seed=0)
    with pytest.raises(ValueError, match="inner: expected an integer of at least 1, got 0"):
        estimate_sequence_error_rate(q, TopK(1), 5, method="weights", inner=0, seed=0)
    with pytest.raises(ValueError, match="schedule: expected a sampler that keeps every token"):
        estimate_sequence_error_rate(q, LowConfidence(1), 5, method="weights", seed=0)
    with pytest.raises(ValueError, match="q: expected a law in floats or exact rationals"):
        estimate_sequence_error_rate(q.to("ball"), TopK(1), 5, seed=0)
