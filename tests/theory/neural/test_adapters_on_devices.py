"""Adapters of models on a device other than the CPU: the same answers there, and nothing forgotten here."""

from typing import Any

import numpy as np
import pytest
import torch

from oracles import Oracle, zoo
from oracles.patterns import all_patterns, all_sequences
from tests.pretend_device import DEVICE
from tests.theory.neural.random_models import autoregressive
from theory.denoisers import CountBased
from theory.neural import AutoregressiveLaw, OracleModel, Remote, TokenMap, loglinear_sigma

DEVICES = [DEVICE, *(["cuda"] if torch.cuda.is_available() else [])]
HERE = zoo.golden_mean(3).to("float64")
EVERY = all_patterns(2, 3)
IDS = TokenMap([3, 1], 4, [0], [2])


@pytest.fixture(params=DEVICES)
def there(request: pytest.FixtureRequest) -> Oracle:
    return HERE.to("float64", device=request.param)


def device_of(law: Oracle) -> str:
    return law.arithmetic.zeros(0).device.type


def scores(ids: torch.Tensor, sigma: torch.Tensor | None = None) -> torch.Tensor:
    """Logits of ids 0..4, of every row from all of it."""
    seen = (ids * torch.arange(1, ids.shape[1] + 1, device=ids.device)).sum(1)[:, None, None]
    told = 0 if sigma is None else sigma[:, None, None]
    places = torch.arange(ids.shape[1] * 5, device=ids.device).reshape(1, -1, 5)
    return torch.sin((seen * 0.7 + places * 1.3) + told)


def causal(tokens: torch.Tensor) -> torch.Tensor:
    before = tokens.cumsum(1) - tokens
    return torch.stack([before * 0.5, torch.full_like(before, 2)], dim=-1)


@pytest.mark.parametrize("options", [{}, {"shifted": True}, {"time": loglinear_sigma}])
@pytest.mark.parametrize("back", [False, True])
def test_a_function_is_asked_and_answers_there(there: Oracle, options: dict[str, Any], back: bool) -> None:
    def function(*asked: torch.Tensor) -> Any:
        assert all(argument.device.type == device_of(there) for argument in asked)
        found = scores(*asked)
        return found.cpu().numpy() if back else found

    one, other = Remote(there, function, IDS, **options), Remote(HERE, scores, IDS, **options)
    entries = EVERY == 2
    for asked in (None, [2, 0], entries):
        found = one(EVERY, asked)
        assert found.device.type == device_of(there)
        np.testing.assert_allclose(found.cpu(), other(EVERY, asked), atol=1e-12)
    np.testing.assert_allclose(one.left_out, other.left_out, atol=1e-12)


def test_an_oracle_answers_a_sampler_where_its_patterns_are(there: Oracle) -> None:
    model, expected = OracleModel(there), OracleModel(HERE).logits(EVERY)
    assert model.device.type == device_of(there)
    asked = torch.as_tensor(EVERY)
    for ids, device in ((asked, "cpu"), (asked.to(device_of(there)), device_of(there))):
        found = model(ids, attention_mask=torch.ones_like(ids)).logits
        assert found.device.type == device
        np.testing.assert_allclose(found.cpu().exp(), expected.exp(), atol=1e-12)


def test_counts(there: Oracle) -> None:
    samples = HERE.sample(20, seed=0)
    one, other = (CountBased(q, samples, smoothing="1/2") for q in (there, HERE))
    for asked in (None, [2, 0], EVERY == 2):
        found = one(EVERY, asked)
        assert found.device.type == device_of(there)
        np.testing.assert_allclose(found.cpu(), other(EVERY, asked), atol=1e-12)


@pytest.mark.parametrize("prompt", [None, [0, 2, 2]])
def test_an_autoregressive_law(there: Oracle, prompt: list[int] | None) -> None:
    one, other = (AutoregressiveLaw(q, causal, given=prompt) for q in (there, HERE))
    every = all_sequences(2, 3)
    found = one.log_prob(every)
    assert found.device.type == device_of(there)
    np.testing.assert_allclose(found.cpu(), other.log_prob(every), atol=1e-12)
    np.testing.assert_array_equal(one.sample(50, seed=1), other.sample(50, seed=1))
    for name in ("kl_divergence", "log2_token_error_rate", "sequence_error_rate"):
        assert float(getattr(one, name)()) == pytest.approx(float(getattr(other, name)()))
    for name in ("kl_divergence", "log2_token_error_rate", "sequence_error_rate"):
        estimate = f"estimate_{name}"
        left, right = (getattr(law, estimate)(50, seed=2).value for law in (one, other))
        assert left == pytest.approx(right)


@pytest.mark.parametrize("prompt", [None, [0, 2, 2]])
def test_keys_and_values_are_kept_there(there: Oracle, prompt: list[int] | None) -> None:
    elsewhere = autoregressive(2, 3).to(device_of(there))
    one, other = (
        AutoregressiveLaw(q, model, given=prompt, batch=30)
        for q, model in ((there, elsewhere), (HERE, autoregressive(2, 3)))
    )
    np.testing.assert_array_equal(one.sample(50, seed=1), other.sample(50, seed=1))


def test_an_oracle_of_other_ids_answers_where_it_is_asked(there: Oracle) -> None:
    asked = torch.as_tensor(IDS.encode(EVERY))
    one, other = (OracleModel(q, ids=IDS, shifted=True, impossible=-1e6) for q in (there, HERE))
    found = one.backbone()(asked.to(device_of(there)), torch.zeros(1))
    assert found.device.type == device_of(there)
    np.testing.assert_allclose(found.cpu(), other.backbone()(asked), atol=1e-12)
