"""Transformers that learn an oracle: a bidirectional denoiser, and an autoregressive model of the same size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from oracles.shapes import Float, Int64
from oracles.validation import read_count
from theory.neural.layers import Block, Past, TimeEmbedding, rotation


@dataclass(frozen=True)
class ModelShape:
    """What a transformer's weights are determined by.

    vocab_size: V, without the mask token; length: L; width: of every token's vector; depth: blocks; heads: of
    attention; time_conditioned: whether a denoiser is told the time.  ValueError unless all are positive
    integers and the width is an even multiple of the heads (rotary positions turn pairs of entries).
    """

    vocab_size: int
    length: int
    width: int = 64
    depth: int = 2
    heads: int = 4
    time_conditioned: bool = False

    def __post_init__(self) -> None:
        for name in ("vocab_size", "length", "width", "depth", "heads"):
            read_count(name, getattr(self, name))
        if self.width % (2 * self.heads):
            raise ValueError(f"width: expected a multiple of twice the {self.heads} heads, got {self.width}")
        if not isinstance(self.time_conditioned, bool):
            raise ValueError(f"time_conditioned: expected True or False, got {self.time_conditioned!r}")


class Transformer(nn.Module):
    """Token and position embeddings, blocks, and a linear readout of V logits at every position.

    Positions are embedded as well as turned (rotary): attention that sees distances only would answer every
    position of a pattern of masks alike.
    """

    cosine: Tensor
    sine: Tensor

    def __init__(self, shape: ModelShape, *, causal: bool) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.tokens = nn.Embedding(shape.vocab_size + 1, width)
        self.positions = nn.Embedding(shape.length, width)
        self.blocks = nn.ModuleList(
            Block(width, shape.heads, causal=causal, time_conditioned=shape.time_conditioned)
            for _ in range(shape.depth)
        )
        self.norm = nn.RMSNorm(width)
        self.readout = nn.Linear(width, shape.vocab_size)
        nn.init.zeros_(self.readout.weight)  # every token equally probable at first
        nn.init.zeros_(self.readout.bias)
        cosine, sine = rotation(shape.length, width // shape.heads)
        self.register_buffer("cosine", cosine, persistent=False)
        self.register_buffer("sine", sine, persistent=False)

    def read(
        self,
        inputs: Int64[Tensor, "B L"],
        condition: Tensor | None = None,
        pasts: Sequence[Past] | None = None,
    ) -> Float[Tensor, "B L V"]:
        """Inputs in 0..V `[B, L]` -> logits `[B, L, V]`.

        condition: the embedded time `[B, W]`.  pasts: what each block has seen before these inputs.
        """
        places = slice(None)
        if pasts is not None:
            places = slice(pasts[0].seen, pasts[0].seen + inputs.shape[1])
        x, by = self.tokens(inputs) + self.positions.weight[places], (self.cosine[places], self.sine[places])
        for block, past in zip(self.blocks, pasts or [None] * len(self.blocks), strict=True):
            x = block(x, by, condition, past)
        return self.readout(self.norm(x))


class MaskedTransformer(Transformer):
    """A denoiser: logits of the law of every token given a pattern, in which V means masked."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__(shape, causal=False)
        self.time = TimeEmbedding(shape.width) if shape.time_conditioned else None

    def forward(
        self, patterns: Int64[Tensor, "B L"], time: Float[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B L V"]:
        """Patterns `[B, L]` -> logits `[B, L, V]`.

        time: in [0, 1], `[B]`, by default the fraction of masked positions; a model that is not
        time-conditioned does not look at it.
        """
        if self.time is None:
            return self.read(patterns)
        if time is None:
            time = (patterns == self.shape.vocab_size).float().mean(dim=1)
        return self.read(patterns, self.time(time))


class AutoregressiveTransformer(Transformer):
    """Logits of every token given those before it; the embedding of V, 'masked', begins every sequence."""

    def __init__(self, shape: ModelShape) -> None:
        if shape.time_conditioned:
            raise ValueError("time_conditioned: expected False for an autoregressive model, got True")
        super().__init__(shape, causal=True)

    def forward(self, tokens: Int64[Tensor, "B L"]) -> Float[Tensor, "B L V"]:
        """Tokens in 0..V-1 `[B, L]` -> logits `[B, L, V]`, those of token i from tokens 0..i-1 alone."""
        return self.read(self.begun(tokens[:, :-1]))

    def begun(self, tokens: Int64[Tensor, "B K"]) -> Int64[Tensor, "B K+1"]:
        """The inputs from which tokens 0..K are told, `[B, K + 1]`."""
        return functional.pad(tokens, (1, 0), value=self.shape.vocab_size)


def new_model(shape: ModelShape, objective: str) -> Transformer:
    """A network to train by an objective, see `theory.neural.objectives`."""
    return AutoregressiveTransformer(shape) if objective == "autoregressive" else MaskedTransformer(shape)
