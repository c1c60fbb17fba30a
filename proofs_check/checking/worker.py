"""A process that checks claims for the one that started it: `python -m proofs_check.checking.worker`.

It reads tasks and writes reports, a line of JSON each; whatever claims print goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch

from proofs_check.checking.effort import Effort
from proofs_check.claims import Claim, claims_in, claims_of_file, home_of
from proofs_check.evidence import Report


class Worker:
    """The process, as its owner sees it."""

    def __init__(self) -> None:
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def check(self, claim: Claim, effort: Effort) -> Report | None:
        """The report on a claim that stands in a file; None if the process died over it."""
        task = {
            "module": claim.relation.__module__,
            "home": str(home_of(claim)),
            "id": claim.id,
            "effort": asdict(effort),
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(task) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except (OSError, ValueError):
            return None
        return Report.from_json(json.loads(answer)) if answer else None

    def end(self) -> None:
        """End the process, whatever it is doing, and close the pipes to it."""
        self._process.kill()
        with suppress(OSError), self._process:  # a task that it did not read any more cannot be sent
            self._process.wait()


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner is interrupted, and ends this process
    torch.set_num_threads(1)  # the other cores are the other workers'
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        task = json.loads(line)
        report = _find(task["module"], task["home"])[task["id"]]
        answers.write(json.dumps(Effort(**task["effort"]).check(report).to_json()) + "\n")
        answers.flush()


def _find(module: str, home: str) -> dict[str, Claim]:
    """The claims of a module of this package, or of a file elsewhere."""
    if module.startswith("proofs_check."):
        return claims_in(importlib.import_module(module))
    return claims_of_file(home)


if __name__ == "__main__":
    _serve()
