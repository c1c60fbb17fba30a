"""The strategies reach the cases that they are there for, and shrink to simple laws."""

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from oracles import HMM, FormalLanguage, MarkovChain, Mixture, NGram, Oracle, Product, Table, entropy
from oracles.arithmetic import NAMES
from oracles.testing import (
    compositions,
    distributions,
    hmms,
    languages,
    markov_chains,
    mixtures,
    ngrams,
    oracles,
    ordered_partitions,
    patterns,
    products,
    size_vectors,
    tables,
    weights,
)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(st.just(n), distributions(n), distributions(n, zeros=False))
    )
)
def test_distributions(drawn: tuple[int, list[F], list[F]]) -> None:
    size, law, positive = drawn
    assert len(law) == len(positive) == size
    assert sum(law) == sum(positive) == 1
    assert min(law) >= 0
    assert min(positive) > 0


@given(st.data())
def test_numbers_of_a_schedule(data: st.DataObject) -> None:
    length, steps = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    sizes = data.draw(size_vectors(length, steps))
    assert (len(sizes), sum(sizes), min(sizes) >= 0) == (steps, length, True)
    parts = data.draw(compositions(length))
    assert (sum(parts), min(parts) > 0) == (length, True)
    blocks = data.draw(ordered_partitions(length))
    assert sorted(i for block in blocks for i in block) == list(range(length))
    assert all(block for block in blocks)
    law = data.draw(weights(steps))
    assert (len(law), sum(law)) == (steps, 1)


@given(st.data())
def test_possible_patterns_are_possible(data: st.DataObject) -> None:
    q = data.draw(oracles())
    assert q.in_support(data.draw(patterns(q, possible=True)))
    assert len(data.draw(patterns(q))) == q.length


@given(st.data(), st.sampled_from(NAMES))
def test_options(data: st.DataObject, name: str) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=3, arithmetic=name, zeros=False))
    assert q.vocab_size <= 2
    assert q.length <= 3
    assert q.arithmetic.name == name
    assert q.in_support([0] * q.length)


@pytest.mark.parametrize("dependent", [True, False])
def test_dependence_on_the_position(dependent: bool) -> None:
    @settings(max_examples=20)
    @given(markov_chains(position_dependent=dependent), hmms(position_dependent=dependent))
    def check(q: MarkovChain, h: HMM) -> None:
        assert len(q.transitions) == len({id(t) for t in q.transitions}) or not dependent
        assert q.homogeneous or dependent
        assert len({id(e) for e in h.emissions}) == (h.length if dependent else 1)

    check()


def possible(q: Oracle) -> int:
    return sum(bool(p > 0) for p in q.joint().flat)


FAMILIES = (MarkovChain, NGram, HMM, Table, Product, Mixture, FormalLanguage)
REACHED: list[tuple[Any, Callable[[Any], bool]]] = [
    (family(), condition)
    for family in (markov_chains, ngrams, hmms, tables, products, mixtures, languages, oracles)
    for condition in (
        lambda q: q.length == 1,
        lambda q: q.length == 4,
        lambda q: q.vocab_size == 1,
        lambda q: q.vocab_size >= 2 and q.length >= 2 and possible(q) == 1,
        lambda q: q.vocab_size >= 2 and q.length >= 2 and possible(q) == q.vocab_size**q.length,
        lambda q: q.length >= 3 and 1 < possible(q) < q.vocab_size**q.length,
    )
] + [
    (ngrams(), lambda q: q.order == 4 and q.length == 4 and q.vocab_size > 1),
    (ngrams(), lambda q: q.order > q.length + 1),
    (ngrams(), lambda q: q.order == 1 and q.length > 1 and q.vocab_size > 1),
    (ngrams(), lambda q: any(np.any(t.sum(axis=-1) == 0) for t in q.transitions)),
    (markov_chains(), lambda q: any(np.any(t.sum(axis=-1) == 0) for t in q.transitions)),
    (markov_chains(), lambda q: not q.homogeneous),
    (hmms(), lambda h: h.hidden_size > h.vocab_size > 1),
    (hmms(), lambda h: h.length > 1 and not entropy.is_unifilar(h)),
    (products(), lambda q: len(q.parts) > 1),
    (mixtures(), lambda q: len(q.parts) > 1 and all(q.weights > 0)),
    (mixtures(), lambda q: len(q.parts) > 1 and any(q.weights == 0)),
    (languages(), lambda q: q.weighted and len(set(q.joint().flat)) > 2),
    *((oracles(), lambda q, family=family: type(q) is family) for family in FAMILIES),
]


@pytest.mark.parametrize(("strategy", "condition"), REACHED)
def test_the_cases_they_are_there_for(strategy: Any, condition: Callable[[Any], bool]) -> None:
    quick = settings(
        max_examples=500, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    find(
        strategy,
        condition,
        settings=settings(quick, phases=[phase for phase in quick.phases if phase.name == "generate"]),
    )


def test_they_shrink_to_simple_laws() -> None:
    quick = settings(max_examples=200, derandomize=True, database=None)
    q = find(oracles(), lambda q: q.length >= 2 and possible(q) >= 2, settings=quick)
    assert (q.vocab_size, q.length, possible(q)) == (2, 2, 2)
    assert set(q.joint().flat) == {F(0), F(1, 2)}
    assert find(markov_chains(), lambda q: True, settings=quick).joint().tolist() == [1]
    assert find(patterns(q), lambda p: True, settings=quick) == [2, 2]
