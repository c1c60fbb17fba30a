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
DOCUMENTS = (
    "compare denoiser --steps 2 --baseline 10",
    "compare follower",
    "train zoo:golden_mean?length=6 --steps 200 --width 32 --output denoiser",
)


def form(line: str) -> str:
    """A line without its numbers, and with single spaces."""
    return " ".join(re.sub(r"-?\d[\d,.]*(e-\d+)?", "#", line).split())


def test_all_examples_are_found() -> None:
    assert len(EXAMPLES) == TEXT.count("\n$ maskproof") == 4


def test_examples_and_documents(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other in one folder: what is compared was trained before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    for command, shown in EXAMPLES:
        assert run(shlex.split(command)) == 0, command
        check_shown(shown, capsys.readouterr().out)
    for command in DOCUMENTS:
        assert run([*shlex.split(command), "--json"]) == 0, command
        check_named(json.loads(capsys.readouterr().out))


def check_shown(shown: str, out: str) -> None:
    """What the page shows is printed, in this order."""
    printed, place = [form(line) for line in out.splitlines()], 0
    for line in map(form, shown.splitlines()):
        if line != "...":
            assert line in printed[place:], f"{line!r} is not printed, or not there"
            place = printed.index(line, place) + 1


def check_named(document: dict[str, Any]) -> None:
    """The page names every field of a document."""
    named = set(re.findall(r"`(\w+)`", TEXT))
    of_plan = {*document.get("model", document)["plan"], *document.get("model", document)["shape"]}
    of_bins = {"low", "high", "mass", "predicted", "true", "gap", "spread", "events"}
    assert keys(document) - of_plan - of_bins <= named | {"revealed", "notes", "steps", "step"}


def keys(document: Any) -> set[str]:
    """The names of all fields, however deep."""
    if isinstance(document, dict):
        return set(document).union(*map(keys, document.values()))
    return set().union(*map(keys, document)) if isinstance(document, list) else set()
