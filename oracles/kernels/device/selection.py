"""Which passes run: those in Triton on a CUDA device where it works, plain torch everywhere else."""

from __future__ import annotations

import subprocess
import warnings
from functools import cache
from typing import Any

import torch

from oracles.optional import installed

LEAST_CAPABILITY = (8, 0)
"""Of a GPU: older ones have no units that multiply matrices of float64."""


def fused(device: torch.device) -> Any:
    """The module of passes in Triton; None where it does not serve."""
    if not compiles(device):
        return None
    from oracles.kernels.device import fused as passes

    return passes


def compiles(device: torch.device) -> bool:
    """Whether kernels in Triton run on a device."""
    return device.type == "cuda" and _works(device)


@cache
def _works(device: torch.device) -> bool:
    """Whether Triton is installed, and finds the C compiler and Python's headers that it starts kernels with."""
    if not installed("triton") or torch.cuda.get_device_capability(device) < LEAST_CAPABILITY:
        return False
    from triton.runtime import driver  # pyright: ignore[reportMissingImports]

    try:
        driver.active.get_current_target()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        warnings.warn(
            f"Triton cannot start kernels here ({error}): conditionals on {device} take the slower passes in torch",
            stacklevel=2,
        )
        return False
    return True
