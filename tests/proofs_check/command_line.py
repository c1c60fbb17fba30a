"""`maskproof` as its users meet it: what it prints, and the one line with which it refuses."""

import pytest

from proofs_check.cli import run


def output(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    """Standard output of a command that ends with this status."""
    found = run(arguments)
    captured = capsys.readouterr()
    assert found == status, captured.err
    return captured.out


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error of a command that is refused."""
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


def flat(text: str) -> str:
    """A text as one line, however it was wrapped."""
    return " ".join(text.split())
