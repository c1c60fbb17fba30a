import math
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles.hmm import HMM
from oracles.readers import baum_welch, fit_hmm, from_hmmlearn, hmms
from oracles.readers.baum_welch import Parameters, Windows, expectations, random_start, updated
from oracles.symbols import decode, encode

TEXT = "the cat sat on the mat and the rat sat on the hat with a bat " * 12

# ---------------------------------------------------------------------- one step, by enumeration of hidden paths


@st.composite
def rows(draw: st.DrawFn, count: int, size: int) -> list[list[Fraction]]:
    """Distributions, zeros among them."""
    shares = [
        draw(st.lists(st.integers(0, 4), min_size=size, max_size=size).filter(any)) for _ in range(count)
    ]
    return [[Fraction(share, sum(row)) for share in row] for row in shares]


def enumerated(
    initial: list[Fraction], transition: Any, emission: Any, windows: list[list[int]]
) -> tuple[Any, Any, Any, float] | None:
    """(starts, moves, emitted, log-likelihood) by summing over every hidden path; None for an impossible text."""
    states, vocab = range(len(initial)), len(emission[0])
    starts = [Fraction(0)] * len(states)
    moves = [[Fraction(0)] * len(states) for _ in states]
    emitted = [[Fraction(0)] * vocab for _ in states]
    log_likelihood = 0.0
    for window in windows:
        masses = {}
        for path in product(states, repeat=len(window)):
            mass = initial[path[0]]
            for i, (state, token) in enumerate(zip(path, window, strict=True)):
                mass *= emission[state][token] * (transition[path[i - 1]][state] if i else 1)
            masses[path] = mass
        total = sum(masses.values())
        if not total:
            return None
        log_likelihood += math.log(total)
        for path, mass in masses.items():
            starts[path[0]] += mass / total
            for i, (state, token) in enumerate(zip(path, window, strict=True)):
                emitted[state][token] += mass / total
                if i:
                    moves[path[i - 1]][state] += mass / total
    return starts, moves, emitted, log_likelihood


