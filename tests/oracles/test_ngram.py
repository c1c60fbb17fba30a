"""n-grams and Markov chains against brute force, and what they refuse."""

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, NGram
from oracles.arithmetic import NAMES
from oracles.testing import check_oracle, markov_chains, ngrams, patterns
from tests.oracles.brute_force import law
from tests.oracles.operations import check_operations

HALF = [[F(1, 2), F(1, 2)], [F(1, 2), F(1, 2)]]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_operation_of_ngrams(name: str, data: st.DataObject) -> None:
    q = data.draw(ngrams())
    positions = data.draw(st.sets(st.integers(0, q.length - 1), min_size=1))
    check_operations(q, name, data.draw(patterns(q, possible=True)), sorted(positions))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_operation_of_chains(name: str, data: st.DataObject) -> None:
    q = data.draw(markov_chains())
    positions = data.draw(st.sets(st.integers(0, q.length - 1), min_size=1))
    check_operations(q, name, data.draw(patterns(q, possible=True)), sorted(positions))


@settings(max_examples=10)
@given(ngrams(max_vocab=2, max_length=3))
def test_laws(q: NGram) -> None:
    check_oracle(q, samples=500)


def test_free_symbols() -> None:
    p, r = sympy.symbols("p r", positive=True)
    q = MarkovChain([p, 1 - p], [[1 - r, r], [1, 0]], 3)
    for x, expected in law(q).items():
        assert sympy.expand(q.probability(x) - expected) == 0
    assert q.conditionals([0, 2, 0], positions=[1]).tolist() == [
        [
            sympy.cancel((1 - r) ** 2 / ((1 - r) ** 2 + r)),
            sympy.cancel(r / ((1 - r) ** 2 + r)),
        ]
    ]
    assert not q.in_support([1, 1, 2])
    assert q.to("boolean").probability([0, 1, 2])


def test_a_row_that_only_simplifies_to_one() -> None:
    p, r = sympy.symbols("p r", positive=True)
    q = MarkovChain([sympy.cos(p) ** 2, sympy.sin(p) ** 2], [[p / (p + r), r / (p + r)], [0, 1]], 2)
    assert q.in_support([0, 1])
    with pytest.raises(ValueError, match=r"^initial: .* sum to 1"):
        MarkovChain([p, 1 - r], HALF, 2)


def test_the_order_is_read_off_the_initial_law() -> None:
    trigram = NGram(HALF_JOINT, [HALF, HALF], 4)
    assert (trigram.order, trigram.homogeneous, trigram.vocab_size) == (3, True, 2)
    assert NGram(1, ["1/3", "2/3"], 3).order == 1
    assert not NGram(1, [["1/3", "2/3"], [0, 1]], 2).homogeneous


HALF_JOINT = [[F(1, 2), 0], [0, F(1, 2)]]


def test_an_order_longer_than_the_law_sums_the_initial_law_out() -> None:
    q = NGram([[[F(1, 2), 0], [0, F(1, 4)]], [[F(1, 4), 0], [0, 0]]], np.full((2,) * 4, F(1, 2)), 1)
    assert q.joint().tolist() == [F(3, 4), F(1, 4)]
    assert q.entropy().value.overlaps(MarkovChain(["3/4", "1/4"], HALF, 1).entropy().value)


def test_conditioning_and_marginalising_keep_a_chain_a_chain() -> None:
    q = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 4)
    assert isinstance(q.condition([2, 0, 2, 2]), MarkovChain)
    assert isinstance(q.marginal([0, 3]), MarkovChain)
    assert q.marginal([1]).length == 1


@pytest.mark.parametrize(
    "transition",
    [
        torch.tensor([[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.0, 1.0]]], requires_grad=True),
        np.array([[[0.5, 0.5], [1.0, 0.0]], [[0.25, 0.75], [0.0, 1.0]]]),
        [torch.tensor([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.25, 0.75], [0.0, 1.0]])],
        [[["1/2", 0.5], [1, 0]], [[F(1, 4), sympy.Rational(3, 4)], [np.int64(0), np.float32(1)]]],
    ],
)
def test_every_way_to_write_the_steps(transition: Any) -> None:
    q = MarkovChain([0.5, 0.5], transition, 3)
    assert q.arithmetic.name == "float64"
    assert q.joint().tolist() == [[[0.0625, 0.1875], [0.0, 0.25]], [[0.125, 0.375], [0.0, 0.0]]]


def test_a_law_does_not_change_with_the_users_array() -> None:
    for initial in (np.array([0.5, 0.5]), torch.tensor([0.5, 0.5]), np.array([F(1, 2), F(1, 2)])):
        q = MarkovChain(initial, np.full((2, 2), 0.5), 2)
        initial[0] = 1
        assert q.probability([0, 2]) == 0.5


