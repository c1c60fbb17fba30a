"""Hidden Markov models against brute force, and what they refuse."""

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM
from oracles.arithmetic import NAMES
from oracles.testing import check_oracle, hmms, patterns
from tests.oracles.brute_force import law
from tests.oracles.operations import check_operations

EYE = [[1, 0], [0, 1]]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_every_operation(name: str, data: st.DataObject) -> None:
    q = data.draw(hmms())
    positions = data.draw(st.sets(st.integers(0, q.length - 1), min_size=1))
    check_operations(q, name, data.draw(patterns(q, possible=True)), sorted(positions))


@settings(max_examples=10)
@given(hmms(max_vocab=2, max_length=3))
def test_laws(q: HMM) -> None:
    check_oracle(q, samples=500)


def test_free_symbols() -> None:
    p = sympy.Symbol("p", positive=True)
    q = HMM([p, 1 - p], [[1 - p, p], [0, 1]], [[1, 0], ["1/2", "1/2"]], 3)
    for x, expected in law(q).items():
        assert sympy.expand(q.probability(x) - expected) == 0
    assert sympy.simplify(sum(q.conditionals([0, 2, 1])[1]) - 1) == 0


def test_more_states_than_tokens_and_fewer() -> None:
    wide = HMM([0, "1/3", "2/3"], np.eye(3, dtype=int), [[0, 1], [1, 0], ["1/2", "1/2"]], 2)
    assert wide.joint().tolist() == [[F(1, 2), F(1, 6)], [F(1, 6), F(1, 6)]]
    narrow = HMM([1], [[1]], [["1/4", "1/4", "1/2"]], 2)
    assert (narrow.hidden_size, narrow.vocab_size) == (1, 3)
    assert narrow.probability([2, 3]) == F(1, 2)


def test_every_step_may_have_its_own_matrices() -> None:
    emissions = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    q = HMM([0.25, 0.75], [EYE], emissions, 2)
    assert q.arithmetic.name == "float64"
    assert q.joint().tolist() == [[0, 0.25], [0.75, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], EYE, [[1, 0]], 2), r"^emission: expected shape \(2, 2\), got \(1, 2\)"),
        (([1, 0], [[1]], EYE, 2), r"^transition: expected shape \(2, 2\), got \(1, 1\)"),
        (([1, 0], EYE, [[1, 0], [1, 1]], 2), r"^emission: .* row \(1,\) with sum 2"),
        (([1, 0], EYE, [EYE, [[1, 0], [1, 1]]], 2), r"^emission\[1\]: .* row \(1,\) with sum 2"),
        (([1, 0], EYE, [EYE] * 3, 2), "^emission: expected one array or a list of 2, got a list of 3"),
        (([1, 0], [[0, 0], [0, 1]], EYE, 2), r"^transition: .* row \(0,\) with sum 0"),
        (([1, 1], EYE, EYE, 2), "^initial: .* sum to 1"),
        (([[1, 0]], EYE, EYE, 2), r"^initial: expected one probability a hidden state, got shape \(1, 2\)"),
        (([], EYE, EYE, 2), "^initial: "),
        ((1, EYE, EYE, 2), "^initial: "),
        (([1], [[1]], np.zeros((1, 0)), 2), r"^emission: expected at least one token, got shape \(1, 0\)"),
        (([1, 0], EYE, EYE, -1), "^length: "),
    ],
)
def test_bad_input(arguments: tuple[Any, Any, Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HMM(*arguments)
