import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import (
    HMM,
    CommunicatingClass,
    MarkovChain,
    Mixture,
    NGram,
    Oracle,
    Product,
    Table,
    communicating_classes,
    support_graph,
    uniform_on,
    zoo,
)
from oracles.patterns import all_sequences
from oracles.testing import hmms, markov_chains, ngrams, oracles, tables
from tests.oracles.twins import Draw


def spelled(graph: nx.DiGraph, steps: int) -> set[tuple[int, ...]]:
    """The token sequences of all walks of so many nodes from a start, walk by walk."""
    walks = [[node] for node, data in graph.nodes(data=True) if data["start"]]
    for _ in range(steps - 1):
        walks = [[*walk, after] for walk in walks for after in graph.successors(walk[-1])]
    emitted = [[graph.nodes[node]["tokens"] for node in walk] for walk in walks]
    return {word for walk in emitted for word in itertools.product(*walk)}


def words_of(law: Oracle) -> set[tuple[int, ...]]:
    words = all_sequences(law.vocab_size, law.length)
    return {tuple(word) for word in words[np.asarray(law.in_support(words))].tolist()}


@given(law=st.one_of(markov_chains(), hmms(), tables()))
def test_walks_spell_the_support(law: Oracle) -> None:
    assert spelled(support_graph(law), law.length) == words_of(law)


@given(law=ngrams(max_order=4))
def test_walks_of_an_ngram_spell_what_follows_its_first_context(law: NGram) -> None:
    graph = support_graph(law)
    memory = max(law.order - 1, 1)
    if not law.homogeneous or not law.transitions:
        assert spelled(graph, law.length) == words_of(law)
    elif law.length >= memory:
        # A start context has emitted its first tokens already.
        assert spelled(graph, law.length - memory + 1) == {word[memory - 1 :] for word in words_of(law)}


@pytest.mark.parametrize(
    "law",
    [
        zoo.dyck(6),
        zoo.tetracode(),
        zoo.equal_pairs(4),
        Mixture(["1/2", "1/2", 0], [zoo.golden_mean(4), zoo.dyck(4), zoo.all_equal(4)]),
        Product([zoo.non_unifilar_hmm(2), uniform_on(["01", "10"], 2)]),
        zoo.golden_mean(4).condition([2, 1, 2, 2]),
        zoo.non_unifilar_hmm(4).condition([2, 1, 2, 0]).to("float64"),
        zoo.trigram(1),
    ],
    ids=repr,
)
def test_layered_walks_spell_the_support(law: Oracle) -> None:
    graph = support_graph(law)
    assert spelled(graph, law.length) == words_of(law)
    assert all(after[0] == before[0] + 1 for before, after in graph.edges) or isinstance(law, NGram)


def test_nodes_of_a_chain_are_its_tokens() -> None:
    graph = support_graph(zoo.golden_mean(8))
    assert set(graph.edges) == {(0, 0), (0, 1), (1, 0)}
    assert dict(graph.nodes(data=True)) == {
        0: {"tokens": (0,), "start": True},
        1: {"tokens": (1,), "start": True},
    }


def test_nodes_of_a_trigram_are_its_contexts() -> None:
    graph = support_graph(zoo.trigram(5, keep=1))
    assert set(graph.edges) == {((0, 0), (0, 0)), ((0, 1), (1, 1)), ((1, 1), (1, 0)), ((1, 0), (0, 1))}
    assert graph.nodes[0, 1]["tokens"] == (1,)


def test_nodes_of_an_hmm_are_its_hidden_states() -> None:
    law = HMM([1, 0, 0], [[0, 1, 0], [0, 1, 0], [1, 0, 0]], [["1/2", "1/2"], [0, 1], [1, 0]], 1)
    graph = support_graph(law)
    assert set(graph.edges) == {(0, 1), (1, 1)}
    assert {node: data["tokens"] for node, data in graph.nodes(data=True)} == {0: (0, 1), 1: (1,)}


