"""Checks that an oracle can be learned, and that a model fits it."""

from __future__ import annotations

from typing import Any

from oracles import Oracle
from theory.neural.models import ModelShape
from theory.neural.token_maps import TokenMap


def read_float_oracle(oracle: Any, name: str = "oracle") -> Oracle:
    """An oracle over floats, as networks are; ValueError for anything else."""
    if not isinstance(oracle, Oracle):
        raise ValueError(f"{name}: expected an oracle, got {oracle!r}")
    if not oracle.arithmetic.name.startswith("float"):
        raise ValueError(
            f"{name}: expected one in float32 or float64, got one in {oracle.arithmetic.name}; "
            "use q.to('float64')"
        )
    return oracle


def check_fits(name: str, shape: ModelShape, oracle: Oracle) -> None:
    """ValueError unless the model has the vocabulary and the length of the oracle."""
    if (shape.vocab_size, shape.length) != (oracle.vocab_size, oracle.length):
        raise ValueError(
            f"{name}: expected V={oracle.vocab_size}, L={oracle.length}, "
            f"got V={shape.vocab_size}, L={shape.length}"
        )


def check_ids(ids: Any, oracle: Oracle) -> None:
    """ValueError unless it is a map with an id for every token of the oracle."""
    if not isinstance(ids, TokenMap):
        raise ValueError(f"ids: expected a TokenMap, got {ids!r}")
    if len(ids.tokens) != oracle.vocab_size:
        raise ValueError(f"ids: expected those of V={oracle.vocab_size} tokens, got {len(ids.tokens)}")
