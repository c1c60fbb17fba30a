"""Closed forms against the enumerated law of the real sampler."""

import itertools
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import testing, uniform_on, zoo
from oracles.arithmetic import arithmetic
from theory import (
    IID,
    FixedSizes,
    expected_kl,
    first_order_error,
    log2_token_error_rate,
    sampler_law,
    sequence_error_rate,
)
from theory.exact.log_sums import LogSum, log2, relative_entropy
from theory.laws import closed_forms

FEW = settings(max_examples=8)
"""Each example enumerates a whole law."""

WEIGHTS = st.integers(1, 4).flatmap(testing.weights)


def blocks(block, count, vocab_size):
    words = itertools.product(range(vocab_size), repeat=count)
    return uniform_on([[token for token in word for _ in range(block)] for word in words], vocab_size)


def parity(length, vocab_size):
    words = itertools.product(range(vocab_size), repeat=length)
    return uniform_on([word for word in words if sum(word) % vocab_size == 0], vocab_size)


def compare(q, schedule, error_rate, expected_divergence=None):
    """SER exactly; KL = -log2(1 - SER) exactly; E KL in its enclosure."""
    law = sampler_law(q, schedule)
    assert sequence_error_rate(q, schedule).value == error_rate
    assert relative_entropy(q.joint().flat, law.table().flat) == -log2(1 - error_rate)
    if expected_divergence is not None:
        with arithmetic("ball", bits=128).context():
            assert expected_kl(q, schedule).value.overlaps(expected_divergence.enclosure())


