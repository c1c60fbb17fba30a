"""The command line as its users meet it: answers, JSON, exit statuses, and one line for every bad input."""

import gzip
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from oracles import save, zoo
from proofs_check import Claim, Mutant, Relation, Source
from proofs_check.cli import run
from proofs_check.evidence import UNTRIED
from tests.proofs_check.command_line import error, output

LIBRARY = importlib.import_module("proofs_check.claims.library")
MAIN = "from proofs_check.cli import main; main()"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Plots are saved in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root, **environment},
        check=False,
    )


# ------------------------------------------------------------------ check


def claim(name: str, *relations: Relation, **options: Any) -> Claim:
    def statement() -> list[Relation]:
        return list(relations)

    return Claim(name, Source("A. Author", "v1"), "one is at most two", statement, **options)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Claim]:
    """The library's claims, replaced by these."""
    claims = {
        "first.true": claim("first.true", Relation(1, "<=", 2), mutants=[Mutant("reversed", reverse=True)]),
        "first.false": claim("first.false", Relation(2, "<=", 1)),
        "second.idle": claim(
            "second.idle", Relation(1, "<=", 2), mutants=[Mutant("the same", reverse=False)]
        ),
    }
    monkeypatch.setattr(LIBRARY, "all_claims", lambda: claims)
    return claims


