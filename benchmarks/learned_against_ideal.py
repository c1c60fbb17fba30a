"""Learned masked diffusion against the ideal denoiser and an autoregressive model: TER, SER and speed by steps.

    python benchmarks/learned_against_ideal.py --size cpu [--languages bigram,trigram,..] [--output FOLDER] [--resume]

After the experiments of Feng et al. 2025 (arXiv 2502.09622): n-grams (n = 2, 3, 4) and an HMM over 8 tokens, drawn at
random with impossible sequences, and their HMM over 16 tokens for which SER needs a number of steps of order L.
Every language is learned from endless samples by a masked denoiser and by an autoregressive model of the same shape;
then TER and SER of both are measured against the law itself, beside those of the ideal denoiser (exact where there
is a way, else estimated), and tokens per second.

--size cpu: L = 32, some minutes a language on two cores; gpu: L = 512, as in the paper, needs CUDA and some hours.
FOLDER receives learned_against_ideal.json and .png, and a folder a language with checkpoints and what was measured:
--resume goes on with what is there, and measures anew what was deleted (speeds.json, on a machine that is idle by
then).

Speed is that of sequences drawn together, from left to right or in N steps.  The autoregressive model keeps keys and
values, so that a token costs it one new position; a masked denoiser is called on whole sequences.  A step that
reveals nothing in a sequence calls nothing for it, so that masked diffusion never takes more than L calls.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from oracles import Oracle, Result, zoo
from oracles.files import write_text
from oracles.optional import installed
from theory import IID, simulate
from theory.learning import estimate_learning_error
from theory.learning.step_curves import (
    CurvePoint,
    Number,
    autoregressive_point,
    interval_ends,
    step_curve,
)
from theory.monte_carlo import Estimate
from theory.neural import Checkpoint, Learned, ModelShape, Progress, TrainingPlan, train
from theory.neural.autoregressive import AutoregressiveLaw

if TYPE_CHECKING:
    from proofs_check.plots.step_curves import Panel

CONFIDENCE = 0.99
"""Of each interval by itself."""

SEED = 0

MASKED, AUTOREGRESSIVE = "any_order", "autoregressive"
"""What models are trained on."""

LANGUAGES: dict[str, Callable[[int], Oracle]] = {
    "bigram": zoo.random_ngram,
    "trigram": lambda length: zoo.random_ngram(length, order=3),
    "4-gram": lambda length: zoo.random_ngram(length, order=4),
    "HMM": zoo.random_hmm,
    # The law of zoo.pair_hmm, as a product: everything about its samplers is then exact.
    "16-token HMM": lambda length: zoo.equal_pairs(length, vocab_size=16),
}


@dataclass(frozen=True)
class Size:
    """length: L; counts: the numbers of steps N; draws: for every estimate, and for speed.

    width, depth, heads: of both models; batches, autoregressive_batches: of training, of `batch` sequences each.
    """

    device: str
    length: int
    counts: tuple[int, ...]
    draws: int
    timed_draws: int
    width: int
    depth: int
    heads: int
    batch: int
    rate: float
    batches: int
    autoregressive_batches: int

    def plan(self, objective: str) -> TrainingPlan:
        """How a model is trained."""
        batches = self.autoregressive_batches if objective == AUTOREGRESSIVE else self.batches
        return TrainingPlan(objective, batches, self.batch, self.rate, SEED)


SIZES = {
    "smoke": Size("cpu", 4, (1, 4), 50, 10, 8, 1, 1, 8, 5e-3, 20, 20),
    "cpu": Size("cpu", 32, (1, 2, 4, 8, 16, 32, 64, 128), 1000, 128, 64, 4, 4, 128, 1e-2, 3600, 600),
    "gpu": Size(
        "cuda", 512, (8, 16, 32, 64, 128, 256, 512, 1024, 2048), 1000, 128, 384, 6, 6, 128, 2e-3, 40_000, 10_000
    ),
}  # fmt: skip
"""smoke: whether everything runs, in seconds; says nothing."""


@dataclass(frozen=True)
class Errors:
    """What was found about one language.

    entropy_rate: H/L in bits a token; learning_error: the mean of KL(q(x_i|x_S) || d(x_i|x_S)) over masking rates,
    bits a masked token; training_seconds: by objective, of the run that ended the training.
    """

    entropy_rate: float
    learning_error: Number
    ideal: tuple[CurvePoint, ...]
    learned: tuple[CurvePoint, ...]
    autoregressive: CurvePoint
    training_seconds: dict[str, float]


@dataclass(frozen=True)
class Speeds:
    """Tokens per second: of masked diffusion for every number of steps, and of the autoregressive model."""

    learned: tuple[float, ...]
    autoregressive: float
    load: float | None


# ------------------------------------------------------------------ one language


@dataclass(frozen=True)
class Language:
    """A language, and both models of it, whose checkpoints are in a folder."""

    name: str
    size: Size
    folder: Path

    @cached_property
    def law(self) -> Oracle:
        """Where the models are."""
        return LANGUAGES[self.name](self.size.length).to("float64", device=self.size.device)

    @cached_property
    def denoiser(self) -> Learned:
        """Masked diffusion's."""
        return learn(self.law, self.size, MASKED, self.folder / MASKED).denoiser(self.law)

    @cached_property
    def follower(self) -> AutoregressiveLaw:
        """The law of the autoregressive model."""
        checkpoint = learn(self.law, self.size, AUTOREGRESSIVE, self.folder / AUTOREGRESSIVE)
        return AutoregressiveLaw(self.law, checkpoint.model)

    def errors(self) -> Errors:
        """Train both models, or go on with training, and measure them."""
        seconds = {}
        for objective, model in ((MASKED, "denoiser"), (AUTOREGRESSIVE, "follower")):
            start = time.perf_counter()
            getattr(self, model)
            seconds[objective] = time.perf_counter() - start
        law, counts = self.law, self.size.counts
        options: dict[str, Any] = {"draws": self.size.draws, "confidence": CONFIDENCE, "seed": SEED}
        return Errors(
            entropy_rate=float(law.entropy()) / law.length,
            learning_error=estimate_learning_error(
                law, self.denoiser, self.size.draws, confidence=CONFIDENCE, seed=SEED
            ),
            ideal=step_curve(law, counts, progress=_report, **options),
            learned=step_curve(law, counts, self.denoiser, progress=_report, **options),
            autoregressive=autoregressive_point(self.follower, **options),
            training_seconds=seconds,
        )

    def speeds(self) -> Speeds:
        """Of all steps, in sequences that are drawn together."""

        def draw(count: int) -> Callable[[int], Any]:
            schedule = IID.uniform(count)
            return lambda n: simulate(self.law, schedule, n, denoiser=self.denoiser, seed=SEED)

        return Speeds(
            learned=tuple(speed(draw(count), self.size) for count in self.size.counts),
            autoregressive=speed(lambda n: self.follower.sample(n, seed=SEED), self.size),
            load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        )


