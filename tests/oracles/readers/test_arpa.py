import gzip
import math
import re
import warnings
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oracles.ngram import MarkovChain, NGram
from oracles.readers.arpa import read_arpa
from oracles.symbols import encode

Grams = dict[tuple[str, ...], tuple[float, float]]
"""(probability, back-off weight) of every listed n-gram."""

# ---------------------------------------------------------------------- files, and what they say by the definition


def arpa(grams: Mapping[tuple[str, ...], tuple[float, float]], digits: int = 17) -> str:
    """The text of an ARPA file."""
    order = max(map(len, grams))
    sections = [[gram for gram in grams if len(gram) == n] for n in range(1, order + 1)]
    lines = ["\\data\\", *(f"ngram {n}={len(section)}" for n, section in enumerate(sections, 1))]
    for n, section in enumerate(sections, 1):
        lines += ["", f"\\{n}-grams:"]
        for gram in section:
            probability, weight = (
                f"{math.log10(number):.{digits}g}" if number else "-99" for number in grams[gram]
            )
            lines.append("\t".join([probability, " ".join(gram), *([weight] if n < order else [])]))
    return "\n".join([*lines, "", "\\end\\", ""])


def back_off(
    grams: Mapping[tuple[str, ...], tuple[float, float]], context: tuple[str, ...], word: str
) -> float:
    """P(word | context) by the definition, for a context that is short enough."""
    if (*context, word) in grams:
        return grams[*context, word][0]
    if not context:
        return 0.0
    weight = grams[context][1] if context in grams else 1.0
    return weight * back_off(grams, context[1:], word)


def sequence(grams: Grams, words: Iterable[str]) -> float:
    """The probability of a sequence that starts after <s> and stays at </s> once it is there."""
    history = ("<s>",) if ("<s>",) in grams else ()
    order, probability = max(map(len, grams)), 1.0
    for word in words:
        if history and history[-1] == "</s>":
            probability *= word == "</s>"
        else:
            probability *= back_off(grams, history[max(0, len(history) - order + 1) :], word)
        history = (*history, word)
    return probability


@st.composite
def models(draw: st.DrawFn, orders: tuple[int, int] = (1, 3)) -> Grams:
    """Back-off models that are normalised, with whatever n-grams listed whose contexts are."""
    order = draw(st.integers(*orders))
    words = ["a", "b", *draw(st.sampled_from([[], ["<unk>"], ["é"]]))]
    marks = draw(st.sampled_from([["<s>", "</s>"], ["</s>"], ["<s>"], []]))
    generated = [*words, *(mark for mark in marks if mark == "</s>")]
    shares = [draw(st.integers(0 if word == "b" else 1, 5)) for word in generated]
    grams: Grams = {(w,): (s / sum(shares), 1.0) for w, s in zip(generated, shares, strict=True)}
    if "<s>" in marks:
        grams["<s>",] = draw(st.sampled_from([0.0, 1.0])), 1.0
    for n in range(2, order + 1):
        for context in [gram for gram in grams if len(gram) == n - 1 and gram[-1] != "</s>"]:
            listed = draw(st.lists(st.sampled_from(generated), unique=True))
            lower = sum(back_off(grams, context[1:], word) for word in listed)
            left = 1.0 if not listed else draw(st.sampled_from([0.0, 0.25, 0.5])) if lower < 1 - 1e-9 else 0.0
            counts = [draw(st.integers(1, 5)) for _ in listed]
            weight = left / (1 - lower) if listed and left else float(not listed)
            for word, count in zip(listed, counts, strict=True):
                grams[*context, word] = (1 - left) * count / sum(counts), 1.0
            grams[context] = grams[context][0], weight
    return grams


def read(folder: Path, text: str | bytes, length: int = 3, **options: Any) -> NGram:
    path = folder / "model.arpa"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_arpa(path, length, **options)