@pytest.mark.usefixtures("planted")
class TestCheck:
    def test_a_true_claim_whose_mutant_falls(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = output(capsys, "check", "first.true")
        assert "CERTIFIED" in text
        assert "1 of 1" in text
        assert "1 claim" in text
        assert "all as claimed" in text

    def test_a_refuted_claim_exits_with_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = output(capsys, "check", "first.*", status=1)
        assert "REFUTED" in text
        assert "2 <= 1 fails" in text
        assert "1 not as claimed" in text

    def test_a_surviving_mutant_exits_with_1(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = output(capsys, "check", "second", status=1)
        assert "0 of 1" in text
        assert "a mutant survives: the same" in text

    def test_json_is_all_there_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        document = json.loads(output(capsys, "check", "--json", status=1))
        assert [one["id"] for one in document["claims"]] == ["first.true", "first.false", "second.idle"]
        for one in document["claims"]:
            assert one.keys() >= {"id", "source", "verdict", "method", "tightest", "mutant"}
        assert document["claims"][1]["verdict"] == "REFUTED"

    def test_details(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = output(capsys, "check", "first.true", "--details")
        for part in ("one is at most two", "A. Author, v1", "mutant reversed: REFUTED", "maskproof check"):
            assert part in text

    def test_a_check_that_nothing_tries_says_so(
        self, capsys: pytest.CaptureFixture[str], planted: dict[str, Claim]
    ) -> None:
        planted["third.alone"] = claim("third.alone", Relation(1, "<=", 2))
        for arguments in (["third"], ["third", "--details"]):
            assert " ".join(output(capsys, "check", *arguments).split()).count(UNTRIED) == len(arguments)
        assert json.loads(output(capsys, "check", "third", "--json"))["claims"][0]["notes"] == [UNTRIED]
        for other, status in (("first.true", 0), ("first.false", 1)):
            assert UNTRIED not in " ".join(output(capsys, "check", other, status=status).split())

    def test_an_unknown_claim_is_answered_with_the_list(self, capsys: pytest.CaptureFixture[str]) -> None:
        line = error(capsys, "check", "third")
        assert "expected one of first.true, first.false, second.idle, got 'third'" in line


def test_the_claims_fit_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, longer = "too_few_steps_of_any_weights", "likelihood_improves_as_the_law_gets_worse"
    many = {f"paper2026.{one}": claim(f"paper2026.{one}", Relation(1, "<=", 2)) for one in (name, longer)}
    monkeypatch.setattr(LIBRARY, "all_claims", lambda: many)
    monkeypatch.setenv("COLUMNS", "80")
    lines = output(capsys, "check").splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:2] == [name, "CERTIFIED"] for line in lines)
    assert any(line.startswith("likelihood_improves_as_the_law_ ") for line in lines)  # no word is cut
    assert any(line.startswith("gets_worse ") for line in lines)


# ------------------------------------------------------------------ analyse

CORPUS = "the cat sat on the mat and the rat ate the cat that sat on the hat\n" * 3


@pytest.fixture
def corpus(elsewhere: Path) -> str:
    (elsewhere / "corpus.txt").write_text(CORPUS, encoding="utf-8")
    return "corpus.txt"


def test_a_text_is_analysed(capsys: pytest.CaptureFixture[str], corpus: str, elsewhere: Path) -> None:
    text = output(capsys, "analyse", corpus, "--length", "24", "--samples", "60")
    assert "n-gram of order 2 over characters" in text
    assert "window of 2 characters that never occurs in the text" in text
    assert "Clopper-Pearson interval, n = 60" in text
    assert "iid steps: TER is" in text
    assert max(map(len, text.splitlines())) <= 100
    assert (elsewhere / "maskproof-analysis.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in elsewhere.iterdir() if path.suffix != ".txt"] == ["maskproof-analysis.png"]


def test_words_and_smoothing(capsys: pytest.CaptureFixture[str], corpus: str) -> None:
    options = ("--level", "word", "--smoothing", "1/2", "--length", "8", "--samples", "20")
    text = output(capsys, "analyse", corpus, *options)
    assert "n-gram of order 2 over words" in text
    assert "smoothed by 1/2: every sequence is possible" in text


def test_a_large_vocabulary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = " ".join(f"w{7 * i % 2501} w{i % 5}" for i in range(5000))
    (tmp_path / "text.txt").write_text(text)
    options = ("--level", "word", "--smoothing", "1/100", "--background", "unigram", "--length", "4")
    found = output(
        capsys, "analyse", str(tmp_path / "text.txt"), *options, "--samples", "0", "--steps", "1,4"
    )
    assert "over words, V = 2501, L = 4" in found
    assert "every sequence is possible" in found
    rare = output(
        capsys, "analyse", str(tmp_path / "text.txt"), "--level", "word", "--min-count", "3", "--length", "4"
    )
    assert "over words, V = 6, L = 4" in rare


def test_a_vocabulary(capsys: pytest.CaptureFixture[str], corpus: str) -> None:
    options = ("--level", "word", "--vocabulary", "3", "--length", "6", "--samples", "20")
    text = output(capsys, "analyse", corpus, *options, "--given", "the dog")
    assert "n-gram of order 2 over words, V = 4, L = 6" in text
    assert "window of 2 words that never occurs in the text" in text


def test_an_hmm_is_fitted(capsys: pytest.CaptureFixture[str], corpus: str) -> None:
    options = ("--states", "2", "--length", "6", "--samples", "20", "--steps", "2")
    text = output(capsys, "analyse", corpus, *options)
    assert "HMM of 2 hidden states over characters by EM, V = 13, L = 6" in text
    assert "SER: fitted by EM: " in text
    assert output(capsys, "analyse", corpus, *options, "--seed", "1") != text


ARPA = r"""\data\
ngram 1=4
ngram 2=1
\1-grams:
-99 <s>
-0.30103 a
-0.60206 b
-0.60206 </s>
\2-grams:
0 <s> a
\end\
"""


@pytest.mark.parametrize("zipped", [False, True])
def test_a_back_off_model(capsys: pytest.CaptureFixture[str], elsewhere: Path, zipped: bool) -> None:
    name = "model.arpa.gz" if zipped else "model.arpa"
    listed = ARPA.replace("-99 <s>", "-99 <s> -99")
    (elsewhere / name).write_bytes(gzip.compress(listed.encode()) if zipped else listed.encode())
    options = ("--length", "4", "--samples", "20")
    text = output(capsys, "analyse", name, *options)
    assert "back-off n-gram of order 2, V = 3, L = 4" in text
    assert "SER: an error is a sequence with a token that the model gives probability zero" in text
    listed = ARPA.replace("ngram 2=1", "ngram 2=0").replace("0 <s> a\n", "")
    (elsewhere / "model.arpa").write_text(listed)
    text = output(capsys, "analyse", "model.arpa", *options, "--given", "a b")
    assert "an error is only a sequence in which one follows </s>" in text
    document = json.loads(output(capsys, "analyse", "model.arpa", *options, "--ends", "exclude", "--json"))
    assert (
        document["errors"]
        == "back-off leaves every token possible after every context, so there are no errors"
    )
    assert document["everything_possible"] is True


def test_json_says_what_every_number_is_worth(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    document = json.loads(output(capsys, "analyse", "zoo:ababbaba?length=4", "--json", "--steps", "2,1"))
    assert [(row["schedule"], row["steps"]) for row in document["rows"]] == [
        ("iid", 1),
        ("iid", 2),
        ("sizes", 1),
        ("sizes", 2),
    ]
    ser = document["rows"][1]["ser"]
    assert (ser["exact"], ser["kind"]) == ("31/64", "exact rational")
    assert document["rows"][1]["expected_kl"]["value"] == 1.25
    assert document["rows"][1]["expected_kl_sampled"]["kind"] == "estimate"
    assert all(
        "kind" in number for row in document["rows"] for number in row.values() if type(number) is dict
    )
    assert document["plot"] is None
    assert list(elsewhere.iterdir()) == []


def test_json_with_a_plot(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    options = ("--json", "--samples", "0", "--plot", "here.png")
    document = json.loads(output(capsys, "analyse", "zoo:golden_mean?length=4", *options))
    assert document["plot"] == "here.png"
    assert (elsewhere / "here.png").stat().st_size > 1000
    assert document["rows"][0]["expected_kl_sampled"] == {
        "value": None,
        "kind": "missing",
        "reason": "0 draws were asked for",
    }


def test_a_stored_oracle(capsys: pytest.CaptureFixture[str]) -> None:
    save(zoo.golden_mean(5), "law.json")
    assert "V = 2, L = 5, exact" in output(capsys, "analyse", "law.json", "--samples", "0")


def test_a_long_hmm_has_estimates_only(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "analyse", "zoo:pair_hmm?length=12", "--steps", "1,4", "--samples", "50")
    assert "no exact route, estimate only" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_prompt(capsys: pytest.CaptureFixture[str], corpus: str) -> None:
    options = ("--length", "10", "--samples", "20")
    text = output(capsys, "analyse", corpus, *options, "--given", "the ")
    assert "given 'the ': the 6 tokens that are left" in text
    text = output(capsys, "analyse", "zoo:golden_mean?length=6", "--given", "01", "--samples", "0")
    assert "given '01': the 4 tokens that are left" in text
    text = output(capsys, "analyse", "zoo:golden_mean?length=6", "--given", "0 1 0", "--samples", "0")
    assert "the 3 tokens that are left" in text


def test_the_same_seed_repeats_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("analyse", "zoo:golden_mean?length=20", "--samples", "40", "--json", "--steps", "4")
    first, again = (output(capsys, *arguments, "--seed", "5") for _ in range(2))
    assert first == again
    assert output(capsys, *arguments, "--seed", "6") != first


def test_a_text_that_ends_abruptly_gives_a_note(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "odd.txt").write_text("ababababc", encoding="utf-8")
    assert run(["analyse", "odd.txt", "--length", "4", "--samples", "0"]) == 0
    assert "note: nothing follows the end of the text" in capsys.readouterr().err


# ------------------------------------------------------------------ bad input

FILES = {
    "empty.txt": b"",
    "binary.txt": b"text\0more",
    "latin.txt": b"caf\xe9 au lait",
    "broken.json": b"{",
    "list.json": b"[1, 2]",
    "rows.json": b'{"format": "maskproof-oracle/1", "family": "MarkovChain", "length": 2, '
    b'"initial": ["1/2", "1/3"], "transition": [["1", "0"], ["0", "1"]]}',
    "one.txt": b"x",
    "bad.arpa": b"\\data\\\n\n\\1-grams:\n",
}
TEXT = "corpus.txt"


def test_a_law_of_the_zoo_is_told_its_length(capsys, tmp_path) -> None:
    options = ("--samples", "0", "--steps", "2", "--json")
    expected = json.loads(output(capsys, "analyse", "zoo:golden_mean?length=4", *options))
    for given in (("zoo:golden_mean", "--length", "4"), ("zoo:golden_mean?length=4", "--length", "4")):
        found = json.loads(output(capsys, "analyse", *given, *options))
        assert {**found, "target": 0, "seconds": 0} == {**expected, "target": 0, "seconds": 0}
    save(zoo.golden_mean(4), tmp_path / "law.json")
    assert output(capsys, "analyse", str(tmp_path / "law.json"), "--length", "4", *options)


ZOO = "zoo:golden_mean?length=5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.txt"], "nothing.txt: expected a readable file, got: No such file"),
        (["."], ".: expected a readable file, got: Is a directory"),
        (["empty.txt"], "empty.txt: expected text, got an empty file"),
        (["binary.txt"], "binary.txt: expected UTF-8 text, got a binary file"),
        (["latin.txt"], "latin.txt: expected UTF-8 text, got byte 0xe9 at offset 3"),
        (["one.txt"], "expected at least 2 characters, got 1"),
        (["broken.json"], "broken.json: expected JSON"),
        (["list.json"], "list.json: expected a JSON object, got a list"),
        (["rows.json"], "rows.json: initial: expected probabilities that sum to 1"),
        (["zoo:unicorn"], "zoo: expected one of ababbaba, all_equal"),
        (["zoo:golden_mean"], "zoo: missing parameter 'length'"),
        (["zoo:golden_mean", "--length", "0"], "length: expected an integer of at least 1, got 0"),
        (["zoo:tetracode", "--length", "4"], "zoo: unknown parameter 'length'"),
        ([ZOO, "--length", "6"], "length: expected 5, that of zoo:golden_mean?length=5, got 6"),
        (["zoo:golden_mean?length=x"], "length: expected an integer, got 'x'"),
        (["zoo:golden_mean?length=200000"], "length: expected at most 100000, got 200000"),
        ([TEXT, "--order", "0"], "order: expected an integer of at least 1, got 0"),
        ([TEXT, "--order", "x"], "'--order': "),
        ([TEXT, "--order", "9"], "order: expected at most"),
        ([TEXT, "--length", "0"], "length: expected an integer of at least 1, got 0"),
        ([TEXT, "--length", "1000000000"], "length: expected at most 100000, got 1000000000"),
        ([TEXT, "--level", "sentence"], "level: expected one of character, word, got 'sentence'"),
        ([TEXT, "--alphabet", "greek"], "alphabet: expected one of raw, letters, vowels, got 'greek'"),
        ([TEXT, "--smoothing", "-1"], "smoothing: expected a number of at least 0, got '-1'"),
        ([TEXT, "--smoothing", "much"], "smoothing: expected a finite number, got 'much'"),
        ([ZOO, "--order", "3"], "order: expected a text to fit an n-gram to, got the oracle zoo:"),
        ([ZOO, "--ends", "absorb"], "ends: expected a model in an .arpa file, got the oracle zoo:"),
        ([TEXT, "--ends", "absorb"], "ends: expected a model in an .arpa file, got a text to fit"),
        ([TEXT, "--min-count", "2"], "min_count: expected words to choose from, got level 'character'"),
        ([TEXT, "--background", "unigram", "--order", "3"], "background: expected uniform for order 3"),
        ([TEXT, "--vocabulary", "5"], "vocabulary: expected words to choose from, got level 'character'"),
        ([TEXT, "--states", "99"], "states: expected at most 13, the number of different characters, got 99"),
        (
            [TEXT, "--states", "2", "--length", "999"],
            "text_or_path: expected at least 999 characters, got 201",
        ),
        (
            [TEXT, "--states", "2", "--order", "2"],
            "order: expected a text to fit an n-gram to, got an HMM to fit",
        ),
        (["bad.arpa"], "bad.arpa:3: expected at least one 1-gram announced"),
        (["bad.arpa", "--states", "2"], "states: expected a text to fit an HMM to, got the model bad.arpa"),
        (["nothing.arpa"], "nothing.arpa: expected a readable file"),
        ([ZOO, "--steps", "1,x"], "steps: expected positive integers separated by commas, got '1,x'"),
        ([ZOO, "--steps", "0"], "steps: expected positive integers separated by commas, got '0'"),
        ([ZOO, "--steps", "-1"], "steps: expected positive integers separated by commas, got '-1'"),
        ([ZOO, "--steps", ""], "steps: expected positive integers separated by commas, got ''"),
        ([ZOO, "--steps", "9000000000"], "steps: expected at most 200000000 in all"),
        ([ZOO, "--given", "2"], "given: expected tokens in 0..1, got '2'"),
        ([ZOO, "--given", "011"], "expected a possible pattern"),
        ([ZOO, "--given", "00000"], "given: expected 1 to 4 tokens, got 5"),
        ([ZOO, "--given", ""], "given: expected 1 to 4 tokens, got 0"),
        ([TEXT, "--given", "Q"], "'Q' at position 0"),
        ([ZOO, "--samples", "-3"], "'--samples': "),
        ([ZOO, "--minutes", "0"], "minutes: expected a positive number, got 0"),
        ([ZOO, "--confidence", "1"], "confidence: expected a number strictly between 0 and 1, got 1.0"),
        ([ZOO, "--plot", "no/such/folder.png"], "expected a file in an existing folder"),
        ([ZOO, "--plot", "."], ".: expected a file to write, got a directory"),
        ([ZOO, "--colour", "red"], "No such option: --colour"),
        ([ZOO, "too", "many"], "unexpected extra argument"),
    ],
)
def test_bad_input_gets_one_line(
    capsys: pytest.CaptureFixture[str], corpus: str, elsewhere: Path, arguments: list[str], message: str
) -> None:
    for name, content in FILES.items():
        (elsewhere / name).write_bytes(content)
    assert corpus == TEXT
    assert message in error(capsys, "analyse", *arguments)
    assert not (elsewhere / "maskproof-analysis.png").exists()


