"""Which ids of a model stand for the tokens of an oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.patterns import Tokens
from oracles.validation import read_count


@dataclass(frozen=True)
class TokenMap:
    """The numbering of a model's vocabulary, as far as an oracle needs it.

    tokens: the id of every token 0..V-1, all different, in order or as a mapping from tokens to ids; mask: the id of
    a masked position, none of these;
    prefix, suffix: ids that stand before and after every sequence, as [CLS] and [SEP] do.
    ValueError for anything else.
    """

    tokens: Sequence[int] | Mapping[int, int]
    mask: int
    prefix: Sequence[int] = ()
    suffix: Sequence[int] = ()

    def __post_init__(self) -> None:
        for name in ("tokens", "prefix", "suffix"):
            ids = tuple(read_count(name, i, minimum=0) for i in _in_order(name, getattr(self, name)))
            object.__setattr__(self, name, ids)
        object.__setattr__(self, "mask", read_count("mask", self.mask, minimum=0))
        if not self.tokens or len(set(self.tokens)) < len(self.tokens):
            raise ValueError(f"tokens: expected ids that are all different, got {self.tokens}")
        if self.mask in self.tokens:
            raise ValueError(f"mask: expected the id of no token, got {self.mask}")

    @classmethod
    def plain(cls, vocab_size: int) -> TokenMap:
        """The oracle's own numbering: tokens 0..V-1, and V for a mask."""
        return cls(range(vocab_size), vocab_size)

    @property
    def used(self) -> tuple[int, ...]:
        """All ids that it speaks of."""
        return (*self.tokens, self.mask, *self.prefix, *self.suffix)

    def length(self, sequence: int) -> int:
        """T, how many ids stand for a sequence of so many tokens."""
        return len(self.prefix) + sequence + len(self.suffix)

    def encode(self, patterns: Tokens) -> Tokens:
        """Patterns `[B, L]` -> ids `[B, T]` with prefix and suffix, T = `length(L)`."""
        ids = np.array([*self.tokens, self.mask], dtype=np.int64)[patterns]
        before, after = (
            np.tile(np.array(side, dtype=np.int64), (len(ids), 1)) for side in (self.prefix, self.suffix)
        )
        return np.concatenate([before, ids, after], axis=1)

    def decode(self, name: str, ids: Tokens) -> Tokens:
        """Ids `[B, T]` -> patterns `[B, L]`; ValueError for other ids than `encode` gives."""
        start, stop = len(self.prefix), ids.shape[1] - len(self.suffix)
        for side, found in (("prefix", ids[:, :start]), ("suffix", ids[:, stop:])):
            expected = getattr(self, side)
            if (found != np.array(expected, dtype=np.int64)).any():
                raise ValueError(f"{name}: expected the {side} {expected} in every sequence, got another")
        known = [*self.tokens, self.mask]
        numbers = np.full(max(known) + 1, -1)
        numbers[known] = np.arange(len(known))
        within = ids[:, start:stop]
        unknown = ~np.isin(within, known)
        if unknown.any():
            raise ValueError(f"{name}: expected ids of tokens and masks, got {within[unknown][0]}")
        return numbers[within]


def _in_order(name: str, ids: Any) -> list[Any]:
    """Ids as they are listed, or those that a mapping gives to 0, 1, 2, .."""
    if isinstance(ids, Mapping):
        if set(ids) != set(range(len(ids))):
            raise ValueError(
                f"{name}: expected an id for each of 0..{len(ids) - 1}, got one for {sorted(ids)}"
            )
        return [ids[token] for token in range(len(ids))]
    return list(ids)