@given(models(), st.integers(1, 4))
def test_the_law_is_the_definition_with_ends_that_absorb(
    tmp_path_factory: pytest.TempPathFactory, grams: Grams, length: int
) -> None:
    law = read(tmp_path_factory.mktemp("arpa"), arpa(grams), length)
    words = sorted({w for (w, *_) in grams} - {"<s>", "</s>"})
    assert law.symbols == (*words, *(["</s>"] if ("</s>",) in grams else []))
    assert type(law) is (NGram if max(map(len, grams)) > 2 else MarkovChain)
    total = 0.0
    for tokens in product(range(law.vocab_size), repeat=length):
        wanted = sequence(grams, (law.symbols[token] for token in tokens))
        assert math.isclose(law.probability(tokens), wanted, rel_tol=1e-9, abs_tol=1e-15)
        assert law.in_support(tokens) == (wanted > 0)
        total += wanted
    assert math.isclose(total, 1, rel_tol=1e-9)


@given(models(), st.integers(1, 4))
def test_the_law_without_ends_is_the_law_given_that_none_comes(
    tmp_path_factory: pytest.TempPathFactory, grams: Grams, length: int
) -> None:
    words = sorted({w for (w, *_) in grams} - {"<s>", "</s>"})
    wanted = {row: sequence(grams, row) for row in product(words, repeat=length)}
    folder = tmp_path_factory.mktemp("arpa")
    if not sum(wanted.values()):
        with pytest.raises(ValueError, match="length: expected one that sentences of the model reach"):
            read(folder, arpa(grams), length, ends="exclude")
        return
    law = read(folder, arpa(grams), length, ends="exclude")
    assert law.symbols == tuple(words)
    for row, mass in wanted.items():
        tokens = [words.index(word) for word in row]
        assert math.isclose(law.probability(tokens), mass / sum(wanted.values()), rel_tol=1e-9, abs_tol=1e-15)
        assert law.in_support(tokens) == (mass > 0)


# ---------------------------------------------------------------------- one file, worked out on paper

PAPER = r"""\data\
ngram 1=5
ngram 2=3

\1-grams:
-0.6020599913279624	a	-0.17609125905568124
-99	<s>	0
-0.6020599913279624	</s>
-0.6020599913279624	<unk>
-0.6020599913279624	b

\2-grams:
-0.3010299956639812	a b
0	<s> a
0	b </s>

\end\
"""


def test_a_model_on_paper(tmp_path: Path) -> None:
    """Uniform 1-grams; 2-grams P(a|<s>) = 1, P(b|a) = 1/2 with the rest of a shared at 2/3, P(</s>|b) = 1."""
    text = PAPER.replace("<unk>\n", "<unk>\t0\n").replace("-grams:\n-0.60", "-grams:\n-0.60", 1)
    text = text.replace("-0.6020599913279624	b\n", "-0.6020599913279624	b	-99\n")
    text = text.replace("-99	<s>	0\n", "-99	<s>	-99\n")
    law = read(tmp_path, text, 3)
    assert law.symbols == ("<unk>", "a", "b", "</s>")
    unk, a, b, end = range(4)
    sixth = 1 / 6  # 2/3 of 1/4
    expected = {
        (a, b, end): 1 / 2,
        (a, end, end): sixth,
        (a, a, b): sixth / 2,
        (a, a, a): sixth**2,
        (a, a, end): sixth**2,
        (a, a, unk): sixth**2,
        **{(a, unk, word): sixth / 4 for word in range(4)},
    }
    for tokens in product(range(4), repeat=3):
        assert math.isclose(law.probability(tokens), expected.get(tokens, 0), rel_tol=1e-12)
    free = read(tmp_path, text, 2, ends="exclude")
    assert free.symbols == ("<unk>", "a", "b")
    assert math.isclose(free.probability([a, b]), (1 / 2) / (1 / 2 + 2 * sixth), rel_tol=1e-12)


