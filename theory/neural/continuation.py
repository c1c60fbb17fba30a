"""Sequences continued one token at a time: what a model has seen it does not read again."""

from __future__ import annotations

import torch

from oracles.patterns import Tokens
from oracles.shapes import Float
from theory.neural.layers import Past
from theory.neural.models import AutoregressiveTransformer, ModelShape
from theory.neural.networks import evaluating

ENTRIES = {"cpu": 2**24}
"""Numbers of keys and values that are held at a time by default: on a processor what it still reads fast."""

MOST_ENTRIES = 2**30
"""The same on other devices, which many sequences keep busy."""


def rows_together(shape: ModelShape, device: torch.device) -> int:
    """How many sequences to continue together: each has 2 L W keys and values a block."""
    each = 2 * shape.depth * shape.length * shape.width
    return max(1, ENTRIES.get(device.type, MOST_ENTRIES) // each)


class Continuation:
    """Logits of the next token of sequences that grow, at the cost of one new position a token.

    Every block keeps the keys and values of all positions so far.  rows: B, how many sequences grow together.
    """

    def __init__(self, model: AutoregressiveTransformer, rows: int) -> None:
        shape, like = model.shape, model.readout.weight
        size = shape.width // shape.heads
        self.model = model
        self.pasts = [Past(rows, shape.heads, shape.length, size, like) for _ in range(shape.depth)]

    def __call__(self, tokens: Tokens) -> Float[torch.Tensor, "B V"]:
        """All tokens so far `[B, K]` -> logits of token K.

        The first call may have any number of them, as a prompt has; ValueError unless each later one has one more.
        """
        asked = torch.as_tensor(tokens, device=self.model.readout.weight.device)
        inputs, seen = self.model.begun(asked), self.pasts[0].seen
        if seen and inputs.shape[1] != seen + 1:
            raise ValueError(f"tokens: expected {seen} of each sequence, got {tokens.shape[1]}")
        with evaluating(self.model):
            return self.model.read(inputs[:, seen:], pasts=self.pasts)[:, -1]
