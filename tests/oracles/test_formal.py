import itertools
import math
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import oracles.automaton
from oracles import Automaton, FormalLanguage, Table, uniform_on, zoo
from oracles.entropy import is_unifilar
from oracles.testing import check_oracle, patterns
from tests.oracles.twins import ARITHMETICS, Draw, assert_same_law

WEIGHTS = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(2)])


@st.composite
def machines(draw: Draw, *, weighted: bool = False) -> tuple[Any, Any, Any, int, int]:
    """(start, accepting, edges, vocab, length) of any automaton, nondeterministic and partial ones included."""
    vocab, length, states = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    state = st.integers(0, states - 1)
    edge = st.tuples(state, st.integers(0, vocab - 1), state, *([WEIGHTS] if weighted else []))
    layer = st.lists(edge, max_size=8)
    # A loop at the start that accepts keeps most of the languages from being empty.
    layer = layer.map(lambda edges: [(0, 0, 0, *([Fraction(1)] if weighted else [])), *edges])
    edges = draw(st.one_of(layer, st.lists(layer, min_size=length, max_size=length)))
    layers = [edges] * length if isinstance(edges[0], tuple) else edges
    known = {0} | {end for layer in layers for edge in layer for end in (edge[0], edge[2])}
    return 0, draw(st.sets(st.sampled_from(sorted(known)))) | {0}, edges, vocab, length


def path_weights(start: Any, accepting: Any, edges: Any, vocab: int, length: int) -> dict[Any, Fraction]:
    """For every accepted word, the weights of its accepting paths, summed path by path."""
    layers = [edges] * length if isinstance(edges[0], tuple) else edges
    found: dict[tuple[int, ...], Fraction] = {}
    for word in itertools.product(range(vocab), repeat=length):
        paths = [(start, Fraction(1))]
        for token, layer in zip(word, layers, strict=True):
            paths = [
                (edge[2], weight * (edge[3] if len(edge) == 4 else 1))
                for state, weight in paths
                for edge in layer
                if edge[:2] == (state, token)
            ]
        accepted = [weight for state, weight in paths if state in accepting]
        if accepted:
            found[word] = sum(accepted, Fraction(0))
    return found


@pytest.mark.parametrize("name", ARITHMETICS)
@given(machine=machines())
def test_is_uniform_on_the_accepted_words(name: str, machine: tuple[Any, Any, Any, int, int]) -> None:
    start, accepting, edges, vocab, length = machine
    words = list(path_weights(*machine))
    automaton = Automaton(start, accepting, edges, vocab)
    law = FormalLanguage(automaton, length)
    assert_same_law(law.to(name), uniform_on(words, vocab).to(name))
    assert law.count == automaton.count(length) == len(words)
    assert is_unifilar(law)


@pytest.mark.parametrize("name", ARITHMETICS)
@given(machine=machines(weighted=True))
def test_weighted_words_sum_over_their_paths(name: str, machine: tuple[Any, Any, Any, int, int]) -> None:
    start, accepting, edges, vocab, length = machine
    weights = path_weights(*machine)
    law = FormalLanguage(Automaton(start, accepting, edges, vocab), length, weighted=True)
    twin = np.full((vocab,) * length, Fraction(0), dtype=object)
    for word, weight in weights.items():
        twin[word] = weight / sum(weights.values())
    assert_same_law(law.to(name), Table(twin).to(name))
    assert law.count == len(weights)


@given(machine=machines(), data=st.data())
def test_given_a_pattern_and_at_chosen_positions(machine: tuple[Any, Any, Any, int, int], data: Any) -> None:
    start, accepting, edges, vocab, length = machine
    law = FormalLanguage(Automaton(start, accepting, edges, vocab), length)
    twin = uniform_on(list(path_weights(*machine)), vocab)
    pattern = data.draw(patterns(law, possible=True))
    assert_same_law(law.condition(pattern), twin.condition(pattern))
    positions = sorted(data.draw(st.sets(st.integers(0, length - 1), min_size=1)))
    assert_same_law(law.marginal(positions), twin.marginal(positions))


