"""Commands run in a folder of their own, with a short text in it and no width asked for."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder: plots are saved there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat and the rat ate it\n" * 3, encoding="utf-8")
    return tmp_path
