"""The law of a back-off n-gram in an ARPA file."""

from __future__ import annotations

import math
import os
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oracles.memory import READING, check_bytes
from oracles.ngram import MarkovChain, NGram
from oracles.readers.arpa_file import BackoffModel, read_backoff_model
from oracles.validation import ROW_TOLERANCE, check_choice, read_count

NORMALISATION_LIMIT = 1e-3
"""How far the probabilities after a context may miss 1 and still be taken for rounded ones (4 digits or more)."""

ENTRY_LIMIT = 2 * 10**8
"""Most entries of all the tables of a law: 1.6 GB of floats."""

ENDS = ("absorb", "exclude")

Floats = NDArray[np.float64]


def read_arpa(
    path: str | os.PathLike[str], length: int, *, ends: str = "absorb", normalise: bool = True
) -> NGram:
    """The law of the first `length` tokens that a back-off n-gram generates: a `MarkovChain` for order 2.

    After the context c of n-1 tokens (fewer at the start, where c begins with `<s>`),

        P(w | c) = the listed probability of (c, w), else weight(c) P(w | c without its first token),

    where a context that is not listed has weight 1.  Sequences start after `<s>`, which is never generated
    (a model without `<s>` starts from no context); `<unk>` is a token like any other if the model has it.
    A log10 of -99 or less stands for probability zero.  The tokens are the words in sorted order, `</s>` last.

    path: as KenLM, SRILM and the CMU toolkit write it, plain or gzipped.
    ends: with "absorb", `</s>` is a token and after it comes nothing but `</s>`: sentences, padded or cut
    to the length.  With "exclude" the law is conditional on no `</s>` among the `length` tokens, and `</s>` is
    not a token; its transitions then differ from step to step (those of the model, reweighted by the
    probability of going on to the end).
    normalise: such files round, so the probabilities after a context miss 1 by 1e-4 to 1e-7.  They are divided
    by their sum, with a UserWarning that says what the largest correction was; contexts that miss 1 by more
    than `NORMALISATION_LIMIT` are an error.  With False the limit is the 1e-9 of every float law.

    An order below 2 is read as order 2.  Raises ValueError for a malformed file (naming the line), one
    whose rows do not sum to 1 (IRSTLM's, which generate `<s>`), tables of more than `ENTRY_LIMIT` entries,
    and for "exclude" if every sequence ends before `length`.
    Source: the ngram-format(5) page of SRILM; Katz 1987 for the back-off.
    """
    length = read_count("length", length)
    check_choice("ends", ends, ENDS)
    copies = length if ends == "exclude" else 1
    model = read_backoff_model(path, lambda counts: _check_entries(path, counts, copies))
    rows = _rows(model)
    if model.has_end:
        for row in rows.all:
            _absorb(row)
    rows = _normalised(os.fspath(path), model, rows, normalise)
    excluded = ends == "exclude" and model.has_end
    initial, transition = _going_on(rows, length) if excluded else (_joint(rows.starts), rows.transition)
    law = (MarkovChain if initial.ndim == 1 else NGram)(initial, transition, length)
    law.symbols = model.symbols[:-1] if excluded else model.symbols
    return law


@dataclass(frozen=True)
class _Rows:
    """P(next | context) where a law needs it.

    starts: for the first, second, .. token, `[V]`, `[V, V]`, ..; transition: `(V,)*n`, for those after n-1.
    """

    starts: list[Floats]
    transition: Floats

    @property
    def all(self) -> list[Floats]:
        return [*self.starts, self.transition]


def _check_entries(path: str | os.PathLike[str], counts: list[int], copies: int) -> None:
    order, words = max(len(counts), 2), counts[0]
    if math.log10(copies) + order * math.log10(words) > math.log10(ENTRY_LIMIT):
        tables = f"{copies} tables" if copies > 1 else "a table"
        raise ValueError(
            f"{os.fspath(path)}: expected a model of at most {ENTRY_LIMIT:.0e} entries, got order {order} over "
            f"{words} words: {tables} of {words}**{order} = 1e{order * math.log10(words):.1f} entries of 8 bytes"
        )
    check_bytes(os.fspath(path), READING * 8.0 * copies * words**order, f"a model of order {order}")


def _rows(model: BackoffModel) -> _Rows:
    vocab = len(model.symbols)
    tables = _conditional_tables(model)
    words = slice(None, vocab)
    order = len(tables)
    if model.has_begin:
        starts = [tables[k + 1][(vocab, *(words,) * k)] for k in range(order - 1)]
    else:
        starts = [tables[k][(words,) * k] for k in range(order - 1)]
    # Copies: rows are changed in place, and a table of a higher order shares none of a lower one's.
    return _Rows([start.copy() for start in starts], tables[-1][(words,) * (order - 1)].copy())


