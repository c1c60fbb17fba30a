"""Arguments as the command line gives them, read into numbers, laws and patterns."""

from __future__ import annotations

import math

import numpy as np

from oracles import Oracle
from oracles.patterns import Tokens
from oracles.symbols import encode


def read_steps(text: str) -> list[int]:
    """Positive integers separated by commas, increasing and each once.  ValueError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"steps: expected positive integers separated by commas, got {text!r}")
    return sorted({int(part) for part in parts})


def powers_of_two(length: int) -> list[int]:
    """1, 2, 4, .. and the length itself: the numbers of steps that are looked at by default."""
    return sorted({2**k for k in range(int(math.log2(length)) + 1)} | {length})


def read_float(name: str, text: str) -> float:
    """A number such as 0.1; ValueError for anything else."""
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{name}: expected a number, got {text!r}") from error


def in_floats(law: Oracle) -> Oracle:
    """The law in float64, if it is in slower numbers.  ValueError for a law over Booleans."""
    if law.arithmetic.name == "boolean":
        raise ValueError("target: expected a law with probabilities, got one over Booleans")
    return law if law.arithmetic.name.startswith("float") else law.to("float64")


def masked_positions(law: Oracle, given: Tokens | None) -> list[int]:
    """The positions that a prompt leaves to be filled in: all of them without one."""
    return np.flatnonzero((law.all_masked() if given is None else given) == law.mask).tolist()


def read_prompt(law: Oracle, text: str | None) -> Tokens | None:
    """The pattern that begins with a text: symbols of the law, or numbers of tokens where it has none.

    None without a text.  `_` stands for a masked token, unless it is itself a symbol of the law.
    """
    if text is None:
        return None
    by_word = law.symbols is not None and any(len(symbol) > 1 for symbol in law.symbols)
    by_number = law.symbols is None and (any(map(str.isspace, text)) or law.vocab_size > 10)
    items = text.split() if by_word or by_number else list(text)
    holes = {"_"} - set(law.symbols or ())
    places = [place for place, item in enumerate(items) if item not in holes]
    if not 0 < len(places) < law.length or len(items) > law.length:
        raise ValueError(f"given: expected 1 to {law.length - 1} tokens, got {len(items)}")
    known = [items[place] for place in places]
    pattern = law.all_masked()
    if law.symbols:
        pattern[places] = encode((" " if by_word else "").join(known), law.symbols)
    else:
        pattern[places] = _numbered(law, known, text)
    return pattern


def _numbered(law: Oracle, items: list[str], text: str) -> list[int]:
    if not all(item.isascii() and item.isdigit() and int(item) < law.vocab_size for item in items):
        raise ValueError(f"given: expected tokens in 0..{law.vocab_size - 1}, got {text!r}")
    return [int(item) for item in items]
