"""`maskproof compare`: a trained model against the ideal denoiser, as tables, a plot or JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from oracles.files import check_writable
from oracles.patterns import Tokens
from proofs_check.commands.arguments import (
    in_floats,
    masked_positions,
    powers_of_two,
    read_prompt,
    read_steps,
)
from proofs_check.commands.compare_answer import Answer, denoiser_answer
from proofs_check.commands.compare_autoregressive import autoregressive_answer
from proofs_check.commands.compare_model import Model
from proofs_check.commands.console import (
    Report,
    output,
    print_closing,
    print_heading,
    print_json,
    progress,
)
from proofs_check.commands.target import Target, read_target
from theory.analysis.effort import LEAST_DRAWS
from theory.denoisers import CountBased, Denoiser
from theory.learning.report import LearningReport, learning_report
from theory.neural import load_checkpoint
from theory.neural.checkpoints import ORACLE
from theory.neural.shortfalls import WORK

SAMPLING_WORK = 10 * WORK
"""Multiplications that all estimates together may take: some minutes on two cores."""

ADDED = 1
"""To every count of the baseline, so that no possible token has probability zero."""


@dataclass(frozen=True)
class CompareRequest:
    """The options of the command, as given."""

    checkpoint: Path
    oracle: str | None = None
    steps: str | None = None
    given: str | None = None
    baseline: int | None = None
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
    with progress() as report:
        report("reading", 0, 1)
        target = _read_oracle(request)
        law = target.law
        model = Model.of(load_checkpoint(request.checkpoint, law), request.checkpoint, law)
        given = read_prompt(law, request.given)
        compared = _continuation if model.autoregressive else _denoiser
        answer = compared(request, target, model, given, report)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "given": request.given}
        ends = {"reading": answer.reading, "plot": request.plot and str(request.plot)}
        print_json(about | {"model": model.json} | answer.document | ends)
    else:
        left = len(masked_positions(law, given))
        _print(target, request, [*model.lines, *_prompted(request, left)], answer, output())
    return 0


def _denoiser(
    request: CompareRequest, target: Target, model: Model, given: Tokens | None, report: Report
) -> Answer:
    """A denoiser against the ideal one, and beside counts if they are asked for; its plot is saved."""
    law = target.law
    steps = powers_of_two(len(masked_positions(law, given)))
    if request.steps is not None:
        steps = read_steps(request.steps)
    draws = _draws(request.samples, steps, model)

    def found(name: str, denoiser: Denoiser) -> LearningReport:
        return learning_report(
            law,
            denoiser,
            steps,
            given=given,
            draws=draws,
            runs=draws,
            patterns=WORK / model.work,
            bins=request.bins,
            seed=request.seed,
            confidence=request.confidence,
            progress=lambda what, done, total: report(f"{name}: {what}", done, total),
        )

    counted = None
    if request.baseline is not None:
        sequences = law.sample(request.baseline, seed=request.seed)
        counted = found("counts", CountBased(law, sequences, smoothing=ADDED))
    learned = found("model", model.checkpoint.denoiser(law))
    if request.plot is not None:
        from proofs_check.plots.learning import save_compare_plot

        save_compare_plot(learned, f"{request.checkpoint} on {target.name}", request.plot)
    return denoiser_answer(learned, counted, request.baseline)


def _continuation(
    request: CompareRequest, target: Target, model: Model, given: Tokens | None, report: Report
) -> Answer:
    """An autoregressive model, which takes one token a step.  ValueError for options about denoisers."""
    for name in ("steps", "baseline", "plot"):
        if (value := getattr(request, name)) is not None:
            raise ValueError(f"{name}: expected none beside an autoregressive model, got {str(value)!r}")
    report("errors of continuations", 0, 1)
    draws = min(request.samples, max(LEAST_DRAWS, int(SAMPLING_WORK / (3 * model.work))))
    return autoregressive_answer(
        target.law,
        model.checkpoint.model,
        given=given,
        sequences=WORK / model.work,
        draws=draws,
        confidence=request.confidence,
        seed=request.seed,
    )


def _draws(wanted: int, steps: list[int], model: Model) -> int:
    """As many as were asked for, or as `SAMPLING_WORK` allows: each is a pass a step, for each of three samplers."""
    passes = 3 * sum(min(count, model.checkpoint.shape.length) for count in steps)
    return min(wanted, max(LEAST_DRAWS, int(SAMPLING_WORK / (passes * model.work))))


def _read_oracle(request: CompareRequest) -> Target:
    """The oracle that is named, or the one that `maskproof train` leaves beside a checkpoint, in floats.

    ValueError if there is none.
    """
    target = _named_oracle(request)
    return replace(target, law=in_floats(target.law))


def _named_oracle(request: CompareRequest) -> Target:
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


def _prompted(request: CompareRequest, left: int) -> list[str]:
    return [] if request.given is None else [f"given {request.given!r}: the {left} tokens that are left"]


def _print(
    target: Target, request: CompareRequest, notes: list[str], answer: Answer, console: Console
) -> None:
    print_heading(console, target.name, target.origin, notes)
    for title, parts in answer.tables.items():
        console.print(Text.assemble("\n", (title, "bold")))
        for part in parts:
            console.print(part)
    print_closing(console, answer.footnotes, answer.reading, request.plot)
