"""Checkpoints: what is written is read, and whatever else is found is refused in one line."""

import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from oracles import Oracle, zoo
from theory.neural import Checkpoint, ModelShape, TrainingPlan, checkpoints, load_checkpoint, train
from theory.neural.checkpoints import LAST, PREVIOUS, find_checkpoint, save_checkpoint

LAW = zoo.golden_mean(3).to("float64")
SHAPE = ModelShape(2, 3, width=8, depth=1, heads=2)


@pytest.fixture(scope="module")
def trained() -> Checkpoint:
    return train(LAW, SHAPE, TrainingPlan(steps=3, batch=4))


def written(folder: Path, trained: Checkpoint, **changes: Any) -> Path:
    """A checkpoint with some fields of its document changed."""
    path = save_checkpoint(folder, trained)
    document = torch.load(path, weights_only=True)
    torch.save(document | changes, path)
    return path


def refusal(path: Path, q: Oracle | None = None) -> str:
    with pytest.raises(ValueError, match=r"\A") as caught:
        load_checkpoint(path, q)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_what_is_written_is_read(tmp_path: Path, trained: Checkpoint) -> None:
    path = save_checkpoint(tmp_path, trained)
    assert [each.name for each in tmp_path.iterdir()] == [LAST]
    for found in (load_checkpoint(path), load_checkpoint(tmp_path), load_checkpoint(str(path), LAW)):
        assert (found.shape, found.plan, found.subject) == (SHAPE, trained.plan, trained.subject)
        assert found.step == 3
        assert found.subject.name == repr(LAW)
        for name, weight in trained.model.state_dict().items():
            assert torch.equal(found.model.state_dict()[name], weight)
        assert torch.equal(found.denoiser(LAW)([[2, 2, 0]]), trained.denoiser(LAW)([[2, 2, 0]]))


def test_the_one_before_is_kept_and_found_if_there_is_no_other(tmp_path: Path, trained: Checkpoint) -> None:
    first = save_checkpoint(tmp_path, trained).read_bytes()
    save_checkpoint(tmp_path, trained)
    assert (tmp_path / PREVIOUS).read_bytes() == first
    (tmp_path / LAST).unlink()
    assert find_checkpoint(tmp_path) == tmp_path / PREVIOUS
    assert load_checkpoint(tmp_path).step == 3


def test_a_write_that_fails_leaves_a_whole_checkpoint(
    tmp_path: Path, trained: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, trained)

    def refuse(path: Path, content: bytes) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoints, "write_bytes", refuse)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            save_checkpoint(tmp_path, trained)
        assert load_checkpoint(tmp_path).step == 3


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
def test_truncated(tmp_path: Path, trained: Checkpoint, kept: float) -> None:
    path = save_checkpoint(tmp_path, trained)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    assert refusal(path) == "expected a checkpoint, got a damaged file or one of another program"
    save_checkpoint(tmp_path, trained)
    path.write_bytes(b"")
    assert refusal(path).endswith(f"; {tmp_path / PREVIOUS} is the one before")


def test_a_flipped_bit(tmp_path: Path, trained: Checkpoint) -> None:
    """In whatever is stored: torch reads past its own checksums."""
    path = save_checkpoint(tmp_path, trained)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        stored = [archive.read(entry) for entry in archive.infolist() if entry.file_size > 32]
    for part in stored:
        place = content.index(part) + len(part) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
        assert refusal(path) == "expected a checkpoint, got a damaged file or one of another program"


class Malicious:
    def __reduce__(self) -> Any:
        return os.mkdir, ("harmed",)


