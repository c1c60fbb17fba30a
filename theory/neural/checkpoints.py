"""Checkpoints: a model with all that it takes to train it further, as files that hold data only.

A folder holds `last.pt` and `previous.pt`, the one before, and the oracle as `oracle.json`.  Each is written under a
temporary name and renamed, so that a run that is killed leaves a whole one behind.  Nothing random has to be kept:
every step's sequences and masks follow from the plan's seed and its number.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from oracles import Oracle
from oracles.files import write_bytes
from oracles.storage import fingerprint
from oracles.validation import read_count
from theory.neural.learned import Learned
from theory.neural.models import MaskedTransformer, ModelShape, Transformer, new_model
from theory.neural.plans import TrainingPlan
from theory.neural.reading import check_fits

FORMAT = "maskproof-checkpoint/1"
LAST, PREVIOUS = "last.pt", "previous.pt"
ORACLE = "oracle.json"
"""What a folder's models are models of, as `oracles.load` reads it."""


_UNREADABLE = (
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    OSError,
)
"""What reading bytes that are no checkpoint may end in."""


@dataclass(frozen=True)
class Subject:
    """The oracle that a model was trained on: in words, and its `fingerprint`."""

    name: str
    fingerprint: str

    @classmethod
    def of(cls, q: Oracle) -> Subject:
        """Of an oracle."""
        return cls(repr(q), fingerprint(q))


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained model.

    model: with the averaged weights; step: batches it has seen, of `plan.steps`; state: "model" and "optimizer",
    the weights and moments that training goes on from.
    """

    shape: ModelShape
    plan: TrainingPlan
    subject: Subject
    step: int
    model: Transformer
    state: Mapping[str, Any]

    def denoiser(self, q: Oracle) -> Learned:
        """The model as a denoiser of a float oracle.

        ValueError for an autoregressive model, which is none, and as in `Learned`.
        """
        if not isinstance(self.model, MaskedTransformer):
            raise ValueError("model: expected a denoiser, got an autoregressive model")
        return Learned(q, self.model)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write `last.pt`; the one that was there becomes `previous.pt`.  OSError when the disk refuses."""
    document = {
        "format": FORMAT,
        "shape": asdict(checkpoint.shape),
        "plan": asdict(checkpoint.plan),
        "subject": asdict(checkpoint.subject),
        "step": checkpoint.step,
        "average": checkpoint.model.state_dict(),
        "state": dict(checkpoint.state),
    }
    content = io.BytesIO()
    torch.save(document, content)
    last = folder / LAST
    if last.exists():
        last.replace(folder / PREVIOUS)
    write_bytes(last, content.getvalue())
    return last


def find_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint of a folder; the previous one if a run was killed between two renames."""
    return next((folder / name for name in (LAST, PREVIOUS) if (folder / name).exists()), None)


def load_checkpoint(path: str | os.PathLike[str], q: Oracle | None = None) -> Checkpoint:
    """Read a checkpoint from its file, or the newest one of a folder.

    q: an oracle that the model is to be a model of; one over floats also says on which device.
    ValueError, in a line that begins with the path, for a file that is missing, truncated or no checkpoint, for
    weights that are not those of its shape or not finite, and for another vocabulary or length than that of q.
    """
    place = Path(path)
    if place.is_dir():
        found = find_checkpoint(place)
        if found is None:
            raise ValueError(f"{place}: expected a folder with a checkpoint, got one without {LAST}")
        place = found
    document = _read(place)
    try:
        checkpoint = _checkpoint(document)
        if q is not None:
            check_fits("model", checkpoint.shape, q)
            checkpoint.model.to(getattr(q.arithmetic, "device", None))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{place}: {_reason(error)}") from error
    return checkpoint


def _read(place: Path) -> dict[str, Any]:
    try:
        content = place.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(f"{place}: expected a readable file, got: {reason}") from error
    try:
        # Torch tries older formats on what is no archive, with warnings and errors of every kind, and does not
        # compare what it reads with the checksums in the file.
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} is damaged")
        document = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        before = place.with_name(PREVIOUS)
        hint = f"; {before} is the one before" if place.name == LAST and before.exists() else ""
        raise ValueError(
            f"{place}: expected a checkpoint, got a damaged file or one of another program{hint}"
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise ValueError(f"{place}: expected a checkpoint of format {FORMAT}, got {found!r}")
    return document


def _checkpoint(document: dict[str, Any]) -> Checkpoint:
    document = _with_optimizer(document)
    shape = _record("shape", ModelShape, document["shape"])
    plan = _record("plan", TrainingPlan, document["plan"])
    subject = _record("subject", Subject, document["subject"])
    model = _loaded(shape, plan, document["average"])
    step, state = document["step"], document["state"]
    if not 0 <= read_count("step", step, minimum=0) <= plan.steps:
        raise ValueError(f"step: expected at most {plan.steps}, got {step}")
    if not isinstance(state, dict) or not state.keys() >= {"model", "optimizer"}:
        raise ValueError("state: expected weights and the state of an optimizer, got others")
    return Checkpoint(shape, plan, subject, step, model, state)


def _with_optimizer(document: dict[str, Any]) -> dict[str, Any]:
    """A document of a time when AdamW alone moved the weights, as it would be written now."""
    plan, state = document["plan"], document["state"]
    if isinstance(plan, dict) and "optimizer" not in plan:
        plan = plan | {"optimizer": "adamw"}
        if isinstance(state, dict) and "optimizer" in state:
            state = state | {"optimizer": [state["optimizer"]]}
    return document | {"plan": plan, "state": state}


def _record(name: str, kind: type[Any], value: Any) -> Any:
    """A dataclass from its fields."""
    names = {field.name for field in fields(kind)}
    if not isinstance(value, dict) or value.keys() != names:
        raise ValueError(f"{name}: expected the fields {', '.join(sorted(names))}, got {value!r}")
    return kind(**value)


def _loaded(shape: ModelShape, plan: TrainingPlan, weights: Any) -> Transformer:
    """The model with these weights; ValueError unless they are finite and all of those that its shape has."""
    if not isinstance(weights, dict) or shape.depth > len(weights):
        raise ValueError("weights: expected those of the shape, got others")
    try:
        with torch.device("meta"):  # takes no memory, whatever the file says of the shape
            wanted = new_model(shape, plan.objective).state_dict()
    except RuntimeError as error:  # more numbers than can be counted
        raise ValueError(f"weights: expected those of the shape, got others ({error})") from error
    expected = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    got = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in weights.items()}
    if got != expected:
        name = next(name for name in (*expected, *got) if expected.get(name) != got.get(name))
        raise ValueError(
            f"weights: expected those of the shape, with {name} {expected.get(name)}, got {got.get(name)}"
        )
    for name, tensor in weights.items():
        if tensor.is_meta or tensor.layout != torch.strided or tensor.dtype != wanted[name].dtype:
            raise ValueError(f"weights: expected dense numbers in {wanted[name].dtype}, got others in {name}")
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"weights: expected finite numbers, got others in {name}")
    model = new_model(shape, plan.objective)
    model.load_state_dict(weights)
    return model.eval()


def _reason(error: Exception) -> str:
    return f"expected a field {error}, got none" if isinstance(error, KeyError) else str(error)
