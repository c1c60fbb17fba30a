"""What is left to learn: exact numbers against other ways to them, and estimates that agree."""

import math

import pytest
import torch

from oracles import Result, zoo
from tests.theory.neural import random_models
from theory.likelihood.nelbo import nelbo
from theory.monte_carlo import Estimate
from theory.neural import AutoregressiveTransformer, Learned, shortfall

LAW = zoo.golden_mean(4).to("float64")


def test_of_a_denoiser() -> None:
    model = random_models.masked(2, 4)
    found = shortfall(LAW, model)
    bound = float(nelbo(LAW, denoiser=Learned(LAW, model)).value)
    assert float(found.gap.value) == pytest.approx((bound - float(LAW.entropy().value)) / 4, rel=1e-10)
    assert found.worst is not None
    assert float(found.worst.value) > float(found.gap.value)
    assert found.gap.unit == "bits per token"


def test_of_an_autoregressive_model() -> None:
    model = random_models.autoregressive(2, 4)
    found = shortfall(LAW, model)
    exact = sum(
        float(p) * (float(LAW.log_prob(x)) - log_likelihood(model, x))
        for x, p in ((x, LAW.probability(x)) for x in sequences())
        if p > 0
    )
    assert float(found.gap.value) == pytest.approx(exact / math.log(2) / 4, rel=1e-10)
    assert found.worst is None


@pytest.mark.parametrize("kind", ["masked", "autoregressive"])
def test_estimates_agree_with_what_is_exact(kind: str) -> None:
    """Ten half-widths of a 99% interval are 25 standard deviations."""
    model = getattr(random_models, kind)(2, 4)
    exact, estimated = shortfall(LAW, model), shortfall(LAW, model, work=0, draws=2000, seed=1)
    assert estimated.worst is None
    assert estimated.gap.unit == "bits per token"
    half = (estimated.gap.high - estimated.gap.low) / 2  # type: ignore[union-attr]
    assert abs(estimated.gap.value - float(exact.gap.value)) < 10 * half < 1


@pytest.mark.parametrize(("kind", "tokens"), [("masked", 4 * 3**4), ("autoregressive", 4 * 2**3)])
def test_work_is_every_token_of_every_context_times_every_weight(kind: str, tokens: int) -> None:
    model = getattr(random_models, kind)(2, 4)
    work = tokens * sum(weight.numel() for weight in model.parameters())
    assert isinstance(shortfall(LAW, model, work=work, draws=2).gap, Result)
    assert isinstance(shortfall(LAW, model, work=work - 1, draws=2).gap, Estimate)


def test_a_long_law_is_estimated() -> None:
    law = zoo.golden_mean(200).to("float64")
    assert shortfall(law, random_models.masked(2, 200), draws=2).worst is None


@pytest.mark.parametrize("kind", ["masked", "autoregressive"])
def test_a_small_model_of_more_contexts_than_can_be_held_is_estimated(kind: str) -> None:
    law = zoo.golden_mean(24).to("float64")
    found = shortfall(law, getattr(random_models, kind)(2, 24), work=math.inf, draws=2)
    assert isinstance(found.gap, Estimate)


def sequences() -> list[list[int]]:
    return [[k >> i & 1 for i in range(4)] for k in range(16)]


def log_likelihood(model: AutoregressiveTransformer, tokens: list[int]) -> float:
    logs = model(torch.tensor([tokens]))[0].log_softmax(-1)
    return sum(float(logs[i, token]) for i, token in enumerate(tokens))
