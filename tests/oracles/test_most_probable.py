import contextlib
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

import oracles.most_probable
from oracles import (
    HMM,
    Automaton,
    FormalLanguage,
    MarkovChain,
    Mixture,
    Oracle,
    Product,
    Table,
    uniform_on,
    zoo,
)
from oracles.entropy import is_unifilar
from oracles.state_space_oracle import StateSpaceOracle
from oracles.testing import oracles as any_oracle
from oracles.testing import patterns
from tests.oracles.twins import Draw, laws


def completions(law: Oracle, pattern: list[int]) -> list[tuple[int, ...]]:
    """All completions of a pattern, in lexicographic order."""
    options = [range(law.vocab_size) if token == law.mask else [token] for token in pattern]
    return list(itertools.product(*options))


def brute_force(law: Oracle, pattern: list[int]) -> tuple[list[int], Any]:
    """The first best completion, by the joint table."""
    table = law.joint()
    best = max(completions(law, pattern), key=lambda word: table[word])  # max keeps the first of equals
    return list(best), table[best]


@st.composite
def composed(draw: Draw) -> Oracle:
    """Mixtures (hidden states of every kind) and products."""
    vocab, length = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pair = [draw(laws(vocab, length)) for _ in range(2)]
    return draw(
        st.sampled_from([Mixture(["1/2", "1/2"], pair), Product(pair[:1]), Mixture(["1/3", "2/3"], pair)])
    )


LAWS = st.one_of(any_oracle(), composed())


@given(law=LAWS, data=st.data())
def test_is_the_first_of_the_best_completions(law: Oracle, data: Any) -> None:
    pattern = data.draw(patterns(law, possible=True))
    tokens, probability = law.most_probable(pattern)
    expected, best = brute_force(law, pattern)
    assert tokens.tolist() == expected
    assert probability == best
    assert tokens.dtype == np.int64


@given(law=LAWS, data=st.data())
def test_booleans_have_a_first_possible_completion(law: Oracle, data: Any) -> None:
    pattern = data.draw(patterns(law, possible=True))
    tokens, probability = law.support().most_probable(pattern)
    assert tuple(tokens) == next(word for word in completions(law, pattern) if law.in_support(word))
    assert probability is True


