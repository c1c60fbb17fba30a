"""An oracle as a model that returns logits, for samplers that were written for networks.

How the samplers of the families call it, with `ids = TokenMap(..)` where they have a numbering of their own:

    LLaDA, Hugging Face:    model = OracleModel(q, ids=ids);  model(x).logits, model(x, attention_mask=..).logits
    guidance without a classifier:  OracleModel(q, impossible=-1e6)            # they subtract logits
    Dream:                  OracleModel(q, ids=ids, shifted=True);  model(x, "full", None).logits
    MDLM:                   backbone = OracleModel(q).backbone();  backbone(x, sigma)

It mirrors `Remote`, which makes a denoiser of a model of these conventions.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from oracles import Oracle
from oracles.patterns import Tokens, read_patterns
from theory.denoisers import Ideal
from theory.neural.reading import check_ids, read_float_oracle
from theory.neural.token_maps import TokenMap
from theory.samplers import read_denoiser

LEAST_IMPOSSIBLE = -1000.0
"""A logit whose probability is 0 in any precision, next to one of 0."""


class OracleOutput(NamedTuple):
    """What models of Hugging Face return, as far as samplers look at it.  logits: `[B, T, W]`."""

    logits: Tensor

    def __getitem__(self, key: Any) -> Any:
        """By name or by place."""
        return getattr(self, key) if isinstance(key, str) else tuple.__getitem__(self, key)


class OracleModel(nn.Module):
    """ln q(x_i | observed tokens), nats, where a network would have logits: an ideal denoiser to run samplers on.

    Rows sum to 1 once exponentiated.  Tokens that are impossible, the mask and all other ids have no probability.
    Observed positions are certain, and so are prefix and suffix.  Nothing is random, nothing has a gradient.
    In contexts of probability zero the ideal denoiser answers q(x_i), of a prompt it knows nothing; see `Ideal`.

    oracle: over floats (ValueError): in its precision, on its device.  denoiser: another one than the ideal, of
    this oracle, errors included.
    ids: which ids stand for tokens and masks, and around a sequence; by default 0..V-1 and V, and none.
    shifted: whether logits at a place are of the next one; those at the last place are all 0.
    impossible: the logit of what has no probability, -inf or a number of at most -1000, for samplers that calculate
    with logits.
    mask_logit: whether W, the number of logits, is large enough to have one for the mask.
    """

    def __init__(
        self,
        oracle: Oracle,
        denoiser: Any = None,
        *,
        ids: TokenMap | None = None,
        shifted: bool = False,
        impossible: float = -math.inf,
        mask_logit: bool = True,
    ) -> None:
        super().__init__()
        self.oracle = read_float_oracle(oracle)
        self.denoiser = read_denoiser(oracle, Ideal(oracle) if denoiser is None else denoiser)
        self.ids = TokenMap.plain(oracle.vocab_size) if ids is None else ids
        check_ids(self.ids, oracle)
        if not impossible <= LEAST_IMPOSSIBLE:
            raise ValueError(
                f"impossible: expected a logit of at most {LEAST_IMPOSSIBLE:g}, got {impossible}"
            )
        self.shifted, self.impossible = shifted, impossible
        answered = (*self.ids.tokens, *self.ids.prefix, *self.ids.suffix)
        self.width = 1 + max(*answered, self.ids.mask if mask_logit else 0)
        # Samplers ask the first parameter of a model where it is.
        self.place = nn.Parameter(oracle.arithmetic.zeros(0), requires_grad=False)

    @property
    def device(self) -> torch.device:
        """Where the oracle lives."""
        return self.oracle.arithmetic.zeros(0).device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the oracle."""
        return self.oracle.arithmetic.zeros(0).dtype

    def forward(
        self, input_ids: Any, attention_mask: Any = None, *ignored: Any, **others: Any
    ) -> OracleOutput:
        """Ids `[B, T]` -> logits `[B, T, W]` on their device.

        Other arguments, such as timesteps, sigma, position_ids and use_cache, are not looked at: a pattern says how
        much of it is masked.  ValueError for malformed ids, or an attention mask that is neither "full" nor ones.
        """
        _check_attention(attention_mask)
        return OracleOutput(self.logits(input_ids))

    def logits(self, input_ids: Any) -> Tensor:
        """The logits alone, as the networks inside of samplers return them."""
        expected = self.ids.length(self.oracle.length)
        asked, shape = read_patterns("input_ids", input_ids, expected, max(self.ids.used))
        if len(shape) != 1:
            raise ValueError(f"input_ids: expected a batch of sequences, got the leading shape {shape}")
        rows = self._rows(self.ids.decode("input_ids", asked))
        if self.shifted:
            rows = torch.cat([rows[:, 1:], torch.zeros_like(rows[:, :1])], dim=1)
        return rows.to(getattr(input_ids, "device", self.device))

    def _rows(self, patterns: Tokens) -> Tensor:
        """The logits at every place, `[B, T, W]`."""
        ids, length = self.ids, self.oracle.length
        if self.shifted and not ids.prefix and (patterns[:, 0] == self.oracle.mask).any():
            raise ValueError("input_ids: expected a first token, which no shifted logits tell, got a mask")
        laws = self.denoiser(patterns).log()
        rows = laws.new_full((len(patterns), ids.length(length), self.width), -math.inf)
        start = len(ids.prefix)
        rows[:, start : start + length, list(ids.tokens)] = laws
        for place, own in (*enumerate(ids.prefix), *enumerate(ids.suffix, start + length)):
            rows[:, place, own] = 0
        return rows.clamp(min=self.impossible)

    def backbone(self) -> nn.Module:
        """A module that maps ids and times to the logits themselves, as samplers of MDLM call their network."""
        return _Backbone(self)


def _check_attention(mask: Any) -> None:
    """ValueError unless everything is attended to."""
    if mask is None or (isinstance(mask, str) and mask == "full"):
        return
    if isinstance(mask, str) or not bool(torch.as_tensor(mask).all()):
        got = repr(mask) if isinstance(mask, str) else "a zero"
        raise ValueError(
            f'attention_mask: expected "full" or ones, as sequences are of one length, got {got}; '
            "a time goes by its name, or to `backbone()`"
        )


class _Backbone(nn.Module):
    def __init__(self, model: OracleModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, *ignored: Any, **others: Any) -> Tensor:
        return self.model.logits(input_ids)