def test_what_is_left_out_of_a_file_has_weight_one(tmp_path: Path) -> None:
    """The 2-gram weights of b and <unk> are missing: P(. | <unk>) is that of the 1-grams."""
    with pytest.raises(ValueError, match=r"within 0.001 after every context, got 1.75 after 'b'"):
        read(tmp_path, PAPER.replace("-99	<s>	0", "-99	<s>	-99"))


def test_every_form_of_a_file_is_read(tmp_path: Path) -> None:
    grams: Grams = {
        ("<s>",): (1, 1),
        ("</s>",): (0.5, 1),
        ("a\u00a0\u3000",): (0.25, 0.5),
        ("b",): (0.25, 1),
        ("a\u00a0\u3000", "b"): (0.625, 1),
    }
    text = arpa(grams)
    law = read(tmp_path, text)
    assert law.symbols == ("a\u00a0\u3000", "b", "</s>")
    sections = text.split("\n\n")
    shuffled = "\n\n".join(
        "\n".join([title, *reversed(lines)]) if title.endswith("-grams:") else "\n".join([title, *lines])
        for title, *lines in (section.split("\n") for section in sections)
    )
    assert shuffled != text
    forms = [
        text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\n\n \t\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        (
            "Written by a toolkit\nngram 1=9\n\n" + text + "\nwhat follows the end is not read \\1-grams:"
        ).encode(),
        text.replace("\t", "  ").encode(),
        text.replace("ngram 1=4", "ngram  1 = 4 ").encode(),
        text.replace("\t1\n", "\n").encode(),
        text.replace("-99", "-inf").encode(),
        gzip.compress(text.encode()),
        shuffled.encode(),
        text.rstrip().encode(),
    ]
    for form in forms:
        other = read(tmp_path, form)
        assert other.symbols == law.symbols
        assert other.initial.tolist() == law.initial.tolist()
        assert other.transitions[0].tolist() == law.transitions[0].tolist()


def test_the_probability_of_the_start_is_not_read(tmp_path: Path) -> None:
    """KenLM lists <s> with log10 probability 0, SRILM with -99."""
    laws = []
    for start in (0.0, 1.0):
        grams: Grams = {("<s>",): (start, 1), ("a",): (0.5, 1), ("</s>",): (0.5, 1), ("<s>", "a"): (1, 1)}
        grams["<s>",] = start, 0
        laws.append(read(tmp_path, arpa(grams)))
    assert laws[0].initial.tolist() == laws[1].initial.tolist() == [1, 0]
    assert "<s>" not in (laws[0].symbols or ())


# ---------------------------------------------------------------------- rounding


@pytest.mark.parametrize("digits", [4, 7])
def test_rounded_rows_are_divided_by_their_sum_and_it_is_said(tmp_path: Path, digits: int) -> None:
    grams: Grams = {("a",): (1 / 3, 1), ("b",): (2 / 3, 1), ("a", "a"): (1 / 7, 1), ("a", "b"): (6 / 7, 1)}
    text = arpa(grams, digits)
    with pytest.warns(
        UserWarning, match=r"model.arpa: .* rounded and miss 1 by up to (\d.\de-0\d)"
    ) as caught:
        law = read(tmp_path, text)
    said = float(re.findall(r"\d\.\de-\d\d", str(caught[0].message))[0])
    written = [10 ** float(f"{math.log10(p):.{digits}g}") for p, _ in grams.values()]
    missed = max(abs(sum(written[:2]) - 1), abs(sum(written[2:]) - 1))
    assert math.isclose(said, missed, rel_tol=0.1)
    assert 10.0 ** (-digits - 2) < missed < 10.0 ** (1 - digits)
    assert law.transitions[0].sum(-1).tolist() == pytest.approx([1, 1], abs=1e-15)
    assert law.transitions[0][0, 0] == pytest.approx(written[2] / sum(written[2:]), rel=1e-14)
    with pytest.raises(ValueError, match=r"sum to 1 within 1e-09 after every context, got (0.99|1.00)"):
        read(tmp_path, text, normalise=False)


