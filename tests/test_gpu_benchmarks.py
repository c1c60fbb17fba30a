"""The programs that measure on a GPU, checked where there is none."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from oracles.optional import installed

ROOT = Path(__file__).parent.parent


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "benchmarks" / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


def test_every_way_is_right_on_tiny_sizes(tmp_path: Path) -> None:
    written = tmp_path / "numbers.json"
    done = run("gpu_conditionals.py", "--device", "cpu", "--repeats", "2", "--json", str(written))
    assert done.returncode == 0, done.stderr
    numbers = json.loads(written.read_text())
    *rows, error_rate = numbers["rows"]
    assert numbers["device"].startswith("the CPU")
    ways = {(row["workload"], row["dtype"], row["way"]) for row in rows}
    assert len(ways) == len(rows) == 28
    for row in rows:
        assert row["error"] < {"float32": 3e-7, "float64": 1e-14}[row["dtype"]], row
        assert row["floor_ms"] > 0
    assert 0 < error_rate["value"] < 1
    assert "| lookups in torch |" in done.stdout


def test_a_run_goes_on_where_it_was_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark, written = module("gpu_conditionals"), tmp_path / "numbers.json"
    asked = ["chain", "--device", "cpu", "--repeats", "1", "--json", str(written)]
    assert benchmark.main(asked) == 0
    numbers = json.loads(written.read_text())
    numbers["rows"][0]["median_ms"] = 12345.0  # known
    numbers["rows"][1] = {**numbers["rows"][1], "failure": "out of memory"}  # to be tried again
    del numbers["rows"][2]
    written.write_text(json.dumps(numbers))
    assert benchmark.main(asked) == 0
    medians = [row["median_ms"] for row in json.loads(written.read_text())["rows"]]
    assert len(medians) == 6
    assert medians.count(12345.0) == 1
    assert benchmark.main([*asked, "--again"]) == 0
    assert "12345" not in written.read_text()
    numbers["device"] = "another"
    written.write_text(json.dumps(numbers))
    assert benchmark.main(asked) == 0
    assert "12345" not in written.read_text()
    with pytest.raises(SystemExit) as stopped:
        benchmark.main(["chains"])
    assert stopped.value.code == 2
    assert "WORKLOAD: expected some of hmm, chain" in capsys.readouterr().err


def test_a_way_that_fails_leaves_the_others_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = module("gpu_conditionals")

    def fail() -> None:
        raise RuntimeError("out of memory\nmore about it")

    monkeypatch.setattr(
        benchmark,
        "contenders",
        lambda law, patterns, out: [("bad", fail), ("good", lambda: law.conditionals(patterns))],
    )
    rates = {"float32": 1e9, "float64": 1e9, "write": 1e9}
    work = benchmark.TINY[1]
    bad, good, *_ = benchmark.conditionals(work, "cpu", 1, rates, benchmark.Reference.computed(work), set())
    assert benchmark.shown(bad).endswith("| bad | RuntimeError: out of memory | | | | |")
    assert good["error"] < 3e-7


def test_wrong_numbers_are_seen() -> None:
    benchmark, law = module("gpu_conditionals"), np.array([0.25, 0.75])
    out = torch.full((1, 2, 2), 0.5)

    def reference(*places: int) -> Any:
        rows = np.zeros(len(places), dtype=int)
        return benchmark.Reference(np.zeros((1, 2)), rows, np.array(places), np.stack([law] * len(places)))

    assert reference(1).largest_error(out) == 0.25
    out[0, 0] = torch.nan
    assert np.isnan(reference(1, 0, 1).largest_error(out))


@pytest.mark.skipif(not installed("pyjuice") or not torch.cuda.is_available(), reason="no PyJuice, or no GPU")
def test_pyjuice_computes_the_same() -> None:
    work = module("gpu_conditionals").TINY[0]
    patterns = torch.as_tensor(work.patterns(), device="cuda")
    law = work.law("float32").to("float32", device="cuda")
    masked = patterns == law.mask
    for way, ask in module("pyjuice_peer").ways(law, patterns):
        difference = (ask() - law.conditionals(patterns))[masked].abs().max()
        assert float(difference) < (2e-2 if "bfloat16" in way else 2e-3), way


@pytest.mark.parametrize("number", range(4))
def test_enclosures_are_kept_and_of_the_laws_that_are_timed(number: int, tmp_path: Path) -> None:
    benchmark = module("gpu_conditionals")
    work = benchmark.TINY[number]
    first = benchmark.Reference.of(work, tmp_path)
    [path] = tmp_path.iterdir()
    changed = path.stat().st_mtime_ns
    second = benchmark.Reference.of(work, tmp_path)
    assert path.stat().st_mtime_ns == changed
    for one, other in zip(vars(first).values(), vars(second).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    law = work.law("float64")
    masked = first.patterns[first.rows, first.places] == law.mask
    assert masked.all()
    assert first.largest_error(law.conditionals(first.patterns)) < 1e-14


def module(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    made = importlib.util.module_from_spec(specification)
    sys.modules[name] = made  # where its dataclasses look for their annotations
    specification.loader.exec_module(made)
    return made


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    done = run("gpu_conditionals.py")
    assert done.returncode == 2
    assert done.stderr.startswith("no GPU here")


@pytest.mark.skipif(installed("triton"), reason="Triton is installed")
def test_without_triton_it_says_so() -> None:
    done = run("gpu_kernels.py")
    assert done.returncode == 2
    assert done.stderr.startswith("Triton is not installed")
