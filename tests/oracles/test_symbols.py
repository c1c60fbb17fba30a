import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.symbols import decode, encode, tokenise

TEXTS = st.text(st.characters(), max_size=40) | st.text("ab \n", max_size=40)


@given(TEXTS)
def test_characters_are_numbered_in_order_and_come_back(text: str) -> None:
    symbols, tokens = tokenise(text, "character")
    assert list(symbols) == sorted(set(text))
    assert [symbols[token] for token in tokens] == list(text)
    assert (encode(text, symbols) == tokens).all()
    assert decode(tokens, symbols) == text


@given(TEXTS)
def test_words_are_numbered_in_order_and_come_back(text: str) -> None:
    symbols, tokens = tokenise(text, "word")
    assert list(symbols) == sorted(set(text.split()))
    assert [symbols[token] for token in tokens] == text.split()
    assert (encode(text, symbols, "word") == tokens).all()
    assert decode(tokens, symbols, "word") == " ".join(text.split())


def test_a_lone_surrogate_is_a_character_too() -> None:
    symbols, tokens = tokenise("a\ud800a", "character")
    assert symbols == ("a", "\ud800")
    assert tokens.tolist() == [0, 1, 0]


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
