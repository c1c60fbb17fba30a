"""docs/learned.md shows what its commands print, up to the digits that differ from machine to machine."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from proofs_check.cli import run

TEXT = (Path(__file__).parent.parent / "docs" / "learned.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\$ maskproof (.*)\n((?:(?!\$|```).*\n)*)", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run, one after the other."""
    return tmp_path_factory.mktemp("learned")


@pytest.fixture(autouse=True)
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("COLUMNS", raising=False)


def form(line: str) -> str:
    """A line without its numbers, and with single spaces."""
    return " ".join(re.sub(r"-?\d[\d,.]*(e-\d+)?", "#", line).split())


def test_all_examples_are_found() -> None:
    assert len(EXAMPLES) == TEXT.count("\n$ maskproof") == 4


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example(command: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shlex.split(command)) == 0
    printed = [form(line) for line in capsys.readouterr().out.splitlines()]
    place = 0
    for line in map(form, shown.splitlines()):
        if line != "...":
            assert line in printed[place:], f"{line!r} is not printed, or not there"
            place = printed.index(line, place) + 1


@pytest.mark.parametrize(
    "command",
    [
        "compare denoiser --steps 2 --baseline 10",
        "compare follower",
        "train zoo:golden_mean?length=6 --steps 200 --width 32 --output denoiser",
    ],
)
def test_every_key_of_the_documents_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*shlex.split(command), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    named = set(re.findall(r"`(\w+)`", TEXT))
    of_plan = {*document.get("model", document)["plan"], *document.get("model", document)["shape"]}
    of_bins = {"low", "high", "mass", "predicted", "true", "gap", "spread", "events"}
    assert keys(document) - of_plan - of_bins <= named | {"revealed", "notes", "steps", "step"}


def keys(document: Any) -> set[str]:
    """The names of all fields, however deep."""
    if isinstance(document, dict):
        return set(document).union(*map(keys, document.values()))
    return set().union(*map(keys, document)) if isinstance(document, list) else set()
