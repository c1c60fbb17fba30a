"""`maskproof train` as its users meet it."""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from oracles import load, zoo
from proofs_check.cli import run
from theory.neural import ModelShape, TrainingPlan, load_checkpoint, shortfall, train

CHAIN = "zoo:golden_mean?length=4"
SMALL = ("--width", "8", "--depth", "1", "--heads", "2", "--batch", "8")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    found = run(["train", *arguments, *SMALL])
    captured = capsys.readouterr()
    assert found == 0, captured.err
    assert "--json" in arguments or max(map(len, captured.out.splitlines())) <= 100
    return captured.out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    return json.loads(output(capsys, *arguments, "--json"))


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["train", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_denoiser(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    text = output(capsys, CHAIN, "--steps", "20")
    assert "mdlm on 8 sequences a step; width 8, depth 1, 2 heads" in text
    assert "eps_learning" in text
    assert "after 20 steps: NELBO - H(q) is " in text
    assert "bits a token, exactly" in text
    assert sorted(path.name for path in (elsewhere / "maskproof-model").iterdir()) == [
        "last.pt",
        "oracle.json",
        "previous.pt",
    ]


def test_a_log_shows_how_far_it_is(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert run(["train", CHAIN, *SMALL, "--steps", "20"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["note"] * 20
    assert lines[-1].startswith("note: step 20 of 20: loss ")


def test_what_is_written_gives_the_numbers_again(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, CHAIN, "--steps", "20", "--seed", "3", "--output", "here/below")
    law = load(found["oracle"])
    assert law.joint().tolist() == zoo.golden_mean(4).to("float64").joint().tolist()
    again = shortfall(law, load_checkpoint(found["checkpoint"], law).model)
    assert found["final"]["gap"]["value"] == pytest.approx(float(again.gap.value))
    assert again.worst is not None
    assert found["final"]["worst"]["value"] == pytest.approx(float(again.worst.value))
    assert found["plan"]["seed"] == 3
    assert found["reports"][-1]["gap"]["value"] == pytest.approx(found["final"]["gap"]["value"])
    assert [report["step"] for report in found["reports"]] == list(range(1, 21))
    assert found["weights"] == sum(w.numel() for w in load_checkpoint("here/below").model.parameters())


def test_it_goes_on_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    constant = (CHAIN, "--rate-schedule", "constant")
    document(capsys, *constant, "--steps", "10")
    longer = document(capsys, *constant, "--steps", "20")
    assert [report["step"] for report in longer["reports"]] == list(range(11, 21))
    assert longer["begun"] == 10
    afresh = document(capsys, *constant, "--steps", "20", "--output", "other")
    assert longer["final"] == afresh["final"]
    finished = document(capsys, *constant, "--steps", "20")
    assert finished["reports"] == []
    assert finished["final"] == longer["final"]
    assert "all of its 20 steps were done before" in output(capsys, *constant, "--steps", "20")
    restarted = document(capsys, *constant, "--steps", "5", "--restart")
    assert len(restarted["reports"]) == 5
    assert "device: expected" in error(capsys, *constant, "--steps", "5", "--restart", "--device", "nowhere")
    kept = document(capsys, *constant, "--steps", "5")
    assert kept["final"] == restarted["final"]
    assert kept["reports"] == []  # a restart that cannot start deletes nothing
    other = document(capsys, "zoo:all_equal?length=4", "--steps", "5", "--restart")
    assert load(other["oracle"]).joint().tolist() == zoo.all_equal(4).to("float64").joint().tolist()


def test_where_it_goes_on_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_of = (CHAIN, "--rate-schedule", "constant", "--steps")
    output(capsys, *run_of, "10")
    assert run(["train", *run_of, "20", *SMALL]) == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "note: went on from step 10 of 20"
    assert captured.err.splitlines()[1].startswith("note: step 11 of 20: loss ")
    assert "\nwent on from step 10\n" in captured.out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["train", *run_of, "30", *SMALL]) == 0
    captured = capsys.readouterr()
    assert "20/30" in captured.err
    assert "10/30" not in captured.err


def test_rows_say_the_mean_loss_since_the_last_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the bar moves more often than the table grows."""
    monkeypatch.setattr("proofs_check.commands.train.MOVES", 4)
    monkeypatch.setattr("proofs_check.commands.train.REPORTS", 2)
    found = document(capsys, CHAIN, "--steps", "22")
    assert [report["step"] for report in found["reports"]] == [10, 20, 22]
    losses: list[float] = []
    shape, plan = ModelShape(**found["shape"]), TrainingPlan(**found["plan"])
    train(load(found["oracle"]), shape, plan, watch=lambda now: losses.append(now.loss), watch_every=1)
    for report, start in zip(found["reports"], (0, 10, 20), strict=True):
        assert report["loss"] == pytest.approx(mean(losses[start : report["step"]]))


def test_every_setting_of_a_plan_can_be_given(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    given: dict[str, Any] = {
        "objective": "md4",
        "steps": 4,
        "batch": 3,
        "rate": 0.25,
        "seed": 5,
        "warmup": 2,
        "rate_schedule": "constant",
        "optimizer": "adamw",
        "alpha": "square",
        "weight_decay": 0.125,
        "clip": 0.5,
        "average": 0.75,
    }
    assert given.keys() == TrainingPlan().__dict__.keys()
    options = [text for name, value in given.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    command = ["train", CHAIN, "--width", "8", "--depth", "1", "--heads", "2", *options, "--json"]
    assert run([*command, "--save-every", "3", "--mixed", "--no-compile"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plan"] == given
    assert load_checkpoint(elsewhere / "maskproof-model" / "previous.pt").step == 3
    assert run([*command, "--output", "other"]) == 0
    assert json.loads(capsys.readouterr().out)["reports"] != found["reports"]  # in other precision


def test_an_autoregressive_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", CHAIN, "--steps", "10", "--objective", "autoregressive", *SMALL]) == 0
    captured = capsys.readouterr()
    assert "after 10 steps: KL(q||p) is " in captured.out
    assert "eps_learning" not in captured.out
    assert captured.err.splitlines()[-1].endswith(" bits/token")


def test_a_law_that_is_too_long_to_enumerate(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "zoo:golden_mean?length=40", "--steps", "2", "--rate", "1e-6")
    assert found["final"]["gap"]["kind"] == "estimate"
    assert found["final"]["worst"] is None
    low, high = found["final"]["gap"]["low"], found["final"]["gap"]["high"]
    assert low < 1 - found["entropy"]["value"] / 40 < high  # all but uniform yet


def test_a_text(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "corpus.txt").write_text("the cat sat on the mat and the rat ate it\n" * 3, encoding="utf-8")
    found = document(
        capsys, "corpus.txt", "--steps", "2", "--length", "3", "--objective", "md4", "--time-conditioned"
    )
    assert found["shape"]["length"] == 3
    assert found["shape"]["time_conditioned"] is True
    assert document(capsys, "corpus.txt", "--steps", "1", "--output", "other")["shape"]["length"] == 32


def test_a_model_that_is_told_a_time_is_measured_as_a_sampler_tells_it(
    capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    text = output(capsys, CHAIN, "--steps", "2", "--objective", "mdlm", "--time-conditioned")
    assert "told the share of masked positions as its time" in " ".join(text.split())


def test_the_table_grows_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    assert run(["train", CHAIN, "--steps", "4", "--json", *SMALL]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["final"]["step"] == 4
    assert "training" in captured.err
    assert "eps_learning" in captured.err


def test_a_signal_ends_it_with_a_checkpoint(elsewhere: Path) -> None:
    # A shell that runs the tests in the background has the signals of the keyboard ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from proofs_check.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "train", CHAIN, *SMALL, "--steps", "4000"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=elsewhere)
    assert process.stderr is not None
    process.stderr.readline()  # the first row
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    step = load_checkpoint(elsewhere / "maskproof-model").step
    assert 200 <= step <= 4000
    left = (
        f"note: {step} of 4000 steps are in maskproof-model; the same command goes on from there interrupted"
    )
    assert left in " ".join(said.split())


def interrupted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str
) -> str:
    """What is said of a run with an interrupt where it calls something for the first time."""

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(name, interrupt)
        assert run(["train", CHAIN, *arguments, "--steps", "40", *SMALL]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    *_, left, last = captured.err.splitlines()
    assert last == "interrupted"
    return left.removeprefix("note: ")


def test_what_an_interrupt_leaves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    command = "proofs_check.commands.train"
    for early in (f"{command}.read_target", "theory.neural.optimisation.Optimisation.advance"):
        assert interrupted(capsys, monkeypatch, early) == "nothing was learned yet"
    output(capsys, "zoo:golden_mean?length=5", "--steps", "2", "--output", "other")
    for elsewhere_too in (("--output", "other"), ("--output", "other", "--restart")):
        left = interrupted(capsys, monkeypatch, f"{command}.read_target", *elsewhere_too)
        assert left == "nothing was learned yet"  # what is there is another run
    row = interrupted(capsys, monkeypatch, f"{command}.shortfall", "--restart")
    kept = " of 40 steps are in maskproof-model; the same command "
    assert row == f"2{kept}with --resume in place of --restart goes on from there"
    assert interrupted(capsys, monkeypatch, f"{command}.shortfall") == f"4{kept}goes on from there"
    finished = document(capsys, "--steps", "40", CHAIN)
    assert finished["begun"] == 4
    assert interrupted(capsys, monkeypatch, f"{command}.shortfall") == f"40{kept}goes on from there"
    assert document(capsys, "--steps", "40", CHAIN)["final"] == finished["final"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--objective", "bert"), "objective: expected one of mdlm, md4, any_order, autoregressive"),
        (("--rate", "0"), "rate: expected a number in (0, 1], got 0.0"),
        (("--width", "30"), "width: expected a multiple of twice the 4 heads, got 30"),
        (("--device", "nowhere"), "device: expected one that holds torch.float32 here, got 'nowhere'"),
        (("--length", "5"), "length: expected 4, that of zoo:golden_mean?length=4, got 5"),
        (("--objective", "autoregressive", "--time-conditioned"), "time_conditioned: expected False"),
        (
            ("--width", "100000", "--heads", "1"),
            "width: expected a model that can be trained within a budget",
        ),
        (("--depth", "1000000000"), "width: expected a model that can be trained within a budget"),
        (
            ("--width", str(2**40), "--heads", "1"),
            "width: expected a model that can be trained, got 1099511627776",
        ),
        (("--batch", "1000000000"), "batch: expected at most"),
        (("--clip", "0"), "clip: expected a finite number above 0, got 0.0"),
        (("--save-every", "0"), "--save-every"),
        (("--steps", "0"), "--steps"),
        (("--steps", "50", "--warmup", "100"), "warmup: expected at most the 50 steps, got 100"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    assert message in error(capsys, CHAIN, *arguments)


def test_a_folder_with_another_run_is_left_alone(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    output(capsys, CHAIN, "--steps", "3")
    before = (elsewhere / "maskproof-model" / "last.pt").read_bytes()
    text = error(capsys, CHAIN, "--steps", "4", *SMALL)
    assert "of the same plan, steps 4, got steps 3 in maskproof-model/last.pt" in text
    text = error(capsys, "zoo:all_equal?length=4", "--steps", "3", *SMALL)
    assert "of the same oracle" in text
    assert (elsewhere / "maskproof-model" / "last.pt").read_bytes() == before


def test_a_folder_that_is_a_file(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "taken").write_text("text", encoding="utf-8")
    assert "taken" in error(capsys, CHAIN, "--steps", "1", "--output", "taken", *SMALL)


def test_numbers_are_finite(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, "zoo:golden_mean?length=1", "--steps", "2")
    assert all(math.isfinite(report["loss"]) for report in found["reports"])
