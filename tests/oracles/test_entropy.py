"""Entropies by every route, against sums over all sequences."""

from itertools import product
from typing import Any

import flint
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, NGram, entropy
from oracles.testing import hmms, markov_chains, ngrams
from tests.oracles.brute_force import BITS, BruteForce, log_matches, plain

NOISY = HMM(["1/2", "1/2"], [["3/4", "1/4"], ["1/3", "2/3"]], [["4/5", "1/5"], ["1/6", "5/6"]], 6)


@pytest.mark.parametrize("name", ["exact", "ball", "float64", "float32", "symbolic"])
@settings(max_examples=15)
@given(q=st.one_of(ngrams(), markov_chains()))
def test_n_grams_take_the_chain_rule(name: str, q: NGram) -> None:
    result = q.to(name).entropy()
    assert (result.method, result.unit, result.bounds) == ("chain rule over states", "bits", None)
    with flint.ctx.workprec(BITS):
        assert log_matches(result.value, BruteForce(q).entropy(), q.to(name).arithmetic)


@given(hmms())
def test_hidden_paths_that_the_tokens_determine(q: HMM) -> None:
    found = entropy.is_unifilar(q)
    paths: dict[Any, int] = {}
    for z in product(range(q.hidden_size), repeat=q.length):
        for x in product(range(q.vocab_size), repeat=q.length):
            steps = [plain(q.transitions[i][z[i], z[i + 1]]) for i in range(q.length - 1)]
            emitted = [plain(q.emissions[i][z[i], x[i]]) for i in range(q.length)]
            if plain(q.initial[z[0]]) and all(steps) and all(emitted):
                paths[x] = paths.get(x, 0) + 1
    assert not found or max(paths.values()) == 1
    assert q.entropy().method == ("chain rule over states" if found else "sum over all sequences")


def test_a_deterministic_cycle_is_unifilar_though_its_states_are_hidden() -> None:
    cycle = HMM(["1/2", "1/2", 0], [[0, 1, 0], [0, 0, 1], [1, 0, 0]], [[1, 0], [0, 1], [0, 1]], 9)
    assert entropy.is_unifilar(cycle)
    assert cycle.entropy().value.overlaps(arb(1))
    assert not entropy.is_unifilar(NOISY)


@pytest.mark.parametrize("name", ["exact", "ball", "float64"])
@settings(max_examples=15)
@given(q=hmms(max_length=5), width=st.integers(0, 5))
def test_windows_enclose_the_entropy(name: str, q: HMM, width: int) -> None:
    with flint.ctx.workprec(BITS):
        truth = BruteForce(q).entropy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "SUM_LIMIT", 0)
        patch.setattr(entropy, "is_unifilar", lambda law: False)
        patch.setattr(entropy, "_window", lambda law: min(width, law.length - 1))
        result = q.to(name).entropy()
    assert result.bounds is not None
    low, high = result.bounds
    assert "enclosure" in result.guarantee
    assert "windows" in result.method
    with flint.ctx.workprec(BITS):
        rounding = arb(1e-12) if name == "float64" else arb(0)
        assert not truth < low - rounding
        assert not truth > high + rounding
        if width >= q.length - 1:
            assert high - low < 2 * rounding + arb(2) ** -110


def test_wider_windows_are_tighter_and_within_the_work_allowed() -> None:
    spans = []
    for work in (0, 6 * 4 * 2**2, 6 * 4 * 2**3, 6 * 4 * 2**4, 6 * 4 * 2**6):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(entropy, "SUM_LIMIT", 0)
            patch.setattr(entropy, "OBJECT_WINDOW_WORK", work)
            low, high = NOISY.entropy().bounds or (None, None)
        assert low is not None
        spans.append(float(high - low))
    assert spans == sorted(spans, reverse=True)
    assert 0 < spans[3] < spans[0]
    assert spans[4] < 1e-30  # a window over everything before leaves nothing out


def test_a_long_hidden_law_is_enclosed_and_says_so() -> None:
    law = HMM(NOISY.initial, NOISY.transitions[0], NOISY.emissions[0], 40).to("float64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entropy, "WINDOW_WORK", 40 * 4 * 2**10)
        result = law.entropy()
    assert result.method == "two-sided windows of 9 tokens"
    assert result.guarantee == "enclosure, float64 rounding"
    assert result.bounds is not None
    low, high = result.bounds
    assert 0 < low <= float(result) <= high < low + 1e-3


def test_constant_laws_have_no_entropy() -> None:
    for law in (
        MarkovChain([1], [[1]], 50),
        MarkovChain([0, 1], [[1, 0], [1, 0]], 7),
        HMM([1], [[1]], [[0, 1]], 3),
    ):
        assert law.entropy().value == 0
        assert float(law.to("float64").entropy()) == 0.0


def test_booleans_have_none() -> None:
    with pytest.raises(TypeError, match="no logarithms"):
        NOISY.to("boolean").entropy()