def test_an_unknown_command_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such command 'anaylse'" in error(capsys, "anaylse")


def test_an_interrupt_gets_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(request: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("proofs_check.commands.analyse.run_analyse", interrupted)
    assert run(["analyse"]) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_full_disk_gets_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(["analyse", ZOO, "--samples", "0"]) == 2
    assert "No space left on device" in capsys.readouterr().err


# ------------------------------------------------------------------ the process itself


def test_help_needs_neither_torch_nor_matplotlib() -> None:
    probe = "import sys; from proofs_check.cli import run; run(['--help']); print(*sys.modules)"
    done = python(probe)
    assert "analyse" in done.stdout
    assert not set(done.stdout.splitlines()[-1].split()) & {"torch", "matplotlib", "scipy.stats"}


@pytest.mark.parametrize("command", ["check", "analyse"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = output(capsys, command, "--help")
    assert "--json" in text
    assert "--seed" in text


def test_a_process_that_succeeds_and_one_that_fails() -> None:
    done = python(MAIN, "analyse", ZOO, "--json", "--samples", "0", "--steps", "1")
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["length"] == 5
    done = python(MAIN, "analyse", "zoo:unicorn")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: zoo: expected one of")
    assert done.stderr.count("\n") == 1


def test_an_output_that_cannot_show_every_character(elsewhere: Path) -> None:
    done = python(MAIN, "analyse", ZOO, "--samples", "0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "E KL" in done.stdout


def test_a_search_leaves_nothing_where_it_runs(elsewhere: Path) -> None:
    ran = python(
        "from hypothesis import strategies as st\n"
        "from proofs_check.backends.search import smallest\n"
        "from proofs_check.evaluation import Outcome\n"
        "from proofs_check.relation import Truth\n"
        "smallest({'x': st.integers()}, lambda instance: Outcome(instance, Truth.FALSE), examples=20, seed=0)"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not list(elsewhere.iterdir())
