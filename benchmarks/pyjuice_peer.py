"""The same conditionals by PyJuice (UCLA StarAI), a library of probabilistic circuits with kernels in Triton.

It takes a CUDA device and installs apart: `pip install --no-deps pyjuice` with numpy, torch, triton, networkx, numba,
matplotlib and tqdm (its own requirements name `typing`, a stand-in for what Python has had since 3.5).  Its
probabilities are float32, its matrix products bfloat16 where nothing is said and TF32 with `force_use_fp32`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch


def ways(law: Any, patterns: torch.Tensor) -> Iterator[tuple[str, Callable[[], torch.Tensor]]]:
    """Conditionals `[B, L, V]` of an HMM whose matrices are the same everywhere, by each kind of product.

    What is observed is not one-hot in its answer, which gives the laws of masked tokens.
    """
    masked = patterns == law.mask
    data = patterns.where(~masked, 0)

    @cache
    def circuit() -> Any:
        return compiled(law)

    def answer(**options: Any) -> torch.Tensor:
        import pyjuice  # pyright: ignore[reportMissingImports]

        return pyjuice.queries.conditional(circuit(), data, missing_mask=masked, **options)

    for name, precision in (("bfloat16", {}), ("TF32", {"force_use_fp32": True})):
        yield f"PyJuice, {name}", lambda precision=precision: answer(**precision)
        yield (
            f"PyJuice, {name}, CUDA graph",
            lambda precision=precision: answer(record_cudagraph=True, **precision),
        )


def compiled(law: Any) -> Any:
    """The circuit of an HMM, with its parameters, on its device.  For 512 positions it takes seconds."""
    import pyjuice  # pyright: ignore[reportMissingImports]

    first, move, words = (
        array.float().cpu() for array in (law.initial, law.transitions[0], law.emissions[0])
    )
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 100 * law.length))  # it walks the circuit by recursion
    root = pyjuice.structures.HMM(
        seq_length=law.length, num_latents=len(first), num_emits=law.vocab_size,
        homogeneous=True, alpha=move, beta=words, gamma=first,
    )  # fmt: skip
    return pyjuice.compile(root, verbose=False).to(law.arithmetic.device)
