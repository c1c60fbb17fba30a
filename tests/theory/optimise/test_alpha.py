"""The best member of a family of masking schedules."""

from fractions import Fraction

import pytest

from oracles import MarkovChain, zoo
from theory import IID, expected_kl, information_profile
from theory.information.profile import iid_expected_kl
from theory.optimise import optimal_alpha, optimal_weights
from theory.unmasking import alphas


@pytest.mark.parametrize("family", [alphas.power, alphas.polynomial])
@pytest.mark.parametrize("q", [zoo.sticky_chain(24), zoo.golden_mean(24), zoo.parity(6)], ids=repr)
def test_no_parameter_nearby_or_far_is_better(q: MarkovChain, family: alphas.Alpha) -> None:
    profile = information_profile(q.to("float64"))
    found = optimal_alpha(profile, 5, family=family)
    best = float(found.expected_kl)
    for p in [Fraction(k, 10) for k in range(2, 80, 3)] + [
        found.parameter * Fraction(k, 100) for k in (99, 101)
    ]:
        assert iid_expected_kl(profile, IID.from_alpha(family(p), 5).weights) >= best - 1e-9
    weights = optimal_weights(profile, 5)
    assert best >= float(weights.expected_kl) - weights.slack - 1e-12


def test_two_steps_reach_the_best_weights() -> None:
    """Any c_1 is (1/2)^p for some p."""
    q = zoo.parity(8)
    found = optimal_alpha(q, 2)
    assert float(found.expected_kl) == pytest.approx(float(optimal_weights(q, 2).expected_kl), abs=1e-9)
    assert float(found.expected_kl) == pytest.approx(float(expected_kl(q, found.schedule)), abs=1e-15)


def test_the_range_is_kept() -> None:
    assert optimal_alpha(zoo.sticky_chain(24), 4, between=(0.2, 0.5)).parameter == pytest.approx(
        0.5, abs=1e-5
    )


@pytest.mark.parametrize("between", [(1, 1), (2, 1), (0, 1), (-1, 1), (1, float("inf"))])
def test_a_range_that_is_none_is_refused(between: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="between: expected two positive numbers"):
        optimal_alpha(zoo.tetracode(), 2, between=between)
