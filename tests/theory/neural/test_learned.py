"""A model as a denoiser: its answers one pattern at a time, and what the exact machinery makes of them."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from oracles import MarkovChain, Oracle, memory, zoo
from oracles.patterns import all_patterns
from oracles.testing import oracles
from tests.theory.neural import random_models
from theory import FixedSizes, TopK, expected_kl, kl_divergence, sampler_law, simulate
from theory.information import information_profile
from theory.likelihood.nelbo import cross_entropy_profile, nelbo
from theory.neural import Learned, MaskedTransformer, learned


def answer(model: MaskedTransformer, pattern: list[int], position: int) -> list[float]:
    """The token law at one position of one pattern, from its logits."""
    vocab = model.shape.vocab_size
    if pattern[position] < vocab:
        return [float(v == pattern[position]) for v in range(vocab)]
    logits = model(torch.tensor([pattern]))[0, position].tolist()
    powers = [math.exp(logit - max(logits)) for logit in logits]
    return [power / sum(powers) for power in powers]


@settings(max_examples=20)
@given(q=oracles(max_vocab=3, max_length=3))
def test_every_pattern_in_every_form_of_request(q: Oracle) -> None:
    law = q.to("float64")
    model = random_models.masked(law.vocab_size, law.length)
    denoiser = Learned(law, model, batch=5)
    batch = all_patterns(law.vocab_size, law.length)
    expected = np.array([[answer(model, row, i) for i in range(law.length)] for row in batch.tolist()])
    found = denoiser(batch)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
    positions = list(reversed(range(law.length)))
    np.testing.assert_allclose(denoiser(batch, positions).numpy(), expected[:, positions], atol=1e-12)
    chosen = np.random.default_rng(0).random(batch.shape) < 0.4
    np.testing.assert_allclose(denoiser(batch, chosen).numpy(), expected[chosen], atol=1e-12)


def test_no_pattern_no_position_and_nothing_chosen() -> None:
    law = zoo.golden_mean(3).to("float64")
    denoiser = Learned(law, random_models.masked(2, 3))
    none = np.zeros((0, 3), dtype=np.int64)
    assert denoiser(none).shape == (0, 3, 2)
    assert denoiser([[2, 2, 2]], []).shape == (1, 0, 2)
    assert denoiser([[2, 2, 2]], np.zeros((1, 3), dtype=bool)).shape == (0, 2)


def test_answers_may_be_changed_and_carry_no_gradient() -> None:
    law = zoo.golden_mean(3).to("float64")
    model = random_models.masked(2, 3).requires_grad_(True)
    found = Learned(law, model)([[2, 0, 2]])
    assert not found.requires_grad
    found += 1  # an inference tensor would refuse


def test_probabilities_in_the_precision_of_the_law() -> None:
    model = random_models.masked(2, 3)
    for name, tolerance in (("float32", 1e-6), ("float64", 1e-15)):
        law = zoo.golden_mean(3).to(name)
        found = Learned(law, model.float())([[2, 2, 2]])
        assert found.dtype == law.arithmetic.zeros(0).dtype
        assert found.sum(-1).tolist()[0] == pytest.approx([1, 1, 1], abs=tolerance)


def test_a_model_is_asked_in_evaluation_mode_and_left_as_it_was() -> None:
    model = random_models.masked(2, 3).train()
    modes: list[bool] = []
    model.register_forward_pre_hook(lambda layer, inputs: modes.append(layer.training))
    Learned(zoo.golden_mean(3).to("float64"), model)([[2, 2, 2]])
    assert modes == [False]
    assert model.training


@settings(max_examples=10)
@given(q=oracles(max_vocab=2, max_length=3))
def test_the_exact_machinery_takes_it(q: Oracle) -> None:
    """Its NELBO is the mean over all orders of the cross entropies along them; its sampler's law sums to 1."""
    law = q.to("float64")
    model = random_models.masked(law.vocab_size, law.length)
    denoiser = Learned(law, model)
    total = 0.0
    orders = list(itertools.permutations(range(law.length)))
    for tokens in itertools.product(range(law.vocab_size), repeat=law.length):
        weight = float(law.probability(tokens)) / len(orders)
        for order in orders:
            pattern = [law.mask] * law.length
            for position in order:
                total -= weight * math.log2(answer(model, pattern, position)[tokens[position]])
                pattern[position] = tokens[position]
    assert float(nelbo(law, denoiser=denoiser).value) == pytest.approx(total, rel=1e-10)
    assert float(sampler_law(law, TopK(2), denoiser).table().sum()) == pytest.approx(1)
    one_by_one = FixedSizes([1] * law.length)
    drawn = simulate(law, one_by_one, 7, denoiser=denoiser, seed=0)
    assert drawn.shape == (7, law.length)
    bound = float(expected_kl(law, one_by_one, denoiser=denoiser).value)
    assert float(kl_divergence(law, one_by_one, denoiser=denoiser).value) <= bound + 1e-12
    below = information_profile(law).values - cross_entropy_profile(law, denoiser).values
    assert (below <= 1e-12).all()


def test_under_a_prompt() -> None:
    law = zoo.golden_mean(3).to("float64")
    model = random_models.masked(2, 3)
    found = sampler_law(law, FixedSizes([2]), Learned(law, model), given=[2, 0, 2]).probability([1, 0, 0])
    assert found == pytest.approx(answer(model, [2, 0, 2], 0)[1] * answer(model, [2, 0, 2], 2)[0])


def test_patterns_that_go_together() -> None:
    law = zoo.golden_mean(3).to("float64")
    assert Learned(law, random_models.masked(2, 3)).batch == learned.TOKENS_AT_A_TIME["cpu"] // 3
    long = zoo.golden_mean(5000).to("float64")
    assert Learned(long, random_models.masked(2, 5000)).batch == 1


def test_answers_that_the_memory_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits and what becomes of them, of 3 positions and 2 tokens in 8 bytes each."""
    law = zoo.golden_mean(3).to("float64")
    denoiser, batch = Learned(law, random_models.masked(2, 3)), np.full((10, 3), 2)
    monkeypatch.setattr(memory, "budget", lambda: 10 * 2 * 3 * 2 * 8)
    assert denoiser(batch).shape == (10, 3, 2)
    with pytest.raises(ValueError, match="patterns: expected at most 10 patterns at a time"):
        denoiser(np.full((11, 3), 2))


def test_bad_arguments() -> None:
    exact = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 3)
    law, model = exact.to("float64"), random_models.masked(2, 3)
    for other in (exact, exact.to("ball"), exact.to("symbolic")):
        with pytest.raises(
            ValueError, match=r"oracle: expected one in float32 or float64, .* q.to\('float64'\)"
        ):
            Learned(other, model)
    with pytest.raises(ValueError, match="model: expected V=2, L=3, got V=2, L=4"):
        Learned(law, random_models.masked(2, 4))
    with pytest.raises(ValueError, match="model: expected V=2, L=3, got V=3, L=3"):
        Learned(law, random_models.masked(3, 3))
    with pytest.raises(ValueError, match="batch: expected an integer of at least 1, got 0"):
        Learned(law, model, batch=0)
    with pytest.raises(ValueError, match="patterns: "):
        Learned(law, model)([[0, 1, 3]])
