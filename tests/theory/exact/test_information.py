"""Exact information quantities against the enclosures of the other modules, and exact identities."""

from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Table, testing
from oracles.arithmetic import arithmetic
from theory import IID, kl_divergence, sampler_law, sequence_error_rate
from theory.exact import information as exact
from theory.information import information_profile, total_correlation


def encloses(ball, number):
    with arithmetic("ball", bits=128).context():
        return ball.overlaps(number.enclosure())


@settings(max_examples=25)
@given(q=testing.oracles(max_vocab=2, max_length=4))
def test_information_of_a_law(q):
    profile = information_profile(q)
    assert encloses(profile.entropy, exact.entropy(q))
    assert encloses(profile.correlation, exact.correlation(q))
    assert encloses(total_correlation(q).value, exact.total_correlation(q))


@settings(max_examples=25)
@given(q=testing.oracles(max_vocab=2, max_length=3), weights=st.integers(1, 3).flatmap(testing.weights))
def test_distance_of_a_sampler(q, weights):
    schedule = IID(weights)
    law = sampler_law(q, schedule)
    assert encloses(kl_divergence(q, schedule).value, exact.divergence(law))
    assert sequence_error_rate(q, schedule).value == exact.error_rate(law)


@given(a=testing.tables(max_vocab=2, max_length=2), b=testing.tables(max_vocab=2, max_length=2))
def test_independent_parts_add_up_exactly(a, b):
    """The law of two independent pieces has the sum of their information, as exact numbers."""
    if a.vocab_size != b.vocab_size:
        return
    q = _product(a, b)
    assert exact.correlation(q) == exact.correlation(a) + exact.correlation(b)
    assert exact.entropy(q) == exact.entropy(a) + exact.entropy(b)


def _product(a, b):
    left, right = a.joint(), b.joint()
    return Table(left.reshape(left.shape + (1,) * b.length) * right)
