"""Reading the parameters of a chain of listed successors: rows of tokens and weights, of any lengths."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import read_integers
from oracles.state_space import States
from oracles.validation import check_not_negative, check_shape, negative, read_array, sums_to_one


def read_listed(successors: Any, weights: Any, number_system: Arithmetic) -> tuple[States, States, Array]:
    """(starts `[V + 1]`, targets `[E]`, weights `[E]`) from arrays `[V, K]`, or from lists of rows."""
    if not (isinstance(successors, list | tuple) and isinstance(weights, list | tuple)):
        listed, shares = (
            read_integers("successors", successors),
            read_array("weights", weights, number_system),
        )
        if listed.ndim != 2:
            raise ValueError(
                f"successors: expected a row of tokens for every token, got shape {listed.shape}"
            )
        check_shape("weights", shares, listed.shape)
        starts = np.arange(len(listed) + 1) * listed.shape[1]
        return starts, listed.reshape(-1), shares.reshape(-1)
    rows = [read_integers(f"successors[{a}]", row) for a, row in enumerate(successors)]
    if any(row.ndim != 1 for row in rows):
        raise ValueError("successors: expected a row of tokens for every token, got lists of another depth")
    lengths = [len(row) for row in rows]
    found = [len(row) if hasattr(row, "__len__") else -1 for row in weights]
    if found != lengths:
        same = len(found) == len(lengths)
        row = next(a for a, (n, m) in enumerate(zip(found, lengths, strict=True)) if n != m) if same else None
        got = f"{len(found)} rows" if row is None else f"a row {row} of another length"
        raise ValueError(f"weights: expected a probability for every listed successor, got {got}")
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    flat = [weight for row in weights for weight in row]
    targets = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    return starts, targets, read_array("weights", flat, number_system)


def check_parameters(initial: Array, starts: States, targets: States, background: Array) -> None:
    """ValueError unless the shapes fit and every listed successor is a token."""
    if initial.ndim != 1 or not len(initial):
        raise ValueError(f"initial: expected one probability a token, got shape {tuple(initial.shape)}")
    vocab, rows = int(initial.shape[0]), len(starts) - 1
    if rows != vocab:
        raise ValueError(f"successors: expected a row of tokens for each of {vocab} tokens, got {rows} rows")
    if targets.size and not (targets.min() >= 0 and targets.max() < vocab):
        wrong = targets[(targets < 0) | (targets >= vocab)][0]
        raise ValueError(f"successors: expected tokens in 0..{vocab - 1}, got {wrong}")
    check_shape("background", background, (vocab,))


def left_over(starts: States, weights: Array, number_system: Arithmetic) -> Array:
    """1 minus the sum of every row, 0 where the row sums to 1; ValueError where it exceeds 1."""
    check_not_negative("weights", weights, number_system)
    vocab = len(starts) - 1
    sources = np.repeat(np.arange(vocab), np.diff(starts))
    sums = number_system.scatter_sum(number_system.zeros(vocab), sources, weights)
    full = sums_to_one(sums, number_system)
    rest = number_system.where(full, number_system.zeros(1), number_system.ones(1) - sums)
    above = negative(rest, number_system)
    if above.any():
        row = int(np.argmax(above))
        raise ValueError(
            f"weights: expected rows that sum to at most 1, got row ({row},) with sum {sums[row]}"
        )
    return rest
