"""Denoisers made from other ones against their definitions, in every number system that can hold them."""

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import NGram, Oracle, Table, uniform_on, zoo
from oracles.testing import oracles, patterns
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.cases import as_law, close, learned_answer, learned_answers
from theory import TopK, kl_divergence, sampler_law
from theory.denoisers import Function, Ideal, Perturbed, Tempered, TopP, Windowed

HALF = Fraction(1, 2)


@st.composite
def batches(draw: st.DrawFn, q: Oracle) -> list[list[int]]:
    return draw(st.lists(patterns(q), min_size=1, max_size=3))


def check_answers(denoiser: Any, batch: list[list[int]], twin: brute_force.Denoiser) -> None:
    """Every masked position is answered as the twin does, every observed one with certainty."""
    q = denoiser.oracle
    answers = denoiser(np.array(batch))
    for row, laws in zip(batch, answers, strict=True):
        context = frozenset((i, v) for i, v in enumerate(row) if v != q.mask)
        for i, token in enumerate(row):
            law = twin(context, i) if token == q.mask else [Fraction(v == token) for v in range(q.vocab_size)]
            found = q.arithmetic.tolist(laws[i])
            assert all(close(a, b, q.arithmetic) for a, b in zip(found, law, strict=True))


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball", "symbolic"])
@settings(max_examples=25)
@given(data=st.data())
def test_whole_inverse_temperatures(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=2) if name == "symbolic" else oracles())
    inverse, batch = data.draw(st.integers(1, 3)), data.draw(batches(q))
    moved = q.to(name)
    twin = twins.tempered(brute_force.ideal(as_law(q), q.vocab_size), inverse)
    check_answers(Tempered(Ideal(moved), Fraction(1, inverse)), batch, twin)


@pytest.mark.parametrize("name", ["exact", "float64", "float32"])
@settings(max_examples=25)
@given(data=st.data())
def test_greedy_and_nucleus(name: str, data: st.DataObject) -> None:
    """Ties go to the lowest token; a total of exactly p is enough."""
    q = data.draw(oracles())
    p = data.draw(st.sampled_from([Fraction(1, 6), Fraction(1, 3), HALF, Fraction(2, 3), Fraction(3, 4), 1]))
    batch, moved = data.draw(batches(q)), q.to(name)
    ideal = brute_force.ideal(as_law(q), q.vocab_size)
    check_answers(Tempered(Ideal(moved), 0), batch, twins.tempered(ideal, 0))
    check_answers(TopP(Ideal(moved), p), batch, twins.nucleus(ideal, Fraction(p)))


@settings(max_examples=25)
@given(data=st.data(), q=oracles())
def test_one_around_another(data: st.DataObject, q: Oracle) -> None:
    """Any stack of them, around any denoiser that can be named, in any order."""
    bases: list[tuple[Any, brute_force.Denoiser]] = [
        (Ideal(q, "uniform"), brute_force.ideal(as_law(q), q.vocab_size, "uniform")),
        (
            Function(q, lambda rows: learned_answers(q, rows)),
            lambda context, i: learned_answer(context, i, q.vocab_size),
        ),
        (Windowed(q, 1), twins.windowed(brute_force.ideal(as_law(q), q.vocab_size), 1)),
    ]
    denoiser, twin = data.draw(st.sampled_from(bases))
    for kind in data.draw(st.lists(st.sampled_from(["noise", "sharp", "greedy", "nucleus"]), max_size=3)):
        if kind == "noise":
            denoiser, twin = (
                Perturbed(denoiser, "1/5"),
                brute_force.perturbed(twin, Fraction(1, 5), q.vocab_size),
            )
        elif kind == "nucleus":
            denoiser, twin = TopP(denoiser, "2/3"), twins.nucleus(twin, Fraction(2, 3))
        else:
            inverse = 2 if kind == "sharp" else 0
            denoiser, twin = Tempered(denoiser, HALF if inverse else 0), twins.tempered(twin, inverse)
    check_answers(denoiser, data.draw(batches(q)), twin)


def test_temperatures_that_are_no_roots() -> None:
    """p ** (1/T) / sum: 1/3 and 2/3 at T = 3/2, in floats and in balls."""
    q = Table(np.array(["1/3", "2/3"], dtype=object))
    odds = 2 ** (2 / 3)
    assert Tempered(Ideal(q.to("float64")), "3/2")([[2]])[0, 0].tolist() == pytest.approx(
        [1 / (1 + odds), odds / (1 + odds)]
    )
    ball = Tempered(Ideal(q.to("ball")), "3/2")([[2]])[0, 0, 0]
    with ctx.workprec(200):
        assert ball.overlaps(1 / (1 + arb(4).root(3)))
    assert ball.rad() < 1e-30


def test_the_tolerance_of_greedy_and_nucleus() -> None:
    near, apart = Table(np.array([0.5 - 1e-11, 0.5 + 1e-11])), Table(np.array([0.5 - 1e-7, 0.5 + 1e-7]))
    assert Tempered(Ideal(near), 0)([[2]])[0, 0].tolist() == [1, 0]
    assert Tempered(Ideal(apart), 0)([[2]])[0, 0].tolist() == [0, 1]
    assert TopP(Ideal(near), 0.5)([[2]])[0, 0].tolist() == [1, 0]
    tenths = Table(np.array([0.1] * 10))
    assert int((TopP(Ideal(tenths), 0.3)([[10]])[0, 0] > 0).sum()) == 3


