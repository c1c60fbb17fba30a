"""What denoisers and autoregressive models are trained on, in nats a token.

A masked objective draws a set of masked positions for every sequence and scores

    weight / L * sum over masked i of -ln d(x_i | the other tokens).

Of a denoiser that sees the pattern alone, the expectation over sequences and masks, times L / ln 2, is the NELBO in
continuous time (`theory.likelihood.nelbo`) whatever the objective, and its excess over H(q) what the denoiser has
yet to learn.  One that is told a time as well is told the fraction of masked positions where it is measured or
samples (`Learned`).  So it is by any_order, whose expectation is again that NELBO.  But mdlm and md4 tell it
1 - alpha(t), the fraction that is masked on average: theirs is the NELBO with that in its place, another number.
The objectives differ in variance:

    mdlm        t uniform in (0, 1], each position masked with probability t, weight 1/t (Sahoo et al. 2024);
                of infinite variance, as a single masked position scores 1/t (`theory.likelihood.nelbo_estimators`)
    md4         each position masked with probability 1 - alpha(t), weight -alpha'(t) / (1 - alpha(t)) (Shi et al.
                2024): mdlm with another law of t, which is more often where alpha changes slowly
    any_order   a uniformly random set of c positions masked, c in 1..L with probability P(c), weight 1 / (c P(c)).
                With P(c) = 1/L, sets are masked as often as they follow in a random order (Uria et al. 2014,
                Hoogeboom et al. 2022).  The mean of c losses has a variance of order 1/c: that of all is least
                for P(c) in proportion to 1/sqrt(c), which is taken here

The times of a batch are spread out evenly (low-discrepancy sampling, as in MDLM): row b draws from the b-th of B
equal parts of (0, 1], which leaves the expectation over the batch as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from oracles.shapes import Bool, Float, Int64

MaskingRate = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Times `[B]` -> 1 - alpha(t), the probability that a token is masked, and its derivative -alpha'(t), `[B]` each."""

MASKED_OBJECTIVES = ("mdlm", "md4", "any_order")
OBJECTIVES = (*MASKED_OBJECTIVES, "autoregressive")


@dataclass(frozen=True)
class Masking:
    """What is masked `[B, L]`, and of every sequence its weight and expected fraction of masked positions, `[B]`.

    The fraction is the time that a time-conditioned denoiser is told, whichever way alpha runs through it.
    """

    masked: Bool[Tensor, "B L"]
    weights: Float[Tensor, " B"]
    fractions: Float[Tensor, " B"]


def linear(t: Tensor) -> tuple[Tensor, Tensor]:
    """alpha(t) = 1 - t."""
    return t, torch.ones_like(t)


def cosine(t: Tensor) -> tuple[Tensor, Tensor]:
    """alpha(t) = 1 - cos(pi/2 (1 - t)) (Shi et al. 2024)."""
    angle = math.pi / 2 * t
    return angle.sin(), math.pi / 2 * angle.cos()


def square(t: Tensor) -> tuple[Tensor, Tensor]:
    """alpha(t) = (1 - t)^2."""
    return t * (2 - t), 2 * (1 - t)


MASKING_RATES: dict[str, MaskingRate] = {"linear": linear, "cosine": cosine, "square": square}
"""By the names that `theory.unmasking.alphas` gives alpha; none subtracts nearly equal numbers at small t."""


def spread_times(uniform: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Uniform numbers in [0, 1) -> times in (0, 1], the b-th of them uniform in (b/B, (b+1)/B]."""
    count = len(uniform)
    return (torch.arange(count, device=uniform.device) + (1 - uniform)) / count


def draw_masking(
    objective: str, rate: MaskingRate, uniform: Float[Tensor, " B"], noise: Float[Tensor, "B L"]
) -> Masking:
    """The masks of a batch from uniform numbers in [0, 1): one a sequence, and one a position.

    rate: of md4; mdlm is md4 with alpha(t) = 1 - t.
    """
    times = spread_times(uniform)
    if objective == "any_order":
        return _counted(times, noise)
    probability, slope = (linear if objective == "mdlm" else rate)(times)
    return Masking(noise < probability[:, None], slope / probability, probability)


def count_probabilities(length: int) -> Float[Tensor, " L"]:
    """How probable 1..L masked positions are in `any_order`: P(c), in proportion to 1/sqrt(c)."""
    shares = torch.arange(1, length + 1, dtype=torch.float64).rsqrt()
    return shares / shares.sum()


def _counted(times: Tensor, noise: Tensor) -> Masking:
    """A number of masked positions of its law, then as many positions: those of the least noise."""
    length = noise.shape[1]
    probabilities = count_probabilities(length).to(times.device)
    sums = probabilities.cumsum(0)
    places = torch.searchsorted(sums / sums[-1], times.to(sums.dtype))
    counts = places + 1
    ranks = noise.argsort(dim=1).argsort(dim=1)
    return Masking(ranks < counts[:, None], 1 / (counts * probabilities[places]), counts / length)


def masked_loss(
    model: Callable[[Tensor, Tensor], Tensor], mask: int, tokens: Int64[Tensor, "B L"], drawn: Masking
) -> Float[Tensor, ""]:
    """The mean over the batch of weight / L * sum over masked i of -ln d(x_i | pattern), nats a token.

    model: patterns `[B, L]`, in which `mask` = V means masked, and fractions `[B]` -> logits `[B, L, V]`.
    """
    logits = model(torch.where(drawn.masked, mask, tokens), drawn.fractions)
    losses = torch.where(drawn.masked, _losses(logits, tokens), 0)
    return (losses.mean(1) * drawn.weights).mean()


def autoregressive_loss(model: Callable[[Tensor], Tensor], tokens: Int64[Tensor, "B L"]) -> Float[Tensor, ""]:
    """The mean over batch and positions of -ln p(x_i | x_0, .., x_{i-1}), nats a token.

    Its expectation, times L / ln 2, is H(q) + KL(q||p) in bits.  model: tokens `[B, L]` -> logits `[B, L, V]`.
    """
    return _losses(model(tokens), tokens).mean()


def _losses(logits: Tensor, tokens: Tensor) -> Tensor:
    """-ln softmax(logits) of the tokens, `[B, L]`, in float32 at least."""
    precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return functional.cross_entropy(precise.transpose(1, 2), tokens, reduction="none")
