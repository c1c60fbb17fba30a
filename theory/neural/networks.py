"""What is asked of any network: to be in evaluation, to live somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """The model in evaluation mode and without gradients for the duration of a `with` block.

    Afterwards every layer is as it was.  A plain function stays what it is.
    """
    training = [layer for layer in model.modules() if layer.training] if isinstance(model, nn.Module) else []
    try:
        for layer in training:
            layer.training = False
        with torch.no_grad():
            yield
    finally:
        for layer in training:
            layer.training = True


def device_of(model: Any, otherwise: torch.device) -> torch.device:
    """Where the weights of a model are; `otherwise` if it has none."""
    weights = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return otherwise if weights is None else weights.device
