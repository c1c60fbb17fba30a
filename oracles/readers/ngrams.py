"""Texts as oracles: the n-gram whose probabilities are the relative frequencies in a corpus."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, arithmetic
from oracles.memory import MAX_AXES, READING, check_bytes, entry_bytes
from oracles.ngram import MarkovChain, NGram
from oracles.patterns import Tokens
from oracles.readers.corpus import Corpus
from oracles.readers.windows import Windows
from oracles.sparse_chain import SparseMarkovChain
from oracles.validation import check_choice, read_count

ENTRY_LIMITS = {"float64": 2 * 10**8, "exact": 2 * 10**7}
"""Most entries a fitted table may have: 1.6 GB of floats, or about a minute of rational arithmetic."""

MOST_DENSE = 2048
"""Most tokens of a chain whose matrix is stored whole."""

BACKGROUNDS = ("uniform", "unigram")
"""What smoothing adds to every context: the same for all tokens, or by their frequency."""


def fit_ngram(
    text_or_path: str | os.PathLike[str],
    order: int,
    length: int,
    *,
    level: str = "character",
    alphabet: str = "raw",
    vocabulary: int | None = None,
    min_count: int = 1,
    smoothing: Any = 0,
    background: str = "uniform",
    arithmetic: str = "float64",
) -> NGram | SparseMarkovChain:
    """The n-gram of a corpus, on sequences of `length` tokens: a `MarkovChain` for order 2.

    With c(u) the number of windows of n tokens that begin with the n-1 tokens u, and c(u, v) the number of
    those that end in v,

        initial[u] = (c(u) + s) / (sum c + s V^(n-1))        transition[u, v] = (c(u, v) + s) / (c(u) + s V)

    for the smoothing s >= 0.  A chain (order 2) over more than `MOST_DENSE` tokens is a
    `SparseMarkovChain` of the same probabilities: the successors in the text beside a shared background, which is
    uniform, or on request the frequencies of the tokens, f(v) in

        transition[u, v] = (c(u, v) + s V f(v)) / (c(u) + s V).

    With s = 0 every window of a possible sequence occurs in the text, and the
    rows of contexts that do not occur are zero.  The law's `symbols` say what its tokens stand for.

    text_or_path: a path (`pathlib.Path`), or a string.  A string of one line is taken for a path if it
    names something that exists or looks like a path (it ends in a suffix such as `.txt`, or begins with
    `/`, `./` or `../`); any other string is the text itself.  A file is read twice, a piece at a time: the
    memory taken is that of the law, of the different words and of the different windows.
    level: tokens are "character"s or "word"s, maximal runs of characters other than white space.
    alphabet: "raw" takes the text as it is; "letters" lowers it and turns every run of anything but a to z
    into one space (Shannon's alphabet of 27 symbols); "vowels" then writes v for a, e, i, o, u, y and c for the
    other letters (Markov 1913, with the space).
    vocabulary: how many of the words, the most frequent ones, are tokens (ties: the first in order); all others
    are `<unk>`, one token more if there are any.  By default every word is a token.
    min_count: words that occur less often than this are `<unk>` too.
    smoothing: s, a float, or an int, fraction or "1/2" (for exact numbers).
    background: "uniform", or "unigram" for chains: what smoothing adds is shared out by frequency, and the law
    is a `SparseMarkovChain` whatever its size.
    arithmetic: as `Oracle.to` names it; "exact" counts in rationals.

    If the last context of the text occurs nowhere else, nothing follows it: without smoothing the window
    that leads there is left out, and so on until the rest ends in a context that has a successor.
    Raises ValueError if nothing is left, for a corpus that cannot be read or is shorter than the order, and
    for a table of more than `ENTRY_LIMITS` entries.  Warns (UserWarning) of windows left out.
    """
    order, length = read_count("order", order), read_count("length", length)
    number_system = _counting_system(arithmetic)
    added = _read_smoothing(smoothing, number_system)
    check_choice("background", background, BACKGROUNDS)
    if background == "unigram" and order != 2:
        raise ValueError(
            f"background: expected uniform for order {order}, got {background!r}: it is for order 2"
        )
    corpus = Corpus.of(text_or_path, level, alphabet, vocabulary, min_count)
    sparse = order == 2 and (background == "unigram" or len(corpus.symbols) > MOST_DENSE)
    if not sparse:
        _check_entries(len(corpus.symbols), order, level, number_system)
    counts = Windows.of(corpus, order)
    if not number_system.element(added) > 0:
        counts.drop_dead_end()
    if sparse:
        shared = np.ones(counts.vocab, dtype=np.int64) if background == "uniform" else counts.occurrences()
        law = _sparse_chain(counts, added, shared, length, number_system)
    else:
        initial, transition = _relative_frequencies(counts, added, number_system)
        law = (MarkovChain if order == 2 else NGram)(initial, transition, length)
    law.symbols = corpus.symbols
    return law if law.arithmetic.name == arithmetic else law.to(arithmetic)


def _counting_system(name: str) -> Arithmetic:
    """Frequencies are floats or rationals; other systems convert from these."""
    wanted = arithmetic(name)  # the name is known, or this says so
    return arithmetic("float64" if wanted.name.startswith("float") else "exact")


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
    largest = max(n for n in range(MAX_AXES + 1) if vocab**n <= limit)
    if order > largest:
        raise ValueError(
            f"order: expected at most {largest} for {vocab} different {level}s, got {order}: a table of "
            f"{vocab}**{order} = 1e{order * math.log10(vocab):.1f} entries of 8 bytes (the limits are "
            f"{limit:.0e} entries and {MAX_AXES} axes)"
        )
    each = READING * entry_bytes(number_system)
    check_bytes("order", float(each) * vocab**order, f"a table of order {order} over {vocab} {level}s")


def _relative_frequencies(counts: Windows, added: Array, number_system: Arithmetic) -> tuple[Array, Array]:
    """(initial, transition) of `fit_ngram`; only windows that occur are computed one by one."""
    vocab, order, contexts = counts.vocab, counts.order, counts.contexts
    totals = number_system.array(counts.uses())
    denominators = totals + added * vocab
    unseen = number_system.quotient_or_zero(added, denominators)
    transition = unseen[:, None] + number_system.zeros(1, vocab)
    seen = number_system.divide(
        number_system.array(counts.times) + added, denominators[number_system.index(counts.codes // vocab)]
    )
    transition.reshape(-1)[number_system.index(counts.codes)] = seen
    windows = number_system.array(int(counts.times.sum()))
    initial = number_system.divide(totals + added, windows + added * contexts)
    return initial.reshape((vocab,) * (order - 1)), transition.reshape((vocab,) * order)


def _sparse_chain(
    counts: Windows, added: Array, shared: Tokens, length: int, number_system: Arithmetic
) -> SparseMarkovChain:
    """The chain of `fit_ngram`; shared: how often the background's tokens occur, `[V]`."""
    vocab = counts.vocab
    totals = number_system.array(counts.uses())
    denominators = totals + added * vocab
    owners = number_system.index(counts.codes // vocab)
    weights = number_system.divide(number_system.array(counts.times), denominators[owners])
    # Without smoothing the row of a token that nothing follows is zero: it is never visited.
    rest = number_system.quotient_or_zero(added * vocab + number_system.zeros(vocab), denominators)
    background = number_system.divide(
        number_system.array(shared), number_system.array(int(shared.sum())).reshape(1)
    )
    windows = number_system.array(int(counts.times.sum()))
    initial = number_system.divide(totals + added, windows + added * vocab)
    ends = np.searchsorted(counts.codes, np.arange(1, vocab) * vocab)
    rows = np.split(counts.codes % vocab, ends), [weights[part] for part in _slices(ends, len(counts.codes))]
    return SparseMarkovChain.with_rest(initial, *rows, rest, background, length, number_system)


def _slices(ends: Tokens, count: int) -> list[slice]:
    return [slice(start, end) for start, end in pairwise([0, *ends.tolist(), count])]
