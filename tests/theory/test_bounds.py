"""Published bounds: against brute force, and the constants the catalogue of the field quotes."""

import itertools
from fractions import Fraction

import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from oracles import testing
from oracles.arithmetic import arithmetic
from tests.theory import brute_force
from theory import bounds
from theory.exact.log_sums import LogSum, log2, relative_entropy
from theory.laws import closed_forms

LAWS = st.lists(st.integers(1, 30), min_size=3, max_size=3).map(lambda a: [Fraction(x, sum(a)) for x in a])


@given(law=LAWS, error=st.fractions(Fraction(1, 50), 1, max_denominator=50))
def test_no_law_within_the_error_collides_more_often(law, error):
    with arithmetic("ball", bits=128).context():
        divergence = -sum((arb(fmpq(3 * p.numerator, p.denominator)).log() for p in law), arb(0)) / 3
        if divergence <= fmpq(error.numerator, error.denominator):
            collision = sum(p * p for p in law)
            largest = bounds.largest_collision(error, 3)
            assert not largest < fmpq(collision.numerator, collision.denominator)


def test_the_extremal_law_has_exactly_the_allowed_error():
    with arithmetic("ball", bits=128).context():
        low, high = bounds.peak_bracket(Fraction(1, 128), 16)
        for peak, below in ((low, True), (high, False)):
            rest = (1 - peak) / 15
            uniform = [fmpq(1, 16)] * 16
            bits = relative_entropy(uniform, [peak] + [rest] * 15)
            assert (bits.enclosure(300) * arb.const_log2() < fmpq(1, 128)) is below
        assert high - low < fmpq(1, 2**100)


@pytest.mark.parametrize(
    ("error", "collision", "constant"),
    [(Fraction(1, 128), 0.063795, 0.67533), (Fraction(3, 10), 0.182785, 0.589496)],
)
def test_constants_for_a_learned_denoiser(error, collision, constant):
    with arithmetic("ball", bits=128).context():
        largest = bounds.largest_collision(error, 16)
        assert float(largest) == pytest.approx(collision, abs=5e-7)
        assert float(bounds.too_few_steps(largest)) == pytest.approx(constant, abs=5e-6)


def test_constant_for_an_ideal_denoiser():
    with arithmetic("ball", bits=128).context():
        constant = bounds.too_few_steps(fmpq(1, 16))
        assert float(constant) == pytest.approx(0.6762633, abs=5e-8)
        assert bounds.whole(1000 * constant) == 676
        with pytest.raises(ArithmeticError, match="not decided"):
            bounds.whole(arb(3, 1e-9))


@pytest.mark.parametrize("error_rate", [fmpq(1, 100), fmpq(1, 2), fmpq(999, 1000)])
def test_constant_for_any_level(error_rate):
    """The last N with (1 - (15/16)/N)^{L/2} < 1 - delta, by trying, is C L up to one step."""
    length = 400
    with arithmetic("ball", bits=128).context():
        steps = bounds.whole(length * bounds.too_few_steps(fmpq(1, 16), error_rate))
    assert closed_forms.pairs_error_rate(fmpq(1, steps), length, 16) > error_rate
    assert closed_forms.pairs_error_rate(fmpq(1, steps + 2), length, 16) < error_rate


@given(error=st.fractions(Fraction(1, 500), 5, max_denominator=500), vocab_size=st.integers(2, 300))
def test_the_closed_form_is_never_below_the_largest_collision(error, vocab_size):
    with arithmetic("ball", bits=128).context():
        largest, closed = (
            bounds.largest_collision(error, vocab_size),
            bounds.collision_bound(error, vocab_size),
        )
        if vocab_size == 2:
            assert closed.overlaps(largest)
        else:
            assert largest < closed
            assert closed < 1


def test_the_closed_form_near_an_ideal_denoiser():
    with arithmetic("ball", bits=128).context():
        assert bounds.collision_bound(0, 16).contains(fmpq(1, 16))
        closed = bounds.collision_bound(fmpq(1, 128), 16)
        assert float(bounds.too_few_steps(closed)) == pytest.approx(0.67518, abs=5e-6)
        edge = fmpq(49, 128)  # (1 - 2/16)^2 / 2, where the peak is 1/2
        assert bounds.collision_bound(edge, 16).overlaps(arb(fmpq(1, 4) + fmpq(1, 60)))


def test_the_steps_of_theorem_a():
    """SI = 5 bits over L = 5 equal bits: SI/(N L) <= 4 eps from N = 1/(4 eps) on."""
    assert [bounds.correlation_steps(log2(32), 5, fmpq(1, 4 * n), 2) for n in (1, 2, 7)] == [1, 2, 7]
    assert bounds.correlation_steps(log2(32) + fmpq(1, 1000), 5, fmpq(1, 8), 2) == 3
    assert bounds.correlation_steps(0, 5, fmpq(1, 8), 2) == 1


@pytest.mark.parametrize(("length", "vocab_size"), [(4, 2), (6, 3), (8, 16)])
def test_validity_bound_holds_for_every_size_vector(length, vocab_size):
    for steps in range(1, length + 1):
        bound = bounds.pairs_validity_bound(length, steps, vocab_size)
        for sizes in itertools.product(range(length + 1), repeat=min(steps, 4)):
            if sum(sizes) == length:
                assert 1 - closed_forms.pairs_error_rate_of_sizes(sizes, vocab_size) <= bound


def test_validity_bound_of_one_step_is_exact():
    """All together every pair is guessed."""
    assert bounds.pairs_validity_bound(6, 1, 16) == fmpq(1, 16**3)


