"""What documents and docstrings name exists: files by their paths, modules and what is in them by dotted names."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("oracles", "theory", "proofs_check")
FOLDERS = (*PACKAGES, "tests", "docs", "notebooks", "benchmarks")
TEXTS = sorted(
    path
    for path in (
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(file for package in PACKAGES for file in (ROOT / package).rglob("*.py")),
    )
)
PATH = re.compile(rf"(?<![\w/.])(?:{'|'.join(FOLDERS)})/[\w/-]+\.[a-z]+\b")
DOTTED = re.compile(rf"(?<![\w/.])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")


def missing(name: str) -> bool:
    """Whether a dotted name is neither a module nor something in one."""
    found, *rest = name.split(".")
    place: object = importlib.import_module(found)
    for part in rest:
        if not hasattr(place, part):
            try:
                importlib.import_module(f"{found}.{part}")
            except ModuleNotFoundError as error:
                # One that is there may want a library that is not.
                return error.name is None or error.name.startswith(PACKAGES)
        place, found = getattr(place, part), f"{found}.{part}"
    return False


@pytest.mark.parametrize("folder", ["", "docs", *PACKAGES])
def test_names_are_of_something(folder: str) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in TEXTS if _top(path) == folder}
    assert texts
    paths = {(path.name, found) for path, text in texts.items() for found in PATH.findall(text)}
    names = {(path.name, found) for path, text in texts.items() for found in DOTTED.findall(text)}
    assert sorted(pair for pair in paths if not (ROOT / pair[1]).exists()) == []
    assert sorted(pair for pair in names if missing(pair[1])) == []


def _top(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else ""


def test_what_does_not_exist_is_missed() -> None:
    assert not missing("theory.metrics.expected_kl")
    assert missing("theory.metrics.no_such_number")
    assert missing("proofs_check.no_such_module")
