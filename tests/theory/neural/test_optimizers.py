"""Which optimizer moves which weights, and how far."""

import math

import pytest
import torch

from theory.neural import AutoregressiveTransformer, MaskedTransformer, ModelShape, TrainingPlan
from theory.neural.optimizers import new_optimizers

SHAPE = ModelShape(3, 4, width=8, depth=2, heads=2)


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
@pytest.mark.parametrize(
    "model",
    [
        MaskedTransformer(SHAPE),
        MaskedTransformer(ModelShape(3, 4, width=8, depth=1, heads=2, time_conditioned=True)),
        AutoregressiveTransformer(SHAPE),
    ],
    ids=["masked", "time-conditioned", "autoregressive"],
)
def test_every_weight_is_moved_by_one(model: torch.nn.Module, optimizer: str) -> None:
    plan = TrainingPlan(optimizer=optimizer, rate=0.5, weight_decay=0.25)
    found = new_optimizers(model, plan)  # type: ignore[arg-type]
    groups = [group for each in found for group in each.param_groups]
    moved = [weight for group in groups for weight in group["params"]]
    assert sorted(map(id, moved)) == sorted(map(id, model.parameters()))
    assert all((group["lr"], group["weight_decay"]) == (0.5, 0.25) for group in groups)
    names = {id(weight): name for name, weight in model.named_parameters()}
    matrices = [names[id(weight)] for weight in groups[1]["params"]] if optimizer == "muon" else []
    assert len(found) == (2 if optimizer == "muon" else 1)
    assert all(name.startswith("blocks.") and name.endswith(".weight") for name in matrices)
    expected = {"attention.inputs", "attention.output", "mlp.inputs", "mlp.output"} if matrices else set()
    assert {".".join(name.split(".")[2:4]) for name in matrices} >= expected


def test_the_first_step_of_a_matrix_is_nearly_orthogonal() -> None:
    model = MaskedTransformer(SHAPE)
    rate, weight = 0.01, model.get_parameter("blocks.0.mlp.inputs.weight")
    before = weight.detach().clone()
    for each in model.parameters():
        each.grad = torch.randn(each.shape, generator=torch.Generator().manual_seed(each.numel()))
    for optimizer in new_optimizers(model, TrainingPlan(rate=rate)):
        optimizer.step()
    moved = torch.linalg.svdvals((weight - before).detach().double())
    # As many steps of Newton's iteration as are usual leave singular values between 0.7 and 1.2; times a length
    # that makes the mean square of an entry that of a step of AdamW, 0.2 squared.
    scale = rate * 0.2 * math.sqrt(max(weight.shape))
    assert moved.shape == (8,)
    assert 0.6 * scale < float(moved.min()) <= float(moved.max()) < 1.3 * scale
