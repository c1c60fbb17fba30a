"""The best fixed partition against all ordered partitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.testing import oracles
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory import Partition, kl_divergence
from theory.optimise import optimal_partition
from theory.unmasking.partitions import bisection


def all_partitions(length: int, steps: int) -> list[tuple[tuple[int, ...], ...]]:
    """Every ordered partition into exactly that many steps, some of them empty."""
    chosen = itertools.product(range(steps), repeat=length)
    return [tuple(tuple(i for i in range(length) if step[i] == k) for k in range(steps)) for step in chosen]


@given(q=oracles(max_length=4, max_vocab=2), steps=st.integers(1, 4))
def test_no_partition_is_better(q: Oracle, steps: int) -> None:
    law = as_law(q)
    twin = brute_force.ideal(law, q.vocab_size)

    def divergence(blocks: tuple[tuple[int, ...], ...]) -> float:
        return float(brute_force.divergence(law, brute_force.law_of_partition(blocks, twin, q.vocab_size)))

    least = min(map(divergence, all_partitions(q.length, steps)))
    for number_system in (q, q.to("float64")):
        found = optimal_partition(number_system, steps)
        found.schedule.check(range(q.length))
        assert all(found.partition.blocks)
        assert found.partition.steps <= steps
        assert float(found.kl) == pytest.approx(least, abs=1e-13)
        assert divergence(found.partition.blocks) == pytest.approx(least, abs=1e-13)
        assert 0 <= found.slack < 1e-12


def test_the_search_finds_bisection() -> None:
    for length in (1, 3, 7):
        found = optimal_partition(zoo.golden_mean(length), length.bit_length())
        assert sorted(map(sorted, found.partition.blocks)) == sorted(map(sorted, bisection(length).blocks))
        assert abs(float(found.kl)) < 1e-30


@pytest.mark.parametrize("length", [4, 7, 8])
def test_no_fewer_steps_are_exact_for_a_chain(length: int) -> None:
    """With positive dependence at every distance."""
    steps = bisection(length).steps
    assert float(optimal_partition(zoo.sticky_chain(length), steps - 1).kl) > 0.001


def test_pairs_take_two_steps() -> None:
    found = optimal_partition(zoo.equal_pairs(8).to("float64"), 2)
    assert float(found.kl) == pytest.approx(0, abs=1e-12)


def test_interpreted_and_compiled_agree_at_length() -> None:
    q = zoo.noisy_cycle(7, 2)
    for steps in (1, 2, 3):
        exact, rounded = optimal_partition(q, steps), optimal_partition(q.to("float64"), steps)
        assert float(exact.kl) == pytest.approx(float(rounded.kl), abs=1e-13)
        assert exact.kl.value.overlaps(kl_divergence(q, exact.schedule).value)


def test_a_prompt() -> None:
    q = zoo.sticky_chain(6)
    prompt = np.array([2, 2, 0, 2, 2, 1])
    found = optimal_partition(q, 2, given=prompt)
    assert sorted(i for block in found.partition.blocks for i in block) == [0, 1, 3, 4]
    assert float(found.kl) == pytest.approx(
        float(kl_divergence(q, Partition([[0, 3], [1, 4]]), given=prompt))
    )
    assert abs(float(found.kl)) < 1e-30


def test_too_long_laws_and_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="q: expected at most 9 positions in exact"):
        optimal_partition(zoo.golden_mean(10), 2)
    with pytest.raises(ValueError, match="q: expected at most 16 positions in float64"):
        optimal_partition(zoo.golden_mean(17).to("float64"), 2)
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1"):
        optimal_partition(zoo.golden_mean(3), 0)
    with pytest.raises(ValueError, match="without symbols"):
        optimal_partition(zoo.golden_mean(3).to("symbolic"), 2)
