"""`maskproof train`: a transformer learns an oracle, and is measured against it while it does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from oracles import Oracle
from proofs_check.commands.arguments import in_floats
from proofs_check.commands.console import note, output, print_json, progress
from proofs_check.commands.digits import fixed
from proofs_check.commands.numbers import number_json
from proofs_check.commands.target import Target, read_target
from proofs_check.commands.train_progress import Display, Row, display, gap, table
from theory.monte_carlo import Estimate
from theory.neural import (
    Checkpoint,
    ModelShape,
    Progress,
    Shortfall,
    TrainingPlan,
    load_checkpoint,
    shortfall,
    train,
)
from theory.neural.checkpoints import LAST, ORACLE, find_checkpoint

REPORTS, MOVES = 20, 200
"""Rows of the table, and how often the bar below it moves, about."""

SAVE_EVERY = 1000
"""Most steps that a killed run loses, unless told otherwise."""

WORK_WHILE_TRAINING = 1e10
"""Multiplications that the exact numbers of a row may take: a fraction of a second."""

DRAWS_WHILE_TRAINING, DRAWS = 200, 2000
"""Where they take more: draws for their estimates, in a row and at the end."""

DEFAULT_LENGTH = 32
"""Tokens in a sequence of a law that is fitted to a text."""


@dataclass(frozen=True)
class TrainRequest:
    """The options of the command, as given.

    fit: those of a reader; shape, plan: of `ModelShape`, `TrainingPlan`; run: others of `theory.neural.train`.
    """

    target: str | None
    folder: Path
    fit: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    save_every: int | None = None
    resume: bool = True
    as_json: bool = False


def run_train(request: TrainRequest) -> int:
    """Train and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    plan = TrainingPlan(**request.plan)
    try:
        finished = _run(request, plan)
    except KeyboardInterrupt:
        note(_left_behind(request, plan))
        raise
    if request.as_json:
        print_json(finished.document())
    else:
        finished.show(output())
    return 0


def _run(request: TrainRequest, plan: TrainingPlan) -> _Finished:
    with progress() as report:
        report("reading", 0, 1)
        stored = str(request.target).startswith("zoo:") or str(request.target).endswith(".json")
        options = dict(request.fit) if stored else {"length": DEFAULT_LENGTH, **request.fit}
        target = read_target(request.target, options, seed=plan.seed, report=report)
        law = in_floats(target.law)
    begun = (_kept(request.folder, plan) or 0) if request.resume else 0
    rows: list[Row] = []
    started = time.monotonic()
    with display(law, plan.steps, begun) as shown:
        checkpoint = _train(law, plan, request, shown, _Rows(begun, rows))
        shown.at(plan.steps, "measuring")
        final = shortfall(law, checkpoint.model, draws=DRAWS, seed=plan.seed)
    return _Finished(request, target, law, checkpoint, begun, rows, final, time.monotonic() - started)


def _kept(folder: Path, plan: TrainingPlan) -> int | None:
    """The steps of this plan that a folder holds, if it holds a run of it."""
    try:
        if find_checkpoint(folder) is None:
            return None
        found = load_checkpoint(folder)
    except (ValueError, OSError):  # it is for `train` to say what is wrong
        return None
    return found.step if replace(found.plan, steps=plan.steps) == plan else None


def _left_behind(request: TrainRequest, plan: TrainingPlan) -> str:
    """What an interrupt leaves, and how to go on."""
    step = _kept(request.folder, plan)
    if not step:
        return "nothing was learned yet"
    command = "the same command" if request.resume else "the same command with --resume in place of --restart"
    return f"{step} of {plan.steps} steps are in {request.folder}; {command} goes on from there"


@dataclass
class _Rows:
    """The rows of a run that had done so many steps, and the sum of the losses since the last one."""

    done: int
    rows: list[Row]
    total: float = 0.0
    count: int = 0

    def see(self, now: Progress) -> None:
        """Take the mean loss of the steps since the last call."""
        self.total += now.loss * (now.step - self.done)
        self.count += now.step - self.done
        self.done = now.step

    def add(self, left: Shortfall) -> Row:
        """A row at the steps that are done."""
        row = Row(self.done, self.total / self.count, left)
        self.rows.append(row)
        self.total, self.count = 0.0, 0
        return row