EVEN_ONES = [("even", 0, "even"), ("even", 1, "odd"), ("odd", 0, "odd"), ("odd", 1, "even")]
ONE_AT_LEAST = (
    [("none", t, "none") for t in (0, 1)] + [("none", 1, "some")] + [("some", t, "some") for t in (0, 1)]
)


@pytest.mark.parametrize("name", ["exact", "float64"])
def test_obeys_the_laws_of_oracles(name: str) -> None:
    check_oracle(FormalLanguage(Automaton("even", ["even"], EVEN_ONES, 2), 4).to(name))
    check_oracle(FormalLanguage(Automaton("none", ["some"], ONE_AT_LEAST, 2), 4, weighted=True).to(name))


def test_uniform_counts_words_and_weighted_counts_paths() -> None:
    automaton = Automaton("none", ["some"], ONE_AT_LEAST, 2)
    assert automaton.count(3) == 7
    assert FormalLanguage(automaton, 3).probability([1, 1, 1]) == Fraction(1, 7)
    assert FormalLanguage(automaton, 3, weighted=True).probability([1, 1, 1]) == Fraction(3, 12)


def test_only_states_on_accepting_paths_are_kept() -> None:
    trap = [*EVEN_ONES, ("even", 0, "trap"), ("trap", 0, "trap"), ("trap", 1, "trap")]
    law = FormalLanguage(Automaton("even", ["even"], trap, 2), 5)
    assert [emission.shape[0] for emission in law.space.emissions] == [2, 4, 4, 4, 2]


@pytest.mark.parametrize("length", [1, 2, 7, 40, 400])
def test_counts_are_exact_at_any_length(length: int) -> None:
    assert Automaton("none", ["some"], ONE_AT_LEAST, 2).count(length) == 2**length - 1
    # The k-th token from the end is a 1: k + 1 states that guess, 2^k once deterministic.
    guess = [(0, 0, 0), (0, 1, 0), (0, 1, 1), (1, 0, 2), (1, 1, 2), (2, 0, 3), (2, 1, 3)]
    assert Automaton(0, [3], guess, 2).count(length) == (2 ** (length - 1) if length >= 3 else 0)


def test_long_languages() -> None:
    law = zoo.dyck(120)
    catalan = math.comb(120, 60) // 61
    assert law.count == catalan
    word = [0, 1] * 60
    assert law.probability(word) == Fraction(1, catalan)
    assert law.to("float64").log_prob(word) == pytest.approx(-math.log(catalan), rel=1e-12)
    assert float(law.entropy()) == pytest.approx(math.log2(catalan), rel=1e-12)
    # Away from the ends a homogeneous language repeats its transition.
    assert len({id(transition) for transition in zoo.parity(100, 3).space.transitions}) <= 3


def test_float_weights_neither_overflow_nor_lose_words_at_length() -> None:
    rates = [(0, 0, 0, 1e-3), (0, 1, 1, 1e3), (1, 0, 0, 1.0)]
    law = FormalLanguage(Automaton(0, [0, 1], rates, 2), 600, weighted=True)
    exact = [(a, t, b, Fraction(w)) for a, t, b, w in rates]
    twin = FormalLanguage(Automaton(0, [0, 1], exact, 2), 600, weighted=True)
    word = [0, 0, 1] * 200
    assert law.log_prob(word) == pytest.approx(float(twin.log_prob(word)), rel=1e-10)


def test_float_weights_too_far_apart_are_refused() -> None:
    edges = [(0, 0, 1, 1e-300), (0, 1, 1, 1e300), (1, 0, 1, 1.0)]
    with pytest.raises(ArithmeticError, match="underflows in floats; give exact weights"):
        FormalLanguage(Automaton(0, [1], edges, 2), 2, weighted=True)


def test_symbolic_weights() -> None:
    w = sympy.Symbol("w", positive=True)
    law = FormalLanguage(Automaton(0, [0, 1], [(0, 0, 0), (0, 1, 1, w), (1, 0, 0)], 2), 2, weighted=True)
    twin = np.array([[1, w], [w, 0]], dtype=object) / (1 + 2 * w)
    assert_same_law(law, Table(twin))


