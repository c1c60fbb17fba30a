"""`maskproof compare` as its users meet it: a model trained for a few steps, and laws that it does not fit."""

import json
from pathlib import Path

import pytest

from oracles import save, zoo
from proofs_check.cli import run
from theory import IID, sequence_error_rate
from theory.denoisers import CountBased
from theory.learning import context_errors
from theory.neural import AutoregressiveLaw, ModelShape, TrainingPlan, load_checkpoint, train

LAW = "zoo:golden_mean?length=4"
LONG = "zoo:golden_mean?length=24"


def trained(folder: Path, length: int, **plan: object) -> Path:
    q = zoo.golden_mean(length).to("float64")
    shape = ModelShape(2, length, width=8, depth=1, heads=2)
    train(q, shape, TrainingPlan(**{"steps": 20, "batch": 32} | plan), folder)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a short and of a long model, an autoregressive one, and a truncated checkpoint."""
    place = tmp_path_factory.mktemp("models")
    trained(place / "short", 4)
    trained(place / "long", 24, steps=5)
    (place / "long" / "oracle.json").unlink(missing_ok=True)
    trained(place / "autoregressive", 4, objective="autoregressive", steps=2)
    trained(place / "long autoregressive", 24, objective="autoregressive", steps=5)
    whole = (place / "short" / "last.pt").read_bytes()
    (place / "truncated.pt").write_bytes(whole[: len(whole) // 2])
    save(zoo.golden_mean(4), place / "short" / "oracle.json")
    return place


@pytest.fixture(autouse=True)
def elsewhere(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(models)
    monkeypatch.delenv("COLUMNS", raising=False)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    found = run(["compare", *arguments])
    captured = capsys.readouterr()
    assert found == 0, captured.err
    assert "--json" in arguments or max(map(len, captured.out.splitlines())) <= 100
    assert "…" not in captured.out
    return captured.out


def flat(text: str) -> str:
    return " ".join(text.split())


def row(text: str, name: str) -> list[str]:
    """The numbers of a line of a table."""
    line = next(line for line in text.splitlines() if line.startswith(name))
    return line.removeprefix(name).split()


def test_a_short_law_is_compared_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "short", LAW)
    q = zoo.golden_mean(4).to("float64")
    errors = context_errors(q, load_checkpoint("short", q).denoiser(q))
    average = float(errors.average)
    assert row(text, "mean over t, (NELBO - H)/L, a token")[0] == f"{average:.4f}"
    assert row(text, "NELBO in continuous time, a sequence")[0] == f"{float(q.entropy()) + 4 * average:.4f}"
    assert row(text, "H(q), a sequence")[0] == "2.9183"
    assert f"{float(errors.worst.value):.4f}" in text
    assert "enumeration of contexts (float64 rounding)" in flat(text)
    assert "short: transformer of width 8, depth 1, heads 2; mdlm, 20 of 20 batches of 32" in text
    for word in ("revealed tokens", "masked share t", "position", "Calibration", "factorised", "impossible"):
        assert word in text
    assert "another law" not in text
    assert "draws" not in text.replace("the sampler draws", "")


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(output(capsys, "short", LAW, "--steps", "1,3", "--bins", "4", "--json"))
    assert document["exact"] is True
    assert document["model"]["trained_on_this_law"] is True
    assert document["model"]["step"] == 20
    error = document["learning_error"]
    gap = document["nelbo"]["value"] - document["entropy"]["value"]
    assert error["mean"]["value"] == pytest.approx(gap / 4, abs=1e-12)
    assert sum(each["mean"]["value"] for each in error["by_revealed"]) == pytest.approx(gap, abs=1e-12)
    assert sum(each["value"] for each in error["by_position"]) == pytest.approx(gap, abs=1e-12)
    assert error["largest"]["value"] == max(each["largest"]["value"] for each in error["by_revealed"])
    assert error["largest"]["pattern"][error["largest"]["position"]] == 2
    assert error["largest"]["value"] >= error["largest_over_rates"]["value"] >= error["mean"]["value"]
    assert [each["steps"] for each in document["steps"]] == [1, 3]
    for each in document["steps"]:
        total = each["ideal"]["expected_kl"]["value"] + each["learning"]["value"]
        assert each["learned"]["expected_kl"]["value"] == pytest.approx(total, abs=1e-12)
        assert each["ser_range"]["low"] <= each["learned"]["ser"]["value"] <= each["ser_range"]["high"]
        assert each["learned"]["log2_ter"]["value"] <= each["log2_ter_bound"]["value"]
        assert each["learned"]["kl"]["value"] <= total + 1e-12
    tokens, top = document["calibration"]
    assert len(tokens["bins"]) == 4
    assert tokens["ece"]["value"] <= tokens["largest_ece"]["value"]
    assert top["events"] == "top"


def test_a_long_law_is_estimated_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--steps", "2,6", "--samples", "30")
    text = output(capsys, "long", LONG, *options)
    assert "±" in row(text, "mean over t, (NELBO - H)/L, a token")
    assert row(text, "largest in any possible context")[0] == "≥"
    assert "Student's t interval, approximate, n = 30" in flat(text)
    assert "largest met: a lower bound" in flat(text)
    assert "at the ends of 99% intervals" in text
    document = json.loads(output(capsys, "long", LONG, *options, "--json"))
    assert document["exact"] is False
    assert document["learning_error"]["largest"]["high"] is None
    assert document["learning_error"]["largest"]["kind"] == "estimate"
    assert document["steps"][0]["visited"]["impossible"]["kind"] == "estimate"


def test_an_autoregressive_model_is_measured_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    q = zoo.golden_mean(4).to("float64")
    model = load_checkpoint("autoregressive", q).model
    law = AutoregressiveLaw(q, model)
    text = output(capsys, "autoregressive")
    loss, rate = float(law.kl_divergence()), float(law.sequence_error_rate())
    assert row(text, "KL(q||p), a sequence")[0] == f"{loss:.4f}"
    assert row(text, "SER, a probability")[0] == f"{rate:.4f}"
    said = f"loses {loss:.4f} bits a sequence, {loss / 4:.4f} a token; a share of {rate:.4f} of its sequences"
    assert said in flat(text)
    document = json.loads(output(capsys, "autoregressive", "--json"))
    assert document["exact"] is True
    found = document["autoregressive"]
    assert found["kl"]["value"] == pytest.approx(loss, abs=1e-12)
    ter = (document["entropy"]["value"] + loss) / 4
    assert found["log2_ter"]["value"] == pytest.approx(ter, abs=1e-12)
    prompted = output(capsys, "autoregressive", "--given", "01")
    assert "given '01': the 2 tokens that are left" in prompted
    given = AutoregressiveLaw(q, model, given=[0, 1, 2, 2])
    assert row(prompted, "KL(q||p), a sequence")[0] == f"{float(given.kl_divergence()):.4f}"


def test_a_long_autoregressive_model_is_estimated(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "long autoregressive", "--samples", "30")
    assert "±" in row(text, "KL(q||p), a sequence")
    assert "99% Clopper-Pearson interval, n = 30" in flat(text)
    document = json.loads(output(capsys, "long autoregressive", "--samples", "30", "--json"))
    assert document["exact"] is False
    assert document["autoregressive"]["ser"]["n"] == 30


def test_counts_stand_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--steps", "1,3", "--baseline", "40", "--seed", "3")
    q = zoo.golden_mean(4).to("float64")
    counts = CountBased(q, q.sample(40, seed=3), smoothing=1)
    average = float(context_errors(q, counts).average)
    text = output(capsys, "short", *options)
    assert "Beside it: counts of 40 sequences" in text
    model, counted = row(text, "mean over t, bits/token")
    assert counted == f"{average:.4f}"
    assert model == row(text, "mean over t, (NELBO - H)/L, a token")[0]
    assert row(text, "SER, N = 3")[1] == f"{float(sequence_error_rate(q, IID.uniform(3), counts)):.4f}"
    assert "On average the counts err less than the model." in text
    document = json.loads(output(capsys, "short", *options, "--json"))
    plain = json.loads(output(capsys, "short", *options[:2], *options[4:], "--json"))
    baseline = document.pop("baseline")
    assert baseline["sequences"] == 40
    assert baseline["learning_error"]["mean"]["value"] == pytest.approx(average, abs=1e-12)
    assert document.pop("reading")[:-1] == plain.pop("reading")
    assert document == plain
    long = output(capsys, "long", LONG, "--steps", "2", "--samples", "20", "--baseline", "500")
    assert "±" in row(long, "mean over t, bits/token")


def test_a_large_model_is_asked_less(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proofs_check.commands.compare.WORK", 1)
    monkeypatch.setattr("proofs_check.commands.compare.SAMPLING_WORK", 1)
    document = json.loads(output(capsys, "short", LAW, "--steps", "2", "--json"))
    assert document["exact"] is False
    assert document["learning_error"]["mean"]["n"] == 20
    few = json.loads(output(capsys, "short", LAW, "--steps", "2", "--samples", "5", "--json"))
    assert few["learning_error"]["mean"]["n"] == 5


def test_an_oracle_from_a_file_a_prompt_and_a_plot(capsys: pytest.CaptureFixture[str], models: Path) -> None:
    text = output(capsys, "short/last.pt", "short/oracle.json", "--given", "0_1", "--plot", "here.png")
    assert "given '0_1': the 2 tokens that are left" in text
    assert (models / "here.png").read_bytes().startswith(b"\x89PNG")


def test_the_oracle_beside_the_checkpoint_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    documents = [
        json.loads(output(capsys, *named, "--steps", "2", "--json"))
        for named in (["short"], ["short/last.pt"], ["short", "short/oracle.json"])
    ]
    assert documents[0]["target"] == "short/oracle.json"
    for document in documents:
        assert document["model"]["trained_on_this_law"] is True
        assert document["steps"] == documents[0]["steps"]


def test_the_law_it_was_trained_on_is_another(capsys: pytest.CaptureFixture[str]) -> None:
    text = output(capsys, "short", "zoo:parity?length=4", "--steps", "1")
    assert "note: it was trained on another law, <MarkovChain V=2 L=4 float64>" in text
    document = json.loads(output(capsys, "short", "zoo:parity?length=4", "--steps", "1", "--json"))
    assert document["model"]["trained_on_this_law"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", LAW], "nowhere: expected a readable file"),
        (["truncated.pt", LAW], "truncated.pt: expected a checkpoint, got a damaged file"),
        (["short/oracle.json", LAW], "oracle.json: expected a checkpoint"),
        (["long"], "oracle: expected one to compare with, got none, and no long/oracle.json"),
        (["short", "notes.txt"], "oracle: expected zoo:NAME or a .json file, got 'notes.txt'"),
        (["nowhere"], "nowhere"),
        (["autoregressive", LAW, "--steps", "1,2"], "steps: expected none beside an autoregressive model"),
        (
            ["autoregressive", "--baseline", "9"],
            "baseline: expected none beside an autoregressive model, got '9'",
        ),
        (["autoregressive", "--plot", "a.png"], "plot: expected none beside an autoregressive model"),
        (["autoregressive", "--given", "_1"], "given: expected the first tokens of a sequence"),
        (["short", "--baseline", "0"], "--baseline"),
        (["short", LONG], "expected V=2, L=24, got V=2, L=4"),
        (["short", "zoo:all_equal?length=4&vocab_size=3"], "expected V=3, L=4, got V=2, L=4"),
        (["short", "zoo:nothing"], "zoo: expected"),
        (["short", LAW, "--steps", "0"], "steps: expected positive integers"),
        (["short", LAW, "--bins", "0"], "--bins"),
        (["short", LAW, "--bins", "100000000"], "--bins"),
        (["short", LAW, "--samples", "1"], "--samples"),
        (["short", LAW, "--confidence", "2"], "confidence: expected a number strictly between 0 and 1"),
        (["short", LAW, "--given", "0000"], "given: expected 1 to 3 tokens"),
        (["short", LAW, "--plot", "no/where.png"], "no/where.png"),
        ([], "CHECKPOINT"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(["compare", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