def _conditional_tables(model: BackoffModel) -> list[Floats]:
    """P(w | c) for contexts of 0, 1, .. n-1 tokens: `[V]`, `[W, V]`, `[W, W, V]`, .. where W counts `<s>`."""
    vocab = len(model.symbols)
    side = vocab + model.has_begin
    listings = list(model.listings)
    tables = [np.zeros(vocab)]
    weights = np.ones(())
    for order in range(1, max(len(listings), 2) + 1):
        table = tables[-1] if order == 1 else weights[..., None] * tables[-1]
        weights = np.ones((side,) * order)
        if order <= len(listings):
            listing = listings[order - 1]
            weights[tuple(listing.words.T)] = listing.weights
            generated = listing.words[:, -1] < vocab
            table[tuple(listing.words[generated].T)] = listing.probabilities[generated]
        if order > 1:
            tables.append(table)
    return tables


def _absorb(rows: Floats) -> None:
    """After the last token of the vocabulary, anywhere in the context, comes the same again."""
    for axis in range(rows.ndim - 1):
        ended = np.moveaxis(rows, axis, 0)[-1]
        ended[...] = 0
        ended[..., -1] = 1


def _normalised(name: str, model: BackoffModel, rows: _Rows, normalise: bool) -> _Rows:
    """The rows divided by their sums, which miss 1 by no more than rounding."""
    limit = NORMALISATION_LIMIT if normalise else ROW_TOLERANCE["float64"]
    largest = 0.0
    for k, table in enumerate(rows.all):
        sums = np.asarray(table.sum(axis=-1))
        misses = np.abs(sums - 1)
        worst = np.unravel_index(int(misses.argmax()), misses.shape)
        if misses[worst] > limit:
            start = ["<s>"] if model.has_begin and k < len(rows.starts) else []
            context = " ".join([*start, *(model.symbols[token] for token in worst)])
            place = f"after {context!r}" if context else "for the 1-grams"
            raise ValueError(
                f"{name}: expected probabilities that sum to 1 within {limit:g} after every context, got "
                f"{sums[worst]:.9g} {place}"
            )
        largest = max(largest, float(misses[worst]))
    if largest <= ROW_TOLERANCE["float64"]:
        return rows
    warnings.warn(
        f"{name}: the probabilities after a context are rounded and miss 1 by up to {largest:.1e}; each is "
        "divided by their sum",
        stacklevel=3,
    )
    starts = [start / start.sum(axis=-1, keepdims=True) for start in rows.starts]
    return _Rows(starts, rows.transition / rows.transition.sum(axis=-1, keepdims=True))


def _joint(starts: list[Floats]) -> Floats:
    joint = starts[0]
    for start in starts[1:]:
        joint = joint[..., None] * start
    return joint


def _going_on(rows: _Rows, length: int) -> tuple[Floats, list[Floats]]:
    """(initial, transitions) given that none of the `length` tokens is the last of the vocabulary.

    With h_i(c) the probability of going on from the context c before position i, up to a factor,

        h_L = 1        T_i[c, w] = P(w | c) h_{i+1}(c, w) / h_i(c)        h_i(c) = sum_w P(w | c) h_{i+1}(c, w).
    """
    starts = [start[(slice(None, -1),) * start.ndim] for start in rows.starts[:length]]
    transition = rows.transition[(slice(None, -1),) * rows.transition.ndim]
    possible = transition > 0
    onward, can_go_on = np.ones(transition.shape[1:]), np.ones(transition.shape[1:], dtype=bool)
    steps: list[Floats] = []
    for _ in range(length - len(starts)):
        masses = transition * onward
        totals = masses.sum(axis=-1)
        steps.append(np.divide(masses, totals[..., None], out=masses, where=totals[..., None] > 0))
        onward = totals / (totals.max(initial=0) or 1)
        can_go_on = (possible & can_go_on).any(axis=-1)
        if (can_go_on & (onward == 0)).any():
            raise ArithmeticError("probabilities of going on underflow in floats: take a shorter length")
    initial = _joint(starts)
    if steps:
        initial = initial * onward
    if not initial.sum() > 0:
        raise ValueError(f"length: expected one that sentences of the model reach, got {length}")
    return initial / initial.sum(), steps[::-1]
