"""The words, numbers and signs of a sentence that holds plain mathematical notation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?P<space>\s*)(?P<text>"
    r"log2(?![^\W_])"
    r"|\d+(?:\.\d+)?"
    r"|[^\W\d_]+(?:['’](?:s|t|re|ve|d|ll)(?![^\W\d_]))?"
    r"|<=|>=|!=|==|->|\|\||\.\.+"
    r"|\S)"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Token:
    """A piece of text and the space before it."""

    text: str
    space: str = ""

    @property
    def is_name(self) -> bool:
        """Whether it is a word or a letter."""
        return self.text[0].isalpha()


def tokens(sentence: str) -> list[Token]:
    """All of the sentence, in pieces."""
    return [Token(found["text"], found["space"]) for found in _TOKEN.finditer(sentence)]


def matching(line: Sequence[Token]) -> dict[int, int]:
    """Where the partner of each bracket is; brackets without one are left out."""
    partner: dict[int, int] = {}
    opened: list[int] = []
    for index, token in enumerate(line):
        if token.text in _CLOSING:
            opened.append(index)
        elif token.text in _CLOSING.values():
            if opened and _CLOSING[line[opened[-1]].text] == token.text:
                start = opened.pop()
                partner[start], partner[index] = index, start
            else:
                opened.clear()
    return partner
