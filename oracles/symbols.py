"""Between a text and its tokens: characters or words, numbered in sorted order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from oracles.patterns import Tokens, read_integers

LEVELS = ("character", "word")
"""A word is a maximal run of characters other than white space."""


def tokenise(text: str, level: str) -> tuple[tuple[str, ...], Tokens]:
    """The different symbols of a text in sorted order, and the text as their numbers."""
    if level == "character":
        # Code points in one array: far faster than a list of one-character strings.
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        different, tokens = np.unique(points, return_inverse=True)
        return tuple(map(chr, different.tolist())), tokens.astype(np.int64)
    words = text.split()
    symbols = tuple(sorted(set(words)))
    return symbols, _numbers(words, symbols)


def encode(text: str, symbols: Sequence[str], level: str | None = None) -> Tokens:
    """The tokens of a text, `[L]`, for the `symbols` of a law.

    level: "character" or "word"; by default characters if every symbol is a single one.  Raises ValueError
    for a character or word that is none of the symbols.
    """
    items = list(text) if _read_level(level, symbols) == "character" else text.split()
    return _numbers(items, symbols)


def decode(tokens: Any, symbols: Sequence[str], level: str | None = None) -> str:
    """The text of the tokens `[L]`: characters run together, words with a space between; see `encode`."""
    numbers = read_integers("tokens", tokens)
    if numbers.ndim != 1:
        raise ValueError(f"tokens: expected one sequence, got shape {numbers.shape}")
    wrong = numbers[(numbers < 0) | (numbers >= len(symbols))]
    if wrong.size:
        raise ValueError(f"tokens: expected entries in 0..{len(symbols) - 1}, got {int(wrong[0])}")
    joint = "" if _read_level(level, symbols) == "character" else " "
    return joint.join(symbols[int(token)] for token in numbers)


def _read_level(level: str | None, symbols: Sequence[str]) -> str:
    if level is None:
        return "character" if all(len(symbol) == 1 for symbol in symbols) else "word"
    if level not in LEVELS:
        raise ValueError(f"level: expected one of {', '.join(LEVELS)}, got {level!r}")
    return level


def _numbers(items: Sequence[str], symbols: Sequence[str]) -> Tokens:
    number = {symbol: token for token, symbol in enumerate(symbols)}
    try:
        return np.fromiter((number[item] for item in items), dtype=np.int64, count=len(items))
    except KeyError as error:
        place = items.index(error.args[0])
        raise ValueError(
            f"text: expected the {len(symbols)} symbols of the law, got {error.args[0]!r} at position {place}"
        ) from error
