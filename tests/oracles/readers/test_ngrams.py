import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.ngram import MarkovChain, NGram
from oracles.readers import default_corpus, fit_ngram
from oracles.sparse_chain import SparseMarkovChain
from oracles.symbols import decode, encode
from oracles.testing import check_oracle


def quietly(*arguments: Any, **options: Any) -> Any:
    """`fit_ngram` without its warning of windows left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fit_ngram(*arguments, **options)


# ---------------------------------------------------------------------- against a dictionary of windows


def surviving_windows(items: Sequence[str], order: int) -> list[tuple[str, ...]]:
    """All windows, less those that lead to a context no remaining window begins with."""
    windows = [tuple(items[i : i + order]) for i in range(len(items) - order + 1)]
    while True:
        starts = {window[:-1] for window in windows}
        remaining = [window for window in windows if window[1:] in starts]
        if len(remaining) == len(windows):
            return windows
        windows = remaining


def frequencies(
    items: Sequence[str], order: int, smoothing: Fraction
) -> tuple[dict[tuple[str, ...], Fraction], dict[tuple[str, ...], Fraction]]:
    """(initial, transition) by counting in dictionaries; no entry where there is nothing to count."""
    windows = surviving_windows(items, order) if smoothing == 0 else None
    if windows is None:
        windows = [tuple(items[i : i + order]) for i in range(len(items) - order + 1)]
    alphabet = sorted(set(items))
    whole, begun = Counter(windows), Counter(window[:-1] for window in windows)
    contexts = list(product(alphabet, repeat=order - 1))
    total = len(windows) + smoothing * len(contexts)
    initial, transition = {}, {}
    for context in contexts:
        initial[context] = (begun[context] + smoothing) / total
        share = begun[context] + smoothing * len(alphabet)
        if share:
            for symbol in alphabet:
                transition[*context, symbol] = (whole[*context, symbol] + smoothing) / share
    return initial, transition


SMOOTHING = st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(7, 3)])
WORDS = st.lists(st.sampled_from(["a", "bb", "c.", "é"]), min_size=1, max_size=30)


@given(st.text("abc ", min_size=1, max_size=30), st.integers(1, 4), st.integers(1, 5), SMOOTHING)
def test_characters_are_counted_as_a_dictionary_counts_them(
    text: str, order: int, length: int, smoothing: Fraction
) -> None:
    check_counts(text, list(text), order, length, smoothing, "character")


@given(WORDS, st.sampled_from([" ", "\n", "\t  "]), st.integers(1, 3), SMOOTHING)
def test_words_are_counted_as_a_dictionary_counts_them(
    words: list[str], space: str, order: int, smoothing: Fraction
) -> None:
    check_counts(space.join(words), words, order, 3, smoothing, "word")


def check_counts(
    text: str, items: Sequence[str], order: int, length: int, smoothing: Fraction, level: str
) -> None:
    options: dict[str, Any] = {"level": level, "smoothing": smoothing}
    if len(items) < order or (smoothing == 0 and not surviving_windows(items, order)):
        with pytest.raises(ValueError, match="text_or_path: expected"):
            quietly(text, order, length, **options)
        return
    initial, transition = frequencies(items, order, smoothing)
    law = quietly(text, order, length, arithmetic="exact", **options)
    assert type(law) is (MarkovChain if order == 2 else NGram)
    assert law.symbols == tuple(sorted(set(items)))
    assert (law.length, law.vocab_size, law.order) == (length, len(set(items)), order)
    rounded = quietly(text, order, length, **options)
    for index in np.ndindex(*law.initial.shape):
        context = tuple(law.symbols[token] for token in index)
        assert law.initial[index] == initial[context]
        assert math.isclose(rounded.initial[index], initial[context], rel_tol=1e-15)
    for index in np.ndindex(*law.transitions[0].shape) if law.transitions else ():
        window = tuple(law.symbols[token] for token in index)
        assert law.transitions[0][index] == transition.get(window, 0)
        assert math.isclose(rounded.transitions[0][index], transition.get(window, 0), rel_tol=1e-15)


@given(st.text("abc", min_size=3, max_size=20), st.integers(2, 3))
def test_without_smoothing_every_possible_window_occurs_in_the_text(text: str, order: int) -> None:
    if not surviving_windows(text, order):
        return
    law = quietly(text, order, 4)
    assert law.symbols is not None
    for tokens in np.ndindex(*(law.vocab_size,) * 4):
        sequence = decode(tokens, law.symbols)
        occur = all(sequence[i : i + order] in text for i in range(4 - order + 1))
        assert not law.in_support(tokens) or occur


# ---------------------------------------------------------------------- dead ends


def test_a_last_context_without_successor_is_left_out_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="its last 3 of 7 windows are left out"):
        law = fit_ngram("ababaxyz", 2, 3, arithmetic="exact")
    assert law.symbols == ("a", "b", "x", "y", "z")
    assert law.initial.tolist() == [Fraction(1, 2), Fraction(1, 2), 0, 0, 0]
    assert law.transitions[0][:2].tolist() == [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert not law.in_support(encode("bax", law.symbols))


def test_a_text_whose_end_comes_again_is_counted_whole() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law = fit_ngram("abcab", 3, 4, arithmetic="exact")
    assert law.probability(encode("abca", law.symbols or ())) == Fraction(1, 3)


def test_smoothing_leaves_nothing_out() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law = fit_ngram("ab", 2, 2, smoothing=1, arithmetic="exact")
    assert law.initial.tolist() == [Fraction(2, 3), Fraction(1, 3)]
    assert law.transitions[0].tolist() == [[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 2)] * 2]


def test_a_text_of_dead_ends_only_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a text in which some context comes again"):
        fit_ngram("abcdef", 2, 3)


# ---------------------------------------------------------------------- the corpus


def test_a_path_and_its_text_give_the_same_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "to be or not to be, that is the question: to be\r\n"
    (tmp_path / "corpus.txt").write_bytes(text.encode())
    (tmp_path / "corpus").write_bytes(text.encode())
    monkeypatch.chdir(tmp_path)
    wanted = quietly(text, 2, 5)
    for path in (tmp_path / "corpus", str(tmp_path / "corpus"), "corpus", Path("corpus"), "./corpus.txt"):
        law = quietly(path, 2, 5)
        assert law.symbols == wanted.symbols
        assert (law.transitions[0] == wanted.transitions[0]).all()


def test_a_string_that_names_nothing_is_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "abab").write_text("cdcd")
    monkeypatch.chdir(tmp_path)
    assert fit_ngram("ababa", 2, 3).symbols == ("a", "b")
    assert fit_ngram("abab\n" * 2, 2, 3).symbols == ("\n", "a", "b")
    assert fit_ngram("ab" * 10**4, 2, 3).symbols == ("a", "b")
    assert quietly("a\0a\0", 2, 3).symbols == ("\0", "a")
    assert fit_ngram("abab", 2, 3).symbols == ("c", "d")


@pytest.mark.parametrize("name", ["corpus.txt", "no such corpus.md", "./corpus", "../corpus", "/no/corpus"])
def test_a_path_to_nothing_is_not_taken_for_a_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"^{re.escape(name)}: .*No such file"):
        fit_ngram(name, 2, 3)


def test_a_corpus_that_is_no_text_is_named(tmp_path: Path) -> None:
    for content, message in [(b"", "empty file"), (b"a\0b", "binary"), (b"caf\xe9", "expected UTF-8 text")]:
        (tmp_path / "corpus").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            fit_ngram(tmp_path / "corpus", 2, 3)
    with pytest.raises(ValueError, match=r"[Dd]irectory"):
        fit_ngram(str(tmp_path), 2, 3)
    with pytest.raises(ValueError, match="text_or_path: expected a text or a path, got an empty string"):
        fit_ngram("", 2, 3)


def test_vowels_are_markovs_alphabet() -> None:
    law = quietly("Ab,  yaB\n\n9ba", 2, 3, alphabet="vowels", arithmetic="exact")
    assert law.symbols == (" ", "c", "v")  # "vc vvc cv"
    assert str(law.probability([2, 3, 3])) == "3/8"


def test_letters_are_shannons_alphabet() -> None:
    law = quietly("Ab,  ÉaB\n\n9ba", 2, 3, alphabet="letters", arithmetic="exact")
    assert law.symbols == (" ", "a", "b")
    wanted = quietly("ab ab ba", 2, 3, arithmetic="exact")
    assert law.transitions[0].tolist() == wanted.transitions[0].tolist()
    assert quietly("It is: it IS", 1, 1, level="word", alphabet="letters").symbols == ("is", "it")


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("abab", {"order": 0}, "order: expected an integer of at least 1, got 0"),
        ("abab", {"length": 0}, "length: expected an integer of at least 1, got 0"),
        ("abab", {"level": "byte"}, "level: expected one of character, word, got 'byte'"),
        ("abab", {"alphabet": "greek"}, "alphabet: expected one of raw, letters, vowels, got 'greek'"),
        ("abab", {"arithmetic": "double"}, "arithmetic: expected one of float32, .*got 'double'"),
        ("abab", {"smoothing": -1}, "smoothing: expected a number of at least 0, got -1"),
        ("abab", {"smoothing": math.nan}, "smoothing: expected a finite number, got nan"),
        ("abab", {"smoothing": math.inf}, "smoothing: expected a finite number, got inf"),
        ("abab", {"smoothing": "some"}, "smoothing: expected a finite number, got 'some'"),
        ("abab", {"smoothing": "1/0"}, "smoothing: expected a finite number, got '1/0'"),
        ("abab", {"smoothing": None}, "smoothing: expected a finite number, got None"),
        ("abab", {"smoothing": True}, "smoothing: expected a number of at least 0, got True"),
        (
            "abab",
            {"smoothing": 0.5, "arithmetic": "exact"},
            "smoothing: expected an exact number .* float 0.5",
        ),
        ("abab", {"order": 5}, "text_or_path: expected at least 5 characters, got 4"),
        (" \n ", {"level": "word"}, "text_or_path: expected at least 2 words, got 0"),
        (
            "ab" * 30,
            {"order": 28},
            r"order: expected at most 27 for 2 different characters, got 28: .*2\*\*28",
        ),
        ("ab" * 30, {"order": 25, "arithmetic": "exact"}, "order: expected at most 24"),
        ("a" * 70, {"order": 65}, "order: expected at most 64"),
        ("ab" * 600, {"order": 1100}, r"order: expected at most 27 .*2\*\*1100 = 1e331.1 entries"),
    ],
)
def test_mistakes_are_named(text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_ngram(text, **({"order": 2, "length": 3} | options))


@pytest.mark.parametrize("name", ["float32", "float64", "exact", "ball", "symbolic", "boolean"])
def test_every_arithmetic_is_served(name: str) -> None:
    law = fit_ngram("abracadabra", 2, 4, arithmetic=name)
    assert law.arithmetic.name == name
    assert law.symbols == ("a", "b", "c", "d", "r")
    wanted = fit_ngram("abracadabra", 2, 4, arithmetic="exact").to(name)
    assert law.arithmetic.tolist(law.transitions[0] == wanted.transitions[0]) == [[True] * 5] * 5


@pytest.mark.parametrize("smoothing", ["1/2", 0.5, Fraction(1, 2)])
def test_smoothing_is_read_in_every_form(smoothing: Any) -> None:
    assert fit_ngram("aab", 1, 1, smoothing=smoothing).probability([0]) == 2.5 / 4
    assert fit_ngram("aab", 1, 1, smoothing="0.5", arithmetic="exact").probability([0]) == Fraction(5, 8)


def test_smoothing_by_the_string_zero_is_none() -> None:
    assert fit_ngram("abab", 2, 2, smoothing="0").transitions[0].tolist() == [[0, 1], [1, 0]]


# ---------------------------------------------------------------------- the default corpus


def test_the_default_corpus_is_english() -> None:
    text = default_corpus()
    assert text == default_corpus()
    assert 300_000 < len(text) < 2_000_000
    assert "\0" not in text
    letters = Counter(character for character in text.lower() if character.isalpha())
    assert [letter for letter, _ in letters.most_common(2)] == ["e", "t"]


def test_the_default_corpus_as_a_chain() -> None:
    """The support is the observed bigrams; one more token costs what a bigram of English costs."""
    text = default_corpus()
    law, longer = quietly(text, 2, 20), quietly(text, 2, 21)
    assert law.symbols == tuple(sorted(set(text)))
    assert 60 < law.vocab_size < 200
    symbols = law.symbols
    positive = {symbols[u] + symbols[v] for u, v in law.transitions[0].nonzero().tolist()}
    assert positive == {text[i : i + 2] for i in range(len(text) - 1)}
    assert 3.0 < longer.entropy().value - law.entropy().value < 4.0
    stationary = law.initial @ law.transitions[0]
    assert abs(stationary - law.initial).max() < 1e-4


def test_orders_tell_the_default_corpus_apart() -> None:
    text = default_corpus()
    rates = []
    for order in (1, 2, 3):
        law = quietly(text, order, 4, alphabet="letters")
        assert law.vocab_size == 27
        rates.append(law.entropy().value - law.marginal([0, 1, 2]).entropy().value)
    assert 4.0 < rates[0] < 4.3
    assert 3.1 < rates[1] < 3.6
    assert 2.3 < rates[2] < 3.0


WORDS = "the cat sat on the mat and the dog sat on the cat and ran on"


@pytest.mark.parametrize("smoothing", [0, "1/2", 3])
def test_a_large_vocabulary_gives_the_same_chain_without_its_matrix(
    smoothing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = fit_ngram(WORDS, 2, 3, level="word", smoothing=smoothing, arithmetic="exact")
    monkeypatch.setattr("oracles.readers.ngrams.MOST_DENSE", 3)
    sparse = fit_ngram(WORDS, 2, 3, level="word", smoothing=smoothing, arithmetic="exact")
    assert isinstance(sparse, SparseMarkovChain)
    assert sparse.symbols == dense.symbols
    assert sum(map(len, sparse.successors)) == len(set(pairwise(WORDS.split())))
    assert (sparse.joint() == dense.joint()).all()
    # Nothing follows the last word: without smoothing its row is zero, and it never occurs.
    cut = quietly(WORDS + " nowhere", 2, 3, level="word", smoothing=smoothing, arithmetic="exact")
    assert cut.in_support([cut.vocab_size, 4, cut.vocab_size]) == (smoothing != 0)
    check_oracle(cut, samples=300, limit=20)


def test_a_background_of_frequencies() -> None:
    law = fit_ngram(WORDS, 2, 2, level="word", smoothing="1/4", background="unigram", arithmetic="exact")
    assert isinstance(law, SparseMarkovChain)
    words = WORDS.split()
    vocab, (the, cat, ran) = len(set(words)), map(sorted(set(words)).index, ("the", "cat", "ran"))
    added = Fraction(vocab, 4)
    for after, count in ((cat, 2), (ran, 0)):
        frequency = Fraction(words.count(law.symbols[after]), len(words))
        expected = (count + added * frequency) / (4 + added)
        assert law.conditionals([the, vocab], [1])[0, after] == expected
    check_oracle(law, samples=300)


@pytest.mark.parametrize(
    ("order", "background", "message"),
    [
        (3, "unigram", "^background: expected uniform for order 3"),
        (2, "bigram", "^background: expected one of uniform"),
    ],
)
def test_backgrounds_that_are_refused(order: int, background: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_ngram(WORDS, order, 4, level="word", background=background)


def test_a_table_beyond_the_memory_budget_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracles.memory.budget", lambda: 50)
    with pytest.raises(
        ValueError, match="order: expected a table of order 2 over 3 characters within a budget"
    ):
        fit_ngram("abcabcabc", 2, 3)
