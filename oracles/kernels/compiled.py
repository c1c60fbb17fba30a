"""How kernels are compiled and spread over threads."""

from __future__ import annotations

import inspect
import threading
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
    # Division as the machine does it: a test for zero would keep a loop from using vectors.
    options = {"nogil": True, "fastmath": REORDER, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # nowhere to keep it: compiled anew in every process
        return numba.njit(**options)(function)


def over_blocks(work: Callable[[slice], None], rows: int, block: int) -> None:
    """`work` on every block of rows, in as many threads as torch uses; within such a thread, in that one."""
    blocks = [slice(start, min(start + block, rows)) for start in range(0, rows, block)]
    threads = 1 if getattr(_thread, "at_work", False) else min(torch.get_num_threads(), len(blocks))
    waiting = iter(blocks)  # shared: whoever is free takes the next

    def worker() -> None:
        for part in waiting:
            work(part)

    def worker_apart() -> None:
        _thread.at_work = True
        try:
            worker()
        finally:
            _thread.at_work = False

    if threads <= 1:
        return worker()
    # Plain threads rather than a runtime of its own: safe beside torch, forks and callers with threads.
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(worker_apart) for _ in range(threads - 1)]
        worker_apart()
    for other in others:
        other.result()


_thread = threading.local()


def fresh(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Uninitialised memory on the CPU."""
    # NumPy asks the system for large pages where there are any; touching small ones for the first time can
    # take longer than all that is computed.
    return torch.from_numpy(np.empty(shape, torch.empty(0, dtype=dtype).numpy().dtype))


def fill_rows(
    fill: Callable[[Tokens, NDArray[np.bool_], NDArray[Any]], NDArray[np.bool_]],
    patterns: Tokens,
    chosen: NDArray[np.bool_],
    out: torch.Tensor,
) -> NDArray[np.bool_]:
    """Write the chosen entries row by row into `out` `[chosen.sum(), V]`; which patterns are doubtful, `[B]`.

    fill(patterns, chosen, out) does both, for patterns of which at least one entry is chosen.
    """
    idle = ~chosen.any(axis=1)
    if not idle.any():
        return fill(patterns, chosen, out.numpy())
    # A pattern of which nothing is wanted is still to be judged: ask for one entry, and drop it.
    asked = chosen.copy()
    asked[idle, 0] = True
    room = fresh((int(asked.sum()), out.shape[1]), out.dtype)
    doubtful = fill(patterns, asked, room.numpy())
    out.copy_(room[torch.as_tensor(chosen[asked])])
    return doubtful
