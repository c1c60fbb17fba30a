"""Many claims: in several processes, recalled while nothing changes, within a time, from files of one's own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proofs_check import Report, Verdict, select
from proofs_check.checking.cache import folder
from proofs_check.checking.effort import Effort, known_backends
from proofs_check.checking.parallel import check_all
from proofs_check.checking.source_files import sources_of
from proofs_check.claims import claims_of_file
from proofs_check.cli import run
from proofs_check.testing import claim_tests

CLAIMS = '''
"""Two claims, one of them false."""
from fractions import Fraction
from hypothesis import strategies as st
from proofs_check import Mutant, Relation, Source, claim, grid
from helper import LIMIT

HERE = Source("Me", "v1")


@claim(source=HERE, instances=grid(x=range(3)), mutants=[Mutant("5% less", constant=Fraction(19, 20))])
def true(x, *, constant=1):
    """2 x <= x^2 + 1."""
    print("what a claim prints goes to standard error")
    return Relation(2 * x, "<=", constant * (x * x + 1))


@claim(source=HERE, search={"x": st.integers(0, 100)})
def false(x):
    """x <= LIMIT."""
    return Relation(x, "<=", LIMIT)
'''


SLEEP = "    import os, time; os.write(2, b'begun' + os.linesep.encode()); time.sleep(60)\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file of claims, beside one that it imports."""
    file = tmp_path / "claims_mine.py"
    file.write_text(CLAIMS)
    (tmp_path / "helper.py").write_text("LIMIT = 9\n")
    return file


