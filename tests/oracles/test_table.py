"""Joint tables against brute force, and what they refuse."""

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, Oracle, Table, uniform_on
from oracles.arithmetic import NAMES
from oracles.state_space_oracle import StateSpaceOracle
from oracles.testing import check_oracle, oracles, patterns, tables
from tests.oracles.brute_force import law
from tests.oracles.operations import check_operations


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_every_operation(name: str, data: st.DataObject) -> None:
    q = data.draw(tables())
    positions = data.draw(st.sets(st.integers(0, q.length - 1), min_size=1))
    check_operations(q, name, data.draw(patterns(q, possible=True)), sorted(positions))


@pytest.mark.parametrize("name", ["exact", "float64", "boolean"])
@settings(max_examples=15)
@given(data=st.data())
def test_a_table_too_large_to_keep_its_pattern_table(name: str, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oracles.table.PATTERN_TABLE_KEPT", 0)
        q = data.draw(tables())
        check_operations(q, name, data.draw(patterns(q, possible=True)), [0])


@settings(max_examples=10)
@given(tables(max_vocab=2, max_length=3))
def test_laws(q: Table) -> None:
    check_oracle(q, samples=500)


@given(oracles())
def test_the_table_of_another_oracle(q: Oracle) -> None:
    table = Table.of(q)
    assert {x: table.probabilities[x] for x in law(q)} == law(q)


@given(tables())
def test_the_prefix_tree_is_the_same_law(q: Table) -> None:
    tree = StateSpaceOracle(q.state_space(), q.arithmetic)
    assert tree.joint().tolist() == q.joint().tolist()


def test_free_symbols() -> None:
    p = sympy.Symbol("p", positive=True)
    q = Table([[p, 0], [0, 1 - p]])
    assert q.conditionals([2, 1]).tolist() == [[0, 1], [0, 1]]
    assert sympy.simplify(q.entropy().value + p * sympy.log(p, 2) + (1 - p) * sympy.log(1 - p, 2)) == 0


def test_float_underflow_is_not_mistaken_for_impossibility() -> None:
    chain = MarkovChain([1.0, 0.0], [[1.0, 1e-200], [0.0, 1.0]], 2)
    assert Table.of(chain).in_support([0, 1])
    hidden = HMM([1.0, 0.0], [[1.0, 1e-200], [0.0, 1.0]], [[1.0, 0.0], [1.0, 1e-200]], 2)
    with pytest.raises(ArithmeticError, match="underflows"):
        Table.of(hidden)


def test_uniform_on() -> None:
    for strings in (
        ["00", "11"],
        [[0, 0], (1, 1)],
        np.array([[0, 0], [1, 1]]),
        torch.tensor([[0, 0], [1, 1]]),
    ):
        assert uniform_on(strings, 2).joint().tolist() == [[F(1, 2), 0], [0, F(1, 2)]]
    assert uniform_on(["0"], 1).joint().tolist() == [1]
    assert uniform_on([[11, 3]], 12).probability([11, 12]) == 1


@pytest.mark.parametrize(
    ("strings", "vocab_size", "message"),
    [
        ([], 2, "^strings: expected at least one"),
        ([""], 2, "^strings: expected at least one"),
        (["00", "1"], 2, "^strings: expected sequences of one length"),
        (["02"], 2, r"^strings: expected entries in 0..1, got 2"),
        ([[0, -1]], 2, r"^strings: expected entries in 0..1, got -1"),
        (["0a"], 2, "^strings: expected digits, got 'a'"),
        (["00", [0, 0]], 2, "^strings: expected distinct sequences"),
        ([[0.0, 1.0]], 2, "^strings: expected integers"),
        ("01", 2, "^strings: expected a list of sequences, got '01'"),
        (["01"], 0, "^vocab_size: expected an integer of at least 1"),
        (["0" * 60], 2, "^strings: expected a table of at most"),
    ],
)
def test_bad_strings(strings: Any, vocab_size: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        uniform_on(strings, vocab_size)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (1, r"^probabilities: expected an array of shape \(V,\)\*L, got \(\)"),
        ([], r"^probabilities: expected an array of shape \(V,\)\*L, got \(0,\)"),
        (np.zeros((0, 0)), r"^probabilities: expected an array of shape \(V,\)\*L, got \(0, 0\)"),
        ([[1, 0]], r"^probabilities: expected an array of shape \(V,\)\*L, got \(1, 2\)"),
        ([[1, 0], [0]], "^probabilities: "),
        (["1/2", "1/3"], "^probabilities: .* sum to 1, got the entries with sum 5/6"),
        ([2, -1], "^probabilities: expected non-negative probabilities, got -1"),
        ([0.5, 0.6], "^probabilities: .* sum to 1"),
        ([True, False], "^probabilities: .* truth value"),
        (np.array([True, False]), "^probabilities: .* truth value"),
        ("abc", "^probabilities: "),
        (None, "^probabilities: "),
        ({0: 1}, "^probabilities: "),
    ],
)
def test_bad_input(probabilities: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Table(probabilities)
