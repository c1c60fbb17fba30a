"""Data that claims read: a verdict is made again when a file of it changes, and only then."""

import os
import sys
from pathlib import Path

import pytest

from proofs_check import Report, Verdict
from proofs_check.checking import cache, data_files
from proofs_check.checking.effort import Effort
from proofs_check.checking.parallel import check_all
from proofs_check.claims import Claim, claims_of_file

CLAIMS = '''
"""Claims about a corpus."""
from functools import lru_cache
from pathlib import Path

from {helper} import first_word
from proofs_check import Relation, Source, claim, grid

HERE = Path(__file__).parent
AT_IMPORT = (HERE / "at import.txt").read_text()


@lru_cache
def corpus():
    return (HERE / "corpus.txt").read_text()


@claim(source=Source("Me", "v1"))
def words():
    """The corpus has at most three words."""
    return Relation(len(corpus().split()), "<=", 3)


@claim(source=Source("Me", "v1"))
def letters():
    """It has at most 100 letters: it is in memory already."""
    return Relation(len(corpus()), "<=", 100)


@claim(source=Source("Me", "v1"), instances=grid(word=lambda: [first_word()]))
def short(word):
    """The first word is short."""
    (HERE / "log.txt").write_text("written, not read")
    return Relation(len(word), "<=", 5)


@claim(source=Source("Me", "v1"))
def optional():
    """There is no file of exceptions."""
    return Relation(int((HERE / "exceptions.txt").is_file() and len(open(HERE / "exceptions.txt").read())), "<=", 0)
'''

HELPER = """
def first_word():
    with open({path!r}, "rb") as stream:
        return stream.read().split()[0]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file of claims with data, under a name of its own: modules are kept by name."""
    name = f"claims_{abs(hash(tmp_path))}"
    helper = f"helper_{abs(hash(tmp_path))}"
    file = tmp_path / f"{name}.py"
    file.write_text(CLAIMS.format(helper=helper))
    file.with_name(f"{helper}.py").write_text(HELPER.format(path=str(tmp_path / "words.txt")))
    for data in ("at import", "corpus", "words"):
        file.with_name(f"{data}.txt").write_text("one two three")
    return file


def checked(file: Path) -> dict[str, Report]:
    """Reports by the names of the claims, in a state as that of a new process."""
    for module in (file.stem, file.stem.replace("claims", "helper")):
        sys.modules.pop(module, None)
    claims: list[Claim] = list(claims_of_file(file).values())
    return {report.id.rpartition(".")[2]: report for report in check_all(claims, Effort(), jobs=1)}


def read(report: Report) -> set[str]:
    return {Path(path).name for path, _ in report.read}


def test_what_was_read_is_part_of_the_report(mine: Path) -> None:
    reports = checked(mine)
    assert read(reports["words"]) >= {"at import.txt", "corpus.txt"}
    assert "corpus.txt" in read(reports["letters"])
    assert "words.txt" in read(reports["short"])
    assert all("log.txt" not in read(one) for one in reports.values())
    assert Report.from_json(reports["words"].to_json()) == reports["words"]


@pytest.mark.parametrize("name", ["corpus", "at import"])
def test_a_report_is_good_until_the_data_change(mine: Path, name: str) -> None:
    assert not checked(mine)["words"].cached
    again = checked(mine)
    assert all(one.cached for one in again.values())
    data = mine.with_name(f"{name}.txt")
    os.utime(data, (1, 1))
    assert checked(mine)["words"].cached
    data.write_text("one two three four")
    changed = checked(mine)
    assert not changed["words"].cached
    assert not changed["letters"].cached
    assert changed["words"].verdict is (Verdict.REFUTED if name == "corpus" else Verdict.CERTIFIED)
    data.unlink()
    if name == "corpus":
        assert not checked(mine)["words"].cached


def test_a_helper_that_reads_counts_for_those_who_import_it(mine: Path) -> None:
    checked(mine)
    mine.with_name("words.txt").write_text("antidisestablishmentarianism")
    assert checked(mine)["short"].verdict is Verdict.REFUTED


def test_certificates_too(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = claims_of_file(mine)
    words = next(one for id, one in claims.items() if id.endswith(".words"))
    made = cache.certificates(words)
    monkeypatch.setattr(cache, "certificates_of", lambda claim: pytest.fail("made again"))
    assert cache.certificates(words) == made
    mine.with_name("corpus.txt").write_text("one")
    with pytest.raises(pytest.fail.Exception, match="made again"):
        cache.certificates(words)


def test_several_processes_tell_what_they_read(mine: Path) -> None:
    for cached in (False, True):
        reports = check_all(list(claims_of_file(mine).values()), Effort(), jobs=2)
        assert [one.cached for one in reports] == [cached] * 4
    mine.with_name("corpus.txt").write_text("one two three four")
    reports = check_all(list(claims_of_file(mine).values()), Effort(), jobs=2)
    assert reports[0].verdict is Verdict.REFUTED


def test_a_file_that_comes_into_being_counts(tmp_path: Path) -> None:
    file = str(tmp_path / "exceptions.txt")
    (absent,) = [(file, data_files._digest(file))]
    assert absent == (file, "")
    assert data_files.unchanged([absent])
    Path(file).write_text("")
    assert not data_files.unchanged([absent])


def test_code_and_the_system_are_no_data(tmp_path: Path) -> None:
    for path in (__file__, "/proc/self/status", str(tmp_path / "__pycache__" / "x.nbi"), os.__file__):
        assert not data_files._is_data(path)
    assert data_files._is_data("corpus.txt")
    assert data_files._for_reading("r", 0)
    assert data_files._for_reading("r+b", 0)
    assert data_files._for_reading(None, os.O_RDONLY)
    assert data_files._for_reading(None, os.O_RDWR)
    assert not data_files._for_reading("wb", 0)
    assert not data_files._for_reading(None, os.O_WRONLY | os.O_CREAT)
