import os
import random
import threading
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.readers import corpus as module
from oracles.readers import fit_ngram
from oracles.readers.corpus import Corpus, _letters, _whole_words

PIECES = st.lists(st.text("ab C.\n\u00a0Σé", max_size=5), max_size=6)


def tokens(corpus: Corpus) -> list[int]:
    return [token for piece in corpus.tokens() for token in piece.tolist()]


# ---------------------------------------------------------------------- pieces


@given(PIECES)
def test_letters_do_not_depend_on_the_pieces(pieces: list[str]) -> None:
    assert "".join(_letters(pieces)) == "".join(_letters(["".join(pieces)]))


@given(PIECES)
def test_words_are_cut_where_there_is_space(pieces: list[str]) -> None:
    cut = list(_whole_words(pieces))
    assert "".join(cut) == "".join(pieces)
    assert [word for piece in cut for word in piece.split()] == "".join(pieces).split()


@pytest.mark.parametrize(
    "options", [{}, {"alphabet": "letters"}, {"level": "word"}, {"level": "word", "vocabulary": 2}]
)
@given(
    text=st.text("ab C.\n", min_size=4, max_size=30).filter(lambda text: len(text.split()) > 3),
    order=st.integers(1, 3),
)
def test_counts_do_not_depend_on_the_pieces(options: dict[str, Any], text: str, order: int) -> None:
    options = options | {"smoothing": 1, "arithmetic": "exact"}
    laws = []
    with pytest.MonkeyPatch.context() as patch:
        for size in (1, 3, 1000):
            patch.setattr(module, "PIECE", size)
            laws.append(fit_ngram(text + "\n", order, 3, **options))
    for law in laws[:2]:
        assert law.symbols == laws[2].symbols
        assert law.initial.tolist() == laws[2].initial.tolist()
        assert [t.tolist() for t in law.transitions] == [t.tolist() for t in laws[2].transitions]


@given(text=st.text("abcd", min_size=4, max_size=30), order=st.integers(2, 3))
def test_the_dead_end_does_not_depend_on_the_pieces(text: str, order: int) -> None:
    def said(size: int) -> Any:
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(record=True) as caught:
            patch.setattr(module, "PIECE", size)
            warnings.simplefilter("always")
            try:
                law = fit_ngram(text + "\n", order, 3, arithmetic="exact")
            except ValueError as error:
                return str(error)
        return [str(warning.message) for warning in caught], law.initial.tolist(), law.transitions[0].tolist()

    assert said(1) == said(2) == said(1000)


# ---------------------------------------------------------------------- the vocabulary

WORDS = st.lists(st.sampled_from(["a", "bb", "c", "d", "<unk>"]), min_size=1, max_size=20)


@given(WORDS, st.integers(1, 5))
def test_the_most_frequent_words_are_kept(words: list[str], size: int) -> None:
    corpus = Corpus.of(" ".join(words) + "\n", "word", vocabulary=size)
    counts = Counter(word for word in words if word != "<unk>")
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    kept = set(ranked[:size])
    shown = [word if word in kept else "<unk>" for word in words]
    assert corpus.symbols == tuple(sorted(set(shown)))
    assert [corpus.symbols[token] for token in tokens(corpus)] == shown


def test_a_bigram_with_unknown_words() -> None:
    law = fit_ngram("a x b a b a y b a", 2, 3, level="word", vocabulary=2, arithmetic="exact")
    assert law.symbols == ("<unk>", "a", "b")
    assert law.transitions[0].tolist() == [
        [0, 0, 1],
        [Fraction(2, 3), 0, Fraction(1, 3)],
        [0, 1, 0],
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": 5}, "vocabulary: expected words to choose from, got level 'character'"),
        ({"vocabulary": 0, "level": "word"}, "vocabulary: expected an integer of at least 1, got 0"),
    ],
)
def test_what_is_no_vocabulary_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_ngram("a b a b", 2, 3, **options)


# ---------------------------------------------------------------------- files


def test_a_file_that_changes_between_the_readings_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "text"
    for level in ("character", "word"):
        path.write_text("a b a b")
        corpus = Corpus.of(path, level)
        path.write_text("a b c b")
        with pytest.raises(ValueError, match="text_or_path: expected the same text when read again"):
            tokens(corpus)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("abab",))
    writer.start()
    assert fit_ngram(path, 2, 3).symbols == ("a", "b")
    writer.join()


@pytest.mark.parametrize(
    "fit",
    [
        lambda path: fit_ngram(path, 3, 8, alphabet="letters"),
        lambda path: fit_ngram(path, 2, 8, level="word", vocabulary=50),
    ],
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, fit: Callable[[Path], Any]) -> None:
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghé", k=rng.randint(1, 7))) for _ in range(300)]
    pages = " ".join(rng.choices(words, k=20_000)) + "\n"
    peaks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", 2**16)
        for megabytes in (0.5, 4):
            path = tmp_path / "corpus"
            path.write_text(pages * round(megabytes * 1e6 / len(pages.encode())))
            tracemalloc.start()
            law = fit(path)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert np.isclose(float(law.initial.sum()), 1)
    assert peaks[1] < 1.1 * peaks[0] < 30e6


@pytest.mark.parametrize(
    ("options", "symbols"),
    [
        ({"min_count": 2}, ("<unk>", "a", "b")),
        ({"min_count": 3}, ("<unk>", "a")),
        ({"min_count": 9}, ("<unk>",)),
        ({"min_count": 1}, ("a", "b", "c")),
        ({"min_count": 2, "vocabulary": 1}, ("<unk>", "a")),
        ({"min_count": 2, "vocabulary": 3}, ("<unk>", "a", "b")),
    ],
)
def test_rare_words_are_unknown(options: dict, symbols: tuple[str, ...]) -> None:
    corpus = Corpus.of("a b a c a b", "word", **options)
    assert corpus.symbols == symbols
    tokens = np.concatenate(list(corpus.tokens()))
    known = [word if word in symbols else "<unk>" for word in "abacab"]
    assert [symbols[token] for token in tokens] == known


def test_a_least_count_is_for_words() -> None:
    with pytest.raises(ValueError, match=r"^min_count: expected words to choose from, got level 'character'"):
        Corpus.of("abc", min_count=2)
    with pytest.raises(ValueError, match=r"^min_count: expected an integer of at least 1, got 0"):
        Corpus.of("a b", "word", min_count=0)
