"""Chains of listed successors and a shared background, against brute force and their dense twin."""

from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, SparseMarkovChain, load, save
from oracles.arithmetic import NAMES
from oracles.background import BackgroundTransition
from oracles.testing import check_oracle, patterns, sparse_chains
from tests.oracles.operations import check_operations
from tests.oracles.twins import assert_same_law

# P(b|a): the first row lists a token twice, the second leaves nothing, the third has room for everything.
PARTS: tuple[Any, ...] = (
    ["1/3", "2/3", 0],
    [[0, 0], [2, 1], [1, 0]],
    [["1/4", "1/4"], [1, 0], ["1/2", "1/4"]],
    ["1/5", 0, "4/5"],
)
MATRIX = [["3/5", 0, "2/5"], [0, 0, 1], ["3/10", "1/2", "1/5"]]


def dense(q: SparseMarkovChain) -> MarkovChain:
    matrices = {id(t): t.dense(q.arithmetic) for t in q.transitions}
    return MarkovChain(q.initial, [matrices[id(t)] for t in q.transitions[: q.length - 1]], q.length)


def random_chain(
    seed: int, vocab: int, choices: int, length: int, *, zeros: bool = True
) -> SparseMarkovChain:
    rng = np.random.default_rng(seed)
    keep = rng.random((vocab, choices)) < 0.7 if zeros else np.ones((vocab, choices))
    weights = rng.dirichlet(np.ones(choices + 1), vocab)[:, :choices] * keep
    if zeros and choices:
        full = rng.random(vocab) < 0.5
        weights[full, 0] += weights[full].sum(1) == 0
        weights[full] /= weights[full].sum(1, keepdims=True)
    background = rng.dirichlet(np.ones(vocab)) * (rng.random(vocab) < 0.8 if zeros else 1)
    background[0] += background.sum() == 0
    background /= background.sum()
    listed = rng.integers(0, vocab, (vocab, choices))
    return SparseMarkovChain(rng.dirichlet(np.ones(vocab)), listed, weights, background, length)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_operation(name: str, data: st.DataObject) -> None:
    q = data.draw(sparse_chains())
    positions = data.draw(st.sets(st.integers(0, q.length - 1), min_size=1))
    check_operations(q, name, data.draw(patterns(q, possible=True)), sorted(positions))


@settings(max_examples=10)
@given(sparse_chains(max_vocab=2, max_length=3))
def test_laws(q: SparseMarkovChain) -> None:
    check_oracle(q, samples=500)
    check_oracle(q.to("float32"), samples=500)


