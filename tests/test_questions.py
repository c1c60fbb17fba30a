"""docs/questions.md shows what its commands print: every line of every example, in order."""

import re
import shlex
from pathlib import Path

import pytest

from proofs_check.cli import run

TEXT = (Path(__file__).parent.parent / "docs" / "questions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ maskproof (.*)\n((?:.*\n)*?)```", TEXT)


def test_all_examples_are_found() -> None:
    assert len(EXAMPLES) == TEXT.count("```console") == TEXT.count("$ maskproof") > 0


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert run(shlex.split(command)) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    place = 0
    for line in shown.splitlines():
        if line != "...":
            assert line in printed[place:], f"{line!r} is not printed, or not there"
            place = printed.index(line, place) + 1
