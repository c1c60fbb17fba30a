"""Reading tokens and patterns."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from oracles.patterns import all_patterns, all_sequences, read_integers, read_patterns


@pytest.mark.parametrize(
    "values",
    [
        [[0, 1], [2, 0]],
        ((0, 1), (2, 0)),
        np.array([[0, 1], [2, 0]], dtype=np.uint8),
        torch.tensor([[0, 1], [2, 0]], dtype=torch.int16),
        [np.array([0, 1]), torch.tensor([2, 0])],
        [[np.int8(0), 1], [2, np.int64(0)]],
    ],
)
def test_integers_in_any_container(values: Any) -> None:
    array = read_integers("x", values)
    assert array.dtype == np.int64
    assert array.tolist() == [[0, 1], [2, 0]]


@pytest.mark.parametrize(
    "values",
    [
        [0.0, 1.0],
        [True, False],
        torch.tensor([0.5]),
        torch.tensor([True]),
        ["0", "1"],
        "01",
        [0, None],
        None,
        [1j],
        [2**70],
        [[0, 1], [0]],
        {0, 1},
    ],
)
def test_what_is_not_an_array_of_integers(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^tokens: expected "):
        read_integers("tokens", values)


def test_the_users_array_is_not_shared() -> None:
    theirs = np.array([0, 1])
    read_integers("x", theirs)[0] = 7
    assert theirs.tolist() == [0, 1]


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,), (2, 0, 3), (1, 1, 1, 1)])
def test_leading_axes_are_flattened(shape: tuple[int, ...]) -> None:
    flat, leading = read_patterns("x", np.zeros((*shape, 3), dtype=int), 3, 2)
    assert (flat.shape, leading) == ((int(np.prod(shape)), 3), shape)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (5, r"^x: expected last axis of length 3, got shape \(\)"),
        ([], r"^x: expected last axis of length 3, got shape \(0,\)"),
        ([0, 1], r"^x: expected last axis of length 3, got shape \(2,\)"),
        ([[0, 1, 2, 0]], r"^x: expected last axis of length 3, got shape \(1, 4\)"),
        ([0, 1, 3], r"^x: expected entries in 0..2, got 3"),
        ([[0, 1, 2], [0, -1, 9]], r"^x: expected entries in 0..2, got -1"),
        (np.array([0, 1, 2**64 - 1], dtype=np.uint64), r"^x: expected entries in 0..2, got "),
    ],
)
def test_bad_patterns(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_patterns("x", values, 3, 2)


@pytest.mark.parametrize(("vocab_size", "length"), [(1, 1), (1, 5), (3, 1), (2, 4), (2, 0)])
def test_lists_are_complete_and_in_order(vocab_size: int, length: int) -> None:
    expected = [list(x) for x in product(range(vocab_size), repeat=length)]
    assert all_sequences(vocab_size, length).tolist() == expected
    assert all_patterns(vocab_size, length).tolist() == [
        list(x) for x in product(range(vocab_size + 1), repeat=length)
    ]