def test_position_dependent_laws_are_layered() -> None:
    law = MarkovChain([1, 0], [[[0, 1], [0, 0]], [[0, 0], ["1/2", "1/2"]]], 3)
    assert set(support_graph(law).edges) == {((0, 0), (1, 1)), ((1, 1), (2, 0)), ((1, 1), (2, 1))}
    assert [found.period for found in communicating_classes(law)] == [0, 0, 0, 0]
    assert [found.closed for found in communicating_classes(law)] == [False, False, True, True]


# ---------------------------------------------------------------------- classes and periods


@st.composite
def chains_of_many_tokens(draw: Draw) -> MarkovChain:
    """Sparse chains, where classes and periods vary most."""
    vocab = draw(st.integers(1, 6))
    rows = st.lists(st.integers(0, vocab - 1), min_size=1, max_size=2, unique=True)
    successors = [draw(rows) for _ in range(vocab)]
    transition = np.zeros((vocab, vocab), dtype=object)
    for before, afters in enumerate(successors):
        transition[before, afters] = f"1/{len(afters)}"
    initial = np.zeros(vocab, dtype=object)
    initial[draw(st.integers(0, vocab - 1))] = 1
    return MarkovChain(initial.tolist(), transition.tolist(), 3)


@given(law=chains_of_many_tokens())
def test_classes_match_powers_and_cycles(law: MarkovChain) -> None:
    vocab = law.vocab_size
    step = np.asarray(law.support().transitions[0])
    reach = np.eye(vocab, dtype=bool)
    for _ in range(vocab):
        reach |= (reach.astype(int) @ step.astype(int)) > 0
    visited = reach[np.flatnonzero(law.support().initial)].any(axis=0)
    graph = support_graph(law)
    assert set(graph) == set(np.flatnonzero(visited).tolist())
    found = communicating_classes(law)
    assert sorted(state for part in found for state in part.states) == sorted(graph)
    for part in found:
        for a, b in itertools.product(part.states, graph):
            assert (reach[a, b] and reach[b, a]) == (b in part.states)
        cycles = nx.simple_cycles(graph.subgraph(part.states))
        assert part.period == math.gcd(*map(len, cycles))
        assert part.closed == all(b in part.states for a in part.states for b in np.flatnonzero(step[a]))
        if part.period:
            assert part.aperiodic == nx.is_aperiodic(graph.subgraph(part.states))


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (zoo.golden_mean(4), [((0, 1), 1, True)]),
        (zoo.ababbaba(4), [((0, 1), 2, True)]),
        (zoo.all_equal(4, 3), [((0,), 1, True), ((1,), 1, True), ((2,), 1, True)]),
        (zoo.noisy_cycle(4, noise=0), [((0, 1, 2, 3, 4), 5, True)]),
        (zoo.noisy_cycle(4), [((0, 1, 2, 3, 4), 1, True)]),
        (zoo.deterministic_cycle_hmm(4), [((0, 1, 2), 3, True)]),
        (zoo.non_unifilar_hmm(4), [((0, 1, 2), 1, True)]),
        (MarkovChain([1, 0], [[0, 1], [0, 1]], 1), [((0,), 0, False), ((1,), 1, True)]),
        (NGram(1, [1, 0], 3), [((0,), 1, True)]),
    ],
)
def test_known_classes(law: Oracle, expected: Any) -> None:
    assert communicating_classes(law) == [CommunicatingClass(*part) for part in expected]


def test_pairs_have_period_two() -> None:
    (only,) = communicating_classes(zoo.pair_hmm(4, 3))
    assert (only.period, only.closed, only.aperiodic) == (2, True, False)
    assert len(only.states) == 6


@given(law=oracles())
def test_any_law_has_a_graph_whose_classes_cover_it(law: Oracle) -> None:
    parts = communicating_classes(law)
    assert sorted(map(str, support_graph(law))) == sorted(
        str(state) for part in parts for state in part.states
    )
    assert any(part.closed for part in parts)


def test_one_token() -> None:
    assert communicating_classes(MarkovChain([1], [[1]], 1)) == [CommunicatingClass((0,), 1, True)]
    assert list(support_graph(Table([1]))) == [(0, 0)]
