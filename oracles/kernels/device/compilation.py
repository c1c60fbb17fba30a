"""What makes a kernel in Triton of a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import triton  # pyright: ignore[reportMissingImports]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile for the GPU at the first launch, as written: what checks annotations cannot be compiled."""
    return triton.jit(inspect.unwrap(function))
