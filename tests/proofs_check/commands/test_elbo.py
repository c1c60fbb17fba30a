"""`maskproof elbo` as its users meet it."""

import json
from pathlib import Path

import pytest

from tests.proofs_check import command_line
from tests.proofs_check.command_line import flat

CHAIN = "zoo:golden_mean?length=4"


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    text = command_line.output(capsys, "elbo", *arguments)
    assert "--json" in arguments or max(map(len, text.splitlines())) <= 100
    return text


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    return command_line.error(capsys, "elbo", *arguments)


def row(text: str, name: str) -> list[str]:
    """The numbers of a line of a table."""
    line = next(line for line in text.splitlines() if line.startswith(name))
    return line.removeprefix(name).split()


def test_the_ideal_denoiser(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    text = output(capsys, CHAIN)
    # H of the stationary chain: h(1/3) + 3 * 2/3.
    assert row(text, "H(q), the least possible") == ["2.9183", "0.7296", "0.5057", "1.6581"]
    assert row(text, "NELBO, continuous time") == ["2.9183", "0.7296", "0.5057", "1.6581"]
    assert row(text, "NELBO, N = 1") == ["3.6732", "0.9183", "0.6365", "1.8899"]
    assert row(text, "t in (0, 1]")[1:] == ["inf"] * 7
    assert "In continuous time the NELBO of the ideal denoiser is the entropy" in flat(text)
    assert "every one of these orders generates the law itself: random, left, confidence" in flat(text)
    assert "K random orders" not in text
    assert [path.name for path in elsewhere.iterdir()] == ["corpus.txt"]


def test_a_terminal_of_80_columns_shows_whole_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = output(capsys, CHAIN)
    assert max(map(len, text.splitlines())) <= 80
    assert len(row(text, "t in [0.001, 1]")) == 8


def test_a_denoiser_that_sees_little(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "corpus.txt", "--denoiser", "window:1", "--length", "4")
    assert "K random orders averaged inside the logarithm" in text
    assert "above the entropy: the mean error of the denoiser" in flat(text)
    assert "too high (Jensen)" in flat(text)
    assert "no bound" in text
    assert "of infinite variance" in flat(text)


@pytest.mark.parametrize("denoiser", ["perturb:0.1", "temper:2", "temper:1/2", "topp:0.9"])
def test_other_denoisers(capsys: pytest.CaptureFixture[str], denoiser: str) -> None:
    assert f"denoiser: {denoiser}" in output(capsys, CHAIN, "--denoiser", denoiser, "--samples", "50")


def test_a_greedy_denoiser_has_no_bound(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, CHAIN, "--denoiser", "temper:0")
    assert "The NELBO is infinite" in text
    assert "estimators: the NELBO is infinite" in text
    document = json.loads(output(capsys, CHAIN, "--denoiser", "temper:0", "--json"))
    assert document["nelbo"]["infinite"] is True
    assert document["estimators"] is None


def test_units_of_words(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "words.txt").write_text("to be or not to be that is to be " * 4, encoding="utf-8")
    options = ("--level", "word", "--length", "3", "--vocabulary", "6", "--order", "2")
    text = output(capsys, "words.txt", *options)
    assert "character" in text
    assert "times larger by token than by character" in flat(text)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--denoiser",
        "perturb:0.2",
        "--steps",
        "1,2",
        "--draws",
        "10",
        "--orders",
        "left,margin",
        "--json",
    )
    document = json.loads(output(capsys, CHAIN, *options))
    assert [each["steps"] for each in document["nelbo_steps"]] == [1, 2]
    assert [each["order"] for each in document["orders"]] == ["left", "margin"]
    assert document["estimators"][0]["variance"] is None
    assert document["estimators"][2]["half_widths"].keys() == {"10"}
    assert document["entropy"]["value"] < document["nelbo"]["value"] < document["nelbo_steps"][1]["value"]
    assert document["reading"]


def test_what_is_too_large(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--denoiser", "perturb:0.1", "--samples", "30")
    text = output(capsys, "zoo:pair_hmm?length=12", *options)
    assert "patterns, and the limit in float64" in flat(text)
    assert "Student's t interval" in text
    document = json.loads(output(capsys, "zoo:pair_hmm?length=12", *options, "--json"))
    assert document["nelbo"]["kind"] == "estimate"


def test_a_prompt_and_a_plot(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    text = output(capsys, CHAIN, "--given", "0_1_", "--plot", "here.png")
    assert "given '0_1_': the 2 tokens that are left" in text
    assert (elsewhere / "here.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.txt"], "nothing.txt: expected a readable file"),
        ([CHAIN, "--denoiser", "best"], "denoiser: expected ideal, perturb:A, temper:T"),
        ([CHAIN, "--denoiser", "perturb:x"], "denoiser: expected a number, got 'x'"),
        ([CHAIN, "--denoiser", "perturb:2"], "a: expected a number in [0, 1]"),
        ([CHAIN, "--denoiser", "window:-1"], "denoiser: expected ideal"),
        ([CHAIN, "--draws", "some"], "draws: expected positive integers"),
        ([CHAIN, "--draws", "0"], "draws: expected positive integers"),
        ([CHAIN, "--steps", "0"], "steps: expected positive integers"),
        ([CHAIN, "--lowest", "0"], "lowest: expected a number strictly between 0 and 1"),
        ([CHAIN, "--confidence", "1"], "confidence: expected a number strictly between 0 and 1"),
        ([CHAIN, "--orders", "sideways"], "orders: expected random"),
        ([CHAIN, "--given", "0000"], "given: expected 1 to 3 tokens"),
        ([CHAIN, "--plot", "no/where.png"], "no/where.png"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert message in error(capsys, *arguments)
