"""Optimal sizes against all compositions, in floats, balls and exact logarithms, and against known values."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table, zoo
from oracles.testing import oracles, weights
from tests.theory.optimise.plain_staircases import plain_staircases
from theory import IID, expected_kl, information_profile
from theory.exact import information as exact_information
from theory.exact.log_sums import LogSum
from theory.information.profile import Profile, iid_expected_kl, sizes_expected_kl
from theory.optimise import OptimalSizes, optimal_sizes, optimal_sizes_up_to
from theory.optimise.staircase import step_sizes


def least(profile: Profile, steps: int) -> float:
    """Over all compositions into at most N steps."""
    length = len(profile)
    cuts = itertools.combinations_with_replacement(range(length + 1), steps - 1)
    every = (np.diff([0, *each, length]).tolist() for each in cuts)
    return min(float(sizes_expected_kl(profile, sizes)) for sizes in every)


def exact_profile(q: Oracle) -> list[LogSum]:
    """f(0..L-1) as exact numbers: means over all sets, by the differences of entropies."""
    means = [LogSum({})]
    for size in range(1, q.length + 1):
        sets = list(itertools.combinations(range(q.length), size))
        total = sum((exact_information.entropy(q, chosen) for chosen in sets), LogSum({}))
        means.append(total / len(sets))
    return [after - before for before, after in itertools.pairwise(means)]


@given(q=oracles(max_length=6, max_vocab=2), steps=st.integers(1, 8))
def test_no_composition_is_better(q: Oracle, steps: int) -> None:
    for law in (q, q.to("float64")):
        profile = information_profile(law)
        found = optimal_sizes(law, steps)
        assert (found.steps, sum(found.sizes), min(found.sizes)) >= (steps, q.length, 0)
        assert float(found.expected_kl) == pytest.approx(least(profile, steps), abs=1e-13)
        assert 0 <= found.slack < (1e-30 if law is q else 1e-12)
        assert list(found.sizes) == sorted(found.sizes, key=lambda size: size == 0)


@given(q=oracles(max_length=5, max_vocab=2), steps=st.integers(1, 5))
def test_the_exact_optimum_is_within_the_slack(q: Oracle, steps: int) -> None:
    """Every comparison decided: the profile in exact logarithms."""
    f = exact_profile(q)
    sizes = step_sizes(plain_staircases(np.array(f, dtype=object), steps), steps)
    done = np.cumsum([0, *sizes]).tolist()
    best = sum((n * f[m] for n, m in zip(sizes, done, strict=False) if n), LogSum({})) - sum(f, LogSum({}))
    found = optimal_sizes(q, steps)
    assert abs(float(found.expected_kl) - float(best)) <= 1e-14
    done = np.cumsum([0, *found.sizes]).tolist()
    terms = (n * f[m] for n, m in zip(found.sizes, done, strict=False) if n)
    reached = sum(terms, LogSum({})) - sum(f, LogSum({}))
    assert 0 <= float(reached - best) <= found.slack


@given(q=oracles(max_length=5, max_vocab=2), data=st.data())
def test_they_are_at_least_as_good_as_any_iid_weights(q: Oracle, data: st.DataObject) -> None:
    w = data.draw(weights(data.draw(st.integers(1, 4))))
    profile = information_profile(q)
    assert float(optimal_sizes(profile, len(w)).expected_kl) <= float(iid_expected_kl(profile, w)) + 1e-14


@given(q=oracles(max_length=4), data=st.data())
def test_a_prompt(q: Oracle, data: st.DataObject) -> None:
    prompt = q.sample(1, seed=data.draw(st.integers(0, 9)))[0]
    prompt[data.draw(st.sets(st.integers(0, q.length - 1), min_size=1)).copy().pop()] = q.mask
    found = optimal_sizes(q, 2, given=prompt)
    value = expected_kl(q, found.schedule, given=prompt)
    assert float(found.expected_kl) == pytest.approx(float(value), abs=1e-13)


CHAINS = {"sticky": zoo.sticky_chain(64), "cycle": zoo.noisy_cycle(64), "golden": zoo.golden_mean(64)}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("sticky", (3, 3, 4, 6, 8, 10, 13, 17)),
        ("cycle", (2, 3, 4, 5, 7, 10, 14, 19)),
        ("golden", (7, 7, 8, 8, 8, 8, 9, 9)),
    ],
)
def test_known_sizes(name: str, sizes: tuple[int, ...]) -> None:
    for law in (CHAINS[name], CHAINS[name].to("float64")):
        assert optimal_sizes(law, 8).sizes == sizes


def test_one_pass_gives_the_best_of_every_number_of_steps() -> None:
    profile = information_profile(CHAINS["cycle"].to("float64"))
    found = optimal_sizes_up_to(profile, 70)
    assert len(found) == 70
    for steps in (1, 2, 8, 63, 64, 65, 70):
        alone = optimal_sizes(profile, steps)
        assert found[steps - 1].sizes == alone.sizes
        assert found[steps - 1].expected_kl == alone.expected_kl
    values = [float(each.expected_kl) for each in found]
    assert values == sorted(values, reverse=True)
    assert found[63].sizes == (1,) * 64
    assert found[69].sizes == (1,) * 64 + (0,) * 6
    assert values[63:] == [0.0] * 7


def test_ascending_sizes_for_chains() -> None:
    """Theorem C: f is convex, and ascending order is best for any multiset."""
    for q in CHAINS.values():
        sizes = optimal_sizes(q.to("float64"), 11).sizes
        assert list(sizes) == sorted(sizes)


def test_a_code_is_exact_in_two_steps() -> None:
    found = optimal_sizes(zoo.tetracode(), 2)
    assert found.sizes == (2, 2)
    assert abs(float(found.expected_kl)) < 1e-30
    assert found.schedule.sizes == (2, 2)


def test_degenerate_laws() -> None:
    """One position, one token, a certain sequence, independent tokens: one step is enough."""
    laws = [
        Table(["1/3", "2/3"]),
        MarkovChain([1], [[1]], 5),
        MarkovChain([0, 1], [[0, 1], [1, 0]], 4),
        MarkovChain(["1/3", "2/3"], [["1/3", "2/3"]] * 2, 6),
    ]
    for q in laws:
        for law in (q, q.to("float64")):
            found = optimal_sizes(law, 3)
            assert sum(found.sizes) == law.length
            assert float(found.expected_kl) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("rise", [1e-13, 1e-11])
def test_rises_within_rounding_are_counted_in_the_slack(rise: float) -> None:
    f = [1.0, 0.5, 0.25, 0.25 + rise, 0.1]
    found = optimal_sizes(f, 2)
    assert found.sizes == (2, 3)
    assert 9.9 * rise <= found.slack <= 20 * rise


def test_numbers_in_place_of_a_law() -> None:
    profile = information_profile(CHAINS["golden"].to("float64"))
    assert optimal_sizes(list(profile), 8).sizes == optimal_sizes(profile, 8).sizes
    assert optimal_sizes(np.asarray(profile), 8).sizes == optimal_sizes(profile, 8).sizes
    assert isinstance(optimal_sizes([1, Fraction(1, 2), 0], 2), OptimalSizes)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([1.0, 1.1], "which never rises, got a rise by 0.1 bits"),
        ([], "expected non-negative numbers"),
        ([1.0, -0.1], "expected non-negative numbers"),
        ([math.nan], "expected non-negative numbers"),
        ([math.inf, 1], "expected non-negative numbers"),
        (["x"], "expected a law or its profile"),
        ([[1.0]], "expected a law or its profile"),
    ],
)
def test_numbers_that_are_no_profile_are_refused(numbers: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimal_sizes(numbers, 2)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1, got 0"):
        optimal_sizes(zoo.tetracode(), 0)
    with pytest.raises(ValueError, match="given: expected a law for a prompt"):
        optimal_sizes([1.0, 0.5], 1, given=[0, 2])
    with pytest.raises(ValueError, match="without symbols"):
        optimal_sizes(zoo.sticky_chain(2).to("symbolic"), 1)


def test_the_schedule_costs_what_it_says() -> None:
    q = zoo.golden_mean(6)
    found = optimal_sizes(q, 3)
    assert found.expected_kl.value.overlaps(expected_kl(q, found.schedule, method="enumeration").value)
    assert float(found.expected_kl) < float(expected_kl(q, IID.uniform(3)))