@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(0, 2), min_size=1, max_size=7))
def test_a_step_is_that_of_all_hidden_paths(
    data: st.DataObject, states: int, vocab: int, text: list[int]
) -> None:
    text = [token % vocab for token in text]
    size = data.draw(st.integers(1, 4), label="size")
    initial, transition = data.draw(rows(1, states))[0], data.draw(rows(states, states))
    emission = data.draw(rows(states, vocab))
    count = -(-len(text) // size)
    cut = [part.tolist() for part in np.array_split(np.array(text), count)]
    assert max(map(len, cut)) <= size
    wanted = enumerated(initial, transition, emission, cut)
    parameters = Parameters(*(np.array(value, dtype=float) for value in (initial, transition, emission)))
    windows = Windows.of(np.array(text, dtype=np.uint8), size)
    if wanted is None:
        with pytest.raises(ArithmeticError, match="the text became impossible"):
            expectations(parameters, windows)
        return
    counts = expectations(parameters, windows)
    starts, moves, emitted, log_likelihood = wanted
    assert np.allclose(counts.starts, np.array(starts, dtype=float), rtol=1e-12, atol=1e-13)
    assert np.allclose(counts.moves, np.array(moves, dtype=float), rtol=1e-12, atol=1e-13)
    assert np.allclose(counts.emitted, np.array(emitted, dtype=float), rtol=1e-12, atol=1e-13)
    assert math.isclose(counts.log_likelihood, log_likelihood, rel_tol=1e-12, abs_tol=1e-12)
    after = updated(parameters, counts)
    assert np.allclose(after.initial, [float(s / sum(starts)) for s in starts], atol=1e-12)
    for got, expected, before in ((after.transition, moves, transition), (after.emission, emitted, emission)):
        for row, number, old in zip(got, expected, before, strict=True):
            fresh = [n / sum(number) for n in number] if sum(number) else old
            assert np.allclose(row, np.array(fresh, dtype=float), atol=1e-12)


@given(st.integers(1, 40), st.integers(1, 12))
def test_windows_are_all_of_the_text_in_equal_parts(length: int, size: int) -> None:
    windows = Windows.of(np.arange(length), size)
    width, count = windows.steps.shape
    joined = [[*windows.steps[:, k].tolist(), *windows.longer[k : k + 1].tolist()] for k in range(count)]
    assert [token for window in joined for token in window] == list(range(length))
    assert width + bool(len(windows.longer)) <= size
    assert count == -(-length // size)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 5, size=1003)
    parameters = random_start(np.full(5, 0.2), 3, rng)
    windows = Windows.of(tokens, 10)
    whole = expectations(parameters, windows)
    monkeypatch.setattr(baum_welch, "BLOCK_ENTRIES", 100)
    assert len(list(windows.blocks(3))) > 30
    parts = expectations(parameters, windows)
    assert np.allclose(whole.moves, parts.moves, rtol=1e-12)
    assert np.allclose(whole.emitted, parts.emitted, rtol=1e-12)
    assert math.isclose(whole.log_likelihood, parts.log_likelihood, rel_tol=1e-12)


# ---------------------------------------------------------------------- the whole search


@pytest.mark.parametrize("seed", range(5))
def test_the_likelihood_never_falls_and_is_that_of_the_law(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, 4, size=600)
    parameters = random_start(np.bincount(tokens) / 600, 3, rng)
    windows = Windows.of(tokens, 50)
    before = -np.inf
    for _ in range(40):
        counts = expectations(parameters, windows)
        assert counts.log_likelihood >= before - 1e-9
        before = counts.log_likelihood
        law = HMM(parameters.initial, parameters.transition, parameters.emission, 50)
        assert math.isclose(float(law.log_prob(windows.steps.T).sum()), before, rel_tol=1e-11)
        parameters = updated(parameters, counts)


def test_a_fall_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoiled(parameters: Parameters, counts: Any) -> Parameters:
        # Without the starts' and emissions' update, and with transitions that ignore the text.
        return Parameters(
            parameters.initial, parameters.transition, np.full_like(parameters.emission, 1 / 14)
        )

    monkeypatch.setattr(hmms, "updated", spoiled)
    with pytest.raises(ArithmeticError, match="EM lowered a log-likelihood from"):
        fit_hmm(TEXT, 3, 10, seed=0, restarts=1)


def test_a_planted_hmm_is_matched() -> None:
    """The likeliest parameters beat the planted ones on the text; EM with restarts comes as close as 0.005 bits."""
    planted = HMM([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]], [[0.7, 0.2, 0.1], [0.05, 0.15, 0.8]], 100)
    tokens = planted.sample(200, seed=1)
    text = decode(tokens.reshape(-1), ("a", "b", "c"))
    law = fit_hmm(text, 2, 100, seed=0, restarts=3, iterations=200, tolerance=1e-7)
    fitted, wanted = (float(q.log_prob(tokens).sum()) / tokens.size / math.log(2) for q in (law, planted))
    assert wanted - 0.005 < fitted < wanted + 0.01
    order = [0, 1] if law.emissions[0][0, 0] > law.emissions[0][1, 0] else [1, 0]
    assert np.allclose(np.asarray(law.transitions[0])[order][:, order], planted.transitions[0], atol=0.05)
    assert np.allclose(np.asarray(law.emissions[0])[order], planted.emissions[0], atol=0.05)


def test_the_seed_decides_and_the_best_start_wins() -> None:
    laws = [fit_hmm(TEXT, 3, 10, seed=7, restarts=3, iterations=15) for _ in range(2)]
    assert laws[0].transitions[0].tolist() == laws[1].transitions[0].tolist()
    assert laws[0].symbols == tuple(sorted(set(TEXT)))
    said: list[tuple[str, int, int]] = []
    law = fit_hmm(TEXT, 3, 10, seed=7, restarts=3, iterations=15, progress=lambda *what: said.append(what))
    assert law.transitions[0].tolist() == laws[0].transitions[0].tolist()
    assert {total for _, _, total in said} == {45}
    assert [done for _, done, _ in said] == sorted({done for _, done, _ in said})
    last = {line.split(":")[0]: float(line.split()[-4]) for line, _, _ in said}
    assert list(last) == [f"EM, start {k} of 3" for k in (1, 2, 3)]
    alone = [fit_hmm(TEXT, 3, len(TEXT) // 3, seed=7, restarts=k, iterations=15) for k in (1, 2, 3)]
    thirds = encode(TEXT, law.symbols or ()).reshape(3, -1)
    scores = [float(q.log_prob(thirds).sum()) for q in alone]
    assert scores == sorted(scores)
    assert min(last.values()) == pytest.approx(-scores[-1] / len(TEXT) / math.log(2), abs=1e-4)


def test_a_stationary_start_is_one() -> None:
    law = fit_hmm(TEXT, 4, 10, seed=3, restarts=1, iterations=30, start="stationary")
    assert np.allclose(law.initial @ law.transitions[0], law.initial, atol=1e-14)
    free = fit_hmm(TEXT, 4, 10, seed=3, restarts=1, iterations=30)
    assert free.transitions[0].tolist() == law.transitions[0].tolist()
    transient = np.array([[0.5, 0.25, 0.25], [0, 0.5, 0.5], [0, 1, 0]])
    assert hmms._stationary(transient).tolist() == pytest.approx([0, 2 / 3, 1 / 3])
    assert hmms._stationary(transient)[0] == 0
    with pytest.raises(
        ValueError, match="one stationary law, got 2 closed classes of states; take a free start"
    ):
        hmms._stationary(np.eye(2))


def test_words_and_files_are_read_as_for_ngrams(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(TEXT)
    law = fit_hmm(tmp_path / "text", 2, 4, seed=0, level="word", vocabulary=3, iterations=3)
    assert law.symbols == ("<unk>", "on", "sat", "the")
    assert law.hidden_size == 2
    letters = fit_hmm("A1b" * 9, 2, 4, seed=0, alphabet="letters", iterations=1)
    assert letters.symbols == (" ", "a", "b")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"states": 0}, "states: expected an integer of at least 1, got 0"),
        ({"states": 4}, "states: expected at most 3, the number of different characters, got 4"),
        ({"length": 13}, "text_or_path: expected at least 13 characters, got 12"),
        ({"iterations": 0}, "iterations: expected an integer of at least 1, got 0"),
        ({"restarts": 0}, "restarts: expected an integer of at least 1, got 0"),
        ({"tolerance": -1.0}, r"tolerance: expected a number of at least 0, got -1\.0"),
        ({"tolerance": math.nan}, "tolerance: expected a number of at least 0, got nan"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"start": "any"}, "start: expected one of free, stationary, got 'any'"),
        ({"level": "byte"}, "level: expected one of character, word, got 'byte'"),
        ({"text_or_path": ""}, "text_or_path: expected a text or a path, got an empty string"),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_hmm(**({"text_or_path": "abcabcabcabc", "states": 2, "length": 3, "seed": 0} | options))


# ---------------------------------------------------------------------- hmmlearn


def test_a_model_of_hmmlearn_becomes_the_same_law() -> None:
    model = SimpleNamespace(
        startprob_=np.array([0.25, 0.75]),
        transmat_=np.array([[0.5, 0.5], [0.0, 1.0]]),
        emissionprob_=np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]),
    )
    law = from_hmmlearn(model, 3)
    assert law.probability([0, 0, 2]) == 0.25 * 0.5 * 0.25
    assert (law.hidden_size, law.vocab_size, law.length) == (2, 3, 3)
    model.transmat_ = np.array([[0.5, 0.6], [0.0, 1.0]])
    with pytest.raises(ValueError, match="transition: expected probabilities that sum to 1"):
        from_hmmlearn(model, 3)


def test_another_kind_of_model_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"expected a fitted CategoricalHMM, got a SimpleNamespace without startprob_"
    ):
        from_hmmlearn(SimpleNamespace(), 3)
    counts = SimpleNamespace(startprob_=[1], transmat_=[[1]], emissionprob_=[[1]], n_trials=5)
    with pytest.raises(ValueError, match="expected a fitted CategoricalHMM, got a SimpleNamespace"):
        from_hmmlearn(counts, 3)


def test_hmmlearn_itself_scores_the_same() -> None:
    hmmlearn = pytest.importorskip("hmmlearn.hmm")
    model = hmmlearn.CategoricalHMM(n_components=2, random_state=0, n_iter=5)
    tokens = np.random.default_rng(0).integers(0, 3, size=(200, 1))
    model.fit(tokens)
    law = from_hmmlearn(model, 200)
    assert math.isclose(law.log_prob(tokens[:, 0]), model.score(tokens), rel_tol=1e-9)
