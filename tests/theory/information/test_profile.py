"""A profile as a sequence, its sums, h(c), and the expected KL of iid and fixed-size schedules."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table, uniform_on
from oracles.arithmetic import arithmetic
from oracles.testing import oracles, size_vectors, weights
from theory.information import information_profile
from theory.information.profile import Profile, iid_expected_kl, sizes_expected_kl

PAIRS = uniform_on(["0000", "0011", "1100", "1111"], vocab_size=2)
PARITY = uniform_on(["000", "011", "101", "110"], vocab_size=2)
ALTERNATING = uniform_on(["0101", "1010"], vocab_size=2)
GOLDEN_MEAN = MarkovChain(["2/3", "1/3"], [["1/2", "1/2"], [1, 0]], 6)


BALLS = arithmetic("ball")


def contains(ball: arb, value: str | int) -> bool:
    """A narrow enclosure of a rational number."""
    with BALLS.context():
        return ball.overlaps(BALLS.number(value)) and bool(ball.rad() < 1e-30)


def test_a_profile_is_a_sequence() -> None:
    profile = information_profile(PARITY)
    assert len(profile) == profile.length == 3
    assert list(profile) == [1, 1, 0]
    assert profile[-1] == 0
    assert profile[1:] == [1, 0]
    assert 1 in profile
    np.testing.assert_array_equal(np.asarray(profile), [1.0, 1.0, 0.0])
    assert np.asarray(profile).dtype == np.float64
    assert (profile.unit, profile.method, profile.guarantee) == (
        "bits",
        "enumeration",
        "enclosure at 128 bits",
    )
    assert "L=3" in repr(profile)


def test_equal_pairs() -> None:
    """The partner of a position is among m of the other three with probability m / 3."""
    profile = information_profile(PAIRS)
    assert all(contains(f, value) for f, value in zip(profile, ["1", "2/3", "1/3", "0"], strict=True))
    assert contains(profile.entropy, 2)
    assert contains(profile.total_correlation, 2)
    assert contains(profile.dual_total_correlation, 2)
    assert contains(profile.correlation, 4)
    assert contains(profile.h("1/4"), 3)
    assert contains(iid_expected_kl(profile, ["1/2", "1/2"]), 1)
    assert contains(sizes_expected_kl(profile, [2, 2]), "2/3")


def test_parity_is_exact_in_two_steps() -> None:
    profile = information_profile(PARITY)
    assert profile.total_correlation == 1
    assert profile.dual_total_correlation == 2
    assert sizes_expected_kl(profile, [2, 1]) == 0
    assert sizes_expected_kl(profile, [1, 2]) == 1
    assert sizes_expected_kl(profile, [0, 3, 0]) == 1


def test_all_equal_tokens() -> None:
    profile = information_profile(ALTERNATING)
    assert list(profile) == [1, 0, 0, 0]
    assert profile.h(Fraction(1, 2)) == 0.5
    assert [iid_expected_kl(profile, [Fraction(1, n)] * n) for n in (1, 2, 4)] == [3, 1.25, 0.5625]


def test_a_symbolic_schedule_on_a_symbolic_law() -> None:
    c = sympy.Symbol("c", positive=True)
    profile = information_profile(ALTERNATING.to("symbolic"))
    assert sympy.expand(profile.h(c) - 4 * (1 - c) ** 3) == 0
    w = sympy.Symbol("w", positive=True)
    assert sympy.expand(iid_expected_kl(profile, [w, 1 - w]) - (4 * w + 4 * (1 - w) ** 4 - 1)) == 0


@given(q=oracles(max_length=4), points=st.lists(st.fractions(0, 1, max_denominator=20), max_size=3))
def test_h_is_the_binomial_mean_of_f(q: Oracle, points: list[Fraction]) -> None:
    profile, n = information_profile(q), q.length - 1
    expected = [
        q.length * sum(math.comb(n, m) * c**m * (1 - c) ** (n - m) * float(f) for m, f in enumerate(profile))
        for c in points
    ]
    np.testing.assert_allclose([float(x) for x in profile.h(points)], expected, atol=1e-12)
    np.testing.assert_allclose(information_profile(q.to("float64")).h(points), expected, atol=1e-12)


@given(data=st.data(), q=oracles(max_length=4))
def test_iid_is_the_multinomial_mixture_of_sizes(data: st.DataObject, q: Oracle) -> None:
    steps = data.draw(st.integers(1, 3))
    w = data.draw(weights(steps))
    profile = information_profile(q)
    mixed = arb(0)
    for sizes in np.ndindex((q.length + 1,) * steps):
        if sum(sizes) == q.length:
            counts = math.factorial(q.length) // math.prod(math.factorial(n) for n in sizes)
            chance = counts * math.prod(p**n for p, n in zip(w, sizes, strict=True))
            mixed += sizes_expected_kl(profile, sizes) * chance.numerator / chance.denominator
    value = iid_expected_kl(profile, w)
    assert float(value) == pytest.approx(float(mixed), abs=1e-13)
    rounded = iid_expected_kl(information_profile(q.to("float64")), [float(x) for x in w])
    assert rounded == pytest.approx(float(value), abs=1e-13)


@given(data=st.data(), q=oracles(max_length=5, max_vocab=2))
def test_sizes_expected_kl_is_its_definition(data: st.DataObject, q: Oracle) -> None:
    sizes = data.draw(size_vectors(q.length, 3))
    profile = information_profile(q)
    left = [sum(sizes[:k]) for k in range(3)]
    expected = sum(n * float(profile[m]) for n, m in zip(sizes, left, strict=True) if n) - float(
        profile.entropy
    )
    value = sizes_expected_kl(profile, sizes)
    assert float(value) == pytest.approx(expected, abs=1e-13)
    assert not value < 0
    assert sizes_expected_kl(information_profile(q.to("float64")), sizes) == pytest.approx(
        expected, abs=1e-13
    )


def test_independent_tokens_cost_nothing_however_they_are_revealed() -> None:
    profile = information_profile(MarkovChain([0.3, 0.7], [[0.3, 0.7], [0.3, 0.7]], 500))
    assert abs(iid_expected_kl(profile, np.full(37, 1 / 37))) < 1e-11
    assert abs(sizes_expected_kl(profile, [250, 250])) < 1e-11


def test_float64_expected_kl_at_length_256_against_balls() -> None:
    q = MarkovChain(["1/2", "1/2"], [["19/20", "1/20"], ["1/20", "19/20"]], 256)
    balls, rounded = information_profile(q), information_profile(q.to("float64"))
    for steps in (1, 7, 64, 500):
        w = [Fraction(1, steps)] * steps
        assert iid_expected_kl(rounded, w) == pytest.approx(float(iid_expected_kl(balls, w)), abs=1e-12)
    c = [Fraction(k, 16) for k in range(17)]
    np.testing.assert_allclose(rounded.h(c), [float(x) for x in balls.h(c)], rtol=2e-14)
    sizes = [1, 3, 28, 96, 128]
    assert sizes_expected_kl(rounded, sizes) == pytest.approx(
        float(sizes_expected_kl(balls, sizes)), abs=1e-12
    )


def test_more_steps_than_positions() -> None:
    profile = information_profile(Table(["1/3", "2/3"]))
    assert abs(iid_expected_kl(profile, ["1/5"] * 5)) < 1e-30
    assert sizes_expected_kl(profile, [0, 0, 1, 0]) == 0


@pytest.mark.parametrize("c", [-0.1, 1.5, "x", float("nan"), "3/2", None, Fraction(-1, 2)])
@pytest.mark.parametrize("system", ["exact", "float64", "symbolic"])
def test_a_point_outside_the_unit_interval_is_refused(system: str, c: object) -> None:
    with pytest.raises(ValueError, match="c: expected a number"):
        information_profile(PARITY.to(system)).h(c)


def test_a_table_of_points_is_refused() -> None:
    with pytest.raises(ValueError, match="c: expected one number or one axis"):
        information_profile(PARITY).h([[0, 1], [1, 0]])


@pytest.mark.parametrize("bad", [[0.5, 0.4], [-1, 2], [], ["1/3", "1/3"], [0.5, float("nan")]])
def test_weights_that_are_no_distribution_are_refused(bad: list) -> None:
    for q in (PARITY, PARITY.to("float64")):
        with pytest.raises(ValueError, match="weights"):
            iid_expected_kl(information_profile(q), bad)


@pytest.mark.parametrize("bad", [[1, 1], [4, -1], [1.5, 1.5], []])
def test_sizes_that_do_not_cover_the_positions_are_refused(bad: list) -> None:
    with pytest.raises(ValueError, match="sizes"):
        sizes_expected_kl(information_profile(PARITY), bad)


def test_balls_keep_their_own_precision() -> None:
    profile = information_profile(GOLDEN_MEAN.to("exact", bits=400))
    assert isinstance(profile, Profile)
    assert all(
        x.rad() < 2.0**-390
        for x in (profile.entropy, profile.h("1/7"), iid_expected_kl(profile, ["1/3"] * 3))
    )
