"""What moves the weights: torch's own optimizers, each for the weights that it suits."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import Optimizer

from theory.neural.models import Transformer
from theory.neural.plans import TrainingPlan

BETAS = (0.9, 0.99)
"""Of AdamW: gradients and their squares are forgotten over tens and hundreds of steps."""

ALIKE = "match_rms_adamw"
"""Steps of Muon are as long as those of AdamW, so that one learning rate serves both (Liu et al. 2025)."""


def new_optimizers(model: Transformer, plan: TrainingPlan) -> list[Optimizer]:
    """One or two optimizers that share the weights of a model between them."""
    matrices: list[nn.Parameter] = []
    if plan.optimizer == "muon":
        matrices = [weight for weight in model.blocks.parameters() if weight.ndim == 2]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in model.parameters() if id(weight) not in chosen]
    decay = plan.weight_decay
    found: list[Optimizer] = [
        torch.optim.AdamW(others, lr=plan.rate, betas=BETAS, weight_decay=decay, fused=True)
    ]
    if matrices:
        found.append(torch.optim.Muon(matrices, lr=plan.rate, weight_decay=decay, adjust_lr_fn=ALIKE))
    return found
