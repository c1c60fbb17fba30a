"""Forward substitution in Triton, for block triangular systems too small for matrix products of their own.

On a GPU the launches of a recursion by halves are nearly all for its smallest parts; here such a part takes one.
It is computed in float64, for which GPUs for computing have units that multiply matrices.
"""

from __future__ import annotations

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]

from oracles.kernels.device.compilation import kernel

MOST_ROWS = 64
"""Of a system that one program holds."""

COLUMNS = 16
"""Right-hand sides of a program, as few as units that multiply matrices take."""


@kernel
def substitute_kernel(
    solution, factors, matrix, rows, columns, width, solution_row, factors_row, matrix_row,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """One block after the other: what its rows come to is known, and goes to all rows below."""
    row, other = tl.arange(0, ROWS), tl.arange(0, ROWS)
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = (row < rows)[:, None] & (column < columns)[None, :]
    square = (row < rows)[:, None] & (other < rows)[None, :]
    lower = tl.load(matrix + row.to(tl.int64)[:, None] * matrix_row + other[None, :], mask=square, other=0.0)
    lower = lower.to(tl.float64)
    factor = tl.load(
        factors + row.to(tl.int64)[:, None] * factors_row + column[None, :], mask=inside, other=0.0
    )
    solution += row.to(tl.int64)[:, None] * solution_row + column[None, :]
    total = tl.load(solution, mask=inside, other=0.0).to(tl.float64)
    for block in range(rows // width):
        known = tl.where((row // width == block)[:, None], total * factor, 0.0)
        total += tl.dot(lower, known, input_precision="ieee", out_dtype=tl.float64)
    tl.store(solution, total * factor, mask=inside)


def substitute(solution: torch.Tensor, factors: torch.Tensor, matrix: torch.Tensor, width: int) -> None:
    """Replace G by F with F = factors * (G + matrix F), in place.

    solution, factors `[n, R]`, matrix `[n, n]`, zero but below its blocks of so many rows and columns; columns lie
    side by side in memory.  n is a multiple of the width, at most MOST_ROWS.
    """
    rows, columns = solution.shape
    with torch.cuda.device_of(solution):
        substitute_kernel[(triton.cdiv(columns, COLUMNS),)](
            solution, factors, matrix, rows, columns, width,
            solution.stride(0), factors.stride(0), matrix.stride(0),
            ROWS=MOST_ROWS, COLUMNS=COLUMNS, num_warps=4, enable_fp_fusion=True,
        )  # fmt: skip
