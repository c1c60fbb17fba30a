"""How kernels are compiled and spread over threads."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from oracles.patterns import Tokens

REORDER = {"reassoc", "contract", "nsz"}
"""Sums may be taken in any order, which vectors need; all terms are >= 0, so no order loses digits."""


def kernel(function: Callable[..., Any]) -> Any:
    """Compile at the first call, keep the machine code on disk where one can write, release the lock."""
    # As written: what checks annotations at run time cannot be compiled.
    function = inspect.unwrap(function)
    try:
        return numba.njit(nogil=True, cache=True, fastmath=REORDER)(function)
    except RuntimeError:  # nowhere to keep it: compiled anew in every process
        return numba.njit(nogil=True, fastmath=REORDER)(function)


def over_blocks(work: Callable[[slice], None], rows: int, block: int) -> None:
    """`work` on every block of rows, in as many threads as torch uses."""
    blocks = [slice(start, min(start + block, rows)) for start in range(0, rows, block)]
    threads = min(torch.get_num_threads(), len(blocks))
    if threads <= 1:
        for part in blocks:
            work(part)
        return
    # Plain threads rather than a runtime of its own: safe beside torch, forks and callers with threads.
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, blocks))


def chosen_rows(
    fill: Callable[[Tokens, NDArray[np.bool_], NDArray[Any]], NDArray[np.bool_]],
    patterns: Tokens,
    chosen: NDArray[np.bool_],
    vocab_size: int,
    dtype: torch.dtype,
) -> tuple[torch.Tensor, NDArray[np.bool_]]:
    """The chosen entries row by row, `[chosen.sum(), V]`, and which patterns `fill` is not sure of, `[B]`.

    fill(patterns, chosen, out) writes into `out` and answers the second.
    """
    # A pattern of which nothing is wanted is still to be judged: ask for one entry, and drop it.
    idle = ~chosen.any(axis=1)
    asked = chosen.copy() if idle.any() else chosen
    asked[idle, 0] = True
    out = torch.empty(int(asked.sum()), vocab_size, dtype=dtype)
    doubtful = fill(patterns, asked, out.numpy())
    return out if asked is chosen else out[torch.as_tensor(chosen[asked])], doubtful