def test_nucleus_sampling_at_one_drops_nothing() -> None:
    rare = Table(np.array([1 - 1e-12, 1e-12]))
    assert TopP(Ideal(rare), 1)([[2]])[0, 0].tolist() == rare.joint().tolist()
    assert float(kl_divergence(rare, TopK(1), TopP(Ideal(rare), 1)).value) == 0


def test_extremes() -> None:
    q = zoo.golden_mean(3)
    batch = [[2, 2, 2], [1, 2, 2]]
    for same in (Perturbed(Ideal(q), 0), Tempered(Ideal(q), 1), TopP(Ideal(q), 1)):
        np.testing.assert_array_equal(same(batch), Ideal(q)(batch))
    assert (Perturbed(Ideal(q), 1)([[2, 2, 2]]) == HALF).all()
    np.testing.assert_array_equal(TopP(Ideal(q), "1/100")(batch), Tempered(Ideal(q), 0)(batch))


def test_cold_and_truncated_samplers_miss_what_is_possible() -> None:
    q = uniform_on(["00", "01", "10"], 2)
    assert sampler_law(q, TopK(1), Tempered(Ideal(q), 0)).table().tolist() == [[1, 0], [0, 0]]
    assert math.isinf(float(kl_divergence(q, TopK(1), TopP(Ideal(q), HALF)).value))


# ------------------------------------------------------------------ under prompts, and of other laws


@settings(max_examples=25)
@given(data=st.data(), q=oracles(max_vocab=2))
def test_under_a_prompt(data: st.DataObject, q: Oracle) -> None:
    """What is made of the ideal denoiser follows the law given the prompt; a window sees the prompt itself."""
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    known = frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask)
    whole = brute_force.ideal(as_law(q), q.vocab_size)
    given_ = brute_force.ideal_given(as_law(q), known, q.vocab_size)
    noisy = brute_force.perturbed(given_, Fraction(1, 7), q.vocab_size)
    for denoiser, twin in (
        (Tempered(Ideal(q), HALF), twins.tempered(given_, 2)),
        (TopP(Perturbed(Ideal(q), "1/7"), "3/4"), twins.nucleus(noisy, Fraction(3, 4))),
        (Tempered(Windowed(q, 1), 0), twins.tempered(twins.windowed(whole, 1), 0)),
    ):
        way = twins.planner(twins.best_few("confidence", 2), twin, lambda n: -(-n // 2))
        expected = twins.follow(way, free, known).law
        law = sampler_law(q, TopK(2), denoiser, given=prompt)
        for x in product(range(q.vocab_size), repeat=q.length):
            assert law.probability(x) == expected.get(x, 0)


def test_what_they_become() -> None:
    q, other = zoo.golden_mean(3), zoo.all_equal(3)
    for kind, option in ((Perturbed, "1/3"), (Tempered, HALF), (TopP, "1/2")):
        moved = kind(Ideal(q, "uniform"), option).of(other)
        assert (type(moved), moved.oracle, moved.inner.impossible) == (kind, other, "uniform")
        assert kind(Windowed(q, 1), option).conditioned(other) is None
        assert kind(Function(q, lambda rows: learned_answers(q, rows)), option).of(other) is None


# ------------------------------------------------------------------ bad input

Q = NGram(1, [HALF, HALF], 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tempered(Q, 1), "inner: expected a denoiser, as in Ideal"),
        (lambda: TopP(lambda rows: rows, 1), "inner: expected a denoiser, as in Ideal"),
        (lambda: Tempered(Ideal(Q), -1), "temperature: expected a number >= 0, got -1"),
        (lambda: Tempered(Ideal(Q), float("nan")), "temperature: expected a number, got nan"),
        (lambda: Tempered(Ideal(Q), float("inf")), "temperature: expected a number, got inf"),
        (lambda: Tempered(Ideal(Q), "cold"), "temperature: expected a number, got 'cold'"),
        (
            lambda: Tempered(Ideal(Q), "2/3"),
            "temperature: expected one whose inverse is whole for an exact law",
        ),
        (lambda: TopP(Ideal(Q), 0), r"p: expected a number in \(0, 1\], got 0"),
        (lambda: TopP(Ideal(Q), "3/2"), r"p: expected a number in \(0, 1\], got '3/2'"),
        (lambda: TopP(Ideal(Q), None), "p: expected a number, got None"),
        (
            lambda: TopP(Ideal(Q.to("ball")), HALF)([[2, 2]]),
            "denoiser: expected floats or exact rationals to put",
        ),
        (
            lambda: Tempered(Ideal(Q.to("symbolic")), 0)([[2, 2]]),
            "denoiser: expected floats or exact rationals",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_power_that_underflows_is_an_error() -> None:
    tiny = Table(np.array([1e-200, 1 - 1e-200]))
    with pytest.raises(ArithmeticError):
        Tempered(Ideal(tiny), HALF)([[2]])
