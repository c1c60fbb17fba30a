"""p_pi(x) against the exact law: equal where nothing but tokens is left to chance, on average elsewhere."""

import math

import numpy as np
import pytest

from oracles import zoo
from oracles.patterns import all_sequences
from tests.theory.estimators.samplers import BY_CHANCE, DETERMINED, LAWS
from theory import Corrected, FixedSizes, LowConfidence, Remasking, sampler_law
from theory.denoisers import Ideal, Perturbed, Tempered
from theory.estimators.paths import draw_paths, log_target, read_forceable
from theory.monte_carlo import hoeffding


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("sampler", DETERMINED)
def test_without_chance_every_probability_is_exact(sampler: str, name: str) -> None:
    q = LAWS[name]
    everything = all_sequences(q.vocab_size, q.length)
    for denoiser in (None, Perturbed(Ideal(q, "uniform"), 0.25), Tempered(Ideal(q), 0)):
        problem = read_forceable(q, DETERMINED[sampler](), denoiser, None)
        paths = draw_paths(problem, everything, 3, np.random.default_rng(0))
        assert paths.exact
        law = sampler_law(q, DETERMINED[sampler](), denoiser, method="branching").table().reshape(-1)
        np.testing.assert_allclose(np.exp(paths.log_mean()), law, rtol=1e-12, atol=1e-15)


def test_an_exact_law_and_a_prompt() -> None:
    q, prompt = zoo.golden_mean(5), [2, 0, 2, 2, 2]
    problem = read_forceable(q, FixedSizes([4]), None, prompt)
    everything = all_sequences(2, 4)
    paths = draw_paths(problem, everything, 1, np.random.default_rng(0))
    law = sampler_law(q, FixedSizes([4]), given=prompt).table().reshape(-1)
    assert paths.exact
    np.testing.assert_allclose(np.exp(paths.log_mean()), [float(p) for p in law], rtol=1e-14)
    support = np.asarray(problem.law.in_support(everything))
    expected = [math.log(float(p)) for p in problem.law.probability(everything[support])]
    np.testing.assert_allclose(log_target(problem.law, everything[support]), expected)


@pytest.mark.parametrize("name", ["golden mean", "hidden"])
@pytest.mark.parametrize("sampler", BY_CHANCE)
def test_paths_average_to_the_law(sampler: str, name: str) -> None:
    """8 cases of at most 16 sequences, each in an exact interval that misses with probability 1e-9."""
    q = LAWS[name]
    everything = all_sequences(q.vocab_size, q.length)
    problem = read_forceable(q, BY_CHANCE[sampler](), None, None)
    paths = draw_paths(problem, everything, 100, np.random.default_rng(1))
    assert not paths.exact
    law = sampler_law(q, BY_CHANCE[sampler](), method="branching").probability(everything)
    # Parts are weighed exactly, so an average over parts is one of numbers in [0, 1] in the widest of them.
    for index, exact in enumerate(law.tolist()):
        low = high = 0.0
        for share, logs in zip(paths.shares, paths.logs, strict=True):
            ends = hoeffding(np.minimum(np.exp(logs[:, index]), 1), 0, 1, 1 - 1e-9)
            spread = ends if len(logs) > 1 else 2 * (float(np.exp(logs[0, index])),)
            low, high = low + share * spread[0], high + share * spread[1]
        assert low - 1e-12 <= exact <= high + 1e-12
        assert low <= math.exp(paths.log_mean()[index]) <= high + 1e-12


def test_samplers_that_drop_tokens_are_refused() -> None:
    q = LAWS["golden mean"]
    for schedule in (LowConfidence(2), Remasking([0.5, 0.5], [0.25, 0]), Corrected(FixedSizes([2, 2]))):
        with pytest.raises(ValueError, match="schedule: expected a sampler that keeps every token it draws"):
            read_forceable(q, schedule, None, None)
    with pytest.raises(ValueError, match="q: expected a law in floats or exact rationals, got one in ball"):
        read_forceable(zoo.golden_mean(4).to("ball"), FixedSizes([4]), None, None)
