"""Plain notation in sentences, as in 'SER(p) <= 1 - 2^{-KL(q||p)} for every law', as HTML with MathML.

Which words are mathematics is guessed from their looks; nothing is rearranged, left out or computed.  A quotient is
stacked only where the fraction bar says what the slash said.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from xml.etree import ElementTree

from markupsafe import Markup, escape

from proofs_check.report.formulas import LETTERS, RELATIONS, formula
from proofs_check.report.tokens import Token, matching, tokens

_ALWAYS = {*LETTERS, "log", "ln", "exp", "log2", "int"}
_BEFORE_SYMBOLS = {"sum", "prod", "max", "min", "sup", "inf"}
"""English words as well: mathematics before a symbol only."""
_ARTICLES = {"a", "A", "I"}
_OPERATORS = RELATIONS | {"+", "-", "*", "/", "^", "_", "|", "||"}
_STOPS = {",", ".", ";", ":", ")", "?"}
_MOST_WORDS = 4
"""More of them between brackets are a sentence of its own, not an argument."""

_NEUTRAL = {",", ".", ";", ":", "'", "!", "?"}


def rendered(sentence: str) -> Markup:
    """The sentence with its formulas as MathML; one formula may become several, so that lines can break.

    What stands between backticks is code.
    """
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:
        return _sentence(sentence)
    shown = [
        Markup("<code>{}</code>").format(one) if n % 2 else _sentence(one) for n, one in enumerate(pieces)
    ]
    return Markup().join(shown)


def _sentence(sentence: str) -> Markup:
    line = tokens(sentence)
    kinds = _mathematics(line)
    html, position = Markup(), 0
    while position < len(line):
        end = position + 1
        while end < len(line) and kinds[end] == kinds[position]:
            end += 1
        if kinds[position]:
            stop = end
            while end < len(line) and line[end].text in _STOPS and not line[end].space:
                end += 1
            html += _formulas(line[position:stop], line[stop:end])
        else:
            html += _prose(line[position:end])
        position = end
    return html + sentence[len(sentence.rstrip()) :]


def _prose(line: Sequence[Token]) -> Markup:
    return Markup().join(escape(token.space + _plain(token.text)) for token in line)


def _plain(text: str) -> str:
    return {"<=": "≤", ">=": "≥", "..": "…"}.get(text, text)


def _formulas(line: Sequence[Token], stops: Sequence[Token]) -> Markup:
    """One formula a side of every relation, the last of them on one line with the stops after it."""
    if len(line) == 1 and line[0].text[0].isdigit():
        return _prose([*line, *stops])
    partner = matching(line)
    depth, cuts = 0, [0]
    for index, token in enumerate(line):
        depth += (token.text in "([{") - (token.text in ")]}") if index in partner else 0
        if token.text in RELATIONS and depth == 0 and index > 0 and line[index - 1].text not in "_^":
            cuts.append(index)
    pieces = [line[start:end] for start, end in pairwise([*cuts, len(line)])]
    shown = [ElementTree.tostring(formula(piece), encoding="unicode") for piece in pieces]
    if stops:
        shown[-1] = f'<span class="formula">{shown[-1]}{_prose(stops)}</span>'
    return Markup(line[0].space + " ".join(shown))


def _mathematics(line: Sequence[Token]) -> list[bool]:
    """Which tokens belong to formulas."""
    partner = matching(line)
    integral = any(token.text == "int" for token in line)
    sure = [_is_symbol(line, index, integral) for index in range(len(line))]
    _enclose(line, partner, sure)
    for index, token in enumerate(line):
        if token.text in _OPERATORS | {"!"} and not sure[index]:
            sure[index] = _is_operator(line, index, sure)
    for index, token in enumerate(line):
        if not sure[index] and (token.text in _ARTICLES or _is_acronym(token)):
            sure[index] = _beside_operator(line, index, sure)
    _enclose(line, partner, sure)
    return sure


def _is_symbol(line: Sequence[Token], index: int, integral: bool) -> bool:
    token, following = line[index], line[index + 1] if index + 1 < len(line) else None
    text = token.text
    if text == "'":  # a prime
        return index > 0 and not token.space and _is_symbol(line, index - 1, integral)
    if not token.is_name:
        return text[0].isdigit() or text in ("..", "#")
    if following and not following.space and following.text in ("(", "[", "^", "_"):
        return "(s)" not in "".join(other.text for other in line[index + 1 : index + 4])
    if text in _BEFORE_SYMBOLS:
        return following is not None and following.is_name and _is_letter(following)
    return text in _ALWAYS or _is_letter(token) or (integral and len(text) == 2 and text[0] == "d")


def _is_letter(token: Token) -> bool:
    return len(token.text) == 1 and token.is_name and token.text not in _ARTICLES


def _is_acronym(token: Token) -> bool:
    return len(token.text) > 1 and token.is_name and token.text.isupper()


def _is_operator(line: Sequence[Token], index: int, sure: Sequence[bool]) -> bool:
    """Whether a sign is an operator: a hyphen or a slash between words is not."""
    before, after = line[index - 1] if index else None, line[index + 1] if index + 1 < len(line) else None
    if line[index].text == "!":
        return before is not None and sure[index - 1] and not line[index].space
    if line[index].text not in ("-", "/"):
        return True
    touching = [
        neighbour
        for neighbour, space, known in (
            (before, line[index].space, index > 0 and sure[index - 1]),
            (after, after.space if after else " ", index + 1 < len(line) and sure[index + 1]),
        )
        if neighbour is not None and not space and neighbour.is_name and not known
    ]
    return not any(not _is_acronym(neighbour) and neighbour.text not in _ARTICLES for neighbour in touching)


def _beside_operator(line: Sequence[Token], index: int, sure: Sequence[bool]) -> bool:
    """Whether an ambiguous name stands at an operator: then it is a symbol."""
    beside = [other for other in (index - 1, index + 1) if 0 <= other < len(line)]
    if _is_acronym(line[index]):
        return any(sure[other] and not line[other].text[0].isdigit() for other in beside)
    return any(sure[other] and line[other].text in _OPERATORS for other in beside)


def _enclose(line: Sequence[Token], partner: dict[int, int], sure: list[bool]) -> None:
    """Brackets after a symbol or a script sign, and brackets around symbols only, are mathematics throughout."""
    for start, end in sorted(partner.items(), key=lambda pair: pair[1] - pair[0]):
        if start > end:
            continue
        inside = range(start + 1, end)
        attached = start > 0 and not line[start].space and (sure[start - 1] or line[start - 1].text in "^_")
        words = sum(line[i].is_name and not (sure[i] or _is_acronym(line[i])) for i in inside)
        attached = attached and words <= _MOST_WORDS
        known = all(sure[i] or line[i].text in _OPERATORS | _NEUTRAL or _is_acronym(line[i]) for i in inside)
        if attached or line[start].text == "{" or (known and any(sure[i] for i in inside)):
            for i in range(start, end + 1):
                sure[i] = True
    for index, token in enumerate(line[:-1]):
        if token.text in "^_":  # a script is mathematics, whatever it is
            sure[index] = sure[index + 1] = True
