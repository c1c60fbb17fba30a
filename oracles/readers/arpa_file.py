r"""ARPA files, the text form of back-off n-grams that KenLM, SRILM and the CMU toolkit write, parsed strictly.

    \data\
    ngram 1=4
    ngram 2=3

    \1-grams:
    -0.3010  the  -0.1249        log10 probability, words, log10 back-off weight (0 if left out)
    ...
    \end\
"""

from __future__ import annotations

import gzip
import math
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BEGIN, END = "<s>", "</s>"

LOG_ZERO = -99.0
"""A log10 at or below this stands for the logarithm of 0, as SRILM reads and writes it."""

_GZIP = b"\x1f\x8b"
_COUNT = re.compile(rb"ngram\s+(\d+)\s*=\s*(\d+)")


@dataclass(frozen=True)
class Listing:
    """The N n-grams of one order: words `[N, n]`, probabilities `[N]` and back-off weights `[N]`."""

    words: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class BackoffModel:
    """What an ARPA file says.

    symbols: the words in sorted order, but the end of sentences (if there is one) last; the start `<s>` is
    not among them, and has the number V in a listing.  listings: of the orders 1, 2, ..
    """

    symbols: tuple[str, ...]
    has_begin: bool
    has_end: bool
    listings: tuple[Listing, ...]


def read_backoff_model(
    path: str | os.PathLike[str], check_counts: Callable[[list[int]], None] = lambda counts: None
) -> BackoffModel:
    """The model of an ARPA file, plain or gzipped (told by its content).

    check_counts: called with the announced numbers of n-grams before they are read, to refuse what is too large.
    Raises ValueError with the file and the line of whatever is malformed: another number of n-grams than
    announced, of words or of sections; what is no number, or the logarithm of more than 1; an n-gram listed
    twice, or with a word or a context that is not listed.
    """
    name = os.fspath(path)
    try:
        with Path(path).open("rb") as plain:
            zipped = plain.read(2) == _GZIP
            plain.seek(0)
            with gzip.open(plain) if zipped else plain as stream:
                lines = _Lines(name, stream)
                counts = _read_counts(lines)
                check_counts(counts)
                model = _read_listings(lines, counts)
                lines.finish()
                return model
    except OSError as error:
        raise ValueError(f"{name}: expected a readable file, got: {error.strerror or error}") from error


class _Lines:
    """The lines of a file that are not blank, and where we are."""

    def __init__(self, name: str, stream: BufferedIOBase) -> None:
        self.name, self.number, self._stream = name, 0, stream

    def next(self, wanted: str) -> bytes:
        while line := self._read():
            self.number += 1
            if stripped := line.strip():
                return stripped
        raise self.wrong(f"expected {wanted}, got the end of the file")

    def finish(self) -> None:
        """Read on to where the checksum of a gzip file is."""
        while self._read():
            pass

    def _read(self) -> bytes:
        try:
            return self._stream.readline()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self.wrong(f"expected a whole gzip file: {error}") from error

    def wrong(self, message: str) -> ValueError:
        return ValueError(f"{self.name}:{self.number}: {message}")


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))


def _read_counts(lines: _Lines) -> list[int]:
    """The announced numbers of n-grams; the first section's title is read, too."""
    while lines.next("a line \\data\\").removeprefix(b"\xef\xbb\xbf") != b"\\data\\":
        pass  # whatever a toolkit says about itself
    counts: list[int] = []
    while (line := lines.next("\\1-grams:")) != b"\\1-grams:":
        found = _COUNT.fullmatch(line)
        if not found or int(found[1]) != len(counts) + 1:
            raise lines.wrong(f'expected "ngram {len(counts) + 1}=.." or \\1-grams:, got {_shown(line)}')
        counts.append(int(found[2]))
    if not counts or not counts[0]:
        raise lines.wrong('expected at least one 1-gram announced as "ngram 1=..", got none')
    return counts