# ------------------------------------------------------------------ all-zero rows


def test_the_row_of_a_context_that_never_occurs_may_be_zero() -> None:
    q = MarkovChain([1, 0, 0], [[0, 1, 0], [1, 0, 0], [0, 0, 0]], 5)
    assert q.joint()[0, 1, 0, 1, 0] == 1
    unfinished = MarkovChain([1, 0], [[[0, 1], [0, 0]], [[0, 0], ["1/2", "1/2"]]], 3)
    assert unfinished.joint().reshape(-1).tolist() == [0, 0, F(1, 2), F(1, 2), 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"^transition: .* row \(1,\) with sum 0"):
        MarkovChain([1, 0], [[0, 1], [0, 0]], 3)


def test_a_shared_matrix_is_checked_at_every_step_that_uses_it() -> None:
    dead_end, bridge = [["1/2", "1/2"], [0, 0]], [["1/2", "1/2"], [1, 0]]
    assert MarkovChain([1, 0], [dead_end, bridge], 3).probability([2, 2, 2]) == 1
    with pytest.raises(ValueError, match=r"^transition\[0\]: .* row \(1,\) with sum 0"):
        MarkovChain([1, 0], [dead_end, bridge, dead_end], 4)


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([F(1, 2), F(1, 3)], HALF, 3), "^initial: expected probabilities that sum to 1, got .*5/6"),
        (([2, -1], HALF, 3), "^initial: expected non-negative probabilities, got -1"),
        (([1, 0], [[1, 0], [1, 1]], 3), r"^transition: .* row \(1,\) with sum 2"),
        (([1, 0], [HALF, [[1, 0], [1, 1]]], 3), r"^transition\[1\]: .* row \(1,\) with sum 2"),
        (([1, 0], [HALF] * 3, 3), "^transition: expected one array or a list of 2, got a list of 3"),
        (([1, 0], np.ones((3, 2, 2)), 3), "^transition: expected one array or 2 of them, got 3"),
        (([1, 0], [[1, 0]], 3), r"^transition: expected shape \(2, 2\), got \(1, 2\)"),
        (([1, 0, 0], HALF, 3), r"^initial: expected shape \(2,\), got \(3,\)"),
        (([1, 0], [[1, 0], [1]], 3), "^transition: "),
        (([1, 0], [[1, 0], ["1/0", 1]], 3), "^transition: expected an array of exact numbers"),
        (([1, 0], [["nan", 0], [0, 1]], 3), "^transition: expected an array of exact numbers"),
        (([1, 0], [[1j, 0], [0, 1]], 3), "^transition: expected an array of exact numbers"),
        ((["half", 0], HALF, 3), "^initial: expected an array of exact numbers"),
        (([True, False], HALF, 3), "^initial: .* truth value"),
        (([float("nan"), 1.0], HALF, 3), "^initial: expected finite probabilities, got nan"),
        (([float("inf"), 1.0], HALF, 3), "^initial: expected finite probabilities, got inf"),
        (([0.5, 0.5 + 1e-6], HALF, 3), "^initial: expected probabilities that sum to 1"),
        (([1.5, -0.5], HALF, 3), "^initial: expected non-negative probabilities, got -0.5"),
        (([sympy.I, 1 - sympy.I], HALF, 3), "^initial: .* real expression"),
        (([], [], 3), "^transition: "),
        ((np.zeros(0), np.zeros((0, 0)), 3), "^transition: expected at least one token"),
        (([1, 0], HALF, 0), "^length: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_chains(arguments: tuple[Any, Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MarkovChain(*arguments)


def test_bad_ngrams() -> None:
    with pytest.raises(ValueError, match=r"^initial: expected the number 1 for an n-gram of order 1"):
        NGram("1/2", ["1/2", "1/2"], 3)
    with pytest.raises(ValueError, match=r"^initial: expected one probability a token"):
        MarkovChain(HALF_JOINT, [HALF, HALF], 3)
    with pytest.raises(ValueError, match=r"^initial: expected probabilities that sum to 1, got the entries"):
        NGram([[F(1, 2), 0], [0, 0]], [HALF, HALF], 3)


def test_a_list_of_no_steps_suits_a_law_too_short_for_any() -> None:
    assert MarkovChain([1, 0], [], 1).joint().tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"^transition: "):
        MarkovChain([1, 0], [], 2)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8])
def test_numpy_integers_are_exact(dtype: type) -> None:
    q = MarkovChain(np.array([1, 0], dtype=dtype), np.eye(2, dtype=dtype), 3)
    assert q.arithmetic.name == "exact"
    assert q.probability(np.zeros(3, dtype=dtype)) == 1
