"""Run information against its definition in exact numbers, in every number system, and at length."""

import numpy as np
import pytest
from hypothesis import given, settings

from oracles import zoo
from oracles.testing.strategies import markov_chains
from theory.exact import runs
from theory.exact.profile import Entropies
from theory.information import information_profile, run_information


@settings(max_examples=25, deadline=None)
@given(q=markov_chains(max_length=4))
def test_equals_its_definition(q):
    exact = runs.by_length(runs.run_information(Entropies(q)))
    for ball, number in zip(run_information(q), exact, strict=True):
        assert ball.overlaps(number.enclosure(128))
        assert ball.rad() < 1e-30
    np.testing.assert_allclose(run_information(q.to("float64")), [float(n) for n in exact], atol=1e-14)


def test_of_symbols():
    found = run_information(zoo.golden_mean(3).to("symbolic"))
    np.testing.assert_allclose(
        [float(n) for n in found], [float(n) for n in run_information(zoo.golden_mean(3))]
    )


@pytest.mark.parametrize("q", [zoo.sticky_chain(200), zoo.noisy_cycle(64, 5), zoo.golden_mean(1)])
def test_adds_up_at_length(q):
    q = q.to("float64")
    shared, f = np.array(run_information(q)), information_profile(q)
    sizes = np.arange(q.length)
    assert shared.sum() == pytest.approx(f.entropy, rel=1e-12)
    assert shared @ sizes == pytest.approx(f.total_correlation, rel=1e-11, abs=1e-12)
    assert shared.min() > -1e-12


def test_given_tokens_part_the_chain():
    """A revealed token ends every run: what is left is two chains."""
    q, m = zoo.golden_mean(7).to("float64"), 2
    shared = np.array(run_information(q, given=[m, m, m, 0, m, m, m]))
    left = np.array(run_information(zoo.golden_mean(4).to("float64"), given=[m, m, m, 0]))
    right = np.array(run_information(zoo.golden_mean(4).to("float64"), given=[0, m, m, m]))
    np.testing.assert_allclose(shared[:3], left + right, atol=1e-14)
    np.testing.assert_allclose(shared[3:], 0, atol=1e-14)


def test_laws_that_are_no_chains_are_refused():
    with pytest.raises(ValueError, match="q: expected a first-order Markov chain"):
        run_information(zoo.parity(4))
    with pytest.raises(ValueError, match="possible pattern"):
        run_information(zoo.golden_mean(4), given=[1, 1, 2, 2])