@settings(max_examples=20)
@given(data=st.data())
def test_laws_made_from_it_conform_and_stay_sparse_where_they_can(data: st.DataObject) -> None:
    q = data.draw(sparse_chains())
    told = q.condition(data.draw(patterns(q, possible=True)))
    assert isinstance(told, SparseMarkovChain)
    check_oracle(told, samples=200)
    assert isinstance(told.marginal(range(q.length // 2, q.length)), SparseMarkovChain)
    assert_same_law(q.marginal(range(0, q.length, 2)), dense(q).marginal(range(0, q.length, 2)))


def test_the_matrix_it_stands_for() -> None:
    q = SparseMarkovChain(*PARTS, 4)
    assert_same_law(q, MarkovChain(PARTS[0], MATRIX, 4))
    assert q.rest.tolist() == [F(1, 2), 0, F(1, 4)]
    assert q.in_support([0, 2, 1, 2])
    assert not q.in_support([0, 1, 3, 3])
    assert "plain" in str(q.explain())


def test_free_symbols() -> None:
    p, r = sympy.symbols("p r", positive=True)
    q = SparseMarkovChain([p, 1 - p], [[0, 1], [0, 1]], [[r, 1 - r], ["1/2", 0]], [1, 0], 2)
    assert q.rest.tolist() == [0, sympy.Rational(1, 2)]
    check_oracle(q)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=40)
@given(data=st.data())
def test_the_kernel_agrees_with_the_dense_twin(dtype: str, data: st.DataObject) -> None:
    seed, vocab = data.draw(st.integers(0, 2**32)), data.draw(st.integers(1, 7))
    double = random_chain(seed, vocab, data.draw(st.integers(0, 4)), data.draw(st.integers(2, 9)))
    rng = np.random.default_rng(seed)
    given_ = double.sample(1, seed=1)[0]
    given_[rng.random(len(given_)) < 0.7] = vocab
    for law in (double, double.condition(given_)):
        told = law.sample(data.draw(st.integers(1, 40)), seed=seed)
        told[rng.random(told.shape) < data.draw(st.sampled_from([0.0, 0.5, 1.0]))] = vocab
        chosen = rng.random(told.shape) < data.draw(st.sampled_from([0.3, 1.0]))
        chosen[0, 0] = True
        twin = dense(law)
        expected = twin._gathered(twin._plain_conditionals, told, chosen).numpy()
        out = np.full((int(chosen.sum()), vocab), np.nan, dtype)
        doubtful = law.to(dtype)._messages.conditionals(told, chosen, out)
        assert not doubtful.any()
        np.testing.assert_allclose(out, expected, rtol=0, atol=1e-12 if dtype == "float64" else 1e-6)


@pytest.mark.parametrize("name", ["float64", "float32", "boolean"])
def test_compiled_products_agree_with_plain_ones(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    q = random_chain(3, 60, 8, 3).to(name)
    step, system = q.transitions[0], q.arithmetic
    rng = np.random.default_rng(4)
    drawn = rng.random((40, 60)) * (rng.random((40, 60)) < 0.1)
    messages = drawn > 0 if name == "boolean" else system.array(drawn)
    plain = step.push(messages, system), step.pull(messages, system)
    monkeypatch.setattr("oracles.background.LEAST_WORK", 1)
    compiled = step.push(messages, system), step.pull(messages, system)
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(
            np.asarray(one), np.asarray(other), rtol=1e-6 if name == "float32" else 1e-13
        )


def test_a_large_vocabulary() -> None:
    q = random_chain(5, 500, 20, 30, zeros=False)
    told = q.sample(8, seed=1)
    told[np.random.default_rng(2).random(told.shape) < 0.5] = q.mask
    assert q.explain(8).name == "compiled messages"
    twin = dense(q)
    np.testing.assert_allclose(
        q.conditionals(told), twin._plain_conditionals(told, list(range(30))), atol=1e-14
    )
    np.testing.assert_allclose(q.log_prob(told), twin.log_prob(told), rtol=1e-12)
    np.testing.assert_allclose(q.entropy().value, twin.entropy().value, rtol=1e-12)
    assert q.in_support(told).all()
    given_ = q.condition(told[0])
    assert isinstance(given_, SparseMarkovChain)
    assert isinstance(given_.transitions[0], BackgroundTransition)
    assert given_.transitions[0].weights is q.transitions[0].weights  # what is large is shared
    completed = given_.sample(5, seed=3)
    assert ((told[0] == q.mask) | (completed == told[0])).all()


def test_impossible_patterns_are_refused_by_the_kernel() -> None:
    q = random_chain(6, 40, 3, 40).to("float32")
    told = np.tile(q.sample(1, seed=0), (64, 1))
    row = np.asarray(q.support().transitions[0].rows(np.arange(40), q.support().arithmetic))
    before, after = np.argwhere(~row)[0]
    told[9, :2] = before, after
    assert q.explain(64).name == "compiled messages"
    with pytest.raises(ValueError, match=r"^patterns: .*\(row 9\) of probability zero"):
        q.conditionals(told)


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball"])
def test_files(name: str, tmp_path: Path) -> None:
    q = SparseMarkovChain(*PARTS, 4).to(name)
    for law, family in ((q, SparseMarkovChain), (q.condition([3, 2, 3, 3]), Oracle)):
        save(law, tmp_path / "law.json")
        found = load(tmp_path / "law.json")
        assert isinstance(found, family)
        assert_same_law(found, law)


def test_what_floats_leave_to_the_background_survives_a_file(tmp_path: Path) -> None:
    tiny = SparseMarkovChain([1, 0], [[0], [1]], [[1 - F(1, 10**30)], [1]], [0, 1], 3).to("float64")
    assert tiny.in_support([0, 1, 1])
    save(tiny, tmp_path / "law.json")
    found = load(tmp_path / "law.json")
    assert found.in_support([0, 1, 1])
    assert found.probability([0, 1, 1]) == pytest.approx(1e-30)


def test_a_file_written_by_hand(tmp_path: Path) -> None:
    text = """{"format": "maskproof-oracle/1", "family": "SparseMarkovChain", "length": 3, "initial": ["1/3", "2/3"],
      "successors": [[0], [1]], "weights": [["1/2"], [1]], "background": ["1/2", "1/2"]}"""
    (tmp_path / "law.json").write_text(text)
    assert_same_law(load(tmp_path / "law.json"), MarkovChain(["1/3", "2/3"], [["3/4", "1/4"], [0, 1]], 3))
    (tmp_path / "law.json").write_text(text.replace("[1]]", "[2]]", 1))
    with pytest.raises(ValueError, match=r"law.json: successors: expected tokens in 0\.\.1, got 2"):
        load(tmp_path / "law.json")


def test_rounding_leaves_nothing_possible_that_is_not_listed() -> None:
    thirds = SparseMarkovChain([0.5, 0.3, 0.2], [[0, 1], [1, 2], [2, 0]], [[0.1, 0.9], [0.3, 0.7], [0.6, 0.4]],
                               [0.5, 0.25, 0.25], 2)  # fmt: skip
    assert (thirds.rest == 0).all()
    assert not thirds.in_support([0, 2])
    nearly = [[0.1, 0.9 - 1e-12], [0.3, 0.7], [0.6, 0.4]]
    assert (SparseMarkovChain([1.0, 0, 0], [[0, 1]] * 3, nearly, [0, 0, 0], 2).rest == 0).all()


def test_rows_of_any_lengths() -> None:
    q = SparseMarkovChain(
        ["1/2", "1/2", 0], [[1], [], [0, 2, 0]], [["1/2"], [], [0, "1/2", "1/2"]], ["1/3"] * 3, 3
    )
    assert [row.tolist() for row in q.successors] == [[1], [], [2, 0]]  # what has weight 0 is left out
    twin = MarkovChain(["1/2", "1/2", 0], [["1/6", "2/3", "1/6"], ["1/3"] * 3, ["1/2", 0, "1/2"]], 3)
    assert_same_law(q, twin)
    assert_same_law(SparseMarkovChain(q.initial, q.successors, q.weights, q.background, 3), twin)


def test_no_listed_successor() -> None:
    q = SparseMarkovChain(["1/2", "1/2"], [[], []], [[], []], ["1/3", "2/3"], 3)
    assert_same_law(q, MarkovChain(["1/2", "1/2"], [["1/3", "2/3"]] * 2, 3))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, [["1/3", "2/3"]], r"^initial: expected one probability a token, got shape \(1, 2\)"),
        (0, ["1/3", "1/3", 0], "^initial: .*sum to 1"),
        (0, ["1/2", "1/2"], r"^successors: expected a row of tokens for each of 2 tokens, got 3 rows"),
        (1, [[0, 0], [2, 1]], r"^weights: expected a probability for every listed successor, got 3 rows"),
        (1, [0, 1, 2], "^successors: expected a row of tokens for every token, got lists of another depth"),
        (1, np.arange(3), r"^successors: expected a row of tokens for every token, got shape \(3,\)"),
        (1, np.zeros((3, 1), dtype=int), r"^weights: expected shape \(3, 1\), got \(3, 2\)"),
        (1, [[0, 0], [2, 1], [1, 3]], r"^successors: expected tokens in 0\.\.2, got 3"),
        (1, [[0, 0], [2, 1], [1, -1]], r"^successors: expected tokens in 0\.\.2, got -1"),
        (1, [[0.0, 0], [2, 1], [1, 1]], r"^successors\[0\]: expected integers"),
        (
            2,
            [["1/4"], [1], ["1/2"]],
            r"^weights: .*for every listed successor, got a row 0 of another length",
        ),
        (2, [["1/4", "1/4"], [1, "1/9"], [0, 0]], r"^weights: .*at most 1, got row \(1,\) with sum 10/9"),
        (2, [["1/4", "-1/4"], [1, 0], [0, 0]], "^weights: expected non-negative probabilities, got -1/4"),
        (2, [[0.25, float("nan")], [1, 0], [0, 0]], "^weights: expected finite"),
        (3, ["1/5", 0, "3/5"], "^background: .*sum to 1"),
        (3, ["1/5", "4/5"], r"^background: expected shape \(3,\)"),
        (3, [0, 0, 0], "^background: expected a law, as the weights of token 0 leave it 1/2; got zeros"),
    ],
)
def test_bad_parameters(place: int, value: Any, message: str) -> None:
    parts = [*PARTS]
    parts[place] = value
    with pytest.raises(ValueError, match=message):
        SparseMarkovChain(*parts, 3)
    with pytest.raises(ValueError, match=r"^length"):
        SparseMarkovChain(*PARTS, 0)
    with pytest.raises(ValueError, match=r"^length: expected a law of at most"):
        SparseMarkovChain(*PARTS, 10**7)
