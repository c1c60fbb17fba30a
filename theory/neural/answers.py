"""What the numbers that a model answers stand for."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from oracles.shapes import Float
from oracles.validation import check_choice

OUTPUTS = ("logits", "log-probabilities", "probabilities")

SUM_TOLERANCE = 1e-3
"""By how much probabilities may miss a sum of 1: models answer in few digits."""


def read_answer(name: str, answer: Any) -> Tensor:
    """What a model answered, or its `logits`, as a tensor; ValueError if it is no array of real numbers."""
    numbers = getattr(answer, "logits", answer)
    try:
        found = numbers.detach() if isinstance(numbers, Tensor) else torch.tensor(numbers)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected an array of logits, got {type(answer).__name__}") from error
    if found.is_complex():
        raise ValueError(f"{name}: expected real logits, got {found.dtype}")
    return found


class Answers:
    """The rows of a model, `[.., W]` each, as logits.

    name: of the argument that is the model; output: what its numbers are said to be, one of `OUTPUTS`.

    Nothing but the numbers shows that probabilities are taken for logits: non-negative rows that sum to 1.  The first
    other row says that they are none; uniform rows say nothing, and mean the same either way.
    """

    def __init__(self, name: str, output: str = "logits") -> None:
        check_choice("output", output, OUTPUTS)
        self.name, self.output = name, output
        self._doubtful = output == "logits"

    def logits(self, rows: Float[Tensor, "*B W"]) -> Float[Tensor, "*B W"]:
        """ValueError for NaN, +inf, and what is not what it is said to be; -inf stands for what is impossible."""
        if self.output == "probabilities":
            wrong = ~(rows >= 0)
            if bool(wrong.any()):
                raise ValueError(
                    f"{self.name}: expected probabilities of at least 0, got {float(rows[wrong][0])}"
                )
            self._check_sums(rows)
            return rows.log()
        wrong = rows.isnan() | (rows == torch.inf)
        if bool(wrong.any()):
            raise ValueError(f"{self.name}: expected logits below infinity, got {float(rows[wrong][0])}")
        if self.output == "log-probabilities":
            self._check_sums(rows.exp())
        elif self._doubtful:
            self._check_logits(rows)
        return rows

    def _check_sums(self, rows: Tensor) -> None:
        sums = rows.sum(-1).reshape(-1)
        if not bool(_near_one(sums).all()):
            kind = "probabilities" if self.output == "probabilities" else "logarithms of probabilities"
            worst = float(sums[(sums - 1).abs().argmax()])
            raise ValueError(f"{self.name}: expected {kind} that sum to 1, got a sum of {worst:.6g}")

    def _check_logits(self, rows: Tensor) -> None:
        if not bool(((rows >= 0).all(-1) & _near_one(rows.sum(-1))).all()):
            self._doubtful = False
        elif bool((rows != rows[..., :1]).any()):
            raise ValueError(
                f"{self.name}: expected logits, got non-negative rows that sum to 1; "
                'if these are probabilities say output="probabilities", else add 1 to all logits'
            )


def check_possible(name: str, logits: Tensor) -> None:
    """ValueError where all tokens of a row `[.., V]` are impossible."""
    if bool((logits == -torch.inf).all(dim=-1).any()):
        raise ValueError(f"{name}: expected a possible token at every position, got one with none")


def _near_one(sums: Tensor) -> Tensor:
    return (sums - 1).abs() <= SUM_TOLERANCE
