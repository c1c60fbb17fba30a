"""`maskproof optimise` as its users meet it: tables, JSON, and one line for every bad input."""

import json
from pathlib import Path

import pytest

from oracles import save, zoo
from tests.proofs_check import command_line

TEXT = "the cat sat on the mat. the dog sat on the cat. " * 8


@pytest.fixture(autouse=True)
def corpus(elsewhere: Path) -> None:
    (elsewhere / "corpus.txt").write_text(TEXT, encoding="utf-8")


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    return command_line.output(capsys, "optimise", *arguments)


def test_a_chain_has_the_known_sizes_and_ratios(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    text = output(capsys, "zoo:sticky_chain?length=64", "--steps", "8")
    assert "N = 8: 2 x 3, 4, 6, 8, 10, 13, 17" in text
    row = next(line.split() for line in text.splitlines() if line.split()[:2] == ["8", "2.233"])
    assert row[2:] == ["1.614", "1.138", "1.089", "1.210", "1.789", "1.334", "1.314"]
    assert "E KL ≤ 6.4 bits" in text
    assert max(map(len, text.splitlines())) <= 100
    assert (elsewhere / "maskproof-schedules.png").read_bytes().startswith(b"\x89PNG")


def test_a_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "corpus.txt", "--length", "24", "--kl", "2")
    assert "n-gram of order 2 over characters" in text
    assert "KL ≤ 2 bits" in text
    assert "enough, by a bound from E KL" in text
    assert "N = 2: " in text
    assert "N = 16: " in text


def test_the_default_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "--length", "32", "--steps", "4", "--given", "The ")
    assert "the manual that ships with Python" in text
    assert "given 'The ': the 28 tokens that are left" in text


def test_json_has_all_numbers(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    document = json.loads(output(capsys, "zoo:tetracode", "--steps", "1,2", "--ser", "0", "--json"))
    assert document["plot"] is None
    assert sorted(path.name for path in elsewhere.iterdir()) == ["corpus.txt"]
    assert (document["vocab_size"], document["length"]) == (3, 4)
    row = document["rows"][1]
    assert row["optimal_sizes"]["sizes"] == [2, 2]
    assert row["optimal_sizes"]["expected_kl"]["unit"] == "bits"
    assert sum(row["optimal_weights"]["weights"]) == pytest.approx(1)
    assert row["optimal_weights"]["slack"] < 1e-3
    assert [each["schedule"] for each in row["schedules"]][:2] == ["equal", "cosine-sizes"]
    assert document["rows"][0]["schedules"][0]["ratio"] == 1
    needed = {each["schedule"]: each for each in document["needed"]}
    assert (needed["optimal"]["steps"], needed["optimal"]["least"]) == (2, True)
    assert needed["optimal"]["before"]["value"] == pytest.approx(8 / 9)
    assert (needed["uniform"]["steps"], needed["uniform"]["reason"]) == (None, "not reached by N = 16")


def test_a_stored_oracle_and_a_plot_beside_json(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    save(zoo.golden_mean(5), "law.json")
    document = json.loads(output(capsys, "law.json", "--json", "--plot", "here.png", "--expected-kl", "1/2"))
    assert document["plot"] == "here.png"
    assert (elsewhere / "here.png").stat().st_size > 1000
    assert [row["steps"] for row in document["rows"]] == [2, 4]
    assert document["needed"][0]["most"] == 0.5


def test_one_position(capsys: pytest.CaptureFixture[str]) -> None:
    assert "N = 1: 1" in output(capsys, "zoo:parity?length=1")


ZOO = "zoo:golden_mean?length=5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.txt"], "nothing.txt: expected a readable file"),
        (["zoo:unicorn"], "zoo: expected one of ababbaba"),
        (["zoo:pair_hmm?length=12"], "is too large: enumeration would take"),
        (["corpus.txt", "--order", "3"], "is too large: enumeration would take"),
        ([ZOO, "--steps", "2,x"], "steps: expected positive integers separated by commas, got '2,x'"),
        ([ZOO, "--steps", "6"], "steps: expected at most 5, one for each token, which is exact, got 6"),
        ([ZOO, "--ser", "-1"], "ser: expected a number of at least 0, got '-1'"),
        ([ZOO, "--ser", "half"], "ser: expected a number, got 'half'"),
        ([ZOO, "--ter", "1.2"], "ter: expected at least TER(q) = 1.64"),
        ([ZOO, "--kl", "nan"], "kl: expected a number, got 'nan'"),
        ([ZOO, "--expected-kl", "1/0"], "expected_kl: expected a number, got '1/0'"),
        ([ZOO, "--given", "011"], "expected a possible pattern"),
        ([ZOO, "--order", "2"], "order: expected a text to fit an n-gram to"),
        ([ZOO, "--plot", "no/such/folder.png"], "expected a file in an existing folder"),
        ([ZOO, "--speed", "9"], "No such option: --speed"),
    ],
)
def test_bad_input_gets_one_line(
    capsys: pytest.CaptureFixture[str], elsewhere: Path, arguments: list[str], message: str
) -> None:
    assert message in command_line.error(capsys, "optimise", *arguments)
    assert not (elsewhere / "maskproof-schedules.png").exists()


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "--help")
    assert "--json" in text
    assert "--expected-kl" in text
