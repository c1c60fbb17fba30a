"""Masked language models of Hugging Face as denoisers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from oracles import Oracle
from theory.neural.networks import device_of, evaluating
from theory.neural.reading import check_ids
from theory.neural.remote import Remote
from theory.neural.token_maps import TokenMap


class HuggingFace(Remote):
    """A masked language model (`transformers.AutoModelForMaskedLM` or alike) on the tokens of an oracle.

    model: called as model(input_ids, attention_mask=..) `[B, T]` in evaluation mode, it answers an object with
    `logits` `[B, T, W]`; it stays on its device.  ids: which of its ids stand for the oracle's tokens and for a
    mask, and those that it expects around a sentence.  Sequences are of one length: nothing is padded, all is
    attended to.
    shifted, batch, and what becomes of other ids: see `Remote`.

    ValueError as there, and for a model that has fewer ids or positions than are asked for, or takes one of the
    ids for padding.
    """

    def __init__(
        self, oracle: Oracle, model: nn.Module, ids: TokenMap, *, shifted: bool = False, batch: int = 64
    ) -> None:
        if not isinstance(model, nn.Module):
            raise ValueError(f"model: expected a network of torch, got {model!r}")
        check_ids(ids, oracle)
        super().__init__(oracle, self._ask, ids, shifted=shifted, batch=batch)
        self.model = model
        _check_ids(self.ids, getattr(model, "config", None))
        asked, most = ids.length(oracle.length), _most_positions(model)
        if most is not None and asked > most:
            raise ValueError(f"model: expected one of at least {asked} positions, got one of {most}")

    def _ask(self, ids: Tensor) -> Any:
        ids = ids.to(device_of(self.model, ids.device))
        with evaluating(self.model):
            return self.model(ids, attention_mask=torch.ones_like(ids))


def _check_ids(ids: TokenMap, config: Any) -> None:
    """ValueError for ids that the model does not have, or does not read as tokens."""
    size, padding = (getattr(config, name, None) for name in ("vocab_size", "pad_token_id"))
    if size is not None and max(ids.used) >= size:
        raise ValueError(f"ids: expected ids below {size}, got {max(ids.used)}")
    if padding in ids.used:
        raise ValueError(f"ids: expected none that the model takes for padding, got {padding}")


def _most_positions(model: nn.Module) -> int | None:
    """The longest sequence it takes, where it says so."""
    most = getattr(getattr(model, "config", None), "max_position_embeddings", None)
    for layer in model.modules():
        if isinstance(layer, nn.Embedding) and layer.num_embeddings == most and layer.padding_idx is not None:
            # Positions as RoBERTa's are counted from the one after padding.
            return layer.num_embeddings - layer.padding_idx - 1
    return most
