"""`maskproof compare`: a trained denoiser against the ideal one, as tables, a plot or JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from oracles import Oracle
from oracles.files import check_writable
from oracles.storage import fingerprint
from proofs_check.commands.arguments import (
    in_floats,
    masked_positions,
    powers_of_two,
    read_prompt,
    read_steps,
)
from proofs_check.commands.compare_json import report_json
from proofs_check.commands.compare_reading import reading
from proofs_check.commands.compare_tables import (
    calibration_tables,
    context_tables,
    footnotes,
    parts_table,
    rate_tables,
    senses_table,
    visits_table,
)
from proofs_check.commands.console import output, print_closing, print_heading, print_json, progress
from proofs_check.commands.target import Target, read_target
from theory.analysis.effort import LEAST_DRAWS
from theory.learning.report import LearningReport, learning_report
from theory.neural import Checkpoint, load_checkpoint
from theory.neural.checkpoints import ORACLE
from theory.neural.shortfalls import WORK

SAMPLING_WORK = 10 * WORK
"""Multiplications that all estimates together may take: some minutes on two cores."""


@dataclass(frozen=True)
class CompareRequest:
    """The options of the command, as given."""

    checkpoint: Path
    oracle: str | None = None
    steps: str | None = None
    given: str | None = None
    samples: int = 500
    bins: int = 10
    seed: int = 0
    confidence: float = 0.99
    plot: Path | None = None
    as_json: bool = False


def run_compare(request: CompareRequest) -> int:
    """Compare and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    if request.plot is not None:
        check_writable(request.plot)
    steps = None if request.steps is None else read_steps(request.steps)
    with progress() as report:
        report("reading", 0, 1)
        target = _read_oracle(request)
        law = in_floats(target.law)
        checkpoint = load_checkpoint(request.checkpoint, law)
        given = read_prompt(law, request.given)
        steps = steps or powers_of_two(len(masked_positions(law, given)))
        draws = _draws(request.samples, steps, checkpoint)
        found = learning_report(
            law,
            checkpoint.denoiser(law),
            steps,
            given=given,
            draws=draws,
            runs=draws,
            patterns=WORK / _pass(checkpoint),
            bins=request.bins,
            seed=request.seed,
            confidence=request.confidence,
            progress=report,
        )
    model = _Model.of(checkpoint, request.checkpoint, law)
    if request.plot is not None:
        from proofs_check.plots.learning import save_compare_plot

        save_compare_plot(found, f"{request.checkpoint} on {target.name}", request.plot)
    said = reading(found)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "given": request.given}
        ends = {"reading": said, "plot": request.plot and str(request.plot)}
        print_json(about | {"model": model.json} | report_json(found) | ends)
    else:
        _print(target, request, model, found, said, output())
    return 0


def _pass(checkpoint: Checkpoint) -> float:
    """Multiplications that one pattern takes a model, about."""
    return checkpoint.shape.length * sum(float(weight.numel()) for weight in checkpoint.model.parameters())


def _draws(wanted: int, steps: list[int], checkpoint: Checkpoint) -> int:
    """As many as were asked for, or as `SAMPLING_WORK` allows: each is a pass a step, for each of three samplers."""
    passes = 3 * sum(min(count, checkpoint.shape.length) for count in steps)
    return min(wanted, max(LEAST_DRAWS, int(SAMPLING_WORK / (passes * _pass(checkpoint)))))


def _read_oracle(request: CompareRequest) -> Target:
    """The oracle that is named, or the one that `maskproof train` leaves beside a checkpoint; ValueError if none."""
    if request.oracle is not None:
        if not request.oracle.startswith("zoo:") and not request.oracle.endswith(".json"):
            raise ValueError(f"oracle: expected zoo:NAME or a .json file, got {request.oracle!r}")
        return read_target(request.oracle, {})
    checkpoint = request.checkpoint
    beside = (checkpoint if checkpoint.is_dir() else checkpoint.parent) / ORACLE
    if not beside.exists():
        load_checkpoint(checkpoint)  # says what is wrong with that, if it is
        raise ValueError(f"oracle: expected one to compare with, got none, and no {beside}")
    return read_target(str(beside), {})


@dataclass(frozen=True)
class _Model:
    """What is said of a model: its file, shape and training, and whether it was trained on this very law."""

    path: str
    checkpoint: Checkpoint
    same_law: bool

    @classmethod
    def of(cls, checkpoint: Checkpoint, path: Path, law: Oracle) -> _Model:
        """A model beside the law it is compared with."""
        return cls(str(path), checkpoint, checkpoint.subject.fingerprint == fingerprint(law))

    @property
    def lines(self) -> list[str]:
        """For people."""
        shape, plan = self.checkpoint.shape, self.checkpoint.plan
        seen = f"{plan.objective}, {self.checkpoint.step} of {plan.steps} batches of {plan.batch}"
        form = f"width {shape.width}, depth {shape.depth}, heads {shape.heads}"
        lines = [f"{self.path}: transformer of {form}; {seen}"]
        if not self.same_law:
            lines.append(f"note: it was trained on another law, {self.checkpoint.subject.name}")
        return lines

    @property
    def json(self) -> dict[str, Any]:
        """For scripts."""
        checkpoint = self.checkpoint
        return {
            "path": self.path,
            "shape": asdict(checkpoint.shape),
            "plan": asdict(checkpoint.plan),
            "step": checkpoint.step,
            "trained_on": checkpoint.subject.name,
            "trained_on_this_law": self.same_law,
        }


def _print(
    target: Target,
    request: CompareRequest,
    model: _Model,
    found: LearningReport,
    said: list[str],
    console: Console,
) -> None:
    given = request.given
    notes = [] if given is None else [f"given {given!r}: the {found.length} tokens that are left"]
    print_heading(console, target.name, target.origin, [*model.lines, *notes])
    tables = {
        "Error of learning e = KL(q(x_i | seen) || model), in every sense": [senses_table(found)],
        "Where it errs, in bits": context_tables(found),
        "Samplers of N uniform steps: SER, and log2 TER in bits a token": rate_tables(found),
        "Their KL(q||p), and the two parts of E KL": [parts_table(found)],
        "Where the sampler goes": [visits_table(found)],
        "Calibration: what is predicted and what is true, as probabilities": calibration_tables(found),
    }
    for title, parts in tables.items():
        console.print(Text.assemble("\n", (title, "bold")))
        for part in parts:
            console.print(part)
    print_closing(console, footnotes(found), said, request.plot)
