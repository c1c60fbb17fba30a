"""`maskproof order` as its users meet it."""

import json
from pathlib import Path

import pytest

from oracles import save, uniform_on, zoo
from tests.proofs_check import command_line
from tests.proofs_check.command_line import flat

CHAIN = "zoo:golden_mean?length=4"
TWO = ("--orders", "random,confidence")


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    text = command_line.output(capsys, "order", *arguments)
    assert "--json" in arguments or max(map(len, text.splitlines())) <= 100
    return text


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    return command_line.error(capsys, "order", *arguments)


def test_a_law_of_the_zoo(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    text = output(capsys, CHAIN)
    assert "N = 2 steps for 4 tokens; ideal denoiser" in text
    for name in ("random", "bisection", "lowconfidence", "threshold:0.6", "remask:0.2"):
        assert f"\n{name} " in text
    assert "loses least" in text
    assert [path.name for path in elsewhere.iterdir()] == ["corpus.txt"]


def test_a_text_is_small_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "corpus.txt", *TWO)
    assert "n-gram of order 3 over characters, V = 3, L = 6" in text
    text = output(capsys, "corpus.txt", *TWO, "--level", "word", "--length", "4")
    assert "n-gram of order 2 over words, V = 4, L = 4" in text
    text = output(capsys, "corpus.txt", *TWO, "--states", "2", "--length", "4")
    assert "HMM of 2 hidden states" in text
    text = output(capsys, "corpus.txt", *TWO, "--order", "2", "--alphabet", "letters", "--length", "4")
    assert "n-gram of order 2 over characters, V = 13, L = 4" in text


def test_why_confidence_loses(capsys: pytest.CaptureFixture[str]) -> None:
    text = flat(output(capsys, "corpus.txt", *TWO))
    assert "Confidence order loses" in text
    assert "because its errors differ from order to order" in text


def test_kept_draws_are_not_exact(capsys: pytest.CaptureFixture[str]) -> None:
    text = flat(output(capsys, CHAIN, "--steps", "4", "--orders", "random,confidence,lowconfidence"))
    assert "Exact, p = q: random (4.00 steps), confidence (4.00 steps)." in text
    assert "lowconfidence is not exact even at one token a step" in text
    assert "Mode collapse: lowconfidence" in text


def test_greedy(capsys: pytest.CaptureFixture[str]) -> None:
    text = flat(output(capsys, CHAIN, "--temperature", "0", "--orders", "left,confidence,margin"))
    assert "confidence plain" in text
    assert "At temperature 0 every confidence is 1" in text
    assert "KL is infinite" in text
    assert "generates 0 bits of entropy" in text


def test_whole_or_by_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    text = flat(
        output(capsys, CHAIN, "--block", "2", "--orders", "threshold:0.6,random,margin@1", "--steps", "4")
    )
    assert "threshold:0.6@2" in text
    assert "threshold:0.6 by blocks of 2:" in text
    assert "margin@1@2" not in text


def test_a_perturbed_denoiser(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, CHAIN, "--perturb", "0.1", *TWO)
    assert "denoiser (1 - 0.1) ideal + 0.1 uniform" in text
    assert "Exact, p = q" not in text


def test_a_prompt_with_holes(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, CHAIN, "--given", "0__1", *TWO)
    assert "given '0__1': the 2 tokens that are left" in text
    text = output(capsys, "corpus.txt", "--given", "cvc", *TWO)
    assert "given 'cvc': the 3 tokens that are left" in text


def test_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(output(capsys, CHAIN, "--exact", "--json", "--orders", "random,remask:1/5"))
    assert document["orders"][0]["ser"]["kind"] == "exact rational"
    assert document["orders"][0]["steps"]["exact"] == "2"
    assert document["orders"][1]["expected_kl"]["kind"] == "missing"
    assert document["reading"]


def test_infinity_is_no_number_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(output(capsys, CHAIN, "--temperature", "0", "--json", "--orders", "left"))
    assert document["orders"][0]["kl"]["value"] is None
    assert document["orders"][0]["kl"]["infinite"] is True
    save(uniform_on(["01", "10"], 2), "two.json")
    options = ("--steps", "1", "--temperature", "0", "--json", "--orders", "left")
    wrong = json.loads(output(capsys, "two.json", *options))["orders"][0]["generative_nll"]
    assert (wrong["value"], wrong["infinite"]) == (None, False)  # nothing possible is generated


def test_what_is_too_large_has_an_estimate_and_a_cost(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "zoo:pair_hmm?length=8", "--samples", "40", *TWO)
    assert "too large:" in text
    assert "Confidence order loses" in text
    assert "estimated" in text
    document = json.loads(output(capsys, "zoo:pair_hmm?length=8", "--samples", "0", "--json", *TWO))
    assert document["orders"][0]["ser"]["kind"] == "missing"


def test_a_stored_oracle_and_a_plot(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    save(zoo.golden_mean(3), "law.json")
    assert "plot saved to here.png" in output(capsys, "law.json", *TWO, "--plot", "here.png")
    assert (elsewhere / "here.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.txt"], "nothing.txt: expected a readable file"),
        ([CHAIN, "--orders", "sideways"], "orders: expected random, iid, left"),
        ([CHAIN, "--orders", "threshold"], "orders: expected 'threshold:PROBABILITY', got 'threshold'"),
        ([CHAIN, "--steps", "9"], "steps: expected at most 4, one for each position, got 9"),
        ([CHAIN, "--steps", "3", "--block", "2"], "steps: expected a multiple of 2, the number of blocks"),
        ([CHAIN, "--block", "3"], "orders: expected blocks with equally many masked positions"),
        ([CHAIN, "--temperature", "-1"], "temperature: expected a number >= 0, got '-1'"),
        ([CHAIN, "--temperature", "warm"], "temperature: expected a number, got 'warm'"),
        ([CHAIN, "--temperature", "2/3", "--exact"], "temperature: expected one whose inverse is whole"),
        ([CHAIN, "--perturb", "2"], "a: expected a number in [0, 1]"),
        ([CHAIN, "--perturb", "some"], "perturb: expected a number, got 'some'"),
        ([CHAIN, "--given", "0000"], "given: expected 1 to 3 tokens, got 4"),
        ([CHAIN, "--given", "____"], "given: expected 1 to 3 tokens, got 4"),
        ([CHAIN, "--given", "_11_"], "given: expected a possible pattern"),
        ([CHAIN, "--plot", "no/where.png"], "no/where.png"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert message in error(capsys, *arguments)
