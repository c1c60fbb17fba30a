"""What a training run computes, as data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracles.validation import check_choice, read_count
from theory.neural.objectives import MASKING_RATES, OBJECTIVES

RATE_SCHEDULES = ("cosine", "constant")
OPTIMIZERS = ("muon", "adamw")

WARMUP = 100
"""Steps over which the learning rate rises, of a run that is long enough."""


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that determines the weights, given an oracle, a shape and a machine.

    objective: "mdlm", "md4", "any_order" or "autoregressive" (see `theory.neural.objectives`); steps, batch: how
    many batches of how many sequences; rate: the highest learning rate, reached linearly over `warmup` steps, then
    lowered to 0 or held by `rate_schedule`, "cosine" or "constant"; seed: of weights, sequences and masks.
    warmup: by default a tenth of the steps, at most `WARMUP`; at a constant rate `WARMUP` however many they are, so
    that a run that is given more steps is the same run.
    optimizer: "muon", which makes the steps of the matrices in the blocks orthogonal (Jordan et al. 2024) and leaves
    all else to AdamW, or "adamw" for everything.
    alpha: of md4, "linear", "cosine" or "square"; weight_decay: of the optimizer; clip: the largest norm of the
    gradient; average: the decay of the exponential moving average of the weights, 0 for none.
    ValueError for anything else, or out of range.
    """

    objective: str = "mdlm"
    steps: int = 2000
    batch: int = 128
    rate: float = 1e-2
    seed: int = 0
    warmup: int | None = None
    rate_schedule: str = "cosine"
    optimizer: str = "muon"
    alpha: str = "cosine"
    weight_decay: float = 0.0
    clip: float = 1.0
    average: float = 0.999

    def __post_init__(self) -> None:
        check_choice("objective", self.objective, OBJECTIVES)
        check_choice("rate_schedule", self.rate_schedule, RATE_SCHEDULES)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("alpha", self.alpha, tuple(MASKING_RATES))
        for name, minimum in {"steps": 1, "batch": 1, "seed": 0}.items():
            read_count(name, getattr(self, name), minimum=minimum)
        if self.warmup is None:
            short = self.rate_schedule == "cosine"
            object.__setattr__(self, "warmup", min(WARMUP, self.steps // 10) if short else WARMUP)
        read_count("warmup", self.warmup, minimum=0)
        _check_number("rate", self.rate, "a number in (0, 1]", lambda x: 0 < x <= 1)
        _check_number("clip", self.clip, "a finite number above 0", lambda x: x > 0)
        _check_number("weight_decay", self.weight_decay, "a number in [0, 1]", lambda x: 0 <= x <= 1)
        _check_number("average", self.average, "a number in [0, 1)", lambda x: 0 <= x < 1)

    def check_warmup(self) -> None:
        """ValueError for a rate that is to rise, then fall, and would rise to the end.

        Not asked of every plan: those of earlier checkpoints may have it so.
        """
        if self.rate_schedule == "cosine" and (self.warmup or 0) > self.steps:
            raise ValueError(f"warmup: expected at most the {self.steps} steps, got {self.warmup}")

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, .., steps - 1."""
        warmup = self.warmup or 0
        if step < warmup:
            return self.rate * (step + 1) / (warmup + 1)
        if self.rate_schedule == "constant":
            return self.rate
        left = max(1, self.steps - warmup)
        return self.rate * (1 + math.cos(math.pi * (step - warmup) / left)) / 2

    def average_at(self, step: int) -> float:
        """The decay of the average after a step: less at first, so that early weights are soon forgotten."""
        return min(self.average, (1 + step) / (10 + step))


def _check_number(name: str, value: Any, expected: str, holds: Callable[[float], bool]) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not holds(value):
        raise ValueError(f"{name}: expected {expected}, got {value!r}")