@pytest.mark.parametrize(("length", "vocab_size"), [(2, 1), (2, 2), (2, 5), (4, 2), (4, 3), (6, 2)])
@FEW
@given(weights=WEIGHTS)
def test_pairs(length, vocab_size, weights):
    together = closed_forms.same_step(weights)
    compare(
        blocks(2, length // 2, vocab_size),
        IID(weights),
        closed_forms.pairs_error_rate(together, length, vocab_size),
        closed_forms.pairs_expected_divergence(together, length, vocab_size),
    )


@pytest.mark.parametrize(
    ("block", "count", "vocab_size"), [(1, 2, 3), (3, 1, 3), (3, 2, 2), (5, 1, 2), (2, 2, 3)]
)
@FEW
@given(weights=WEIGHTS)
def test_blocks(block, count, vocab_size, weights):
    compare(
        blocks(block, count, vocab_size),
        IID(weights),
        closed_forms.blocks_error_rate(weights, block, count, vocab_size),
        closed_forms.blocks_expected_divergence(weights, block, count, vocab_size),
    )


@pytest.mark.parametrize(("length", "vocab_size"), [(1, 2), (2, 3), (3, 3), (4, 2), (5, 2)])
@FEW
@given(weights=WEIGHTS)
def test_parity(length, vocab_size, weights):
    compare(
        parity(length, vocab_size),
        IID(weights),
        closed_forms.parity_error_rate(weights, length, vocab_size),
        closed_forms.parity_expected_divergence(weights, length, vocab_size),
    )


@pytest.mark.parametrize(("length", "vocab_size"), [(2, 3), (4, 2), (4, 3), (6, 2)])
@FEW
@given(data=st.data())
def test_pairs_of_sizes(length, vocab_size, data):
    sizes = data.draw(testing.size_vectors(length, data.draw(st.integers(1, 4))))
    error_rate = closed_forms.pairs_error_rate_of_sizes(sizes, vocab_size)
    compare(blocks(2, length // 2, vocab_size), FixedSizes(sizes), error_rate)


CODES = [(2, 1, 3), (3, 2, 2), (3, 1, 5), (3, 2, 3), (4, 2, 3), (4, 3, 3), (3, 3, 2)]


@pytest.mark.parametrize(("length", "dimension", "vocab_size"), CODES)
@FEW
@given(weights=WEIGHTS, data=st.data())
def test_mds_codes(length, dimension, vocab_size, weights, data):
    q = zoo.mds_code(length, dimension, vocab_size)
    size = length, dimension, vocab_size
    compare(
        q,
        IID(weights),
        closed_forms.mds_error_rate(weights, *size),
        closed_forms.mds_expected_divergence(weights, *size),
    )
    sizes = data.draw(testing.size_vectors(length, data.draw(st.integers(1, 4))))
    compare(
        q,
        FixedSizes(sizes),
        closed_forms.mds_error_rate_of_sizes(sizes, dimension, vocab_size),
        closed_forms.mds_expected_divergence_of_sizes(sizes, dimension, vocab_size),
    )


@given(weights=WEIGHTS, length=st.integers(2, 30), vocab_size=st.integers(1, 16))
def test_codes_that_are_blocks_or_parity(weights, length, vocab_size):
    ends = {1: ("blocks", (length, 1, vocab_size)), length - 1: ("parity", (length, vocab_size))}
    for dimension, (name, size) in ends.items():
        for quantity in ("error_rate", "expected_divergence"):
            of_code = getattr(closed_forms, f"mds_{quantity}")(weights, length, dimension, vocab_size)
            assert of_code == getattr(closed_forms, f"{name}_{quantity}")(weights, *size)


def test_more_uniform_steps_can_cost_a_code_more():
    """[25, 10] in log V: N = 2 -> 3 raises E KL, though no refinement does."""
    two, three = (closed_forms.mds_expected_divergence([Fraction(1, n)] * n, 25, 10, 2) for n in (2, 3))
    assert float(two) == pytest.approx(4.4216, abs=5e-5)
    assert float(three) == pytest.approx(4.5783, abs=5e-5)


@pytest.mark.parametrize(("length", "steps"), [(1, 3), (2, 1), (3, 2), (4, 5), (6, 3), (5, 8)])
def test_two_sentences(length, steps):
    q = uniform_on(["01" * length, "10" * length], 2).marginal(range(length))
    schedule = IID.uniform(steps)
    error_rate = closed_forms.two_sentences_error_rate(length, steps)
    divergence = closed_forms.two_sentences_expected_divergence(length, steps)
    compare(q, schedule, error_rate, LogSum.of(divergence))
    with arithmetic("ball", bits=128).context():
        expected = closed_forms.two_sentences_token_error_rate(length, steps)
        assert log2_token_error_rate(q, schedule).value.overlaps(expected.enclosure())


def test_two_sentences_at_real_lengths():
    """SER N / L -> 1/4 and E KL N / L -> 1/2: a thousand tokens in a thousand steps fail one time in four."""
    assert float(closed_forms.two_sentences_error_rate(1000, 1000)) == pytest.approx(0.2450, abs=5e-4)
    assert 100_000 * float(closed_forms.two_sentences_error_rate(100, 100_000)) == pytest.approx(25, rel=1e-3)
    scaled = 100_000 * float(closed_forms.two_sentences_expected_divergence(100, 100_000))
    assert scaled == pytest.approx(50, rel=1e-2)


@pytest.mark.parametrize(("length", "dimension", "vocab_size"), CODES)
def test_first_order_error_of_codes(length, dimension, vocab_size):
    expected = closed_forms.mds_first_order_error(length, dimension, vocab_size)
    assert first_order_error(zoo.mds_code(length, dimension, vocab_size)).value == expected


@given(weights=WEIGHTS, length=st.sampled_from([2, 4, 6, 8]), vocab_size=st.integers(1, 16))
def test_iid_is_the_multinomial_mixture_of_sizes(weights, length, vocab_size):
    """A check of both formulas at lengths that enumeration does not reach."""
    steps = len(weights)
    mixture = fmpq(0)
    for assignment in itertools.combinations_with_replacement(range(steps), length):
        sizes = [assignment.count(step) for step in range(steps)]
        chance, left = fmpq(1), length
        for size, weight in zip(sizes, weights, strict=True):
            chance *= fmpq(weight.numerator, weight.denominator) ** size * _binomial(left, size)
            left -= size
        mixture += chance * closed_forms.pairs_error_rate_of_sizes(sizes, vocab_size)
    together = closed_forms.same_step(weights)
    assert mixture == closed_forms.pairs_error_rate(together, length, vocab_size)


def _binomial(n, k):
    return len(list(itertools.combinations(range(n), k)))


def test_a_denoiser_that_favours_one_token():
    """`valid` replaces 1/V: if both tokens of a pair follow (3/4, 1/4), 5/8 of the pairs come out equal."""
    error_rate = closed_forms.pairs_error_rate(1, 4, 2, valid=Fraction(5, 8))
    assert error_rate == 1 - fmpq(25, 64)


def test_bad_input():
    with pytest.raises(ValueError, match="length: expected an even number"):
        closed_forms.pairs_error_rate(1, 5, 2)
    with pytest.raises(ValueError, match="weights: expected non-negative rationals that sum to 1"):
        closed_forms.same_step([Fraction(1, 2), Fraction(1, 3)])
    with pytest.raises(ValueError, match="weights"):
        closed_forms.parity_error_rate([Fraction(3, 2), Fraction(-1, 2)], 3, 2)
    for dimension in (0, 4):
        with pytest.raises(ValueError, match=f"dimension: expected a number in 1..3, got {dimension}"):
            closed_forms.mds_error_rate([1], 3, dimension, 2)
        with pytest.raises(ValueError, match="dimension"):
            closed_forms.mds_error_rate_of_sizes([2, 1], dimension, 2)
