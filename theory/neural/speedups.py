"""Where bfloat16 and torch.compile pay.

On processors by measurement, see `benchmarks/results/learned_against_ideal.md`; on GPUs by guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from theory.neural.models import ModelShape
from theory.neural.plans import TrainingPlan

WIDE = {"cuda": 256, "cpu": 64}
"""Widths from which matrices are large enough for bfloat16 to pay."""

LONG = 2000
"""Steps from which the minute that compilation may take should pay on a GPU."""

MANY_TOKENS = 5_000_000
"""Tokens in all batches from which the ten seconds that it takes pay on a processor."""


def mixing_pays(shape: ModelShape, device: torch.device) -> bool:
    """Whether a step is faster with products of matrices in bfloat16."""
    wide = shape.width >= WIDE.get(device.type, math.inf)
    return wide and (device.type != "cpu" or _multiplies_tiles())


def compiling_pays(shape: ModelShape, plan: TrainingPlan, device: torch.device) -> bool:
    """Whether a run is faster with torch.compile, where that works: it needs a compiler of C++, on a GPU Triton."""
    tokens = plan.steps * plan.batch * shape.length
    long = tokens >= MANY_TOKENS if device.type == "cpu" else plan.steps >= LONG
    return long and compiles(device)


@contextmanager
def repeatable(wanted: bool) -> Iterator[None]:
    """Sums in one order, where wanted: what is compiled for a CPU adds gradients up as its threads come by."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or wanted)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _multiplies_tiles() -> bool:
    """Whether the processor has instructions for matrices in bfloat16 (AMX); without, they are slower than floats."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16"))


def compiles(device: torch.device) -> bool:
    """Whether torch.compile finds what it needs."""
    try:
        torch.compile(torch.neg)(torch.zeros(2, device=device))
    except RuntimeError:
        return False
    return True
