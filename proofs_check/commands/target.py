"""The law that a command is about: a text to fit, a stored oracle, or one of the zoo."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from oracles import NGram, Oracle, default_corpus, fit_hmm, fit_ngram, read_arpa
from oracles.readers.arpa_file import END
from oracles.storage import resolve
from oracles.validation import read_count
from proofs_check.commands.console import Report, note

LONGEST = 100_000
"""Tokens in the longest sequence that is analysed."""

BACK_OFF_FILES = (".arpa", ".arpa.gz")

DEFAULT_NAME = "the manual that ships with Python (pydoc_data.topics)"


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


def read_target(
    target: str | None, options: Mapping[str, Any], *, seed: int = 0, report: Report | None = None
) -> Target:
    """The law named on the command line; `options` holds those of a reader (`fit_ngram`, ..) that were given.

    seed, report: of an HMM that is fitted.  ValueError for what names no law, and for options that do not
    apply to it.
    """
    if target is not None and (target.startswith("zoo:") or target.endswith(".json")):
        _check_options(options, "length", f"the oracle {target}")
        law = _resolved(target, options.get("length"))
        _check_length(law.length)
        return Target(
            law, target, _described(law), "an error is a sequence of probability zero", fitted=False
        )
    options = {"length": 256, **options}
    _check_length(read_count("length", options["length"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        if target is not None and target.endswith(BACK_OFF_FILES):
            found = _back_off(target, options)
        elif "states" in options:
            found = _fitted_hmm(target, options, seed, report)
        else:
            found = _fitted_ngram(target, {"order": 2, "smoothing": "0", **options})
    for warning in caught:
        note(str(warning.message))
    return found


def _resolved(target: str, length: int | None) -> Oracle:
    """An oracle by its name; one of the zoo can be told its length beside it."""
    if length is None:
        return resolve(target)
    query = target.partition("?")[2]
    if target.startswith("zoo:") and not query.startswith("length=") and "&length=" not in query:
        return resolve(f"{target}{'&' if query else '?'}length={length}")
    law = resolve(target)
    if law.length != length:
        raise ValueError(f"length: expected {law.length}, that of {target}, got {length}")
    return law


def _check_options(options: Mapping[str, Any], known: str, got: str) -> None:
    wanted = {"ends": "a model in an .arpa file", "states": "a text to fit an HMM to"}
    for option in options:
        if option not in known.split():
            raise ValueError(
                f"{option}: expected {wanted.get(option, 'a text to fit an n-gram to')}, got {got}"
            )


def _fitted_ngram(path: str | None, options: dict[str, Any]) -> Target:
    known = "order length level alphabet vocabulary min_count smoothing background"
    _check_options(options, known, "a text to fit an n-gram to")
    law = fit_ngram(_text(path), **options)
    unit = options.get("level", "character")
    if Fraction(options["smoothing"]):
        error = f"smoothed by {options['smoothing']}: every sequence is possible, so there are no errors"
    else:
        window = f"{options['order']} {unit}{'s' * (options['order'] != 1)}"
        error = f"unsmoothed: an error is a sequence with a window of {window} that never occurs in the text"
    origin = f"{_size(path)}; n-gram of order {options['order']} over {unit}s, {_described(law)}"
    return Target(law, path or DEFAULT_NAME, origin, error, fitted=True)


def _fitted_hmm(path: str | None, options: dict[str, Any], seed: int, report: Report | None) -> Target:
    _check_options(options, "states length level alphabet vocabulary min_count", "an HMM to fit")
    law = fit_hmm(_text(path), **options, seed=seed, progress=report)
    unit = options.get("level", "character")
    origin = f"{_size(path)}; HMM of {options['states']} hidden states over {unit}s by EM, {_described(law)}"
    if all(bool((array > 0).all()) for array in (law.initial, *law.transitions[:1], *law.emissions[:1])):
        error = "fitted by EM: every sequence is possible, so there are no errors"
    else:
        error = "fitted by EM: an error is a sequence of probability zero"
    return Target(law, path or DEFAULT_NAME, origin, error, fitted=False)


def _back_off(path: str, options: dict[str, Any]) -> Target:
    _check_options(options, "length ends", f"the model {path}")
    law = read_arpa(path, **options)
    origin = f"back-off n-gram of order {law.order}, {_described(law)}"
    return Target(law, path, origin, _back_off_errors(law), fitted=False)


def _back_off_errors(law: NGram) -> str:
    """What counts as an error under a back-off n-gram, read off its support."""
    ends = law.symbols is not None and law.symbols[-1] == END
    inside = slice(None, -1 if ends else None)
    tables = {id(table): table for table in (law.initial, *law.transitions)}
    steps = {key: table[(inside,) * (table.ndim - 1)] for key, table in tables.items()}
    if not all(bool((rows > 0).all()) for rows in steps.values()):
        return "an error is a sequence with a token that the model gives probability zero after its context"
    if ends:
        return f"back-off leaves every token possible: an error is only a sequence in which one follows {END}"
    return "back-off leaves every token possible after every context, so there are no errors"


def _text(path: str | None) -> str | Path:
    return default_corpus() if path is None else Path(path)


def _size(path: str | None) -> str:
    if path is None:
        return f"{len(default_corpus()):,} characters"
    return f"{Path(path).stat().st_size:,} bytes"


def small_fit(target: str | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a reader, with those of a law small enough for exact laws of samplers where none were given.

    Of a text: a trigram of vowels, consonants and spaces, or over words the three most frequent ones.
    """
    if target is not None and (target.startswith("zoo:") or target.endswith(".json")):
        return dict(options)
    small: dict[str, Any] = {"length": 6}
    if target is None or not target.endswith(BACK_OFF_FILES):
        by_word = options.get("level") == "word"
        small |= {"vocabulary": 3} if by_word else {"alphabet": "vowels"}
        small |= {} if "states" in options else {"order": 2 if by_word else 3}
    return small | dict(options)


def _described(law: Oracle) -> str:
    return f"V = {law.vocab_size}, L = {law.length}, {law.arithmetic.name}"


def _check_length(length: int) -> None:
    if length > LONGEST:
        raise ValueError(f"length: expected at most {LONGEST}, got {length}")
