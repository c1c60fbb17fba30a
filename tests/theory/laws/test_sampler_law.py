"""What a sampler's law answers: sequences, prompts, tables, and what lies on and off the support."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, Table, uniform_on, zoo
from oracles.testing import check_oracle, oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, schedule_cases
from theory import IID, FixedSizes, Partition, sampler_law
from theory.denoisers import Function
from theory.laws.sampler_law import off_support, on_support


@settings(max_examples=40)
@given(data=st.data(), q=oracles())
def test_probabilities_of_sequences_under_a_prompt(data: st.DataObject, q: Oracle) -> None:
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    case = data.draw(schedule_cases(len(free)))
    schedule = case.schedule
    if isinstance(schedule, Partition):
        schedule = Partition([[free[i] for i in block] for block in schedule.blocks])
    rest = brute_force.given(as_law(q), frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask))
    expected = brute_force.sampler_law(case.partitions, brute_force.ideal(rest, q.vocab_size), q.vocab_size)
    law = sampler_law(q, schedule, given=prompt)
    assert (law.method, law.guarantee) == ("enumeration", "exact rational")
    sequences = list(product(range(q.vocab_size), repeat=q.length))
    values = law.probability(sequences)
    assert values.shape == (len(sequences),)
    for x, value in zip(sequences, values, strict=True):
        agrees = all(token in (q.mask, v) for token, v in zip(prompt, x, strict=True))
        assert value == (expected.get(tuple(x[i] for i in free), Fraction(0)) if agrees else 0)
    assert law.probability(sequences[-1]) == values[-1]
    assert sum(values) == 1


@settings(max_examples=40)
@given(data=st.data(), q=oracles())
def test_mass_on_and_off_the_support(data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    law = sampler_law(q, case.schedule, denoiser.of(q))
    joint, table = q.joint().reshape(-1), law.table().reshape(-1)
    assert sorted(off_support(law)) == sorted(table[joint == 0])
    on = on_support(law)
    missed = bool(((joint != 0) & (table == 0)).any())
    assert (on is None) == missed
    if on is not None:
        assert on[0].tolist() == joint[joint != 0].tolist()
        assert on[1].tolist() == table[joint != 0].tolist()


def test_the_law_is_an_oracle_again() -> None:
    q = zoo.golden_mean(4)
    for given_ in (None, [2, 0, 2, 2]):
        law = sampler_law(q, IID.uniform(2), given=given_)
        table = law.as_table()
        assert isinstance(table, Table)
        np.testing.assert_array_equal(table.joint(), law.table())
        check_oracle(table)


def test_shapes_and_types() -> None:
    q = zoo.golden_mean(3).to("float32")
    law = sampler_law(q, FixedSizes([2, 1]))
    assert law.table().dtype == torch.float32
    assert law.probability(np.zeros((4, 5, 3), dtype=np.int64)).shape == (4, 5)
    assert law.probability(torch.zeros(2, 3, dtype=torch.int64)).shape == (2,)
    assert law.probability(np.zeros((0, 3), dtype=np.int64)).shape == (0,)
    assert isinstance(law.probability([0, 0, 0]), float)
    prompted = sampler_law(q, FixedSizes([1, 1]), given=[0, 2, 2])
    assert prompted.probability([1, 0, 0]) == 0
    assert prompted.probability([[0, 0, 0], [1, 0, 0]]).tolist()[1] == 0
    assert prompted.table().shape == (2, 2)


def test_other_number_systems_keep_theirs() -> None:
    p = sympy.Symbol("p", positive=True)
    symbolic = MarkovChain([p, 1 - p], [[1, 0], [0, 1]], 2)
    law = sampler_law(symbolic, FixedSizes([1]), given=[2, 0])
    assert law.probability([0, 0]) == 1
    assert law.probability([0, 1]) == 0
    ball = sampler_law(zoo.golden_mean(2).to("ball", bits=64), FixedSizes([2]))
    assert ball.guarantee == "enclosure at 64 bits"
    assert ball.probability([0, 0]).overlaps(ball.table()[0, 0])


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([0, 0], "tokens: expected last axis of length 3"),
        ([0, 0, 2], r"tokens: expected entries in 0\.\.1, got 2"),
        ([0, 0, 0.5], "tokens: expected integers"),
    ],
)
def test_bad_tokens(tokens: list, message: str) -> None:
    for given_ in (None, [2, 2, 0]):
        law = sampler_law(zoo.golden_mean(3), IID.uniform(2), given=given_)
        with pytest.raises(ValueError, match=message):
            law.probability(tokens)


def test_too_large_a_law_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(ValueError, match="schedule: enumerating 2 steps at V=2, L=1024"):
        sampler_law(zoo.golden_mean(1024), IID.uniform(2), method="enumeration")
    # A prompt that leaves little makes it small.
    prompt = [0] * 1022 + [2, 2]
    assert sampler_law(zoo.golden_mean(1024), IID.uniform(2), given=prompt).table().sum() == 1


def test_a_law_that_underflows_is_refused() -> None:
    tiny = 1e-170
    q = MarkovChain([tiny, 1 - tiny], [[tiny, 1 - tiny], [tiny, 1 - tiny]], 2)
    with pytest.raises(ArithmeticError, match="the joint law underflows in floats"):
        sampler_law(q, FixedSizes([2]))


def test_support_is_reached_even_where_floats_are_zero() -> None:
    """A denoiser that gives 1e-200 twice reaches the sequence, although its probability is not a float."""
    q = uniform_on(["00", "11"], 2).to("float64")
    shy = Function(q, lambda rows: np.tile([1e-200, 1 - 1e-200], (*rows.shape, 1)))
    law = sampler_law(q, FixedSizes([1, 1]), shy)
    assert law.probability([0, 0]) == 0
    with pytest.raises(ArithmeticError, match="the law of the sampler underflows in floats"):
        on_support(law)
