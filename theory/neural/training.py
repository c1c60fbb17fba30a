"""Training a transformer on endless samples of an oracle: interrupted or killed, it goes on where it was."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from oracles import Oracle
from oracles.arithmetic import arithmetic
from oracles.validation import read_count
from theory.neural.checkpoints import Checkpoint, Subject, load_checkpoint
from theory.neural.folders import RunFolder
from theory.neural.interrupts import interrupts_held
from theory.neural.models import ModelShape, Transformer
from theory.neural.optimisation import Optimisation
from theory.neural.plans import TrainingPlan
from theory.neural.reading import check_fits, read_float_oracle


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a run is: batches seen, the mean loss since the last report in bits a token, seconds in this process.

    oracle: what is learned; model: with the averaged weights as they are now, which go on changing.  How far the one
    is from the other: `theory.neural.shortfall`.
    """

    step: int
    loss: float
    seconds: float
    oracle: Oracle
    model: Transformer


Watch = Callable[[Progress], None]


def train(
    q: Oracle,
    shape: ModelShape,
    plan: TrainingPlan,
    folder: str | os.PathLike[str] | None = None,
    watch: Watch | None = None,
    *,
    device: str | None = None,
    mixed: bool | None = None,
    compiled: bool | None = None,
    watch_every: int = 100,
    save_every: int = 1000,
    anew: bool = False,
) -> Checkpoint:
    """Train a model of this shape on sequences of q by the plan, and return it.

    folder: where checkpoints are written every `save_every` steps, at the end and when interrupted; a run of the
    same oracle, shape and plan found there is gone on with, and ends with the weights that it would have had (bit
    by bit on one processor).  A run at a constant rate may be given more steps.  The oracle is written there with the
    first checkpoint.
    watch: called every `watch_every` steps and at the end.
    anew: delete a run that is found in the folder, and its oracle, in place of going on with it.
    device: by default that of q; mixed: whether to multiply in bfloat16, by default where wide models gain from it;
    compiled: whether to use torch.compile, by default for long runs (it takes ten seconds to a minute, and then
    saves a third of the time or more; how a run is rounded changes where more steps make it pay).

    ValueError for an oracle that is not over floats or differs from the shape, for a warm-up longer than the run, for
    a device that is not there, for a folder with another run, and for a batch that does not fit into memory, with one
    that does.
    FloatingPointError if the loss or a weight is no longer finite, with the last good checkpoint.
    KeyboardInterrupt once a checkpoint is written.
    """
    q = read_float_oracle(q, "q")
    check_fits("shape", shape, q)
    plan.check_warmup()
    read_count("watch_every", watch_every)
    read_count("save_every", save_every)
    where = q.arithmetic if device is None else arithmetic("float32", device=device)
    optimisation = Optimisation(q, shape, plan, where.zeros(0).device, mixed, compiled)
    subject = Subject.of(q)
    place = None if folder is None else RunFolder(folder, optimisation.batches.oracle, subject)
    run = _Run(optimisation, subject, place, anew)
    try:
        while run.now.step < plan.steps:
            run.advance()
            done = run.now.step == plan.steps
            if done or run.now.step % watch_every == 0:
                run.report(watch)
            if done or run.now.step % save_every == 0:
                run.save()
    except KeyboardInterrupt:
        run.save()
        raise
    return run.checkpoint()


class _Run:
    """An optimisation with its folder, and the sum of the losses since the last report."""

    def __init__(
        self,
        optimisation: Optimisation,
        subject: Subject,
        folder: RunFolder | None,
        anew: bool,
    ) -> None:
        self.now, self.subject, self.folder = optimisation, subject, folder
        self.started = time.monotonic()
        self.total, self.count = torch.zeros((), dtype=torch.float64, device=optimisation.device), 0
        if folder is not None:
            if anew:
                folder.clear()
            if self.saved is not None:
                self._restore(load_checkpoint(self.saved))
            folder.check_oracle()

    @property
    def saved(self) -> Path | None:
        """The last good checkpoint."""
        return self.folder and self.folder.newest

    def advance(self) -> None:
        """One whole step.  ValueError if it does not fit into memory."""
        fits = True
        with interrupts_held():
            try:
                self.total += self.now.advance()
                self.count += 1
            except torch.OutOfMemoryError:
                fits = False  # what the step held is freed before another is tried
        if not fits:
            batch = self.now.fitting_batch()
            expected = f"one that fits into the memory of {self.now.device}, such as {batch}"
            raise ValueError(
                f"batch: expected {expected if batch else 'a smaller model'}, got {self.now.plan.batch}"
            )

    def report(self, watch: Watch | None) -> None:
        """Tell where the run is.  FloatingPointError if it has gone astray."""
        loss = self._mean_loss() / math.log(2)
        self.total.zero_()
        self.count = 0
        if watch is not None:
            seconds = time.monotonic() - self.started
            watch(Progress(self.now.step, loss, seconds, self.now.batches.oracle, self.now.averaged))

    def save(self) -> None:
        """Write a checkpoint, if there is a folder.  FloatingPointError if the run has gone astray."""
        self._mean_loss()
        if not self.now.finite():
            raise self._astray("a weight")
        if self.folder is not None:
            self.folder.save(self.checkpoint())

    def checkpoint(self) -> Checkpoint:
        """The run as it is now."""
        now = self.now
        return Checkpoint(now.averaged.shape, now.plan, self.subject, now.step, now.averaged, now.state())

    def _mean_loss(self) -> float:
        """In nats a token: NaN before the first step."""
        if not self.count:
            return math.nan
        mean = float(self.total) / self.count
        if not math.isfinite(mean):
            raise self._astray(f"the loss, now {mean},")
        return mean

    def _astray(self, what: str) -> FloatingPointError:
        kept = (
            f"the last good checkpoint is {self.saved}" if self.saved else "no checkpoint was written before"
        )
        return FloatingPointError(
            f"{what} is no longer finite after {self.now.step} steps; {kept}; a lower rate may help, "
            f"this one was {self.now.plan.rate:g}"
        )

    def _restore(self, found: Checkpoint) -> None:
        """Go on with a checkpoint of this run; ValueError for one of another."""
        plan = self.now.plan
        longer = replace(found.plan, steps=plan.steps)
        goes_on = longer if plan.rate_schedule == "constant" and found.step <= plan.steps else found.plan
        for name, expected, got in (
            ("oracle", self.subject, found.subject),
            ("shape", self.now.averaged.shape, found.shape),
            ("plan", plan, goes_on),
        ):
            if expected != got:
                raise ValueError(
                    f"folder: expected one without a run, or with one of the same {name}, "
                    f"{_difference(expected, got)} in {self.saved}; start anew or choose another folder"
                )
        self.now.restore(found.step, found.model.state_dict(), found.state)


def _difference(expected: Any, got: Any) -> str:
    """Two unequal records, field by field where they differ."""
    wanted, there = asdict(expected), asdict(got)
    names = [name for name in wanted if wanted[name] != there[name]]
    return ", ".join(f"{name} {wanted[name]!r}, got {name} {there[name]!r}" for name in names)
