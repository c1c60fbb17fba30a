"""Paths forced by the sequences, against the branching law and the twins of the planners."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.testing import oracles
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory import IID, EntropyBounded, EntropySum, LowConfidence, OneOf, Partition, TopK, sampler_law
from theory.denoisers import Ideal, Perturbed
from theory.exact import information as exact
from theory.exact.paths import ExactPaths

PLANNERS = [EntropyBounded("1/2"), EntropySum("3/4"), EntropySum("3/4", "entropy", crossing=False), TopK(2)]


@settings(max_examples=60)
@given(q=oracles(max_length=3), planner=st.sampled_from(PLANNERS), a=st.sampled_from([0, Fraction(1, 3)]))
def test_the_divergence_is_that_of_the_law(q: Oracle, planner, a) -> None:
    denoiser = Perturbed(Ideal(q), a) if a else None
    paths = ExactPaths.of(q, planner, denoiser)
    assert paths.divergence == exact.divergence(sampler_law(q, planner, denoiser))
    assert sum(paths.weights) == 1


@settings(max_examples=60)
@given(
    q=oracles(max_length=3), bits=st.sampled_from([Fraction(1, 4), Fraction(3, 4)]), crossing=st.booleans()
)
def test_steps_against_the_twin(q: Oracle, bits: Fraction, crossing: bool) -> None:
    law = as_law(q)
    ideal = brute_force.ideal(law, q.vocab_size)
    paths = twins.paths_along(twins.entropy_sum(bits, "left", crossing), law, ideal, q.length)
    wanted = sum(probability for probability, _, _ in paths)
    assert ExactPaths.of(q, EntropySum(bits, "left", crossing)).expected_steps == wanted


def test_a_partition_reveals_its_blocks() -> None:
    paths = ExactPaths.of(zoo.equal_pairs(4), Partition([[0, 1], [], [2, 3]]))
    assert (paths.expected_steps, paths.divergence) == (2, 2)
    assert paths.cross_entropy == 4


@pytest.mark.parametrize(
    ("q", "sampler", "message"),
    [
        (zoo.golden_mean(2).to("float64"), TopK(1), "q: expected an exact law"),
        (zoo.golden_mean(2), LowConfidence(1), "unmasking: expected one that keeps"),
        (zoo.golden_mean(2), OneOf([TopK(1), TopK(2)], ["1/2", "1/2"]), "unmasking: expected one that keeps"),
        (zoo.golden_mean(2), IID.uniform(2), "unmasking: expected a planner or a partition"),
    ],
)
def test_what_has_no_forced_paths(q, sampler, message) -> None:
    with pytest.raises(ValueError, match=message):
        ExactPaths.of(q, sampler)
