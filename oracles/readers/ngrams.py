"""Texts as oracles: the n-gram whose probabilities are the relative frequencies in a corpus."""

from __future__ import annotations

import math
import os
import re
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, arithmetic
from oracles.files import read_text
from oracles.ngram import MarkovChain, NGram
from oracles.patterns import Tokens
from oracles.symbols import LEVELS, tokenise
from oracles.validation import read_count

ALPHABETS = ("raw", "letters")

ENTRY_LIMITS = {"float64": 2 * 10**8, "exact": 2 * 10**7}
"""Most entries a fitted table may have: 1.6 GB of floats, or about a minute of rational arithmetic."""

_MOST_AXES = 64  # of a NumPy array or a tensor
_TEXT_SUFFIXES = {".txt", ".text", ".md", ".rst", ".csv", ".tsv", ".json", ".html", ".xml", ".tex", ".log"}


def fit_ngram(
    text_or_path: str | os.PathLike[str],
    order: int,
    length: int,
    *,
    level: str = "character",
    alphabet: str = "raw",
    smoothing: Any = 0,
    arithmetic: str = "float64",
) -> NGram:
    """The n-gram of a corpus, on sequences of `length` tokens: a `MarkovChain` for order 2.

    With c(u) the number of windows of n tokens that begin with the n-1 tokens u, and c(u, v) the number of
    those that end in v,

        initial[u] = (c(u) + s) / (sum c + s V^(n-1))        transition[u, v] = (c(u, v) + s) / (c(u) + s V)

    for the smoothing s >= 0.  With s = 0 every window of a possible sequence occurs in the text, and the
    rows of contexts that do not occur are zero.  The law's `symbols` say what its tokens stand for.

    text_or_path: a path (`pathlib.Path`), or a string.  A string of one line is taken for a path if it
    names something that exists or looks like a path (it ends in a suffix such as `.txt`, or begins with
    `/`, `./` or `../`); any other string is the text itself.
    level: tokens are "character"s or "word"s, maximal runs of characters other than white space.
    alphabet: "raw" takes the text as it is; "letters" lowers it and turns every run of anything but a to z
    into one space (Shannon's alphabet of 27 symbols).
    smoothing: s, a float, or an int, fraction or "1/2" (for exact numbers).
    arithmetic: as `Oracle.to` names it; "exact" counts in rationals.

    If the last context of the text occurs nowhere else, nothing follows it: without smoothing the window
    that leads there is left out, and so on until the rest ends in a context that has a successor.
    Raises ValueError if nothing is left, for a corpus that cannot be read or is shorter than the order, and
    for a table of more than `ENTRY_LIMITS` entries.  Warns (UserWarning) of windows left out.
    """
    order, length = read_count("order", order), read_count("length", length)
    _check_choice("level", level, LEVELS)
    _check_choice("alphabet", alphabet, ALPHABETS)
    number_system = _counting_system(arithmetic)
    added = _read_smoothing(smoothing, number_system)
    text = _read_corpus(text_or_path)
    symbols, tokens = tokenise(_letters(text) if alphabet == "letters" else text, level)
    if len(tokens) < order:
        raise ValueError(f"text_or_path: expected at least {order} {level}s, got {len(tokens)}")
    _check_entries(len(symbols), order, level, number_system)
    windows = _windows(tokens, len(symbols), order)
    if not number_system.element(added) > 0:
        windows = _without_dead_end(windows, len(symbols), order)
    initial, transition = _relative_frequencies(windows, len(symbols), order, added, number_system)
    law = (MarkovChain if order == 2 else NGram)(initial, transition, length)
    law.symbols = symbols
    return law if law.arithmetic.name == arithmetic else law.to(arithmetic)


def default_corpus() -> str:
    """English at hand without a download: the text of `pydoc_data.topics`, Python's own manual.

    About 0.46 million characters (Python 3.11), its topics in sorted order.  Another version of Python has
    another text.
    """
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))


def _read_corpus(text_or_path: str | os.PathLike[str]) -> str:
    if not isinstance(text_or_path, str) or _is_path(text_or_path):
        return read_text(text_or_path)
    if not text_or_path:
        raise ValueError("text_or_path: expected a text or a path, got an empty string")
    return text_or_path