@pytest.mark.parametrize(("name", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@given(law=LAWS, data=st.data())
def test_floats_find_a_maximum(name: str, tolerance: float, law: Oracle, data: Any) -> None:
    pattern = data.draw(patterns(law, possible=True))
    tokens, probability = law.to(name).most_probable(pattern)
    _, best = brute_force(law, pattern)
    assert probability == pytest.approx(float(best), rel=tolerance)
    assert float(law.probability(tokens)) == pytest.approx(float(best), rel=tolerance)
    assert all(p in (law.mask, t) for p, t in zip(pattern, tokens, strict=True))


@given(law=LAWS, data=st.data())
def test_balls_decide_or_say_that_they_cannot(law: Oracle, data: Any) -> None:
    pattern = data.draw(patterns(law, possible=True))
    expected, best = brute_force(law, pattern)
    table = law.joint()
    tied = sum(table[word] == best for word in completions(law, pattern)) > 1
    ball = law.to("ball")
    # At 128 bits nothing but a tie may stay open.
    with contextlib.suppress(*[ArithmeticError] * tied):
        tokens, probability = ball.most_probable(pattern)
        assert tokens.tolist() == expected
        assert probability.overlaps(ball.arithmetic.number(best))  # type: ignore[attr-defined]


def test_everything_is_masked_by_default() -> None:
    tokens, probability = zoo.golden_mean(7).most_probable()
    assert tokens.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert probability == Fraction(1, 12)


def test_ties_go_to_the_first_in_the_alphabet() -> None:
    assert zoo.dyck(12).most_probable()[0].tolist() == [0] * 6 + [1] * 6
    assert zoo.parity(5, 3).most_probable([3, 3, 3, 3, 2])[0].tolist() == [0, 0, 0, 1, 2]
    assert zoo.pair_hmm(6, 3).most_probable([3, 3, 3, 2, 3, 3])[0].tolist() == [0, 0, 2, 2, 0, 0]
    mixture = Mixture(["1/2", "1/2"], [zoo.all_equal(30), zoo.ababbaba(30)])
    assert mixture.most_probable()[0].tolist() == [0] * 30


def test_dyadic_ties_are_decided_in_balls() -> None:
    # Powers of two are exact in balls and in floats, so equal ones are known to be equal.
    for name in ("ball", "float64", "float32"):
        assert zoo.pair_hmm(40, 2).to(name).most_probable()[0].tolist() == [0] * 40
        assert uniform_on(["10", "01"], 2).to(name).most_probable()[0].tolist() == [0, 1]


@pytest.mark.parametrize("build", [lambda law: law, Table.of])
def test_undecided_balls_are_an_error(build: Any) -> None:
    thirds = FormalLanguage(Automaton(0, [0], [(0, token, 0) for token in range(3)], 3), 3)
    with pytest.raises(ArithmeticError, match="do not decide which completion is the most probable"):
        build(thirds.to("ball")).most_probable()


def test_undecided_balls_in_a_search_are_an_error() -> None:
    hidden = HMM(["1/3", "2/3"], [["1/3", "2/3"], ["2/3", "1/3"]], [["1/3", "1/3", "1/3"]] * 2, 3)
    assert not is_unifilar(hidden)
    with pytest.raises(ArithmeticError, match="do not decide"):
        hidden.to("ball").most_probable()
    assert hidden.most_probable()[0].tolist() == [0, 0, 0]


def test_balls_decide_where_the_best_is_clear_of_ties_elsewhere() -> None:
    # Tokens 1 and 2 tie in thirds, but 0 beats both.
    law = MarkovChain(["1/3", "1/3", "1/3"], [["5/7", "1/7", "1/7"], ["1/3"] * 3, ["1/3"] * 3], 3).to("ball")
    assert law.most_probable()[0].tolist() == [0, 0, 0]
    weights = Mixture(["3/5", "2/5"], [zoo.sticky_chain(3), zoo.sticky_chain(3, stay="1/3")])
    assert weights.to("ball").most_probable([0, 2, 2])[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "exact"])
def test_long_chains_do_not_underflow(name: str) -> None:
    length = 400 if name in ("exact", "ball") else 4000
    tokens, _ = zoo.noisy_cycle(length, size=3, noise="1/2").to(name).most_probable([2] + [3] * (length - 1))
    assert tokens.tolist() == [(2 + i) % 3 for i in range(length)]


def test_a_state_that_is_forced_survives_any_competition() -> None:
    # Token 1 never pays, by a factor of 10^-300 in all; the pattern forces it all the same.
    law = MarkovChain([0.5, 0.5], [[1 - 1e-3, 1e-3], [1e-3, 1 - 1e-3]], 400)
    pattern = [1 if i % 2 else 0 for i in range(399)] + [2]
    assert law.most_probable(pattern)[0].tolist() == [*pattern[:-1], 0]
    rare = MarkovChain([1.0, 0.0, 0.0], [[0.5, 0.5, 0], [0, 1e-200, 1.0], [0, 0, 1.0]], 9)
    tokens, _ = rare.most_probable([0, 1, 1, 1, 1, 1, 1, 3, 3])
    assert tokens.tolist() == [0, 1, 1, 1, 1, 1, 1, 2, 2]


@given(law=any_oracle(), data=st.data())
def test_products_answer_part_by_part(law: Oracle, data: Any) -> None:
    pattern = data.draw(patterns(law, possible=True))
    tokens, probability = law.most_probable(pattern)
    twice, squared = Product([law, law]).most_probable([*pattern, *pattern])
    assert twice.tolist() == [*tokens, *tokens]
    assert squared == probability**2


@given(law=any_oracle(), data=st.data())
def test_search_and_max_product_agree_where_both_apply(law: Oracle, data: Any) -> None:
    general = StateSpaceOracle(law.state_space(), law.arithmetic)
    assume(is_unifilar(general))
    pattern = np.array(data.draw(patterns(law, possible=True)), dtype=np.int64)
    with law.arithmetic.context():
        found = oracles.most_probable._search(general, pattern)
        expected = oracles.most_probable._max_product(general, pattern)
    assert found.tolist() == expected.tolist()


def test_search_gives_up_with_a_clear_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracles.most_probable, "NODE_LIMIT", 10)
    with pytest.raises(ValueError, match="states are hidden and 10 prefixes did not settle"):
        zoo.non_unifilar_hmm(30).to("float64").most_probable()


def test_impossible_patterns_and_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match=r"pattern: expected a possible pattern, got \[1, 1, 2\]"):
        zoo.golden_mean(3).most_probable([1, 1, 2])
    p = sympy.Symbol("p", positive=True)
    with pytest.raises(TypeError, match="symbols have no order"):
        zoo.sticky_chain(3, stay=p).most_probable()


def test_one_token_and_one_position() -> None:
    assert MarkovChain([1], [[1]], 1).most_probable()[0].tolist() == [0]
    assert Table([0, 1]).most_probable([1])[0].tolist() == [1]
    assert HMM(["1/2", "1/2"], [[1, 0], [0, 1]], [[1], [1]], 2).most_probable()[1] == 1