@given(data=st.data(), vocab_size=st.integers(2, 3))
def test_counting_bound_holds_and_is_attained(data, vocab_size):
    """Languages that stay the same when every token is raised by one have uniform tokens."""
    length = data.draw(st.integers(1, 4))
    words = st.tuples(*[st.integers(0, vocab_size - 1)] * length)
    raised = {
        tuple((token + shift) % vocab_size for token in word)
        for word in data.draw(st.sets(words, min_size=1, max_size=4))
        for shift in range(vocab_size)
    }
    law = {word: Fraction(1, len(raised)) for word in raised}
    blocks = data.draw(testing.ordered_partitions(length))
    first = blocks[0]
    projected = {tuple(word[i] for i in first) for word in raised}
    bound = bounds.counting_bound(len(projected), len(first), vocab_size)
    denoise = brute_force.ideal(law, vocab_size)
    alone = [first, *([i] for i in range(length) if i not in first)]
    sampled = brute_force.law_of_partition(tuple(map(tuple, blocks)), denoise, vocab_size)
    careful = brute_force.law_of_partition(tuple(map(tuple, alone)), denoise, vocab_size)
    assert brute_force.error_rate(law, sampled) >= bound
    assert brute_force.error_rate(law, careful) == bound


def test_steps_and_length_of_the_perplexity_theorem():
    assert bounds.perplexity_steps(2, Fraction(1, 5)) == 25
    assert bounds.perplexity_length(2, Fraction(1, 5)) == 56  # 5^2.5 = 55.9
    assert bounds.perplexity_steps(3, Fraction(6, 25)) == 145
    assert bounds.perplexity_length(4, Fraction(1, 4)) == 3 * 512 + 1  # strictly more than 3 * 4^4.5


def test_bounds_take_exact_numbers():
    assert bounds.least_divergence(fmpq(3, 4)) == 2
    assert bounds.perturbation_error(fmpq(1, 2), 2) == -log2(Fraction(3, 4))
    assert bounds.divergence_bound(LogSum({}), log2(8), fmpq(1, 3), 4) == 1
    assert bounds.perplexity_bound(0, fmpq(1, 4), 8) == 3


def test_geometric_weights():
    assert bounds.rising_weights("1/2", 3) == [fmpq(4, 9), fmpq(2, 9), fmpq(1, 3)]
    assert bounds.falling_weights("1/2", 3) == [fmpq(1, 3), fmpq(2, 9), fmpq(4, 9)]
    assert bounds.rising_weights(1, 1) == [1]
    assert bounds.geometric_divergence_bound(2, 3, "1/2", 3) == fmpq(2, 2) + 3 * fmpq(4, 9)


def test_divergence_bounds_meet_at_equal_tokens_and_constant_sizes():
    """L = 6 equal bits have SI = 6 bits; sizes (2, 2, 2) reveal one bit too many."""
    assert bounds.sizes_divergence_bound(6, 2, 6) == bounds.equal_tokens_divergence(6, 3, 6) == 1


def test_bad_input():
    with pytest.raises(ValueError, match="error_nats: expected a positive number"):
        bounds.largest_collision(0, 16)
    with pytest.raises(ValueError, match=r"peaks: expected a number in 1\.\.15"):
        bounds.largest_collision(Fraction(1, 2), 16, peaks=16)
    with pytest.raises(ValueError, match="error_nats: expected a number >= 0, got -1"):
        bounds.collision_bound(-1, 16)
    with pytest.raises(ValueError, match="vocab_size: expected at least 2, got 1"):
        bounds.collision_bound(1, 1)
    for level in (0, 1):
        with pytest.raises(ValueError, match=f"error_rate: expected a number between 0 and 1, got {level}"):
            bounds.too_few_steps(fmpq(1, 16), level)
    for projections in (0, 9):
        with pytest.raises(
            ValueError, match=rf"projections: expected a number in 1\.\.8 .*, got {projections}"
        ):
            bounds.counting_bound(projections, 3, 2)


@given(ideal=st.fractions(0, 1, max_denominator=20), bits=st.fractions(0, 3, max_denominator=20))
def test_the_range_of_an_error_rate_ends_where_the_divergence_is_spent(ideal, bits):
    a, allowed = fmpq(ideal.numerator, ideal.denominator), fmpq(bits.numerator, bits.denominator)
    low, high = bounds.error_rate_range(ideal, bits)
    assert 0 <= low <= a <= high <= 1
    for end, inside in ((low, low + fmpq(1, 2**58)), (high, high - fmpq(1, 2**58))):
        for rate, spent in ((end, True), (inside, False)):
            if 0 < rate < 1 and end != a:
                divergence = relative_entropy([a, 1 - a], [rate, 1 - rate])
                assert divergence >= allowed if spent else divergence <= allowed


def test_the_range_of_an_error_rate_in_floats_and_balls():
    assert [float(end) for end in bounds.error_rate_range(0.0, 1.0)] == pytest.approx([0, 0.5], abs=1e-15)
    assert bounds.error_rate_range(0.25, float("inf")) == (0, 1)
    wide = bounds.error_rate_range(fmpq(1, 4), arb("0.1 +/- 0.01"))
    narrow = bounds.error_rate_range(fmpq(1, 4), fmpq(1, 10))
    assert wide[0] < narrow[0] < fmpq(1, 4) < narrow[1] < wide[1]
    assert bounds.error_rate_range(fmpq(1, 4), log2(2) / 10) == narrow


@pytest.mark.parametrize(
    ("ideal", "bits"),
    [
        (2, 1),
        (-1, 1),
        (arb("0.1"), 1),
        (0.5, -1),
        (float("inf"), 1),
        (float("nan"), 1),
        (0.5, float("nan")),
        (0.5, arb("nan")),
    ],
)
def test_no_range_of_what_is_no_error_rate(ideal, bits):
    with pytest.raises(ValueError, match="expected a"):
        bounds.error_rate_range(ideal, bits)
