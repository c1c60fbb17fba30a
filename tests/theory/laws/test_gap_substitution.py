"""Some places of the gap recursion in one launch, on a GPU or by Triton's interpreter, against plain recursion."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

import theory.laws.gap_recursion as gap_recursion
from oracles import MarkovChain
from theory import IID
from theory.laws.gap_probability import gap_error_rate

pytest.importorskip("triton")
from oracles.kernels.device.substitution import MOST_ROWS, substitute

PLACE = "cuda" if torch.cuda.is_available() else "cpu"


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-6)])
@pytest.mark.parametrize(
    ("blocks", "width", "columns"), [(1, 3, 1), (5, 1, 3), (7, 8, 17), (MOST_ROWS // 8, 8, 40), (2, 20, 16)]
)
def test_substitution(blocks: int, width: int, columns: int, dtype: torch.dtype, tolerance: float) -> None:
    rows, rng = blocks * width, np.random.default_rng(0)
    block = np.arange(rows) // width
    matrix = rng.random((rows, rows)) / rows * (block[:, None] > block[None, :])
    factors, start = rng.random((rows, columns)), rng.random((rows, columns))
    expected = np.zeros_like(start)
    for row in range(rows):
        expected[row] = factors[row] * (start[row] + matrix[row] @ expected)
    # Parts of larger tensors, as the recursion has them.
    holder, large = (
        torch.full((rows, columns + 3), 7.0, dtype=dtype),
        torch.zeros(rows + 1, rows + 5, dtype=dtype),
    )
    holder[:, 3:], large[1:, 5:] = torch.as_tensor(start), torch.as_tensor(matrix)
    holder, large = holder.to(PLACE), large.to(PLACE)
    substitute(holder[:, 3:], torch.as_tensor(factors, dtype=dtype, device=PLACE), large[1:, 5:], width)
    np.testing.assert_allclose(holder[:, 3:].cpu().numpy(), expected, rtol=tolerance)
    assert (holder[:, :3] == 7).all()


@pytest.mark.parametrize(("vocab", "length"), [(3, 1), (3, 2), (2, 30), (5, 9)])
def test_error_rates(vocab: int, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(paths: Any, factors: Any, transfer: Any, width: int) -> None:
        calls.append(width)
        substitute(paths, factors, transfer, width)

    monkeypatch.setattr(gap_recursion, "substitution", lambda paths, system: (counted, 16))
    matrix = np.full((vocab, vocab), Fraction(1, vocab - 1))
    np.fill_diagonal(matrix, Fraction(0))
    exact = MarkovChain([Fraction(1, vocab)] * vocab, matrix, length)
    schedule = IID.uniform(3)
    found = float(gap_error_rate(exact.to("float64", device=PLACE), schedule))
    called = list(calls)
    monkeypatch.undo()
    assert found == pytest.approx(float(gap_error_rate(exact, schedule)), rel=1e-12)
    assert set(called) == ({vocab} if length > 1 else set())
