import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.symbols import code_points, decode, encode

TEXTS = st.text(st.characters(), max_size=40) | st.text("ab \n", max_size=40)


@given(TEXTS)
def test_characters_come_back(text: str) -> None:
    symbols = sorted(set(text))
    tokens = encode(text, symbols, "character")
    assert [symbols[token] for token in tokens] == list(text)
    assert decode(tokens, symbols, "character") == text


@given(TEXTS)
def test_words_come_back(text: str) -> None:
    symbols = sorted(set(text.split()))
    tokens = encode(text, symbols, "word")
    assert [symbols[token] for token in tokens] == text.split()
    assert decode(tokens, symbols, "word") == " ".join(text.split())


@given(TEXTS)
def test_code_points_are_those_of_the_characters(text: str) -> None:
    assert code_points(text).tolist() == list(map(ord, text))


def test_a_lone_surrogate_is_a_character_too() -> None:
    assert code_points("a\ud800a").tolist() == [97, 0xD800, 97]


def test_an_unlisted_word_is_the_unknown_one_where_there_is_one() -> None:
    symbols = ("<unk>", "a", "b")
    assert encode("b c a dd <unk>", symbols).tolist() == [2, 0, 1, 0, 0]
    with pytest.raises(ValueError, match="got 'c' at position 1"):
        encode("bc", symbols, "character")


def test_the_level_is_told_by_the_symbols() -> None:
    assert decode([1, 0, 1], ("a", "b")) == "bab"
    assert decode([1, 0, 1], ("a", "bc")) == "bc a bc"
    assert encode("bc a\n bc", ("a", "bc")).tolist() == [1, 0, 1]
    assert decode([1, 0, 1], ("a", "b"), "word") == "b a b"


def test_sequences_of_every_kind_are_read() -> None:
    assert decode(np.array([0, 1], dtype=np.int8), "ab") == "ab"
    assert decode([], ("a", "b")) == ""
    assert encode("", ("a", "b")).shape == (0,)


def test_what_is_no_symbol_is_named() -> None:
    with pytest.raises(ValueError, match="text: expected the 2 symbols of the law, got 'c' at position 2"):
        encode("abc", ("a", "b"))
    with pytest.raises(ValueError, match="got 'bcd' at position 1"):
        encode("a bcd", ("a", "bc"))
    with pytest.raises(ValueError, match=r"tokens: expected entries in 0\.\.1, got 2"):
        decode([0, 2], ("a", "b"))
    with pytest.raises(ValueError, match="tokens: expected integers"):
        decode([0.5], ("a", "b"))
    with pytest.raises(ValueError, match=r"tokens: expected one sequence, got shape \(1, 2\)"):
        decode([[0, 1]], ("a", "b"))
    with pytest.raises(ValueError, match="level: expected one of character, word, got 'byte'"):
        decode([0], ("a", "b"), "byte")
