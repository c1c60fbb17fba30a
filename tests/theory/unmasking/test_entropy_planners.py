"""Planners with a budget of entropy against their definitions, and what the budget guarantees."""

from fractions import Fraction
from typing import Any

import pytest
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle
from oracles.testing import oracles
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.adaptive_cases import BITS, ORDERS, chosen, entropy_cases, fair, followed_as_expected
from tests.theory.cases import as_law, denoiser_cases
from theory import EntropyBounded, EntropySum, Planner, expected_steps, kl_divergence, sampler_law
from theory.denoisers import Ideal
from theory.laws.branching import follow


@settings(max_examples=60)
@given(data=st.data(), q=oracles())
def test_the_law_of_a_planner_with_a_budget(data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(entropy_cases(q.length, q.vocab_size)), data.draw(denoiser_cases(q))
    expected = twins.follow(case.way(denoiser.twin), range(q.length))
    assert followed_as_expected(follow(q, case.of(q), denoiser.of(q) or Ideal(q)), expected, q)


CHOICES: list[tuple[Planner, list[list[str]], list[int]]] = [
    # Equality counts as within: 1 + 1 - 1 <= 1, and 1 <= 1.
    (EntropyBounded(1, "left"), [["1/2", "1/2"]] * 4, [0, 1]),
    (EntropyBounded(0), [["1/2", "1/2"], ["1", "0"], ["0", "1"]], [0, 1, 2]),
    (EntropyBounded(0, "left"), [["1/2", "1/2"], ["1/2", "1/2"], ["0", "1"]], [0]),
    (EntropySum(1), [["1/2", "1/2"]] * 4, [0, 1]),
    (EntropySum(1, crossing=False), [["1/2", "1/2"]] * 4, [0]),
    (EntropySum("1/2", crossing=False), [["1/2", "1/2"]] * 4, [0]),
    (EntropySum(2, order=[3, 1, 0, 2], crossing=False), [["1/2", "1/2"]] * 4, [1, 3]),
    (EntropySum(0, order="entropy"), [["1/2", "1/2"], ["1", "0"], ["0", "1"]], [0, 1, 2]),
    (EntropySum(0, order="entropy", crossing=False), [["1/2", "1/2"], ["1", "0"], ["0", "1"]], [1, 2]),
]


@pytest.mark.parametrize("name", ["exact", "float64", "float32"])
@pytest.mark.parametrize(("planner", "laws", "expected"), CHOICES)
def test_choices(name: str, planner: Planner, laws: list[list[str]], expected: list[int]) -> None:
    assert chosen(planner, [[Fraction(p) for p in law] for law in laws], name) == expected


def test_a_budget_is_met_within_the_tolerance() -> None:
    """Three tenths are summed to a little more than the budget of 0.3 bits would allow."""
    tenth = 0.012986862055848683  # its binary entropy is 0.1 bits
    laws = [[1 - tenth, tenth]] * 5
    assert chosen(EntropySum(0.3, crossing=False), laws, "float64") == [0, 1, 2]
    assert chosen(EntropyBounded(0.3, "left"), laws, "float64") == [0, 1, 2, 3]
    assert chosen(EntropySum(0.3 - 1e-7, crossing=False), laws, "float64") == [0, 1]


# ------------------------------------------------------------------ what a budget of entropy guarantees


@settings(max_examples=60)
@given(
    q=oracles(max_length=3),
    bits=st.sampled_from(BITS[1:4]),
    kind=st.sampled_from(["bounded", "crossing", "before"]),
    order=st.sampled_from(ORDERS),
)
def test_a_budget_bounds_the_error(q: Oracle, bits: Fraction, kind: str, order: str) -> None:
    """Every rule has KL(q||p) <= g E_q[#steps]: a step's total correlation is at most the sum of its entropies
    less any one of them, the crossing one too.  With that one, a step but the last spends more than g, so that
    g (E_q[#steps] - 1) <= H(q) + KL(q||p).
    """
    law = as_law(q)
    ideal = brute_force.ideal(law, q.vocab_size)
    if kind == "bounded":
        planner, rule = EntropyBounded(bits, order), twins.entropy_bounded(bits, order)
    else:
        planner = EntropySum(bits, order, kind == "crossing")
        rule = twins.entropy_sum(bits, order, kind == "crossing")
    paths = list(twins.paths_along(rule, law, ideal, q.length))
    kl, steps = kl_divergence(q, planner).value, sum(probability for probability, _, _ in paths)
    with ctx.workprec(brute_force.BITS):
        for _, context, revealed in paths:
            assert not twins.total_correlation(law, context, revealed, ideal) > brute_force.ball(bits)
        budget = brute_force.ball(bits * steps)
        assert not kl > budget
        if kind == "crossing":
            assert not budget - brute_force.ball(bits) > brute_force.entropy(law) + kl


def test_without_the_crossing_token_steps_need_not_use_their_budget() -> None:
    """Four fair coins, 3/2 bits a step: four steps of one coin, or two of two."""
    q, bits = fair(4, 2), Fraction(3, 2)
    without, crossing = EntropySum(bits, crossing=False), EntropySum(bits)
    assert [expected_steps(q, planner).value for planner in (without, crossing)] == [4, 2]
    entropy_and_kl = 4
    assert bits * (4 - 1) > entropy_and_kl
    assert bits * (2 - 1) <= entropy_and_kl


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EntropyBounded(-1), "bits: expected a number >= 0, got -1"),
        (lambda: EntropyBounded(float("inf")), "bits: expected a number, got inf"),
        (lambda: EntropySum("one"), "bits: expected a number, got 'one'"),
        (lambda: EntropySum(1, order="right"), "order: expected one of left, entropy, .*, got 'right'"),
        (lambda: EntropySum(1, order=3), "order: expected one of left, entropy, .*, got 3"),
        (lambda: EntropyBounded(1, order=[0.5]), "order: expected an integer of at least 0, got 0.5"),
        (
            lambda: sampler_law(fair(3, 2), EntropySum(1, order=[0, 1, 1])),
            r"order: expected the masked positions \[0, 1, 2\] in some order, got \[0, 1, 1\]",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_how_they_introduce_themselves() -> None:
    assert repr(EntropySum("1/2", crossing=False)) == "EntropySum(bits=1/2, order=left, crossing=False)"
