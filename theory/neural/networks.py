"""What is asked of any network: to be in evaluation, to live somewhere, to answer numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


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


def read_logits(name: str, answer: Any) -> Tensor:
    """What a model answered, or its `logits`, as a tensor; ValueError if it is no array of real numbers."""
    logits = getattr(answer, "logits", answer)
    try:
        found = logits.detach() if isinstance(logits, Tensor) else torch.tensor(logits)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected an array of logits, got {type(answer).__name__}") from error
    if found.is_complex():
        raise ValueError(f"{name}: expected real logits, got {found.dtype}")
    return found


def check_numbers(name: str, logits: Tensor) -> None:
    """ValueError for NaN and +inf; -inf stands for what is impossible."""
    wrong = logits.isnan() | (logits == torch.inf)
    if bool(wrong.any()):
        raise ValueError(f"{name}: expected logits below infinity, got {float(logits[wrong][0])}")


def check_possible(name: str, logits: Tensor) -> None:
    """ValueError where all tokens of a row `[.., V]` are impossible."""
    if bool((logits == -torch.inf).all(dim=-1).any()):
        raise ValueError(f"{name}: expected a possible token at every position, got one with none")