def test_exact_rows_are_taken_as_they_are(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        law = read(tmp_path, arpa({("a",): (0.25, 1), ("b",): (0.75, 1)}), normalise=False)
    assert law.transitions[0].tolist() == [[pytest.approx(0.25), pytest.approx(0.75)]] * 2


def test_rows_that_miss_by_more_than_rounding_are_refused(tmp_path: Path) -> None:
    grams: Grams = {("<s>",): (1, 1), ("a",): (0.5, 1), ("b",): (0.5, 1), ("<s>", "a"): (0.51, 1)}
    with pytest.raises(ValueError, match=r"sum to 1 within 0.001 after every context, got 1.01 after '<s>'"):
        read(tmp_path, arpa(grams))
    grams = {("a",): (0.5, 1), ("b",): (0.5, 1), ("b", "a"): (0.4, 1)}
    with pytest.raises(ValueError, match=r"got 0\.9 after 'b'"):
        read(tmp_path, arpa(grams))
    with pytest.raises(ValueError, match=r"got 0\.8 for the 1-grams$"):
        read(tmp_path, arpa({("a",): (0.4, 1), ("b",): (0.4, 1)}))


# ---------------------------------------------------------------------- against KenLM

SCORED = [
    ("the cat sat on the mat </s>", -3.5708279609680176),
    ("a cat </s>", -3.015897750854492),
    ("the dog saw", -2.7279653549194336),
    ("<unk> mat </s>", -2.3207154273986816),
    ("</s>", -1.1243525743484497),
    ("log log", -2.133913993835449),
    ("on the log </s>", -2.844017505645752),
]
"""What KenLM's `query` scores (log10, float32) under the model that its `lmplz -o 3` wrote."""


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_that_kenlm_wrote_scores_as_kenlm_scores(tmp_path: Path, zipped: bool) -> None:
    content = (Path(__file__).parent / "data" / "kenlm.arpa").read_bytes()
    for sentence, score in SCORED:
        words = sentence.split()
        with pytest.warns(UserWarning, match="rounded and miss 1 by up to .*e-0[78]"):
            law = read(tmp_path, gzip.compress(content) if zipped else content, len(words))
        assert math.isclose(
            law.log_prob(encode(sentence, law.symbols or ())), score * math.log(10), abs_tol=3e-6
        )
    assert law.in_support(encode("<unk> sat </s> </s>", law.symbols or ()))
    assert not law.in_support(encode("on </s> sat sat", law.symbols or ()))


@given(models(orders=(2, 2)))
def test_kenlm_reads_the_same_model(tmp_path_factory: pytest.TempPathFactory, grams: Grams) -> None:
    """KenLM computes in float32, takes -99 for 1e-99, and reads orders from 2 on."""
    kenlm = pytest.importorskip("kenlm")
    assume({("<s>",), ("</s>",)} <= set(grams) and max(map(len, grams)) == 2)
    grams.setdefault(("<unk>",), (0.0, 1.0))  # it adds one to a model without
    folder = tmp_path_factory.mktemp("arpa")
    law = read(folder, arpa(grams), 3)
    model = kenlm.Model(str(folder / "model.arpa"))
    words = [word for word in law.symbols or () if word != "</s>"]
    for row in product(words, repeat=2):
        tokens = [(law.symbols or ()).index(word) for word in (*row, "</s>")]
        other = 10 ** model.score(" ".join(row))
        assert math.isclose(law.probability(tokens), other, rel_tol=1e-5, abs_tol=1e-30)


# ---------------------------------------------------------------------- what is malformed

WHOLE = r"""\data\
ngram 1=3
ngram 2=2

\1-grams:
-0.30103 a -0.1
-0.30103 b
-99 <s> 0

\2-grams:
-0.2 a b
-0.1 <s> a

\end\
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("\\data\\", "data", 14, r"expected a line \data\, got the end of the file"),
        ("ngram 1=3\nngram 2=2", "", 4, 'expected at least one 1-gram announced as "ngram 1=..", got none'),
        ("ngram 1=3", "ngram 1=0", 5, "expected at least one 1-gram"),
        ("ngram 2=2", "ngram 3=2", 3, r"""expected "ngram 2=.." or \1-grams:, got 'ngram 3=2'"""),
        ("ngram 2=2", "ngram 2=two", 3, "got 'ngram 2=two'"),
        ("ngram 1=3", "ngram 1=4", 10, "expected 4 1-grams before this line, as announced, got 3"),
        ("ngram 2=2", "ngram 2=1", 14, "expected 1 2-grams before this line, as announced, got 2"),
        ("ngram 2=2\n", "ngram 2=2\nngram 3=0\n", 15, r"expected \3-grams:, got '\\end\\'"),
        ("\\1-grams:\n", "", 5, r"""expected "ngram 3=.." or \1-grams:, got '-0.30103 a -0.1'"""),
        ("\\2-grams:", "\\3-grams:", 10, r"expected \2-grams:, got '\\3-grams:'"),
        ("\\2-grams:\n", "", 10, "expected a number, got 'b'"),
        ("\\end\\", "", 14, r"expected \end\, got the end of the file"),
        ("-0.30103 b", "-0.30103 b 0 0", 7, "expected a probability, 1 words and maybe a weight"),
        ("-0.30103 b", "-0.30103", 7, "expected a probability, 1 words and maybe a weight"),
        ("-0.2 a b", "-0.2 a", 11, "expected a probability, 2 words, got '-0.2 a'"),
        ("-0.2 a b", "-0.2 a b 0", 11, "expected a probability, 2 words, got '-0.2 a b 0'"),
        ("-0.30103 b", "half b", 7, "expected a number, got 'half'"),
        ("-0.30103 b", "nan b", 7, "expected a number, got 'nan'"),
        ("-0.30103 a -0.1", "-0.30103 a x", 6, "expected a number, got 'x'"),
        ("-0.30103 b", "0.1 b", 7, "expected a log10 of at most 0, got '0.1'"),
        ("-0.30103 b", "inf b", 7, "expected a log10 of at most 0, got 'inf'"),
        ("-0.30103 a -0.1", "-0.30103 a 100", 6, "expected a log10 of at most 99, got '100'"),
        ("-0.2 a b", "-0.2 a c", 11, "expected words that are listed as 1-grams, got 'c'"),
        ("-0.2 a b", "-0.2 c b", 11, "expected words that are listed as 1-grams, got 'c'"),
        ("-0.1 <s> a", "-0.1 a b", 12, "expected every n-gram once, got 'a b' again"),
        ("-0.30103 b", "-0.30103 a", 7, "expected every n-gram once, got 'a' again"),
        (
            "ngram 2=2",
            "ngram 2=2\nngram 3=1",
            16,
            "expected a context that is listed with its back-off weight, got 'b a'",
        ),
    ],
)
def test_mistakes_are_named_with_their_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    text = WHOLE.replace(old, new)
    assert text != WHOLE
    if "ngram 3=1" in new:
        text = text.replace("\\end\\", "\\3-grams:\n-1 b a b\n\\end\\")
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'{tmp_path}/model.arpa:{line}: ')}.*{re.escape(message)}"
    ):
        read(tmp_path, text)


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model\.arpa:7: expected UTF-8 text"):
        read(tmp_path, WHOLE.encode().replace(b" b\n", b" \xff\n"))
    with pytest.raises(ValueError, match=r"model\.arpa:10: expected a whole gzip file: .*end-of-stream"):
        read(tmp_path, gzip.compress(WHOLE.encode())[:-20])
    damaged = bytearray(gzip.compress(WHOLE.encode()))
    damaged[-6] ^= 1  # the checksum
    with pytest.raises(ValueError, match=r"model\.arpa:14: expected a whole gzip file: CRC"):
        read(tmp_path, bytes(damaged))
    with pytest.raises(ValueError, match=r"model\.arpa:0: expected a line \\data\\, got the end of the file"):
        read(tmp_path, b"")


def test_arguments_are_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends: expected one of absorb, exclude, got 'keep'"):
        read(tmp_path, WHOLE, ends="keep")
    with pytest.raises(ValueError, match="length: expected an integer of at least 1, got 0"):
        read(tmp_path, WHOLE, 0)
    with pytest.raises(ValueError, match=r"no such\.arpa: expected a readable file, got: No such file"):
        read_arpa(tmp_path / "no such.arpa", 3)
    with pytest.raises(ValueError, match="expected a readable file, got: Is a directory"):
        read_arpa(tmp_path, 3)


def test_a_model_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    head = "\\data\\\nngram 1=20000\nngram 2=1\n{}\n\\1-grams:\n"
    with pytest.raises(ValueError, match=r"order 2 over 20000 words: a table of 20000\*\*2 = 1e8.6 entries"):
        read(tmp_path, head.format(""))
    with pytest.raises(ValueError, match=r"order 3 over 20000 words: a table of 20000\*\*3 = 1e12.9 entries"):
        read(tmp_path, head.format("ngram 3=7"))
    small = head.replace("20000", "100").format("")
    with pytest.raises(
        ValueError, match=r"order 2 over 100 words: 100000 tables of 100\*\*2 = 1e4.0 entries"
    ):
        read(tmp_path, small, 10**5, ends="exclude")


def test_going_on_that_underflows_is_an_error(tmp_path: Path) -> None:
    """From b a sentence goes on with 1/1000 a step, from a for ever: after 200 steps floats cannot tell."""
    grams: Grams = {("<s>",): (0, 1), ("</s>",): (0.25, 1), ("a",): (0.375, 0), ("b",): (0.375, 0)}
    grams |= {("a", "a"): (1, 1), ("b", "b"): (0.001, 1), ("b", "</s>"): (0.999, 1)}
    law = read(tmp_path, arpa(grams), 50, ends="exclude")
    assert law.in_support([1] * 50)
    assert math.isclose(law.log_prob([1] * 50), 49 * math.log(0.001), rel_tol=1e-12)
    with pytest.raises(ArithmeticError, match="underflow in floats: take a shorter length"):
        read(tmp_path, arpa(grams), 200, ends="exclude")


def test_the_order_follows_the_length_when_ends_are_excluded(tmp_path: Path) -> None:
    grams: Grams = {("a",): (0.5, 1), ("</s>",): (0.5, 1), ("a", "a"): (0.5, 1), ("a", "a", "a"): (0.5, 1)}
    for length in (1, 2, 3):
        law = read(tmp_path, arpa(grams), length, ends="exclude")
        assert law.probability([0] * length) == 1
        assert isinstance(law.to("exact", rationalise=10), NGram)
    assert Fraction(law.probability([0, 0, 0])) == 1
    assert np.asarray(law.sample(2, seed=0)).tolist() == [[0, 0, 0]] * 2


def test_a_model_beyond_the_memory_budget_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tiny.arpa"
    path.write_text(
        "\\data\\\nngram 1=2\nngram 2=1\n\n"
        "\\1-grams:\n-0.30103 a 0\n-0.30103 b 0\n\n\\2-grams:\n-0.1 a b\n\n\\end\\\n"
    )
    monkeypatch.setattr("oracles.memory.budget", lambda: 50)
    with pytest.raises(
        ValueError, match=r"expected a model of order 2 within a budget of 50 bytes, got one of"
    ):
        read_arpa(path, 3)
