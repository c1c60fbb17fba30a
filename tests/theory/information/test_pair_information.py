"""Mutual information of two tokens against the entropies of the marginal laws."""

import pytest
from hypothesis import given

from oracles import MarkovChain, zoo
from oracles.testing import markov_chains
from theory.information.pair_information import PairInformation


@given(q=markov_chains(max_length=6))
def test_information_of_every_pair(q: MarkovChain) -> None:
    information = PairInformation(q)
    rounded = PairInformation(q.to("float64"))
    singles = [q.marginal([i]).entropy().value for i in range(q.length)]
    for left in range(q.length):
        for right in range(left + 1, q.length):
            value = information.between(left, right)
            with information.system.context():
                both = q.marginal([left, right]).entropy().value
                assert value.overlaps(singles[left] + singles[right] - both)
            assert value.rad() < 1e-30
            assert rounded.between(left, right) == pytest.approx(float(value), abs=1e-14)


def test_the_begin_and_the_end_tell_nothing() -> None:
    information = PairInformation(zoo.golden_mean(4))
    assert information.between(-1, 2) == information.between(1, 4) == information.between(-1, 4) == 0


def test_one_transition_used_at_every_step_or_written_out() -> None:
    """The gaps asked for out of order; by halving, and one after the other."""
    rows = [["1/4", "3/4"], ["2/5", "3/5"]]
    same = PairInformation(MarkovChain(["1/3", "2/3"], rows, 40))
    apart = PairInformation(MarkovChain(["1/3", "2/3"], [[list(row) for row in rows] for _ in range(39)], 40))
    for gap in (17, 16, 3, 39, 1, 2):
        assert all(a.overlaps(b) for a, b in zip(same.at_gap(gap), apart.at_gap(gap), strict=True))
