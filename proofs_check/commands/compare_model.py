"""The model that is compared: what is said of it, and what asking it takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oracles import Oracle
from oracles.storage import fingerprint
from theory.neural import AutoregressiveTransformer, Checkpoint


@dataclass(frozen=True)
class Model:
    """What is said of a model: its file, shape and training, and whether it was trained on this very law."""

    path: str
    checkpoint: Checkpoint
    same_law: bool

    @classmethod
    def of(cls, checkpoint: Checkpoint, path: Path, law: Oracle) -> Model:
        """A model beside the law it is compared with."""
        return cls(str(path), checkpoint, checkpoint.subject.fingerprint == fingerprint(law))

    @property
    def autoregressive(self) -> bool:
        """Whether it continues sequences, and is no denoiser."""
        return isinstance(self.checkpoint.model, AutoregressiveTransformer)

    @property
    def work(self) -> float:
        """Multiplications that a sequence takes, about."""
        weights = self.checkpoint.model.parameters()
        return self.checkpoint.shape.length * sum(float(weight.numel()) for weight in weights)

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
