"""The layers that every transformer of this package is made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from oracles.shapes import Float

ROTARY_BASE = 10_000.0
"""Ratio of the slowest to the fastest wavelength of rotary and time features."""

TIME_FEATURES = 64
"""Sines and cosines that a time is embedded in."""

TIME_SCALE = 1000.0
"""Times in [0, 1] are spread out to this range first, as for diffusion in 1000 steps."""

Rotation = tuple[Tensor, Tensor]
"""Cosines of every position's angles, and their sines with the signs of a rotation, each `[L, D]`."""


def rotation(length: int, size: int) -> Rotation:
    """The angles by which rotary embedding turns positions 0..L-1 of heads of `size` entries (Su et al. 2021)."""
    frequencies = ROTARY_BASE ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.arange(length)[:, None] * frequencies
    cosine, sine = angles.cos(), angles.sin()
    return torch.cat([cosine, cosine], dim=-1), torch.cat([-sine, sine], dim=-1)


def rotated(heads: Float[Tensor, "*B L D"], by: Rotation) -> Float[Tensor, "*B L D"]:
    """Every pair (entry d, entry d + D/2) turned by its position's angle: products then see distances only."""
    cosine, sine = (part.to(heads.dtype) for part in by)
    first, second = heads.chunk(2, dim=-1)
    return torch.addcmul(heads * cosine, torch.cat([second, first], dim=-1), sine)


class Past:
    """The keys and values that attention has computed for positions 0..seen-1, in buffers for `length` of them.

    rows, heads, size: of the heads, `[B, H, L, D]`.  like: a tensor of their precision and device.
    """

    def __init__(self, rows: int, heads: int, length: int, size: int, like: Tensor) -> None:
        self.keys, self.values = like.new_empty(2, rows, heads, length, size)
        self.seen = 0

    def extended(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Those of all positions so far, with these for the next ones, `[B, H, K, D]` each."""
        new = slice(self.seen, self.seen + keys.shape[2])
        self.keys[:, :, new], self.values[:, :, new] = keys, values
        self.seen = new.stop
        return self.keys[:, :, : self.seen], self.values[:, :, : self.seen]


class Attention(nn.Module):
    """Multi-head self-attention with rotary positions; causal: every position sees itself and those before.

    With a past, one new position at a time sees all that came before it; only the first call may have several.
    """

    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.inputs = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(
        self, x: Float[Tensor, "B L W"], by: Rotation, past: Past | None = None
    ) -> Float[Tensor, "B L W"]:
        """`[B, L, W]` -> `[B, L, W]`."""
        split = self.inputs(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if x.device.type == "cpu":  # where the gradient of attention in bfloat16 takes fifteen times as long
            split = split.to(x.dtype)
        queries, keys = rotated(split[:2], by).unbind(0)
        values, causal = split[2], self.causal
        if past is not None:
            causal = causal and past.seen == 0
            keys, values = past.extended(keys, values)
        with torch.autocast("cpu", enabled=False):
            mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=causal)
        return self.output(mixed.transpose(1, 2).flatten(2))


class SwiGLU(nn.Module):
    """W_o (silu(W_g x) * W_v x), as many weights as a plain network of 4 times the width (Shazeer 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = 16 * math.ceil(8 * width / 3 / 16)
        self.inputs = nn.Linear(width, 2 * hidden, bias=False)
        self.output = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Float[Tensor, "B L W"]) -> Float[Tensor, "B L W"]:
        """`[B, L, W]` -> `[B, L, W]`."""
        gate, value = self.inputs(x).chunk(2, dim=-1)
        return self.output(functional.silu(gate) * value)


class TimeEmbedding(nn.Module):
    """A time in [0, 1] as a vector, `[B]` -> `[B, W]`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inputs, self.output = nn.Linear(TIME_FEATURES, width), nn.Linear(width, width)

    def forward(self, time: Float[Tensor, " B"]) -> Float[Tensor, "B W"]:
        """`[B]` -> `[B, W]`."""
        exponents = torch.arange(TIME_FEATURES // 2, dtype=torch.float64, device=time.device) * (
            2 / TIME_FEATURES
        )
        angles = TIME_SCALE * time.double()[:, None] * ROTARY_BASE**-exponents
        features = torch.cat([angles.cos(), angles.sin()], dim=-1)
        return self.output(functional.silu(self.inputs(features.to(self.inputs.weight.dtype))))


class Modulation(nn.Module):
    """Scale, shift and gate of the two halves of a block, from the time (adaLN-Zero; Peebles and Xie 2023).

    Zero at first: a new block passes its input on.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 6 * width)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, condition: Float[Tensor, "B W"]) -> tuple[Tensor, ...]:
        """`[B, W]` -> six of `[B, 1, W]`."""
        return self.linear(functional.silu(condition))[:, None].chunk(6, dim=-1)


class Block(nn.Module):
    """x + Attention(RMSNorm(x)), then x + SwiGLU(RMSNorm(x)); with a time, both halves modulated by it."""

    def __init__(self, width: int, heads: int, *, causal: bool, time_conditioned: bool) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(width), Attention(width, heads, causal=causal)
        self.mlp_norm, self.mlp = nn.RMSNorm(width), SwiGLU(width)
        self.modulation = Modulation(width) if time_conditioned else None

    def forward(
        self,
        x: Float[Tensor, "B L W"],
        by: Rotation,
        condition: Tensor | None = None,
        past: Past | None = None,
    ) -> Float[Tensor, "B L W"]:
        """`[B, L, W]` -> `[B, L, W]`; condition: the embedded time `[B, W]`."""
        if self.modulation is None:
            x = x + self.attention(self.attention_norm(x), by, past)
            return x + self.mlp(self.mlp_norm(x))
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = self.modulation(condition)
        x = x + gate * self.attention(self.attention_norm(x) * (1 + scale) + shift, by, past)
        return x + mlp_gate * self.mlp(self.mlp_norm(x) * (1 + mlp_scale) + mlp_shift)
