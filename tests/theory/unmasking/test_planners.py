"""Planners against their definitions, followed step by step in plain Python; ties, tolerances and bounds."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, Product, Table
from oracles.testing import oracles
from tests.theory import adaptive_brute_force as twins
from tests.theory.adaptive_cases import (
    WayCase,
    best_few_cases,
    chosen,
    fair,
    followed_as_expected,
    low_confidence_cases,
    planner_cases,
    threshold_cases,
)
from tests.theory.cases import denoiser_cases, learned_answers
from theory import (
    EntropyBounded,
    EntropySum,
    FixedSizes,
    LowConfidence,
    LowestEntropy,
    Margin,
    Planner,
    Threshold,
    TopK,
    expected_steps,
    kl_divergence,
    sampler_law,
    sequence_error_rate,
)
from theory.denoisers import Function, Ideal, Tabulated
from theory.laws.branching import follow

FAMILIES = {
    "best few": best_few_cases,
    "threshold": threshold_cases,
    "low confidence": low_confidence_cases,
}


def check_law(q: Oracle, case: WayCase, denoiser: Any) -> None:
    expected = twins.follow(case.way(denoiser.twin), range(q.length))
    found = follow(q, case.of(q), denoiser.of(q) or Ideal(q))
    assert followed_as_expected(found, expected, q)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60)
@given(data=st.data(), q=oracles())
def test_the_law_of_a_planner(family: str, data: st.DataObject, q: Oracle) -> None:
    check_law(q, data.draw(FAMILIES[family](q.length, q.vocab_size)), data.draw(denoiser_cases(q)))


@pytest.mark.parametrize("name", ["float64", "float32"])
@settings(max_examples=40)
@given(data=st.data())
def test_floats_decide_as_rationals_do(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_length=3))
    case, denoiser = data.draw(planner_cases(q.length, q.vocab_size)), data.draw(denoiser_cases(q))
    expected = twins.follow(case.way(denoiser.twin), range(q.length))
    moved = q.to(name)
    found = follow(moved, case.of(moved), denoiser.of(moved) or Ideal(moved))
    assert followed_as_expected(found, expected, moved)


# ------------------------------------------------------------------ which positions: choices one by one


CHOICES: list[tuple[Planner, list[list[str]], list[int]]] = [
    (TopK(1), [["1/2", "1/2", "0"], ["1/4", "1/4", "1/2"], ["2/5", "2/5", "1/5"]], [0]),
    (TopK(2), [["1/2", "1/2", "0"], ["3/4", "1/4", "0"], ["1/4", "3/4", "0"]], [1, 2]),
    (TopK([0, 3]), [["1/2", "1/2"], ["1", "0"], ["0", "1"]], []),
    (TopK(5), [["1/2", "1/2"], ["1", "0"], ["0", "1"]], [0, 1, 2]),
    # Confidence prefers the second, the margin the first.
    (TopK(1), [["9/20", "1/4", "3/20", "3/20"], ["1/2", "1/2", "0", "0"]], [1]),
    (Margin(1), [["9/20", "1/4", "3/20", "3/20"], ["1/2", "1/2", "0", "0"]], [0]),
    # The entropies: 1.5 bits, 1 bit and 1 bit.
    (LowestEntropy(1), [["1/2", "1/4", "1/4"], ["0", "1/2", "1/2"], ["1/2", "0", "1/2"]], [1]),
    (Threshold("3/4"), [["3/4", "1/4"], ["1/2", "1/2"], ["0", "1"]], [0, 2]),
    (Threshold("9/10"), [["3/4", "1/4"], ["1/2", "1/2"], ["1/4", "3/4"]], [0]),
]


@pytest.mark.parametrize("name", ["exact", "float64", "float32"])
@pytest.mark.parametrize(("planner", "laws", "expected"), CHOICES)
def test_choices(name: str, planner: Planner, laws: list[list[str]], expected: list[int]) -> None:
    assert chosen(planner, [[Fraction(p) for p in law] for law in laws], name) == expected


@pytest.mark.parametrize(
    "planner", [TopK(1), Margin(1), LowestEntropy(1), EntropyBounded(0, "confidence"), Threshold(1)]
)
@pytest.mark.parametrize(
    ("name", "lead", "tied"),
    [("float64", 1e-11, True), ("float64", 1e-7, False), ("float32", 1e-7, True), ("float32", 1e-3, False)],
)
def test_near_ties_go_to_the_left_within_the_tolerance(
    planner: Planner, name: str, lead: float, tied: bool
) -> None:
    """The second position leads by more or less than what rounding may decide."""
    laws = [[0.7, 0.3], [0.7 + lead, 0.3 - lead]]
    assert chosen(planner, laws, name) == [0 if tied else 1]


def test_rows_of_a_batch_do_not_meet() -> None:
    """Every row with its own masked positions, as if it were alone."""
    q, rng = fair(4, 3).to("float64"), np.random.default_rng(0)
    masked = np.array([row for row in product([True, False], repeat=4) if any(row)])
    answers = q.arithmetic.array(rng.dirichlet(np.ones(3), size=int(masked.sum())))
    for planner in (TopK(2), Margin(1), LowestEntropy(2), Threshold(0.6), EntropyBounded(1), EntropySum(1.5)):
        together = planner.choose(answers, masked, 0, q.arithmetic)
        start = 0
        for row, taken in zip(masked, together, strict=True):
            own = answers[start : start + int(row.sum())]
            alone = planner.choose(own, row[None], 0, q.arithmetic)[0]
            np.testing.assert_array_equal(alone, taken)
            assert taken.any()
            start += int(row.sum())


# ------------------------------------------------------------------ degenerate laws


@pytest.mark.parametrize(
    "planner",
    [TopK(2), Margin(2), LowestEntropy(2), Threshold(1), EntropyBounded(0), EntropySum(0), LowConfidence(2)],
)
@pytest.mark.parametrize("name", ["exact", "float64"])
def test_one_token_or_one_position(planner: Planner, name: str) -> None:
    for q in (fair(3, 1), fair(1, 3), fair(1, 1)):
        q = q.to(name)
        law = sampler_law(q, planner)
        np.testing.assert_array_equal(law.table(), q.joint())
    # A vocabulary of one is certain: what may go together does.
    few = 2 if planner.most_steps(3) == 2 else 1
    assert expected_steps(fair(3, 1).to(name), planner).value == few


# ------------------------------------------------------------------ conformance


@settings(max_examples=60)
@given(data=st.data(), q=oracles(), convention=st.sampled_from(["marginal", "uniform", "raise"]))
def test_one_token_a_step_is_exact_in_any_adaptive_order(
    data: st.DataObject, q: Oracle, convention: str
) -> None:
    """The ideal denoiser then never meets an impossible context (Kim et al. 2025)."""
    learned = Function(q, lambda rows: learned_answers(q, rows))
    kind = data.draw(st.sampled_from([TopK, Margin, LowestEntropy]))
    for planner in (kind(1), kind([1, 0] * q.length), kind(1, scores=learned), EntropySum(0, crossing=False)):
        found = follow(q, planner, Ideal(q, convention))
        np.testing.assert_array_equal(found.table, q.joint())


@settings(max_examples=30)
@given(data=st.data(), q=oracles(max_length=3))
def test_a_table_of_answers_plans_any_order(data: st.DataObject, q: Oracle) -> None:
    """Which position comes next may depend on the tokens in any way at all."""
    shape = (*(q.vocab_size + 1,) * q.length, q.length)
    sure = data.draw(st.lists(st.integers(0, 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    flat = q.arithmetic.divide(q.arithmetic.ones(q.vocab_size), q.arithmetic.array([q.vocab_size]))
    certain = q.arithmetic.array([1] + [0] * (q.vocab_size - 1))
    answers = np.array([certain if s else flat for s in sure], dtype=object).reshape(*shape, q.vocab_size)
    whim = TopK(1, scores=Tabulated(q, answers))
    np.testing.assert_array_equal(sampler_law(q, whim, method="branching").table(), q.joint())


def test_the_convention_decides_what_is_off_the_support() -> None:
    """After an impossible pair the default repeats the marginals, which are skewed here."""
    q = Table(skewed_pair())
    tables = {}
    for name in ("marginal", "uniform"):
        law = sampler_law(q, TopK(2), Ideal(q, name))
        assert law.notes == (f"impossible contexts: {name}",)
        tables[name] = law.table()
        assert tables[name].sum() == 1
    assert tables["marginal"][0, 1, 0, 0] == Fraction(3, 16) * Fraction(9, 16)
    assert tables["uniform"][0, 1, 0, 0] == Fraction(3, 16) * Fraction(1, 4)
    for x in ((0, 0, 0, 0), (1, 1, 1, 1)):
        assert tables["marginal"][x] == tables["uniform"][x]
    with pytest.raises(ValueError, match="patterns: expected possible patterns"):
        sampler_law(q, TopK(2), Ideal(q, "raise"))


def skewed_pair() -> np.ndarray:
    """0000 with probability 3/4, 1111 with 1/4."""
    joint = np.full((2,) * 4, Fraction(0), dtype=object)
    joint[0, 0, 0, 0], joint[1, 1, 1, 1] = Fraction(3, 4), Fraction(1, 4)
    return joint


# ------------------------------------------------------------------ the catalogue's values


def test_confidence_can_be_worse_than_chance() -> None:
    """X1 = X2 ~ Bernoulli(.9) and two fair coins: confidence reveals the two equal tokens together."""
    pair = np.array([["1/10", 0], [0, "9/10"]], dtype=object)
    q = Product([Table(pair), fair(2, 2)])
    sure, chance = TopK(2), FixedSizes([2, 2])
    assert sequence_error_rate(q, sure).value == Fraction(9, 50)
    assert sequence_error_rate(q, chance).value == Fraction(3, 50)
    assert float(kl_divergence(q, sure).value) == pytest.approx(0.46899559)
    assert float(kl_divergence(q, chance).value) == pytest.approx(0.0955, abs=5e-5)
    for planner in (Margin(2), LowestEntropy(2)):
        assert sequence_error_rate(q, planner).value == Fraction(9, 50)


def test_drawing_before_choosing_is_another_law() -> None:
    """One token at a time, the likelier draw first: exact for no denoiser, unlike any order chosen before."""
    q = Table(np.array([["1/2", 0], ["1/4", "1/4"]], dtype=object))
    assert kl_divergence(q, TopK(1)).value == 0
    law = sampler_law(q, LowConfidence(1)).table()
    # The marginals are (1/2, 1/2) and (3/4, 1/4): a 0 drawn at the end is kept, else the token at the start.
    assert law.tolist() == [
        [Fraction(3, 4) * Fraction(2, 3) + Fraction(1, 8), 0],
        [Fraction(3, 4) * Fraction(1, 3) + Fraction(1, 16), Fraction(1, 16)],
    ]


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TopK(0), "k: expected an integer of at least 1, got 0"),
        (lambda: TopK(1.5), "k: expected an integer of at least 1, got 1.5"),
        (lambda: Margin([]), "k: expected at least one step, got none"),
        (lambda: LowestEntropy([2, -1]), "k: expected an integer of at least 0, got -1"),
        (lambda: LowConfidence("2"), "k: expected an integer of at least 0, got '2'"),
        (lambda: LowConfidence(None), "k: expected an integer of at least 1, got None"),
        (lambda: Threshold("3/2"), r"probability: expected a number in \[0, 1\], got '3/2'"),
        (lambda: Threshold(float("nan")), "probability: expected a number, got nan"),
        (lambda: Threshold(True), "probability: expected a number, got True"),
        (lambda: sampler_law(fair(3, 2), TopK([1, 1])), "k: expected a sum of 3 .*, got 2"),
        (lambda: sampler_law(fair(3, 2), LowConfidence([4])), "k: expected a sum of 3 .*, got 4"),
        (
            lambda: sampler_law(fair(3, 2), TopK(1, scores=3)),
            "scores: expected a denoiser with an `oracle`, got 3",
        ),
        (
            lambda: sampler_law(fair(3, 2), TopK(1, scores=Ideal(fair(2, 2)))),
            "scores: expected V=2, L=3, got V=2, L=2",
        ),
        (
            lambda: sampler_law(fair(2, 2).to("ball"), TopK(1)),
            "denoiser: expected floats or exact rationals to put in order, got ball",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_how_planners_introduce_themselves() -> None:
    assert repr(TopK([1, 2])) == "TopK(k=(1, 2))"