def _is_path(given: str) -> bool:
    if not given or "\n" in given or "\0" in given:
        return False
    if given.startswith(("/", "./", "../")) or Path(given).suffix in _TEXT_SUFFIXES:
        return True
    try:
        return Path(given).exists()
    except OSError:  # too long for a name
        return False


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]+", " ", text.lower())


def _counting_system(name: str) -> Arithmetic:
    """Frequencies are floats or rationals; other systems convert from these."""
    wanted = arithmetic(name)  # the name is known, or this says so
    return arithmetic("float64" if wanted.name.startswith("float") else "exact")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def _read_smoothing(value: Any, number_system: Arithmetic) -> Array:
    """The smoothing as a number of the system, a 0-dimensional array."""
    if isinstance(value, float) and number_system.name == "exact":
        raise ValueError(f'smoothing: expected an exact number such as 1 or "1/2", got the float {value!r}')
    try:
        number = Fraction(value)
        added = number_system.array(number)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"smoothing: expected a finite number, got {value!r}") from error
    if isinstance(value, bool) or number < 0:
        raise ValueError(f"smoothing: expected a number of at least 0, got {value!r}")
    return added


def _check_entries(vocab: int, order: int, level: str, number_system: Arithmetic) -> None:
    """ValueError if the table of V^n entries is too large, naming the largest order that fits."""
    limit = ENTRY_LIMITS[number_system.name]
    largest = max(n for n in range(_MOST_AXES + 1) if vocab**n <= limit)
    if order > largest:
        raise ValueError(
            f"order: expected at most {largest} for {vocab} different {level}s, got {order}: a table of "
            f"{vocab}**{order} = 1e{order * math.log10(vocab):.1f} entries of 8 bytes (the limits are "
            f"{limit:.0e} entries and {_MOST_AXES} axes)"
        )


def _windows(tokens: Tokens, vocab: int, order: int) -> Tokens:
    """Every window of n tokens as a number in base V: its context is the quotient by V."""
    count = len(tokens) - order + 1
    codes = np.zeros(count, dtype=np.int64)
    for offset in range(order):
        codes = codes * vocab + tokens[offset : offset + count]
    return codes


def _without_dead_end(windows: Tokens, vocab: int, order: int) -> Tokens:
    """Drop windows at the end until the last one leads to a context that begins another."""
    contexts = vocab ** (order - 1)
    uses = np.bincount(windows // vocab, minlength=contexts)
    kept = len(windows)
    while kept and not uses[windows[kept - 1] % contexts]:
        kept -= 1
        uses[windows[kept] // vocab] -= 1
    if not kept:
        raise ValueError(
            "text_or_path: expected a text in which some context comes again, got one in which every window "
            "leads to a dead end; take a longer text, a lower order or some smoothing"
        )
    if kept < len(windows):
        warnings.warn(
            f"nothing follows the end of the text: its last {len(windows) - kept} of {len(windows)} windows "
            "are left out",
            stacklevel=3,
        )
    return windows[:kept]


def _relative_frequencies(
    windows: Tokens, vocab: int, order: int, added: Array, number_system: Arithmetic
) -> tuple[Array, Array]:
    """(initial, transition) of `fit_ngram`; only windows that occur are computed one by one."""
    contexts = vocab ** (order - 1)
    codes, counts = np.unique(windows, return_counts=True)
    totals = number_system.array(np.bincount(windows // vocab, minlength=contexts))
    denominators = totals + added * vocab
    unseen = number_system.quotient_or_zero(added, denominators)
    transition = unseen[:, None] + number_system.zeros(1, vocab)
    seen = number_system.divide(
        number_system.array(counts) + added, denominators[number_system.index(codes // vocab)]
    )
    transition.reshape(-1)[number_system.index(codes)] = seen
    initial = number_system.divide(totals + added, number_system.array(len(windows)) + added * contexts)
    return initial.reshape((vocab,) * (order - 1)), transition.reshape((vocab,) * order)
