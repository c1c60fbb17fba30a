"""A user's own claims: from the skeleton to tests that fail when they should."""

import subprocess
import sys
from pathlib import Path

import pytest

from proofs_check import Verdict, select, verify
from proofs_check.cli import run
from proofs_check.testing import claim_tests

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_skeleton_is_a_claim_that_holds(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert run(["new-claim", "my_bound"]) == 0
    assert "maskproof check claims_my_bound.py" in capsys.readouterr().out
    (claim,) = select(["./claims_my_bound.py"])
    report = verify(claim)
    assert report.as_claimed
    assert report.verdict is Verdict.CERTIFIED
    assert report.tightest is not None
    assert 0.5 < report.tightest.ratio < 1
    assert [mutant.verdict for mutant in report.mutants] == [Verdict.REFUTED]
    assert [path.name for path in elsewhere.iterdir() if path.name != "__pycache__"] == ["claims_my_bound.py"]


def test_the_skeleton_is_ten_lines_in_order(elsewhere: Path) -> None:
    assert run(["new-claim", "a_rather_long_name_of_a_claim"]) == 0
    (file,) = elsewhere.glob("*.py")
    assert len([line for line in file.read_text().splitlines() if line]) == 10
    for command in (
        ["check", "--select", "ALL", "--ignore", "ANN,D,INP,CPY"],
        ["format", "--check", "--diff"],
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "110", str(file)],
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_an_existing_file_is_left_alone(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    (elsewhere / "claims_mine.py").write_text("mine")
    assert run(["new-claim", "mine"]) == 2
    assert "expected no such file yet" in capsys.readouterr().err
    assert (elsewhere / "claims_mine.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "a-b", "2nd", "../x", "größe", "class", "zoo", "claim"])
def test_names_of_functions_only(capsys: pytest.CaptureFixture[str], elsewhere: Path, name: str) -> None:
    assert run(["new-claim", name]) == 2
    assert "name: expected the name of a function" in capsys.readouterr().err
    assert not list(elsewhere.iterdir())


CLAIMS = '''
from proofs_check import Relation, Source, claim

@claim(source=Source("Me", "v1"))
def true():
    """1 <= 2."""
    return Relation(1, "<=", 2)

@claim(source=Source("Me", "v1"))
def false():
    """2 <= 1."""
    return Relation(2, "<=", 1)
'''


def test_claims_run_as_tests(elsewhere: Path) -> None:
    (elsewhere / "claims_two.py").write_text(CLAIMS)
    test = "from proofs_check.testing import claim_tests\ntest_claims = claim_tests('claims_two.py')\n"
    (elsewhere / "test_mine.py").write_text(test)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={elsewhere}"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert ran.returncode == 1
    assert "1 failed, 1 passed" in ran.stdout
    assert "claims_two.false: refuted: no parameters: 2 <= 1 fails" in ran.stdout


def test_claims_of_modules_and_files_together(elsewhere: Path) -> None:
    from proofs_check.papers import feng2025

    (elsewhere / "claims_two.py").write_text(CLAIMS)
    marks = claim_tests(feng2025, "claims_two.py").pytestmark  # type: ignore[attr-defined]
    ids = list(marks[0].args[1])
    assert {"feng2025.witness", "claims_two.true", "claims_two.false"} <= set(ids)