def test_from_a_graph() -> None:
    graph = nx.MultiDiGraph()
    graph.add_edge("even", "even", token=0)
    graph.add_edge("odd", "odd", token=0)
    graph.add_edge("even", "odd", token=1, weight="1/2")
    graph.add_edge("odd", "even", token=1)
    graph.add_edge("odd", "even", token=2)
    law = FormalLanguage(Automaton.from_graph(graph, "even", ["even"], 3), 2)
    assert law.count == 3
    assert law.probability([1, 2]) == Fraction(1, 3)
    graph.add_edge("even", "even")
    with pytest.raises(
        ValueError, match="graph: expected a token on every edge, got none on 'even' -> 'even'"
    ):
        Automaton.from_graph(graph, "even", ["even"], 3)


def test_position_dependent_automata_have_one_length() -> None:
    automaton = Automaton(0, [0], [[(0, 0, 1)], [(1, 1, 0), (1, 0, 0)]], 2)
    assert_same_law(FormalLanguage(automaton, 2), uniform_on(["01", "00"], 2))
    with pytest.raises(ValueError, match="length: expected 2, as the edges are given, got 3"):
        FormalLanguage(automaton, 3)
    assert "length 2" in repr(automaton)


def test_empty_languages() -> None:
    automaton = Automaton("even", ["odd"], [("even", 0, "even"), ("odd", 0, "odd")], 2)
    assert automaton.count(5) == 0
    assert Automaton(0, [0], [], 2).count(3) == 0
    with pytest.raises(ValueError, match="automaton: expected a word of length 5, got an empty language"):
        FormalLanguage(automaton, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [0], [(0, 2, 0)], 2), r"edges: expected tokens in 0..1, got 2 in \(0, 2, 0\)"),
        ((0, [0], [(0, 0, 0), (0, 0)], 2), r"edges: expected \(state, token, next state\)"),
        ((0, [0], [(0, 0, 0), "001"], 2), r"edges: expected \(state, token, next state\)"),
        ((0, [0], [(0, 0, 0, 0)], 2), "edges: expected positive weights, got 0"),
        ((0, [0], [(0, 0, 0, -1.0)], 2), "edges: expected positive weights, got -1"),
        ((0, [0], [(0, 0, 0, math.nan)], 2), "edges: expected positive weights, got nan"),
        ((0, [0], [(0, 0, 0, math.inf)], 2), "edges: expected positive weights, got inf"),
        ((0, [0], [(0, 0, 0, "half")], 2), "edges: expected an array of exact numbers"),
        ((0, [1], [(0, 0, 0)], 2), "accepting: expected states that edges mention, got 1"),
        ((0, [0], [(0, 0, 0)], 0), "vocab_size: expected an integer of at least 1, got 0"),
    ],
)
def test_bad_automata_are_named(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Automaton(*arguments)


# Some token comes again three places later: a guess of where, and all three tokens once deterministic.
AGAIN = [("wait", t, "wait") for t in (0, 1)] + [("done", t, "done") for t in (0, 1)]
AGAIN += [("wait", t, (t, 2)) for t in (0, 1)] + [((t, 2), any_, (t, 1)) for t in (0, 1) for any_ in (0, 1)]
AGAIN += [((t, 1), any_, (t, 0)) for t in (0, 1) for any_ in (0, 1)] + [((t, 0), t, "done") for t in (0, 1)]


def test_ambiguous_words_count_once() -> None:
    words = ["".join(word) for word in itertools.product("01", repeat=7)]
    again = [word for word in words if any(a == b for a, b in zip(word, word[3:], strict=False))]
    law = FormalLanguage(Automaton("wait", ["done"], AGAIN, 2), 7)
    assert law.count == len(again) == 2**7 - 2**3
    assert_same_law(law, uniform_on(again, 2))


def test_too_many_subsets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracles.automaton, "SUBSET_LIMIT", 4)
    with pytest.raises(ValueError, match="more than 4 states at one position"):
        FormalLanguage(Automaton("wait", ["done"], AGAIN, 2), 8)
