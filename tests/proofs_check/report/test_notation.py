"""Plain notation as MathML: faithful, well-formed, and with words left as words."""

import re
from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs_check.claims import all_claims
from proofs_check.report.formulas import LETTERS
from proofs_check.report.notation import rendered

_SHOWN = {**LETTERS, "sum": "∑", "prod": "∏", "int": "∫"}
_DRAWN = {"floor", "ceil", "abs", "sqrt"}
"""Names that become signs around their argument."""


def elements(html: str) -> ElementTree.Element:
    """The parsed fragment; an error if it is not well-formed."""
    return ElementTree.fromstring(f"<p>{html}</p>")


def formulas(sentence: str) -> list[str]:
    """The formulas of a sentence, as short texts such as frac(1,N)."""
    return [brief(element) for element in elements(rendered(sentence)).iter("math")]


def brief(element: ElementTree.Element) -> str:
    if element.tag == "mspace":
        return " "
    if not len(element):
        return element.text or ""
    inside = [brief(child) for child in element]
    if element.tag in ("math", "mrow"):
        return "".join(inside)
    return f"{element.tag[1:]}({','.join(inside)})"


def words(text: str) -> Counter[str]:
    """Names and numbers, letter by letter, as the page shows them."""
    found = re.findall(r"[^\W\d_]+|\d+|[∑∏∫∞]", text)
    return Counter("".join(_SHOWN.get(word, word) for word in found if word not in _DRAWN))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("SER(p) <= 1 - 2^{-KL(q||p)}", ["SER(p)", "≤1−sup(2,−KL(q∥p))"]),
        ("KL(q || p) / L", ["frac(KL(q∥p),L)"]),
        ("(n-1)/eps^{n+1/2}", ["frac(n−1,sup(ε,n+1/2))"]),
        ("1 - (1 - 1/V) sum_k w_k^2", ["1−(1−frac(1,V)) under(∑,k) subsup(w,k,2)"]),
        ("L e + (max_k w_k) SI", ["L e+(under(max,k) sub(w,k)) SI"]),
        ("N = floor(15 L / (32 ln 2))", ["N", "=⌊15 frac(L,32 ln 2)⌋"]),
        ("X_{S_<k} and S_<k", ["sub(X,sub(S,<k))", "sub(S,<k)"]),
        ("int_0^1 h(c) dc", ["subsup(∫,0,1) h(c) dc"]),
        ("-alpha'(t)/(1 - alpha(t))", ["−frac(sup(α,′)(t),1−α(t))"]),
        ("L! orders", ["L!"]),
        ("E_q[#steps]", ["sub(E,q)[#steps]"]),
        ("2^-n", ["sup(2,−n)"]),
        ("sqrt(x + 1)", ["sqrt(x+1)"]),
    ],
)
def test_formulas_are_shown_as_they_are_written(sentence: str, expected: list[str]) -> None:
    assert formulas(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("-log2 p(x)/L", "−sub(log,2) p(x)/L"),  # of the quotient, or the quotient of it?
        ("/2", "/2"),
        ("a/b/c = 1", "frac(frac(a,b),c)"),
        ("x/2^n", "frac(x,sup(2,n))"),
        ("2^{L/2}", "sup(2,L/2)"),
    ],
)
def test_quotients_are_stacked_only_where_it_is_clear_what_is_divided(sentence: str, expected: str) -> None:
    assert formulas(sentence)[0] == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Pretrained models and/or left-to-right samplers, in 3 steps (uniform or not).",
        "A denoiser that is a law's; I mean this one: weights that sum to 1.",
        "MDS codes, NELBO and HMM are words.",
    ],
)
def test_words_stay_words(sentence: str) -> None:
    assert formulas(sentence) == []
    assert "".join(elements(rendered(sentence)).itertext()) == sentence


def test_an_order_of_a_gram_is_a_letter_before_a_hyphen() -> None:
    assert "".join(elements(rendered("An n-gram, n-1 tokens")).itertext()) == "An n-gram, n−1 tokens"


def test_a_stop_stays_on_the_line_of_its_formula() -> None:
    (held,) = elements(rendered("one token: p = q, exactly")).iter("span")
    assert "".join(held.itertext()) == "=q,"


def test_a_sentence_between_brackets_is_no_argument() -> None:
    assert formulas("E[loss of j masked tokens]") == ["E[loss of j masked tokens]"]
    assert formulas("E[the sum of the chances that it is right]") == ["E"]


def test_code_is_marked() -> None:
    assert rendered("see `a < theory.bounds` & more") == "see <code>a &lt; theory.bounds</code> &amp; more"


def test_every_statement_hypothesis_and_note_is_shown_whole() -> None:
    for claim in all_claims().values():
        for sentence in (claim.statement, *claim.hypotheses, *claim.notes):
            shown = " ".join(elements(rendered(sentence)).itertext())
            assert words(shown) == words(sentence), sentence


PIECES = [
    "a",
    "A",
    "x",
    "n",
    "KL",
    "SER",
    "law",
    "the",
    "sum",
    "max",
    "log2",
    "ln",
    "eps",
    "floor",
    "int",
    "dt",
]
PIECES += [
    "1",
    "2.5",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "^",
    "_",
    "/",
    "-",
    "+",
    "<=",
    "<",
    "=",
    "|",
    "||",
    "..",
    ",",
]
PIECES += ["'", "!", "#", "`", "'s", "&", ">", "∞", " ", " ", " "]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_is_lost_and_nothing_breaks(sentence: str) -> None:
    shown = " ".join(elements(rendered(sentence)).itertext())
    if not any(name in sentence for name in _DRAWN):
        assert words(shown) == words(sentence)
