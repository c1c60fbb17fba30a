"""The gap recursion against enumeration in exact numbers, and against closed forms."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, NGram
from oracles.testing import size_vectors, weights
from oracles.testing.strategies import markov_chains, ngrams, patterns
from tests.theory.cases import close
from theory import IID, FixedSizes
from theory.denoisers import Ideal
from theory.laws import gap_probability
from theory.laws.closed_forms import pairs_error_rate, same_step
from theory.laws.enumeration import enumerate_law
from theory.laws.gap_probability import (
    gap_error_rate,
    sequence_ratios,
    valid_joint,
    valid_mass,
)

SCHEDULES = st.integers(1, 4).flatmap(weights).map(IID)


def check_against_enumeration(q: MarkovChain | NGram, schedule: IID | FixedSizes) -> None:
    law, target = enumerate_law(q, schedule, Ideal(q)), q.joint()
    possible = np.argwhere(target != 0)
    assert gap_error_rate(q, schedule) == law[target == 0].sum()
    ratios = sequence_ratios(q, schedule, possible)
    np.testing.assert_array_equal(ratios * target[tuple(possible.T)], law[tuple(possible.T)])


@settings(max_examples=60)
@given(q=markov_chains(max_length=4), schedule=SCHEDULES)
def test_any_chain(q: MarkovChain, schedule: IID) -> None:
    check_against_enumeration(q, schedule)


@settings(max_examples=15)
@given(q=ngrams(max_order=2, max_length=4), schedule=SCHEDULES)
def test_an_ngram_up_to_order_two_is_a_chain(q: NGram, schedule: IID) -> None:
    check_against_enumeration(q, schedule)


@pytest.mark.parametrize("name", ["float64", "float32", "ball", "symbolic"])
@settings(max_examples=10)
@given(q=markov_chains(max_length=3, max_vocab=2), schedule=SCHEDULES)
def test_other_number_systems(name: str, q: MarkovChain, schedule: IID) -> None:
    law, moved = enumerate_law(q, schedule, Ideal(q)), q.to(name)
    assert close(gap_error_rate(moved, schedule), law[q.joint() == 0].sum(), moved.arithmetic)
    for x in np.argwhere(q.joint() != 0):
        ratio = moved.arithmetic.element(sequence_ratios(moved, schedule, x)[0])
        assert close(ratio, law[tuple(x)] / q.joint()[tuple(x)], moved.arithmetic)


def test_what_is_left_of_a_chain_after_a_prompt() -> None:
    q = MarkovChain(["1/2", "1/2", 0], [["1/2", 0, "1/2"], ["1/3", "2/3", 0], [0, "1/4", "3/4"]], 7)
    rest = q.condition([3, 3, 1, 3, 0, 3, 3]).marginal([0, 1, 3, 5, 6])
    check_against_enumeration(rest, IID(["1/3", "1/6", "1/2"]))


@st.composite
def any_schedules(draw: st.DrawFn, length: int) -> IID | FixedSizes:
    if draw(st.booleans()):
        return draw(SCHEDULES)
    return FixedSizes(draw(size_vectors(length, draw(st.integers(1, 5)))))


@settings(max_examples=25)
@given(data=st.data(), q=markov_chains(max_length=4))
def test_weighted_tokens_and_marginals_of_what_is_valid(data: st.DataObject, q: MarkovChain) -> None:
    schedule = data.draw(any_schedules(q.length))
    target = q.joint()
    valid = np.where(target != 0, enumerate_law(q, schedule, Ideal(q)), q.arithmetic.zeros(1))
    assert valid_mass(q, schedule) == valid.sum()
    count = q.length * q.vocab_size
    factors = data.draw(st.lists(st.fractions(-2, 2, max_denominator=3), min_size=count, max_size=count))
    weights = q.arithmetic.array(factors).reshape(q.length, q.vocab_size)
    batch = np.stack([weights, weights * 0 + 1])[None]
    expected = sum(p * math.prod(weights[i, v] for i, v in enumerate(x)) for x, p in np.ndenumerate(valid))
    assert valid_mass(q, schedule, weights) == expected
    np.testing.assert_array_equal(valid_mass(q, schedule, batch), [[expected, valid.sum()]])
    pair = sorted(data.draw(st.sets(st.integers(0, q.length - 1), min_size=1, max_size=2)))
    others = tuple(i for i in range(q.length) if i not in pair)
    np.testing.assert_array_equal(valid_joint(q, schedule, pair), valid.sum(axis=others))


def test_the_joint_law_under_a_prompt() -> None:
    q = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 5)
    rest = q.condition([2, 2, 0, 2, 2]).marginal([0, 1, 3, 4])
    valid = enumerate_law(rest, IID.uniform(2), Ideal(rest)) * (rest.joint() != 0)
    found = valid_joint(q, IID.uniform(2), [1, 2], given=[2, 2, 0, 2, 2])
    np.testing.assert_array_equal(found, valid.sum(axis=(0, 3)))
    with pytest.raises(ValueError, match=r"positions: expected indices in 0..3, got \[4\]"):
        valid_joint(q, IID.uniform(2), [4], given=[2, 2, 0, 2, 2])


def test_what_is_refused() -> None:
    q = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 3)
    hidden = HMM(["1/2", "1/2"], [["1/2", "1/2"]] * 2, [["1/2", "1/2"]] * 2, 3)
    for answer in (gap_error_rate, valid_mass, lambda q, s: sequence_ratios(q, s, [[0, 0, 0]])):
        with pytest.raises(ValueError, match="sizes: expected a sum of 3"):
            answer(q, FixedSizes([2, 2]))
        with pytest.raises(ValueError, match="chain: expected a first-order Markov chain, got <HMM"):
            answer(hidden, IID([1]))


def test_weights_of_the_wrong_shape() -> None:
    q = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 3)
    with pytest.raises(ValueError, match=r"weights: expected shape .* \(3, 2\)\], got \(2, 2\)"):
        valid_mass(q, IID([1]), [[1, 1], [1, 1]])


def test_more_sequences_than_are_worked_on_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    q = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 9)
    tokens = q.sample(7, seed=0)
    together = sequence_ratios(q, IID.uniform(3), tokens)
    monkeypatch.setattr(gap_probability, "BATCH", 300)
    np.testing.assert_array_equal(sequence_ratios(q, IID.uniform(3), tokens), together)
    assert sequence_ratios(q, IID.uniform(3), np.zeros((0, 9), dtype=int)).shape == (0,)


def test_impossible_sequences_are_refused() -> None:
    with pytest.raises(ValueError, match=r"tokens: .* possible sequences, got \[1, 1\] \(row 1\)"):
        sequence_ratios(MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 2), IID([1]), [[0, 0], [1, 1]])


def test_underflow_is_refused() -> None:
    q = MarkovChain([1, 0], [[1 - 1e-200, 1e-200], [1, 0]], 4)
    with pytest.raises(ArithmeticError, match="underflow in float64: use to"):
        gap_error_rate(q, IID.uniform(2))


@settings(max_examples=40)
@given(data=st.data(), q=markov_chains(max_length=6, max_vocab=3, position_dependent=False))
def test_prompts(data: st.DataObject, q: MarkovChain) -> None:
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        with pytest.raises(ValueError, match="given: expected one pattern with a masked position"):
            gap_error_rate(q, IID([1]), given=prompt)
        return
    schedule = data.draw(any_schedules(len(free)))
    rest = q.condition(prompt).marginal(free)
    wrong = enumerate_law(rest, schedule, Ideal(rest))[rest.joint() == 0].sum()
    assert gap_error_rate(q, schedule, given=prompt) == wrong
    assert valid_mass(q, schedule, given=prompt) == 1 - wrong
    twos = [[2] * q.vocab_size] * len(free)
    assert valid_mass(q, schedule, twos, given=prompt) == 2 ** len(free) * (1 - wrong)
    rounded = gap_error_rate(q.to("float64"), schedule, given=prompt)
    assert math.isclose(
        rounded,
        wrong,
        rel_tol=1e-13 if isinstance(schedule, IID) else 0,
        abs_tol=0 if isinstance(schedule, IID) else 1e-14,
    )


def pairs(count: int, vocab: int) -> MarkovChain:
    """Independent pairs of equal tokens."""
    copy, fresh = np.eye(vocab, dtype=int), [[Fraction(1, vocab)] * vocab] * vocab
    return MarkovChain([Fraction(1, vocab)] * vocab, [copy, fresh] * (count - 1) + [copy], 2 * count)


def test_equal_pairs_in_closed_form() -> None:
    chosen = [Fraction(1, 2), Fraction(1, 6), Fraction(1, 3)]
    assert gap_error_rate(pairs(4, 3), IID(chosen)) == pairs_error_rate(same_step(chosen), 8, 3)
    floats = float(gap_error_rate(pairs(20, 3).to("float64"), IID.uniform(7)))
    assert math.isclose(floats, pairs_error_rate(Fraction(1, 7), 40, 3), rel_tol=1e-13)


def test_a_tiny_error_rate_keeps_its_digits() -> None:
    """1e-12 times the chance that two neighbours are revealed together: 1 - 0.999999999999 has four digits."""
    tiny = Fraction(1, 10**6)
    q = MarkovChain([1 - tiny, tiny], [[1 - tiny, tiny], [1, 0]], 6)
    schedule = IID.uniform(50)
    exact, rounded = gap_error_rate(q, schedule), gap_error_rate(q.to("float64"), schedule)
    assert exact < Fraction(1, 10**11)
    assert math.isclose(rounded, exact, rel_tol=1e-14)


def test_nothing_is_wrong_with_full_support_or_a_single_token() -> None:
    for name in ("float64", "exact"):
        dense = MarkovChain(["1/3", "2/3"], [["1/4", "3/4"], ["2/5", "3/5"]], 6).to(name)
        assert gap_error_rate(dense, IID.uniform(2)) == 0
        assert gap_error_rate(MarkovChain(["1/3", "2/3", 0], np.eye(3, dtype=int), 1).to(name), IID([1])) == 0
        assert gap_error_rate(MarkovChain([1], [[1]], 5).to(name), IID.uniform(3)) == 0
