"""Denoisers given from outside: tables of answers, and what becomes of them under a prompt."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.testing import distributions, oracles, patterns
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.cases import close
from theory import TopK, sampler_law
from theory.denoisers import Function, Ideal, Tabulated

HALF = Fraction(1, 2)

Answers = dict[tuple[int, ...], list[list[Fraction]]]


@st.composite
def tables(draw: st.DrawFn, q: Oracle) -> Answers:
    """Any law of every token in every pattern; a few of them, used again and again."""
    few = [draw(distributions(q.vocab_size)) for _ in range(4)]
    shift = draw(st.integers(0, 3))
    return {
        pattern: [few[(sum(pattern) * (i + 1) + shift) % 4] for i in range(q.length)]
        for pattern in product(range(q.vocab_size + 1), repeat=q.length)
    }


def as_array(q: Oracle, answers: Answers) -> np.ndarray:
    shape = (*(q.vocab_size + 1,) * q.length, q.length, q.vocab_size)
    return np.array([answers[p] for p in sorted(answers)], dtype=object).reshape(shape)


def twin_of(q: Oracle, answers: Answers) -> brute_force.Denoiser:
    def answer(context: brute_force.Context, position: int) -> list[Fraction]:
        known = dict(context)
        return answers[tuple(known.get(i, q.mask) for i in range(q.length))][position]

    return answer


@pytest.mark.parametrize("name", ["exact", "float64", "ball", "symbolic"])
@settings(max_examples=20)
@given(data=st.data())
def test_a_table_answers_what_it_says(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=3))
    answers, moved = data.draw(tables(q)), q.to(name)
    denoiser = Tabulated(moved, moved.arithmetic.array(as_array(q, answers)))
    function = Function(
        moved, lambda rows: moved.arithmetic.array([answers[tuple(row)] for row in rows.tolist()])
    )
    batch = np.array(data.draw(st.lists(patterns(q), min_size=1, max_size=3)))
    positions = data.draw(st.lists(st.integers(0, q.length - 1), max_size=3))
    for asked in (None, positions, batch == q.mask):
        assert denoiser(batch, asked).shape == function(batch, asked).shape
        if name != "ball":  # balls of equal numbers do not compare as equal
            found, right = (moved.arithmetic.tolist(d(batch, asked)) for d in (denoiser, function))
            assert found == right
    for row, laws in zip(batch.tolist(), denoiser(batch), strict=True):
        for i, token in enumerate(row):
            law = (
                answers[tuple(row)][i]
                if token == q.mask
                else [Fraction(v == token) for v in range(q.vocab_size)]
            )
            assert all(
                close(a, b, moved.arithmetic)
                for a, b in zip(moved.arithmetic.tolist(laws[i]), law, strict=True)
            )


@settings(max_examples=30)
@given(data=st.data(), q=oracles(max_vocab=2, max_length=3))
def test_the_law_of_its_sampler_with_and_without_a_prompt(data: st.DataObject, q: Oracle) -> None:
    answers, prompt = data.draw(tables(q)), data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    known = frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask)
    rule = twins.best_few("confidence", 2)
    way = twins.planner(rule, twin_of(q, answers), lambda n: -(-n // 2))
    expected = twins.follow(way, free, known).law
    law = sampler_law(q, TopK(2), Tabulated(q, as_array(q, answers)), given=prompt)
    for x in product(range(q.vocab_size), repeat=q.length):
        assert law.probability(x) == expected.get(x, 0)


def test_rows_of_observed_positions_are_not_looked_at() -> None:
    q = zoo.golden_mean(1)
    nonsense = [[[7, -3]], [["1/2", "2/3"]], [["1/4", "3/4"]]]
    denoiser = Tabulated(q, nonsense)
    assert denoiser([[0], [1], [2]]).reshape(3, 2).tolist() == [
        [1, 0],
        [0, 1],
        [Fraction(1, 4), Fraction(3, 4)],
    ]


def test_it_belongs_to_no_other_law() -> None:
    q = zoo.golden_mean(2)
    denoiser = Tabulated(q, np.full((3, 3, 2, 2), HALF, dtype=object))
    assert denoiser.of(zoo.all_equal(2)) is None
    assert denoiser.conditioned(zoo.all_equal(1)) is None
    with pytest.raises(ValueError, match="denoiser: expected V=2, L=3, got V=2, L=2"):
        sampler_law(zoo.golden_mean(3), TopK(1), denoiser)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.full((3, 3, 2), HALF, dtype=object), r"table: expected shape \(3, 3, 2, 2\), got \(3, 3, 2\)"),
        (np.full((3, 3, 2, 2), Fraction(1, 3), dtype=object), "table: expected probabilities that sum to 1"),
        (np.full((3, 3, 2, 2), 0.5), "table: expected an array of exact numbers"),
        (
            np.tile(np.array([Fraction(3, 2), -HALF], dtype=object), (3, 3, 2, 1)),
            "table: expected non-negative",
        ),
        ("nonsense", "table: expected an array of exact numbers"),
    ],
)
def test_bad_tables(table: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tabulated(zoo.golden_mean(2), table)


def test_bad_tables_of_floats() -> None:
    table = np.full((3, 3, 2, 2), 0.5)
    table[2, 2, 0, 0] = np.nan
    with pytest.raises(ValueError, match="table: expected finite probabilities, got nan"):
        Tabulated(zoo.golden_mean(2).to("float64"), table)


def test_a_plain_function_is_a_denoiser_and_may_be_asked_for_scores() -> None:
    q = zoo.golden_mean(3)

    def flat(rows: np.ndarray) -> np.ndarray:
        return np.full((*rows.shape, 2), HALF, dtype=object)

    assert sampler_law(q, TopK(1), flat).table().tolist() == np.full((2, 2, 2), Fraction(1, 8)).tolist()
    np.testing.assert_array_equal(sampler_law(q, TopK(1, scores=flat), Ideal(q)).table(), q.joint())