@pytest.mark.parametrize(
    "content",
    [b"\x00" * 100, b"PK\x03\x04 no archive", b"text", pickle.dumps(Malicious()), pickle.dumps([1])],
)
def test_files_of_other_programs(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    assert refusal(path).startswith("expected a checkpoint")
    assert not (tmp_path / "harmed").exists()


def test_pickled_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "malicious.pt"
    torch.save({"format": checkpoints.FORMAT, "shape": Malicious()}, path)
    assert "damaged file or one of another program" in refusal(path)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    "document", [[1, 2], {"model": torch.zeros(2)}, {"format": "maskproof-checkpoint/99"}]
)
def test_weights_that_are_no_checkpoint(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "weights.pt"
    torch.save(document, path)
    assert "expected a checkpoint of format maskproof-checkpoint/1" in refusal(path)


def test_missing(tmp_path: Path) -> None:
    assert "expected a readable file, got: No such file" in refusal(tmp_path / "none.pt")
    assert f"expected a folder with a checkpoint, got one without {LAST}" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": {"vocab_size": 2}}, "shape: expected the fields"),
        ({"shape": {**vars(SHAPE), "width": 7}}, "width: expected a multiple"),
        ({"shape": {**vars(SHAPE), "width": 16}}, "weights: expected those of the shape, with tokens.weight"),
        ({"shape": {**vars(SHAPE), "width": 2**40, "heads": 1}}, "weights: expected those of the shape"),
        ({"shape": {**vars(SHAPE), "depth": 2}}, "weights: expected those of the shape, with blocks.1"),
        ({"shape": {**vars(SHAPE), "depth": 2**60}}, "weights: expected those of the shape"),
        ({"shape": {**vars(SHAPE), "time_conditioned": True}}, "weights: expected those of the shape"),
        ({"plan": 3}, "plan: expected the fields"),
        ({"plan": {**vars(TrainingPlan()), "batch": 0}}, "batch: expected an integer"),
        ({"step": -1}, "step: expected an integer of at least 0"),
        ({"step": 10**6}, "step: expected at most 3"),
        ({"average": {}}, "weights: expected those of the shape"),
        ({"average": 1}, "weights: expected those of the shape"),
        ({"state": {}}, "state: expected weights and the state of an optimizer"),
        ({"subject": None}, "subject: expected the fields"),
    ],
)
def test_what_does_not_hold_together(
    tmp_path: Path, trained: Checkpoint, changes: dict[str, Any], message: str
) -> None:
    assert message in refusal(written(tmp_path, trained, **changes))


def test_a_plan_whose_warmup_outlasts_it_is_still_read(tmp_path: Path, trained: Checkpoint) -> None:
    path = written(tmp_path, trained, plan={**vars(TrainingPlan(steps=3)), "warmup": 100})
    assert load_checkpoint(path).plan.warmup == 100
    with pytest.raises(ValueError, match="warmup: expected at most the 3 steps, got 100"):
        train(LAW, SHAPE, load_checkpoint(path).plan)


def test_a_run_of_a_time_without_a_choice_of_optimizers_goes_on(tmp_path: Path) -> None:
    plan = TrainingPlan(steps=3, batch=4, optimizer="adamw", rate_schedule="constant")
    path = save_checkpoint(tmp_path, train(LAW, SHAPE, plan))
    document = torch.load(path, weights_only=True)
    del document["plan"]["optimizer"]
    [document["state"]["optimizer"]] = document["state"]["optimizer"]
    torch.save(document, path)
    assert load_checkpoint(path).plan == plan
    longer = replace(plan, steps=6)
    resumed, whole = train(LAW, SHAPE, longer, tmp_path), train(LAW, SHAPE, longer)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight)


def test_a_field_that_is_missing(tmp_path: Path, trained: Checkpoint) -> None:
    path = save_checkpoint(tmp_path, trained)
    document = torch.load(path, weights_only=True)
    del document["step"]
    torch.save(document, path)
    assert "expected a field 'step', got none" in refusal(path)


def test_weights_that_are_no_numbers(tmp_path: Path, trained: Checkpoint) -> None:
    weights = dict(trained.model.state_dict())
    weights["readout.bias"] = torch.full_like(weights["readout.bias"], torch.nan)
    assert "weights: expected finite numbers" in refusal(written(tmp_path, trained, average=weights))


@pytest.mark.parametrize(
    "changed",
    [
        lambda tensor: tensor.to(torch.complex64),
        lambda tensor: tensor.double(),
        lambda tensor: tensor.long(),
        lambda tensor: tensor.to_sparse(),
        lambda tensor: tensor.to("meta"),
    ],
)
def test_weights_of_another_kind(tmp_path: Path, trained: Checkpoint, changed: Any) -> None:
    weights = dict(trained.model.state_dict())
    weights["readout.bias"] = changed(weights["readout.bias"])
    path = written(tmp_path, trained, average=weights)
    assert "weights: expected dense numbers in torch.float32, got others in readout.bias" in refusal(path)


def test_an_oracle_of_another_size(tmp_path: Path, trained: Checkpoint) -> None:
    path = save_checkpoint(tmp_path, trained)
    assert "model: expected V=2, L=4, got V=2, L=3" in refusal(path, zoo.golden_mean(4).to("float64"))
    other = zoo.parity(length=3, vocab_size=3).to("float64")
    assert "model: expected V=3, L=3, got V=2, L=3" in refusal(path, other)
    assert load_checkpoint(path, zoo.golden_mean(3)).step == 3  # any arithmetic has the size
    with pytest.raises(ValueError, match="oracle: expected one in float32 or float64"):
        load_checkpoint(path).denoiser(zoo.golden_mean(3))


def test_an_autoregressive_model_is_no_denoiser(tmp_path: Path) -> None:
    plan = TrainingPlan(steps=1, batch=2, objective="autoregressive")
    train(LAW, SHAPE, plan, tmp_path)
    with pytest.raises(ValueError, match="model: expected a denoiser, got an autoregressive model"):
        load_checkpoint(tmp_path).denoiser(LAW)
