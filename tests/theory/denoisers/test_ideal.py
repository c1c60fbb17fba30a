"""Denoisers against conditionals summed from the joint law, impossible contexts included."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table, uniform_on, zoo
from oracles.testing import oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import as_law, close, learned_answers
from theory.denoisers import Function, Ideal, Perturbed, Prompted, uniform, with_observed

THIRD = Fraction(1, 3)


def contexts_of(q: Oracle, batch: list[list[int]]) -> list[brute_force.Context]:
    return [frozenset((i, v) for i, v in enumerate(row) if v != q.mask) for row in batch]


def expected_answers(
    q: Oracle, batch: list[list[int]], twin: brute_force.Denoiser
) -> list[list[list[Fraction]]]:
    """Every answer, one-hot where the pattern is observed."""
    one_hot = [[Fraction(int(v == token)) for v in range(q.vocab_size)] for token in range(q.vocab_size)]
    return [
        [one_hot[row[i]] if row[i] != q.mask else twin(context, i) for i in range(q.length)]
        for row, context in zip(batch, contexts_of(q, batch), strict=True)
    ]


def assert_answers(denoiser: Any, batch: list[list[int]], expected: Any, data: st.DataObject) -> None:
    """All positions, chosen positions in any order, and chosen entries."""
    q: Oracle = denoiser.oracle
    positions = data.draw(st.lists(st.integers(0, q.length - 1), max_size=q.length + 1))
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(batch) * q.length, max_size=len(batch) * q.length)),
        bool,
    ).reshape(len(batch), q.length)
    wanted = {
        "all": (None, [row for rows in expected for row in rows]),
        "positions": (positions, [rows[i] for rows in expected for i in positions]),
        "entries": (chosen, [expected[b][i] for b, i in np.argwhere(chosen)]),
    }
    for asked, rows in wanted.values():
        answer = denoiser(np.array(batch), asked)
        if not isinstance(asked, np.ndarray):
            assert answer.shape == (len(batch), q.length if asked is None else len(asked), q.vocab_size)
        found = q.arithmetic.tolist(answer.reshape(-1, q.vocab_size))
        assert len(found) == len(rows)
        for got, right in zip(found, rows, strict=True):
            assert all(close(a, b, q.arithmetic) for a, b in zip(got, right, strict=True))


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball", "symbolic"])
@settings(max_examples=25)
@given(data=st.data())
def test_ideal_and_perturbed(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=3) if name == "symbolic" else oracles())
    convention = data.draw(st.sampled_from(["marginal", "uniform"]))
    amount = data.draw(st.fractions(0, 1, max_denominator=5))
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    twin = brute_force.ideal(as_law(q), q.vocab_size, convention)
    moved = q.to(name)
    ideal = Ideal(moved, convention)
    assert_answers(ideal, batch, expected_answers(q, batch, twin), data)
    noisy = brute_force.perturbed(twin, amount, q.vocab_size)
    assert_answers(
        Perturbed(ideal, moved.arithmetic.array([amount])[0]), batch, expected_answers(q, batch, noisy), data
    )


@given(data=st.data(), q=oracles())
def test_function_and_prompted(data: st.DataObject, q: Oracle) -> None:
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    learned = Function(q, lambda rows: learned_answers(q, rows))
    expected = learned_answers(q, np.array(batch)).tolist()
    hot = np.eye(q.vocab_size, dtype=int).tolist()
    expected = [
        [hot[token] if token != q.mask else law for token, law in zip(row, laws, strict=True)]
        for row, laws in zip(batch, expected, strict=True)
    ]
    expected = [[[Fraction(str(p)) for p in law] for law in laws] for laws in expected]
    assert_answers(learned, batch, expected, data)

    prompt = np.array(data.draw(patterns(q, possible=True)))
    free = np.flatnonzero(prompt == q.mask)
    if not free.size:
        return
    reduced = q.condition(prompt).marginal(free)
    rest = data.draw(st.lists(patterns(reduced), min_size=1, max_size=3))
    full = [prompt.tolist() for _ in rest]
    for row, part in zip(full, rest, strict=True):
        for i, token in zip(free, part, strict=True):
            row[i] = token
    answers = q.arithmetic.tolist(learned(np.array(full), free.tolist()))
    answers = [[[Fraction(str(p)) for p in law] for law in laws] for laws in answers]
    assert_answers(Prompted(learned, reduced, prompt), rest, answers, data)


def test_impossible_contexts_follow_the_convention() -> None:
    q = uniform_on(["000", "011"], 2)
    impossible, half = [1, 2, 2], Fraction(1, 2)
    assert Ideal(q)([impossible])[0].tolist() == [[0, 1], [half, half], [half, half]]
    skewed = Table(np.array(["1/3", 0, 0, "2/3"], dtype=object).reshape(2, 2))
    assert Ideal(skewed)([[0, 2]], [1])[0].tolist() == [[1, 0]]
    lost = MarkovChain([1, 0], [["1/3", "2/3"], [0, 0]], 2)
    assert Ideal(lost)([[1, 2]], [1])[0].tolist() == [[THIRD, 2 * THIRD]]
    assert Ideal(lost, "uniform")([[1, 2]], [1])[0].tolist() == [[half, half]]
    for positions in (None, [1], np.array([[True, False]])):
        with pytest.raises(ValueError, match="patterns: expected possible patterns"):
            Ideal(lost, "raise")([[1, 2]], positions)
        with pytest.raises(ValueError, match="patterns: expected possible patterns"):
            Ideal(lost.to("float64"), "raise")([[1, 2]], positions)


def test_a_context_that_only_underflows_is_not_impossible() -> None:
    q = MarkovChain([1e-200, 1 - 1e-200], [[1e-200, 1 - 1e-200], [0.5, 0.5]], 4)
    answer = Ideal(q)([[0, 0, 0, 2]], [3])
    assert answer[0, 0].tolist() == [1e-200, 1.0]


def test_no_patterns_and_no_positions() -> None:
    q = zoo.golden_mean(3)
    for denoiser in (
        Ideal(q),
        Perturbed(Ideal(q), THIRD),
        Function(q, lambda rows: learned_answers(q, rows)),
    ):
        assert denoiser(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3, 2)
        assert denoiser([[2, 2, 2]], []).shape == (1, 0, 2)
        assert denoiser([[2, 2, 2]], np.zeros((1, 3), dtype=bool)).shape == (0, 2)


@given(data=st.data(), q=oracles())
def test_the_error_of_a_perturbed_denoiser_is_bounded(data: st.DataObject, q: Oracle) -> None:
    """KL(q(x_i|x_S) || d(x_i|x_S)) <= -log2(1 - a + a/V) at every possible context."""
    amount = data.draw(st.sampled_from([Fraction(1, 10), Fraction(1, 2), Fraction(1)]))
    pattern = data.draw(patterns(q, possible=True))
    bound = -math.log2(1 - amount + amount / q.vocab_size)
    ideal, noisy = Ideal(q), Perturbed(Ideal(q), amount)
    for right, answer in zip(ideal([pattern])[0], noisy([pattern])[0], strict=True):
        kl = sum(float(p) * math.log2(p / d) for p, d in zip(right, answer, strict=True) if p)
        assert kl <= bound + 1e-12


def test_a_perturbed_denoiser_attains_its_bound() -> None:
    q = uniform_on(["00"], 2)
    law = Perturbed(Ideal(q), Fraction(1, 4))([[2, 2]])[0, 0]
    assert law.tolist() == [Fraction(7, 8), Fraction(1, 8)]


def test_a_symbolic_amount() -> None:
    a = sympy.Symbol("a", positive=True)
    p = sympy.Symbol("p", positive=True)
    q = MarkovChain([p, 1 - p], [[1, 0], [0, 1]], 2)
    answer = Perturbed(Ideal(q), a)([[0, 2]], [1])[0, 0]
    assert sympy.simplify(answer[1] - a / 2) == 0


def test_a_denoiser_of_another_law() -> None:
    q, other = zoo.golden_mean(3), zoo.all_equal(3)
    assert Ideal(q, "uniform").of(other).impossible == "uniform"
    moved = Perturbed(Ideal(q, "uniform"), THIRD).of(other)
    assert (moved.amount, moved.oracle, moved.inner.impossible) == (THIRD, other, "uniform")


def test_functions_may_answer_in_tensors_and_keep_their_hands_off() -> None:
    q = zoo.golden_mean(3).to("float32")

    def scribbling(rows: np.ndarray) -> torch.Tensor:
        rows[:] = 0
        return torch.full((*rows.shape, 2), 0.5, dtype=torch.float64)

    batch = np.array([[1, 2, 2]])
    answer = Function(q, scribbling)(batch)
    assert batch.tolist() == [[1, 2, 2]]
    assert answer.dtype == torch.float32
    assert answer[0].tolist() == [[0, 1], [0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda rows: np.full((len(rows), 3), 0.5), r"denoiser: expected shape \(1, 3, 2\), got \(1, 3\)"),
        (lambda rows: np.full((*rows.shape, 2), 0.4), "denoiser: expected probabilities that sum to 1"),
        (lambda rows: np.full((*rows.shape, 2), np.nan), "denoiser: expected finite probabilities"),
        (lambda rows: np.tile([1.5, -0.5], (*rows.shape, 1)), "denoiser: expected non-negative"),
        (lambda rows: "nonsense", "denoiser: expected an array of float64 numbers"),
    ],
)
def test_bad_answers(answer: Any, message: str) -> None:
    q = zoo.golden_mean(3).to("float64")
    for positions in (None, np.ones((1, 3), dtype=bool)):
        with pytest.raises(ValueError, match=message):
            Function(q, answer)([[2, 2, 2]], positions)


def test_exact_laws_take_no_float_answers() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match="denoiser: expected an array of exact numbers"):
        Function(q, lambda rows: np.full((*rows.shape, 2), 0.5))([[2, 2, 2]])


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, math.inf])
def test_bad_amounts(bad: float) -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match=r"a: expected a number in \[0, 1\], got"):
        Perturbed(Ideal(q.to("float64")), bad)
    with pytest.raises(ValueError, match="a: expected an array of exact numbers"):
        Perturbed(Ideal(q), bad)


def test_other_bad_arguments() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match=r"a: expected a number in \[0, 1\], got '3/2'"):
        Perturbed(Ideal(q), "3/2")
    with pytest.raises(ValueError, match="impossible: expected one of marginal, uniform, raise, got 'zero'"):
        Ideal(q, "zero")
    for denoiser in (Ideal(q), Perturbed(Ideal(q), 1), Function(q, lambda rows: learned_answers(q, rows))):
        with pytest.raises(ValueError, match=r"patterns: expected entries in 0\.\.2, got 3"):
            denoiser([[3, 0, 0]])
        with pytest.raises(ValueError, match="patterns: expected last axis of length 3"):
            denoiser([[0, 0]])
        with pytest.raises(ValueError, match=r"positions: expected indices in 0\.\.2"):
            denoiser([[2, 2, 2]], [3])
        with pytest.raises(ValueError, match="positions: expected a Boolean array of shape"):
            denoiser([[1, 1, 2], [2, 2, 2]], np.ones((1, 3), dtype=bool))


def test_helpers() -> None:
    q = zoo.golden_mean(3)
    assert uniform(q).tolist() == [Fraction(1, 2)] * 2
    rows = q.arithmetic.array([[["1/3", "2/3"]] * 3])
    assert with_observed(rows, np.array([[2, 1, 0]]), [2, 0, 1], q)[0].tolist() == [
        [1, 0],
        [THIRD, 2 * THIRD],
        [0, 1],
    ]
