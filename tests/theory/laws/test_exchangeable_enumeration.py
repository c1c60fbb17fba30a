"""The fused enumeration of schedules that treat all positions alike, against the plain one and the brute force."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, Table, zoo
from oracles.testing import oracles, size_vectors, weights
from tests.theory import brute_force
from tests.theory.cases import RELATIVE_ERROR, denoiser_cases
from theory import IID, FixedSizes, Partition, TopK, sampler_law
from theory.denoisers import Function, Ideal
from theory.laws import exchangeable_enumeration
from theory.laws.enumeration import enumerate_law
from theory.laws.exchangeable_enumeration import applies, enumerate_exchangeable
from theory.unmasking.oblivious import Exchangeable


@st.composite
def exchangeable(draw: st.DrawFn, length: int) -> tuple[Exchangeable, list]:
    """An exchangeable schedule and all its partitions: zero weights, empty steps and N > L among them."""
    if draw(st.booleans()):
        chosen = draw(weights(draw(st.integers(1, 5 if length < 4 else 3))))
        return IID(chosen), list(brute_force.iid_partitions(chosen, length))
    sizes = draw(size_vectors(length, draw(st.integers(1, 5))))
    return FixedSizes(sizes), list(brute_force.sizes_partitions(sizes, length))


@pytest.mark.parametrize("name", ["float64", "float32"])
@settings(max_examples=60)
@given(data=st.data(), q=oracles())
def test_the_law(name: str, data: st.DataObject, q: Oracle) -> None:
    schedule, partitions = data.draw(exchangeable(q.length))
    denoiser, moved = data.draw(denoiser_cases(q)), q.to(name)
    answers = denoiser.of(moved) or Ideal(moved)
    law = enumerate_exchangeable(moved, schedule, answers)
    assert law.dtype == getattr(torch, name)
    assert tuple(law.shape) == (q.vocab_size,) * q.length
    expected = brute_force.sampler_law(partitions, denoiser.twin, q.vocab_size)
    error = RELATIVE_ERROR[name]
    for x in np.ndindex(tuple(law.shape)):
        assert float(law[x]) == pytest.approx(float(expected.get(x, Fraction(0))), rel=error, abs=error / 100)
        assert bool(law[x] == 0) == (expected.get(x, Fraction(0)) == 0)
    plain = enumerate_law(moved, schedule, answers)
    torch.testing.assert_close(law, plain, rtol=error, atol=error / 100)


def test_it_serves_float_laws_on_the_cpu_and_schedules_without_favourites() -> None:
    q = zoo.golden_mean(3)
    assert applies(q.to("float64"), IID.uniform(2))
    assert applies(q.to("float32"), FixedSizes([1, 2]))
    assert not applies(q, IID.uniform(2))
    assert not applies(q.to("ball"), IID.uniform(2))
    assert not applies(q.to("float64"), Partition([[0], [1, 2]]))
    assert not applies(q.to("float64"), TopK(1))


@pytest.mark.parametrize("group", [1, 7, 2**15])
def test_any_size_of_groups_gives_the_same(group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    q = zoo.noisy_cycle(4, 3).to("float64")
    schedule = IID.uniform(3)
    plain = enumerate_law(q, schedule, Ideal(q))
    monkeypatch.setattr(exchangeable_enumeration, "GROUP", group)
    torch.testing.assert_close(enumerate_exchangeable(q, schedule, Ideal(q)), plain, rtol=1e-13, atol=1e-15)


def test_the_denoiser_is_not_asked_where_the_sampler_never_comes() -> None:
    """With sizes (2, 1), patterns with one or two tokens known are met, or none; never two masked ones."""
    q, asked = zoo.golden_mean(3).to("float64"), []

    def answer(patterns: np.ndarray) -> np.ndarray:
        asked.extend((patterns == 2).sum(axis=1).tolist())
        return np.full((*patterns.shape, 2), 0.5)

    enumerate_exchangeable(q, FixedSizes([2, 1]), Function(q, answer))
    assert set(asked) == {3, 1}


def test_float32_reveals_everything_that_is_left() -> None:
    q = zoo.all_equal(4).to("float32")
    for steps in (3, 7, 100):
        law = enumerate_exchangeable(q, IID.uniform(steps), Ideal(q))
        assert float(law.sum()) == pytest.approx(1, abs=1e-5)


def test_a_law_of_one_token_or_one_position() -> None:
    one = Table(np.ones((1, 1, 1)))
    assert enumerate_exchangeable(one, IID.uniform(4), Ideal(one)).tolist() == [[[1]]]
    short = Table(np.array([0.25, 0.75]))
    assert enumerate_exchangeable(short, FixedSizes([0, 1]), Ideal(short)).tolist() == [0.25, 0.75]


def test_it_is_what_the_law_of_a_sampler_takes() -> None:
    q = zoo.golden_mean(6).to("float64")
    for schedule in (IID.uniform(4), FixedSizes([3, 2, 1])):
        fused = sampler_law(q, schedule, method="enumeration").table()
        followed = sampler_law(q, schedule, method="branching").table()
        torch.testing.assert_close(fused, followed, rtol=1e-12, atol=1e-15)
