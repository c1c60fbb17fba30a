"""Between a text and its tokens, which are characters or words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.patterns import Tokens, read_integers
from oracles.validation import check_choice

LEVELS = ("character", "word")
"""A word is a maximal run of characters other than white space."""


UNKNOWN = "<unk>"
"""The word that stands for all words outside a vocabulary."""


def code_points(text: str) -> NDArray[np.uint32]:
    """The characters of a text as integers, `[n]`: far faster than a list of one-character strings."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def encode(text: str, symbols: Sequence[str], level: str | None = None) -> Tokens:
    """The tokens of a text, `[L]`, for the `symbols` of a law.

    level: "character" or "word"; by default characters if every symbol is a single one.  A word that is none
    of the symbols is `<unk>` where that is one of them.  Raises ValueError for any other character or word.
    """
    by_word = _read_level(level, symbols) == "word"
    items = text.split() if by_word else list(text)
    if by_word and UNKNOWN in symbols:
        known = set(symbols)
        items = [item if item in known else UNKNOWN for item in items]
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
    check_choice("level", level, LEVELS)
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
