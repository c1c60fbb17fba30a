"""LogSum: certain signs, whatever cancels."""

import math
import random
from fractions import Fraction

import pytest
from flint import arb, fmpq, fmpz
from hypothesis import given
from hypothesis import strategies as st

from theory.exact.log_sums import LogSum, coprime_base, entropy, log2, relative_entropy

RATIONALS = st.fractions(min_value=-3, max_value=3, max_denominator=12)
POSITIVE = st.fractions(min_value=Fraction(1, 40), max_value=40, max_denominator=40)
TERMS = st.lists(st.tuples(RATIONALS, POSITIVE), max_size=6)


def total(terms):
    return sum((c * log2(r) for c, r in terms), LogSum({}))


def as_float(terms):
    return math.fsum(float(c) * math.log2(r) for c, r in terms)


@given(TERMS)
def test_value_agrees_with_floats(terms):
    number = total(terms)
    assert float(number) == pytest.approx(as_float(terms), abs=1e-11)
    assert number.enclosure(80).overlaps(arb(as_float(terms), 1e-11))


@given(TERMS, TERMS, RATIONALS)
def test_arithmetic_is_linear(left, right, scale):
    assert total(left) + total(right) == total(left + right)
    assert total(left) - total(right) == total(left + [(-c, r) for c, r in right])
    assert scale * total(left) == total([(scale * c, r) for c, r in left])
    assert total(left) - total(left) == 0


@given(st.lists(st.tuples(st.integers(-4, 4), POSITIVE), min_size=1, max_size=5))
def test_planted_equalities_are_found(terms):
    """log2 of prod r^c, multiplied out, minus its factors is zero, and a nudge of the product is not."""
    product = Fraction(1)
    for c, r in terms:
        product *= r**c
    rest = total(terms)
    assert (log2(product) - rest).sign() == 0
    nudged = product * (1 + Fraction(1, 10**60))
    assert log2(nudged) > rest
    assert rest < log2(nudged)


@given(TERMS)
def test_sign_agrees_with_an_independent_integer_computation(terms):
    """sum c_i log2(p_i/q_i) compared with 0 by clearing denominators: two whole numbers are compared."""
    common = math.lcm(*(c.denominator for c, _ in terms)) if terms else 1
    above = below = 1
    for c, r in terms:
        power = int(c * common)
        numerator, denominator = (r.numerator, r.denominator) if power >= 0 else (r.denominator, r.numerator)
        above *= numerator ** abs(power)
        below *= denominator ** abs(power)
    assert total(terms).sign() == (above > below) - (above < below)


def test_a_textbook_equality():
    assert 2 * log2(6) == log2(4) + 2 * log2(3)
    assert log2(8) == 3
    assert fmpz(3) == log2(8)
    assert fmpq(1, 2) == log2(4) / 4
    assert Fraction(1, 2) * log2(9) == log2(3)


def test_near_misses_are_told_apart():
    """Exponents of continued fractions of log2 3: 3^m / 2^n as close to 1 as these sizes allow."""
    convergents = [(8, 5), (19, 12), (65, 41), (84, 53), (485, 306), (1054, 665), (24727, 15601)]
    signs = [(n * log2(2) - m * log2(3)).sign() for n, m in convergents]
    assert signs == [1 if 2**n > 3**m else -1 for n, m in convergents]


def test_differences_far_below_double_precision_have_a_sign_and_a_float():
    tiny = log2(10**100 + 1) - log2(10**100)
    assert tiny > 0
    assert float(tiny) == pytest.approx(1e-100 / math.log(2), rel=1e-12)


def test_many_terms_that_cancel():
    rng = random.Random(0)
    primes = [2, 3, 5, 7, 11, 13]
    zero = LogSum({})
    for _ in range(60):
        exponents = [rng.randrange(5) for _ in primes]
        value = math.prod(p**e for p, e in zip(primes, exponents, strict=True))
        weight = Fraction(rng.randrange(1, 9), rng.randrange(1, 9))
        zero += weight * log2(value)
        zero -= sum((weight * e * log2(p) for p, e in zip(primes, exponents, strict=True)), LogSum({}))
    assert zero.sign() == 0


@given(st.lists(st.integers(1, 10**6), max_size=8))
def test_coprime_base(values):
    base = coprime_base(values)
    assert all(math.gcd(a, b) == 1 for i, a in enumerate(base) for b in base[:i])
    assert 1 not in base
    for value in values:
        for member in base:
            while value % member == 0:
                value //= member
        assert value == 1


def test_entropy_and_divergence():
    law, other = [fmpq(1, 2), fmpq(1, 4), fmpq(1, 4), fmpq(0)], [fmpq(1, 4)] * 4
    assert entropy(law) == Fraction(3, 2)
    assert relative_entropy(law, other) == 2 - Fraction(3, 2)
    assert relative_entropy(law, law) == 0
    assert relative_entropy([1, 0], [Fraction(1, 3), Fraction(2, 3)]) == log2(3)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=6).flatmap(
        lambda a: st.tuples(st.just(a), st.permutations(a))
    )
)
def test_divergence_is_nonnegative_and_zero_only_at_equality(pair):
    left, right = ([Fraction(x, sum(side)) for x in side] for side in pair)
    divergence = relative_entropy(left, right)
    assert divergence >= 0
    assert (divergence == 0) == (left == right)


def test_with_balls_it_gives_balls():
    mixed = log2(3) + arb(1) - log2(5) * arb(2)
    assert isinstance(mixed, arb)
    assert mixed.overlaps(arb(math.log2(3) + 1 - 2 * math.log2(5), 1e-12))
    assert isinstance(arb(1) - log2(3), arb)


@pytest.mark.parametrize("value", [0, -1, Fraction(-1, 2)])
def test_log_of_a_non_positive_number(value):
    with pytest.raises(ValueError, match="value: expected a positive rational"):
        log2(value)


def test_bad_input():
    with pytest.raises(TypeError):
        log2(0.5)
    with pytest.raises(TypeError):
        _ = log2(3) < 0.5
    with pytest.raises(TypeError):
        _ = log2(3) * log2(3)
    with pytest.raises(ValueError, match="the divergence is infinite"):
        relative_entropy([Fraction(1, 2), Fraction(1, 2)], [1, 0])
    with pytest.raises(ValueError, match="non-negative"):
        entropy([Fraction(3, 2), Fraction(-1, 2)])


def test_it_prints_what_it_is():
    assert str(2 * log2(3) - log2(5)) == "2*log2(3) - 1*log2(5)"
    assert str(LogSum({})) == "0"
