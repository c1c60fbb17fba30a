"""The folder of a run: what a user has there is never lost, and what cannot be is said in a line."""

import errno
from pathlib import Path
from typing import Any

import pytest
import torch

from oracles import save, zoo
from theory.neural import Checkpoint, ModelShape, TrainingPlan, folders, load_checkpoint, train
from theory.neural.checkpoints import LAST, ORACLE, PREVIOUS, Subject
from theory.neural.folders import RunFolder

LAW, OTHER = (law.to("float64") for law in (zoo.golden_mean(3), zoo.all_equal(3)))
SHAPE = ModelShape(2, 3, width=8, depth=1, heads=2)
PLAN = TrainingPlan(steps=3, batch=4)


def opened(path: Path, law: Any = LAW) -> RunFolder:
    return RunFolder(path, law, Subject.of(law))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def trained() -> Checkpoint:
    return train(LAW, SHAPE, PLAN)


def test_nothing_is_written_before_the_first_checkpoint(tmp_path: Path, trained: Checkpoint) -> None:
    folder = opened(tmp_path / "new" / "run")
    folder.check_oracle()
    assert names(folder.path) == []
    assert folder.newest is None
    train(OTHER, SHAPE, PLAN, folder.path)  # a run that was killed by then leaves room for another
    assert names(folder.path) == [LAST, ORACLE]


def test_an_oracle_that_is_gone_is_written_again(tmp_path: Path, trained: Checkpoint) -> None:
    folder = opened(tmp_path)
    folder.save(trained)
    before = contents(tmp_path)
    (tmp_path / ORACLE).unlink()
    train(LAW, SHAPE, PLAN, tmp_path)  # finished before: nothing is trained
    assert contents(tmp_path) == before


def test_a_run_is_deleted_and_nothing_else(tmp_path: Path, trained: Checkpoint) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    folder = opened(tmp_path, OTHER)
    opened(tmp_path).save(trained)
    opened(tmp_path).save(trained)
    assert names(tmp_path) == [LAST, "notes.txt", ORACLE, PREVIOUS]
    folder.clear()
    assert names(tmp_path) == ["notes.txt"]
    save(LAW, tmp_path / ORACLE)
    folder.clear()
    assert names(tmp_path) == ["notes.txt", ORACLE]
    with pytest.raises(ValueError, match=r"expected one whose oracle.json is .*; delete that file or choose"):
        folder.check_oracle()


@pytest.mark.parametrize("name", [LAST, PREVIOUS, ORACLE])
def test_files_that_no_run_has_written_are_not_deleted(
    tmp_path: Path, trained: Checkpoint, name: str
) -> None:
    """Other programs call their weights `last.pt`, too."""
    opened(tmp_path).save(trained)
    if name == ORACLE:
        save(OTHER, tmp_path / name)
    else:
        torch.save({"weights": torch.ones(3)}, tmp_path / name)
    before = contents(tmp_path)
    with pytest.raises(
        ValueError, match=rf"{name}: expected .*; delete it yourself or choose another"
    ) as caught:
        train(LAW, SHAPE, PLAN, tmp_path, anew=True)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path) == before


def test_places_that_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("text", encoding="utf-8")
    for path, got in {
        tmp_path / "taken": "a file",
        tmp_path / "taken" / "below": "Not a directory",
        Path("/proc/no/such/place"): "No such file or directory",
        tmp_path / ("long" * 100): "File name too long",
    }.items():
        with pytest.raises(ValueError, match=rf"\A{path}: expected a folder, .*, got: {got}\Z"):
            opened(path)
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "text"


@pytest.mark.parametrize("name", [LAST, PREVIOUS, ORACLE])
def test_folders_under_the_names_of_a_run(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match=rf"{name}: expected a file to write, got a directory"):
        opened(tmp_path)
    assert names(tmp_path) == [name]


def test_a_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # an administrator may write anywhere
    with pytest.raises(ValueError, match="expected a folder that may be written to, got"):
        opened(tmp_path)


def test_a_full_disk(tmp_path: Path, trained: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / LAST))

    folder = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(folders, "save_checkpoint", full)
        with pytest.raises(OSError, match=r"got: No space left on device; nothing was written before\Z"):
            folder.save(trained)
    folder.save(trained)
    monkeypatch.setattr(folders, "save_checkpoint", full)
    with pytest.raises(OSError, match=rf"{LAST} is whole\Z") as caught:
        folder.save(trained)
    assert str(caught.value).startswith(f"{tmp_path}: expected room for a checkpoint, got: No space left")
    assert load_checkpoint(tmp_path).step == 3