def learn(law: Oracle, size: Size, objective: str, folder: Path) -> Checkpoint:
    """A model trained by this objective, its checkpoints in a folder."""
    plan = size.plan(objective)

    def watch(now: Progress) -> None:
        left = now.loss * law.length - float(law.entropy())
        _say(f"  {objective} {now.step}/{plan.steps}: {left:.3f} bits above H, {now.seconds:.0f} s")

    shape = ModelShape(law.vocab_size, law.length, size.width, size.depth, size.heads)
    return train(law, shape, plan, folder, watch, watch_every=max(1, plan.steps // 4))


def speed(draw: Callable[[int], Any], size: Size) -> float:
    """Tokens per second of a sampler, the fastest of three times.  What is drawn comes back to the processor."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        draw(size.timed_draws)
        seconds.append(time.perf_counter() - start)
    return size.timed_draws * size.length / min(seconds)


def _say(line: str) -> None:
    print(line, flush=True)


def _report(what: str, done: int, total: int) -> None:
    if done < total:
        _say(f"  {what}")


# ------------------------------------------------------------------ files


def kept(path: Path, size: Size, find: Callable[[], Any]) -> dict[str, Any]:
    """What was found before, or is found now and written down, as a document."""
    asked = json.loads(json.dumps(asdict(size)))
    if path.exists():
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["size"] != asked:
            raise SystemExit(f"{path}: expected what was measured at {asked}, got it at {document['size']}")
        return document["found"]
    document = json.dumps({"size": asked, "found": asdict(find())}, default=float, indent=1)
    write_text(path, document)
    return json.loads(document)["found"]


def point_of(document: dict[str, Any]) -> CurvePoint:
    """A point of a curve."""
    numbers = {key: number_of(value) for key, value in document.items() if key != "steps"}
    return CurvePoint(steps=document["steps"], **numbers)


def number_of(document: dict[str, Any]) -> Number:
    """A result has a guarantee, an estimate a confidence."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in document.items()
    }
    return Result(**fields) if "guarantee" in fields else Estimate(**fields)


def panel(name: str, size: Size, errors: dict[str, Any], speeds: dict[str, Any]) -> Panel:
    """The column of a language in the figure."""
    from proofs_check.plots.step_curves import Panel

    return Panel(
        name,
        LANGUAGES[name](size.length).to("float64"),
        [point_of(point) for point in errors["ideal"]],
        [point_of(point) for point in errors["learned"]],
        point_of(errors["autoregressive"]),
        speeds["learned"],
        speeds["autoregressive"],
    )


def write_all(folder: Path, size: Size, errors: dict[str, Any], speeds: dict[str, Any]) -> None:
    """The numbers with where they are from, and the figure."""
    where = circumstances(size)
    languages = {name: {"errors": errors[name], "speeds": speeds[name]} for name in errors}
    document = {
        "circumstances": where,
        "size": asdict(size),
        "confidence": CONFIDENCE,
        "languages": languages,
    }
    write_text(folder / "learned_against_ideal.json", json.dumps(document, indent=1))
    if not installed("matplotlib"):
        return _say("no figure without matplotlib; --resume draws it where that is installed")
    from proofs_check.plots.step_curves import save_step_curves

    panels = [panel(name, size, errors[name], speeds[name]) for name in errors]
    title = f"Learned against ideal: L = {size.length}; {where['device']}, {where['date']}"
    save_step_curves(panels, title, folder / "learned_against_ideal.png")


def circumstances(size: Size) -> dict[str, Any]:
    """Date, device, load and versions."""
    on_gpu = size.device == "cuda"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": torch.cuda.get_device_name() if on_gpu else f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure the languages, one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, required=True)
    parser.add_argument("--languages", default=",".join(LANGUAGES), help="comma-separated (default: all)")
    parser.add_argument("--output", type=Path, default=Path("build/learned_against_ideal"))
    parser.add_argument("--resume", action="store_true", help="go on with what the folder holds")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    size, names = SIZES[options.size], options.languages.split(",")
    for name in names:
        if name not in LANGUAGES:
            parser.error(f"--languages: expected some of {', '.join(LANGUAGES)}, got {name!r}")
    if size.device == "cuda" and not torch.cuda.is_available():
        parser.error("--size gpu: expected a CUDA device, found none; --size cpu does without")
    if not installed("scipy"):
        parser.error("expected SciPy, which intervals need, found none")
    if options.output.exists() and any(options.output.iterdir()) and not options.resume:
        parser.error(f"--output: expected an empty folder, or --resume, got {options.output}")
    torch.set_num_threads(options.threads)
    options.output.mkdir(parents=True, exist_ok=True)
    languages = {name: Language(name, size, options.output / name) for name in names}
    errors = {}
    for name, language in languages.items():
        _say(f"{name}:")
        language.folder.mkdir(exist_ok=True)
        errors[name] = kept(language.folder / "errors.json", size, language.errors)
    # Together, and last: on a shared machine this is what to repeat when it is idle.
    speeds = {
        name: kept(language.folder / "speeds.json", size, language.speeds)
        for name, language in languages.items()
    }
    write_all(options.output, size, errors, speeds)
    for name in names:
        print_table(name, size, errors[name], speeds[name])


def print_table(name: str, size: Size, errors: dict[str, Any], speeds: dict[str, Any]) -> None:
    """A line a number of steps, and one for the autoregressive model."""
    print(
        f"\n{name}: H/L {errors['entropy_rate']:.4f}, learning error {errors['learning_error']['value']:.4f} bits"
    )
    print("   N   ideal: SER          log2 TER             learned: SER        log2 TER             tokens/s")
    for ideal, learned, rate in zip(errors["ideal"], errors["learned"], speeds["learned"], strict=True):
        print(f"{ideal['steps']:4}   {_columns(ideal)}   {_columns(learned)}   {rate:9.0f}")
    print(f"  AR   {' ' * 35}   {_columns(errors['autoregressive'])}   {speeds['autoregressive']:9.0f}")


def _columns(point: dict[str, Any]) -> str:
    ends = (interval_ends(number_of(point[key])) for key in ("sequence_error_rate", "log2_token_error_rate"))
    return "   ".join(f"{low:.4f} .. {high:.4f}" for low, high in ends)


if __name__ == "__main__":
    main()
