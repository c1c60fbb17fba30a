"""Corpora: texts read piece by piece, in memory that does not grow with them, and numbered by a vocabulary."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import numpy as np

from oracles.files import PIECE, read_pieces
from oracles.patterns import Tokens
from oracles.symbols import LEVELS, UNKNOWN, code_points
from oracles.validation import check_choice, read_count

ALPHABETS = ("raw", "letters", "vowels")

Pieces = Iterator[str]

_TEXT_SUFFIXES = {".txt", ".text", ".md", ".rst", ".csv", ".tsv", ".json", ".html", ".xml", ".tex", ".log"}
_CHARACTERS = 0x110000

_VOWELS = str.maketrans({letter: "v" if letter in "aeiouy" else "c" for letter in ascii_lowercase})


@dataclass(frozen=True)
class Corpus:
    """A text whose symbols are known: `symbols` in sorted order, and its tokens as often as they are wanted."""

    symbols: tuple[str, ...]
    level: str
    pieces: Callable[[], Pieces]

    @classmethod
    def of(
        cls,
        text_or_path: str | os.PathLike[str],
        level: str = "character",
        alphabet: str = "raw",
        vocabulary: int | None = None,
        min_count: int = 1,
    ) -> Corpus:
        """Read the text once for its symbols; arguments and errors as in `fit_ngram`."""
        check_choice("level", level, LEVELS)
        check_choice("alphabet", alphabet, ALPHABETS)
        if vocabulary is not None:
            read_count("vocabulary", vocabulary)
        read_count("min_count", min_count)
        for name, given in (("vocabulary", vocabulary is not None), ("min_count", min_count > 1)):
            if given and level != "word":
                raise ValueError(f"{name}: expected words to choose from, got level {level!r}")
        source = _source(text_or_path)

        def pieces() -> Pieces:
            text = source() if alphabet == "raw" else _letters(source())
            text = (piece.translate(_VOWELS) for piece in text) if alphabet == "vowels" else text
            return _whole_words(text) if level == "word" else text

        symbols = _frequent(pieces(), vocabulary, min_count) if level == "word" else _characters(pieces())
        return cls(symbols, level, pieces)

    def tokens(self) -> Iterator[Tokens]:
        """The tokens of the text, piece by piece."""
        return self._word_tokens() if self.level == "word" else self._character_tokens()

    def _character_tokens(self) -> Iterator[Tokens]:
        number = np.full(_CHARACTERS, -1)
        number[[ord(symbol) for symbol in self.symbols]] = np.arange(len(self.symbols))
        for piece in self.pieces():
            tokens = number[code_points(piece)]
            if tokens.min(initial=0) < 0:
                raise _changed()
            yield tokens

    def _word_tokens(self) -> Iterator[Tokens]:
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        unknown = number.get(UNKNOWN, -1)
        for piece in self.pieces():
            tokens = np.array([number.get(word, unknown) for word in piece.split()], dtype=np.int64)
            if tokens.min(initial=0) < 0:
                raise _changed()
            yield tokens


def default_corpus() -> str:
    """English at hand without a download: the text of `pydoc_data.topics`, Python's own manual.

    About 0.46 million characters (Python 3.11), its topics in sorted order.  Another version of Python has
    another text.
    """
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))


def _changed() -> Exception:
    return ValueError("text_or_path: expected the same text when read again, got a file that has changed")


def _source(text_or_path: str | os.PathLike[str]) -> Callable[[], Pieces]:
    """What gives the pieces of the text, from the beginning every time."""
    if not isinstance(text_or_path, str | os.PathLike):
        raise ValueError(f"text_or_path: expected a text or a path, got {text_or_path!r}")
    if not isinstance(text_or_path, str) or _is_path(text_or_path):
        path = Path(text_or_path)
        if path.is_file():
            return lambda: read_pieces(path, PIECE)
        text = "".join(read_pieces(text_or_path))  # a pipe can be read but once
    elif text_or_path:
        text = text_or_path
    else:
        raise ValueError("text_or_path: expected a text or a path, got an empty string")
    return lambda: (text[start : start + PIECE] for start in range(0, len(text), PIECE))


def _is_path(given: str) -> bool:
    if not given or "\n" in given or "\0" in given:
        return False
    if given.startswith(("/", "./", "../")) or Path(given).suffix in _TEXT_SUFFIXES:
        return True
    try:
        return Path(given).exists()
    except OSError:  # too long for a name
        return False


def _letters(pieces: Iterable[str]) -> Pieces:
    """Lower case, with every run of anything but a to z as one space, across pieces too."""
    ends_in_space = False
    for piece in pieces:
        letters = re.sub(r"[^a-z]+", " ", piece.lower())
        if ends_in_space:
            letters = letters.removeprefix(" ")
        if letters:
            ends_in_space = letters[-1] == " "
            yield letters


def _whole_words(pieces: Iterable[str]) -> Pieces:
    """The same text cut where there is white space."""
    held: list[str] = []  # of a word that may go on
    for piece in pieces:
        kept = len(piece)
        while kept and not piece[kept - 1].isspace():
            kept -= 1
        if kept:
            yield "".join([*held, piece[:kept]])
            held = []
        held.append(piece[kept:])
    if last := "".join(held):
        yield last


def _characters(pieces: Iterable[str]) -> tuple[str, ...]:
    seen = np.zeros(_CHARACTERS, dtype=bool)
    for piece in pieces:
        seen[code_points(piece)] = True
    return tuple(map(chr, np.flatnonzero(seen).tolist()))


def _frequent(pieces: Iterable[str], size: int | None, least: int) -> tuple[str, ...]:
    """The words that occur often enough, sorted: at most so many, and `UNKNOWN` if that leaves any out."""
    counts: Counter[str] = Counter()
    for piece in pieces:
        counts.update(piece.split())
    unknown = {UNKNOWN} & counts.keys()  # a text may be cut to a vocabulary already
    words = sorted(counts.keys() - unknown, key=lambda word: (-counts[word], word))
    kept = [word for word in words[:size] if counts[word] >= least]
    return tuple(sorted({*kept, *unknown, *([UNKNOWN] if len(words) > len(kept) else [])}))