def maskproof(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    main = "from proofs_check.cli import main; main()"
    root = str(Path(__file__).parents[3])
    return subprocess.run(
        [sys.executable, "-c", main, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root, **environment},
    )


def found(ran: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    return {claim["id"].rpartition(".")[2]: claim for claim in json.loads(ran.stdout)["claims"]}


def test_processes_agree_with_one_and_answers_are_recalled(mine: Path) -> None:
    ran = maskproof("check", mine, "--json", "--jobs", 2)
    assert ran.returncode == 1
    assert "what a claim prints" in ran.stderr
    first = found(ran)
    assert first["true"]["verdict"] == "CERTIFIED"
    assert first["false"]["witness"] == "x=10: 10 <= 9 fails"
    assert first["false"]["command"] == f"maskproof check {mine}::false"
    again = found(maskproof("check", mine, "--json", "--jobs", 1))
    alone = found(maskproof("check", mine, "--json", "--jobs", 1, "--no-cache"))
    for name in ("true", "false"):
        assert [run[name]["cached"] for run in (first, again, alone)] == [False, True, False]
        varying = ("cached", "seconds")
        same = [{k: v for k, v in run[name].items() if k not in varying} for run in (again, alone)]
        assert same[0] == same[1]
    mine.with_name("helper.py").write_text("LIMIT = 100\n")
    assert (
        found(maskproof("check", f"{mine}::false", "--json", "--jobs", 1))["false"]["verdict"] == "SUPPORTED"
    )


def test_packages_that_a_claim_imports_are_among_its_sources(tmp_path: Path) -> None:
    """a.b.c, what a.b.c imports, once from beside it and once from the top, and the packages on the way."""
    inner = tmp_path / "outer_lemmas" / "inner"
    inner.mkdir(parents=True)
    names = ["outer_lemmas/__init__.py", "outer_lemmas/inner/__init__.py", "outer_lemmas/inner/last.py"]
    names += ["outer_lemmas/inner/beside.py", "outer_lemmas/top.py"]
    for name in names:
        (tmp_path / name).touch()
    (inner / "beside.py").write_text("LIMIT = 9\n")
    (inner / "last.py").write_text("from .beside import LIMIT\nimport outer_lemmas.top\n")
    file = tmp_path / "claims_packed.py"
    file.write_text(CLAIMS.replace("from helper import", "from outer_lemmas.inner.last import"))
    claim = claims_of_file(file)["claims_packed.true"]
    assert {tmp_path / name for name in [*names, file.name]} <= sources_of(claim)


def test_the_table_says_what_was_recalled(capsys: pytest.CaptureFixture[str]) -> None:
    for options, cached in (((), False), ((), True), (("--seed", "1"), False), (("--no-cache",), False)):
        assert run(["check", "feng2025.learned_constant", *options]) == 0
        text = capsys.readouterr().out
        assert ("certified balls, cached" in text) is cached
        assert ("(1 cached): all as claimed" in text) is cached


def test_a_kept_report_that_is_no_report_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = select(["feng2025.learned_constant"])
    (first,) = check_all(claims, Effort())
    assert not first.cached
    (second,) = check_all(claims, Effort())
    assert second.cached
    assert second == Report.from_json({**first.to_json(), "cached": True})
    (kept,) = folder().iterdir()
    for content in ("", "{", "[]", '{"key": 1}', '{"key": 1, "report": {}}'):
        kept.write_text(content)
        (third,) = check_all(claims, Effort())
        assert not third.cached
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    (fourth,) = check_all(claims, Effort())
    assert fourth.verdict is first.verdict


def test_one_of_several_claims() -> None:
    (one,) = select(["feng2025.witness"])
    assert one.command == "maskproof check feng2025.witness"


def test_one_claim_of_a_file(mine: Path) -> None:
    assert list(claims_of_file(mine)) == ["claims_mine.true", "claims_mine.false"]
    assert [claim.id for claim in select([f"{mine}::true"])] == ["claims_mine.true"]
    with pytest.raises(ValueError, match=r"claim: expected one of claims_mine\.true, .*, got 'maybe'"):
        select([f"{mine}::maybe"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "expected a Python file with claims, got no such file"),
        ("", r"expected functions under @claim\(..\), got none"),
        ("x = (", "line 1: SyntaxError"),
        ("\n1 / 0", "line 2: ZeroDivisionError: division by zero"),
    ],
)
def test_files_without_claims(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "claims_wrong.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=said):
        select([str(file)])


def test_an_error_in_a_claim_is_said_and_others_go_on(tmp_path: Path) -> None:
    file = tmp_path / "claims_error.py"
    file.write_text(CLAIMS.replace("from helper import LIMIT", "LIMIT = None").replace("x + 1)", "x + 1"))
    file.write_text(file.read_text().replace("constant * (x * x + 1", "constant * (x * x + 1)"))
    reports = check_all(select([str(file)]), Effort(), jobs=1)
    assert [report.verdict for report in reports] == [Verdict.CERTIFIED, Verdict.UNDECIDED]
    assert "line" in reports[1].failures[0]
    assert not check_all(select([str(file)]), Effort(), jobs=1)[1].cached


def test_out_of_time() -> None:
    claims = select(["feng2025.error_rate", "feng2025.witness"])
    reports = check_all(claims, Effort(deadline=time.time() - 1), jobs=1)
    assert [(report.verdict, report.method) for report in reports] == [(Verdict.UNDECIDED, "out of time")] * 2
    assert not any(report.as_claimed for report in reports)
    assert not folder().exists()


def test_no_claim_is_lost_to_another_of_its_name(tmp_path: Path) -> None:
    """One is false, and must not be replaced by the other, which is true."""
    files = []
    for place, limit in (("a", 2), ("b", 9)):
        (tmp_path / place).mkdir()
        files.append(tmp_path / place / "claims_twice.py")
        files[-1].write_text(CLAIMS.replace("LIMIT)", f"{limit})").replace("from helper import LIMIT", ""))
    for choose in (lambda: select([*map(str, files)]), lambda: claim_tests(*files)):
        with pytest.raises(
            ValueError, match=r"expected claims of different names, got claims_twice\.\w+ of .*/a/"
        ):
            choose()


def test_a_file_of_claims_gets_what_lies_beside_it(tmp_path: Path) -> None:
    """And not what another file has imported under the same name, with another limit."""
    files = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "limits_beside.py").write_text("LIMIT = 9\n")
        files.append(tmp_path / place / f"claims_of_{place}.py")
        files[-1].write_text(CLAIMS.replace("from helper", "from limits_beside"))
    assert select([str(files[0])])
    with pytest.raises(ValueError, match=r"b.limits_beside\.py, got .*a.limits_beside\.py; check one file"):
        select([str(files[1])])


@pytest.mark.parametrize("name", ["random", "numpy"])
def test_a_file_of_claims_does_not_take_the_place_of_a_module(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.py"
    file.write_text(CLAIMS)
    with pytest.raises(ValueError, match=f"expected a name of its own, got that of the module {name}"):
        select([str(file)])


def test_a_misspelt_claim_is_told_what_comes_near() -> None:
    with pytest.raises(ValueError, match=r"showcases\.tetracode") as refusal:
        select(["tetracodes"])
    assert len(str(refusal.value)) < 400


def test_a_backend_at_a_time() -> None:
    claims = select(["feng2025.learned_denoiser", "feng2025.exponential"])
    chosen = {
        backend: check_all(claims, Effort(backends=known_backends([backend])), jobs=1)
        for backend in ("certified", "symbolic", "search", "monte_carlo")
    }
    assert [[str(report.verdict) for report in reports] for reports in chosen.values()] == [
        ["CERTIFIED", "NOT_CHECKABLE"],
        ["NOT_CHECKABLE", "PROVED"],
        ["SUPPORTED", "NOT_CHECKABLE"],
        ["SUPPORTED", "NOT_CHECKABLE"],
    ]
    assert chosen["search"][0].domain.startswith("0 listed instances, ")
    (some_skipped,) = check_all(select(["feng2025.enough_steps"]), Effort(backends=("symbolic",)), jobs=1)
    assert some_skipped.verdict is Verdict.NOT_CHECKABLE  # and not VACUOUS: others meet the hypotheses
    assert chosen["monte_carlo"][0].mutants == ()
    with pytest.raises(ValueError, match=r"backend: expected one of exact, certified, .*, got 'magic'"):
        known_backends(["magic"])


def test_bad_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "feng2025.witness", "--minutes", "0"]) == 2
    assert "minutes: expected a positive number, got 0.0" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_ends_every_process(mine: Path) -> None:
    slow, claims = mine.with_name("claims_slow.py"), CLAIMS.replace("    print(", SLEEP + "    print(")
    slow.write_text(claims + claims[claims.index("@claim") :].replace("true", "second"))
    # A shell that runs the tests in the background has the signals of the keyboard ignored.
    code = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from proofs_check.cli import main
main()
"""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            code,
            "check",
            str(slow),
            "--jobs",
            "2",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)  # both ends are closed only when the workers are gone
    assert process.returncode == 130
    assert [line for line in said.splitlines() if line != "begun"] == ["interrupted"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_while_a_report_is_kept_ends_every_process(mine: Path) -> None:
    """The interrupt arrives where no process is being waited for; the slow claim must not be worked on."""
    slow = mine.with_name("claims_slow.py")
    slow.write_text(CLAIMS.replace("    print(", SLEEP + "    print("))
    code = """
from proofs_check import cli
from proofs_check.checking import cache
def interrupted(*_):
    raise KeyboardInterrupt
cache.keep = interrupted
cli.main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, "check", str(slow), "--jobs", "2"],
        capture_output=True,
        text=True,
        timeout=45,  # the slow claim alone takes a minute
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert ran.returncode == 130


def test_an_interrupt_before_anything_is_imported() -> None:
    code = """
import sys
class Interrupt:
    def find_spec(self, name, *rest):
        if name == "proofs_check.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from proofs_check.__main__ import main
main()
"""
    root = str(Path(__file__).parents[3])
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert (ran.returncode, ran.stderr) == (130, "interrupted\n")