def _read_listings(lines: _Lines, counts: list[int]) -> BackoffModel:
    vocabulary = _Vocabulary()
    listings = []
    for order, count in enumerate(counts, 1):
        last = order == len(counts)
        closing = "\\end\\" if last else f"\\{order + 1}-grams:"
        listings.append(_read_section(lines, vocabulary, order, last, closing))
        if (got := len(listings[-1].words)) != count:
            raise lines.wrong(f"expected {count} {order}-grams before this line, as announced, got {got}")
    return vocabulary.in_order(listings)


def _read_section(lines: _Lines, vocabulary: _Vocabulary, order: int, last: bool, closing: str) -> Listing:
    rows, probabilities, weights = [], [], []
    while not (line := lines.next(closing)).startswith(b"\\"):
        probability, *words = line.split()
        weight = words.pop() if len(words) == order + 1 and not last else b"0"
        if len(words) != order:
            raise lines.wrong(
                f"expected a probability, {order} words{'' if last else ' and maybe a weight'}, got {_shown(line)}"
            )
        probabilities.append(_power(lines, probability, 0.0))
        weights.append(_power(lines, weight, -LOG_ZERO))
        rows.append(vocabulary.read(lines, words))
    if line != closing.encode():
        raise lines.wrong(f"expected {closing}, got {_shown(line)}")
    vocabulary.close()
    return Listing(
        np.array(rows, dtype=np.int64).reshape(-1, order), np.array(probabilities), np.array(weights)
    )


def _power(lines: _Lines, written: bytes, largest: float) -> float:
    """10 to the number that is written."""
    try:
        exponent = float(written)
    except ValueError:
        exponent = math.nan
    if math.isnan(exponent):
        raise lines.wrong(f"expected a number, got {_shown(written)}")
    if exponent > largest:
        raise lines.wrong(f"expected a log10 of at most {largest:g}, got {_shown(written)}")
    return 0.0 if exponent <= LOG_ZERO else 10.0**exponent


class _Vocabulary:
    """The words by their number in the file, and which n-grams are listed in this section and the one before."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._contexts: set[tuple[int, ...]] | None = None
        self._listed: set[tuple[int, ...]] = set()

    def read(self, lines: _Lines, words: list[bytes]) -> tuple[int, ...]:
        """The numbers of an n-gram's words, once it is sure that it stands on listed ones."""
        if self._contexts is None:
            self._name(lines, words[0])
        for word in words:
            if word not in self._numbers:
                raise lines.wrong(f"expected words that are listed as 1-grams, got {_shown(word)}")
        row = tuple(self._numbers[word] for word in words)
        if row in self._listed:
            raise lines.wrong(f"expected every n-gram once, got {_shown(b' '.join(words))} again")
        if self._contexts is not None and row[:-1] not in self._contexts:
            context = _shown(b" ".join(words[:-1]))
            raise lines.wrong(f"expected a context that is listed with its back-off weight, got {context}")
        self._listed.add(row)
        return row

    def _name(self, lines: _Lines, word: bytes) -> None:
        try:
            word.decode("utf-8")
        except UnicodeDecodeError as error:
            raise lines.wrong(f"expected UTF-8 text, got {_shown(word)}") from error
        self._numbers.setdefault(word, len(self._numbers))

    def close(self) -> None:
        """The section is over: what it lists are the contexts of the next."""
        self._contexts, self._listed = self._listed, set()

    def in_order(self, listings: list[Listing]) -> BackoffModel:
        """The model, its words renumbered as `BackoffModel` has them."""
        words = [word.decode("utf-8") for word in self._numbers]
        ordered = sorted(words, key=lambda word: (word == BEGIN, word == END, word))
        number = {word: index for index, word in enumerate(ordered)}
        renumbered = np.array([number[word] for word in words], dtype=np.int64)
        return BackoffModel(
            symbols=tuple(word for word in ordered if word != BEGIN),
            has_begin=BEGIN in number,
            has_end=END in number,
            listings=tuple(
                Listing(renumbered[listing.words], listing.probabilities, listing.weights)
                for listing in listings
            ),
        )