def _train(law: Oracle, plan: TrainingPlan, request: TrainRequest, shown: Display, seen: _Rows) -> Checkpoint:
    """Train, appending a row at every report."""
    often = max(1, plan.steps // MOVES)
    every = max(1, plan.steps // REPORTS) // often * often

    def watch(now: Progress) -> None:
        seen.see(now)
        if now.step % every == 0 or now.step == plan.steps:
            shown.at(now.step, "measuring")
            work = {"work": WORK_WHILE_TRAINING, "draws": DRAWS_WHILE_TRAINING, "seed": now.step}
            row = seen.add(shortfall(now.oracle, now.model, **work))
            shown.at(now.step)
            shown.add(row)
        else:
            shown.at(now.step)

    return train(
        law,
        ModelShape(law.vocab_size, law.length, **request.shape),
        plan,
        request.folder,
        watch,
        watch_every=often,
        save_every=request.save_every or min(every, SAVE_EVERY),
        anew=not request.resume,
        **request.run,
    )


@dataclass(frozen=True)
class _Finished:
    """All there is to say in the end; begun: the steps that were done before."""

    request: TrainRequest
    target: Target
    law: Oracle
    checkpoint: Checkpoint
    begun: int
    rows: list[Row]
    final: Shortfall
    seconds: float

    @property
    def weights(self) -> int:
        return sum(weight.numel() for weight in self.checkpoint.model.parameters())

    def document(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "target": self.target.name,
            "origin": self.target.origin,
            "entropy": number_json(self.law.entropy()),
            "shape": asdict(self.checkpoint.shape),
            "plan": asdict(self.checkpoint.plan),
            "weights": self.weights,
            "begun": self.begun,
            "reports": [{"step": row.step, "loss": row.loss, **_left_json(row.left)} for row in self.rows],
            "final": {"step": self.checkpoint.step, **_left_json(self.final)},
            "seconds": self.seconds,
            "checkpoint": str(self.request.folder / LAST),
            "oracle": str(self.request.folder / ORACLE),
        }

    def show(self, console: Console) -> None:
        """For people."""
        shape, plan = self.checkpoint.shape, self.checkpoint.plan
        console.print(Text.assemble((self.target.name, "bold")))
        console.print(Text(self.target.origin))
        console.print(Text(f"H(q): {self.law.entropy()}"))
        console.print(
            Text(
                f"{plan.objective} on {plan.batch} sequences a step; width {shape.width}, depth {shape.depth}, "
                f"{shape.heads} heads: {self.weights:,} weights"
            )
        )
        if self.begun == plan.steps:
            console.print(Text(f"all of its {plan.steps} steps were done before"))
        elif self.begun:
            console.print(Text(f"went on from step {self.begun}"))
        if self.rows:
            console.print(table(self.rows, self.law))
        for line in self._conclusions():
            console.print(Text(line))

    def _conclusions(self) -> Iterator[str]:
        name = "KL(q||p)" if self.checkpoint.plan.objective == "autoregressive" else "NELBO - H(q)"
        how = "by an estimate" if isinstance(self.final.gap, Estimate) else "exactly"
        told = (
            ", told the share of masked positions as its time"
            if self.checkpoint.shape.time_conditioned
            else ""
        )
        yield f"after {self.checkpoint.step} steps: {name} is {gap(self.final)} bits a token, {how}{told}"
        if self.final.worst is not None:
            worst = fixed(self.final.worst.value, 4)
            yield f"in its worst context the denoiser is {worst} bits from the ideal one (eps_learning)"
        yield (
            f"took {self.seconds:.1f} s; the model is in {self.request.folder / LAST}, what it learned in "
            f"{self.request.folder / ORACLE}"
        )


def _left_json(left: Shortfall) -> dict[str, Any]:
    return {"gap": number_json(left.gap), "worst": None if left.worst is None else number_json(left.worst)}
