"""What `maskproof analyse` is asked to analyse: a text to fit, a stored oracle, or one of the zoo."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from oracles import Oracle, default_corpus, fit_ngram
from oracles.files import read_text
from oracles.patterns import Tokens
from oracles.storage import resolve
from oracles.symbols import encode
from oracles.validation import read_count
from proofs_check.commands.console import note

LONGEST = 100_000
"""Tokens in the longest sequence that is analysed."""


@dataclass(frozen=True)
class Target:
    """A law with words for it: its name, what was done to get it, and what counts as an error.

    fitted: whether it is an n-gram of a text, whose options can be changed.
    """

    law: Oracle
    name: str
    origin: str
    error: str
    fitted: bool


def read_target(target: str | None, fit: Mapping[str, Any]) -> Target:
    """The law named on the command line; `fit` holds the options of `fit_ngram` that were given.

    ValueError for what names no law, and for options of a fit where there is nothing to fit.
    """
    if target is not None and (target.startswith("zoo:") or target.endswith(".json")):
        for option in fit:
            raise ValueError(f"{option}: expected a text to fit an n-gram to, got the oracle {target}")
        law = resolve(target)
        _check_length(law.length)
        return Target(
            law, target, _described(law), "an error is a sequence of probability zero", fitted=False
        )
    return _fitted(target, {"order": 2, "length": 256, "smoothing": "0", **fit})


def _fitted(path: str | None, fit: dict[str, Any]) -> Target:
    _check_length(read_count("length", fit["length"]))
    text = default_corpus() if path is None else read_text(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        law = fit_ngram(text if path is None else Path(path), **fit)
    for warning in caught:
        note(str(warning.message))
    unit = fit.get("level", "character")
    if Fraction(fit["smoothing"]):
        error = f"smoothed by {fit['smoothing']}: every sequence is possible, so there are no errors"
    else:
        window = f"{fit['order']} {unit}{'s' * (fit['order'] != 1)}"
        error = f"unsmoothed: an error is a sequence with a window of {window} that never occurs in the text"
    return Target(
        law,
        path or "the manual that ships with Python (pydoc_data.topics)",
        f"{len(text):,} characters; n-gram of order {fit['order']} over {unit}s, {_described(law)}",
        error,
        fitted=True,
    )


def read_prompt(law: Oracle, text: str) -> Tokens:
    """The pattern that begins with a text: symbols of the law, or numbers of tokens where it has none."""
    tokens = encode(text, law.symbols) if law.symbols else _numbered(law, text)
    if not 0 < len(tokens) < law.length:
        raise ValueError(f"given: expected 1 to {law.length - 1} tokens, got {len(tokens)}")
    pattern = law.all_masked()
    pattern[: len(tokens)] = tokens
    return pattern


def _numbered(law: Oracle, text: str) -> list[int]:
    items = text.split() if any(map(str.isspace, text)) or law.vocab_size > 10 else list(text)
    if not all(item.isascii() and item.isdigit() and int(item) < law.vocab_size for item in items):
        raise ValueError(f"given: expected tokens in 0..{law.vocab_size - 1}, got {text!r}")
    return [int(item) for item in items]


def _described(law: Oracle) -> str:
    return f"V = {law.vocab_size}, L = {law.length}, {law.arithmetic.name}"


def _check_length(length: int) -> None:
    if length > LONGEST:
        raise ValueError(f"length: expected at most {LONGEST}, got {length}")


def powers_of_two(length: int) -> list[int]:
    """1, 2, 4, .. and the length itself: the numbers of steps that are looked at by default."""
    return sorted({2**k for k in range(int(math.log2(length)) + 1)} | {length})
