"""Patterns and tokens: integer arrays of length L in which the value V means 'masked'."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]


def read_integers(name: str, values: Any) -> Tokens:
    """`values` (lists, a NumPy array or a tensor on any device) as int64; ValueError if not integers."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: expected a regular array of integers: {error}") from error
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype == bool or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected integers, got an array of {array.dtype}")
    return array.astype(np.int64)


def read_patterns(name: str, values: Any, length: int, largest: int) -> tuple[Tokens, tuple[int, ...]]:
    """Flatten a pattern or batch `[..., L]` to `[B, L]`; also returns the leading shape.

    Raises ValueError when the last axis is not L or an entry lies outside 0..largest.
    """
    array = read_integers(name, values)
    if array.ndim == 0 or array.shape[-1] != length:
        raise ValueError(f"{name}: expected last axis of length {length}, got shape {array.shape}")
    if array.size and (array.min() < 0 or array.max() > largest):
        wrong = array[(array < 0) | (array > largest)].flat[0]
        raise ValueError(f"{name}: expected entries in 0..{largest}, got {int(wrong)}")
    return array.reshape(-1, length), array.shape[:-1]


def all_sequences(vocab_size: int, length: int) -> Tokens:
    """Every sequence over 0..V-1 of length L in lexicographic order, shape [V**L, L]."""
    if length == 0:
        return np.zeros((1, 0), dtype=np.int64)
    return np.indices((vocab_size,) * length).reshape(length, -1).T.astype(np.int64)


def all_patterns(vocab_size: int, length: int) -> Tokens:
    """Every pattern, masks included (the value V), in lexicographic order, shape [(V+1)**L, L]."""
    return all_sequences(vocab_size + 1, length)


def impossible(patterns: Tokens, zero: NDArray[np.bool_], *, structurally: NDArray[np.bool_]) -> Exception:
    """The error for the first pattern whose mass came out as zero: impossible, or lost to underflow."""
    first = int(np.argmax(zero))
    if structurally[first]:
        shown = patterns[first].tolist()
        text = f"{shown[:16]}..." if len(shown) > 16 else f"{shown}"
        return ValueError(
            f"patterns: expected possible patterns, got {text} (row {first}) of probability zero"
        )
    return ArithmeticError(
        f"row {first} is possible, but its probabilities underflow in floats: use to('exact') or to('ball')"
    )
