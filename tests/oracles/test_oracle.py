"""What every oracle accepts, and what it refuses by name."""

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
import torch
from flint import fmpq
from hypothesis import given, settings

from oracles import HMM, MarkovChain, NGram, Oracle, Table
from oracles.arithmetic import NAMES, arithmetic
from oracles.memory import check_table_size
from oracles.testing import oracles

CHAIN = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 3)
FAMILIES = [
    CHAIN,
    NGram([["1/3", "1/3"], ["1/3", 0]], [[["1/2", "1/2"], [1, 0]], [[0, 1], [0, 0]]], 3),
    HMM(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], [[1, 0], ["1/4", "3/4"]], 3),
    Table.of(CHAIN),
]
IN_EVERY_ARITHMETIC = [
    pytest.param(q.to(name), id=f"{type(q).__name__}-{name}") for q in FAMILIES for name in NAMES
]
each = pytest.mark.parametrize("q", IN_EVERY_ARITHMETIC)


@each
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (0,), (2, 0)])
def test_answers_have_the_shape_of_the_batch(q: Oracle, shape: tuple[int, ...]) -> None:
    patterns = np.broadcast_to(q.all_masked(), (*shape, 3))
    assert np.shape(q.probability(patterns)) == shape
    assert np.shape(q.in_support(patterns)) == shape
    assert tuple(q.conditionals(patterns).shape) == (*shape, 3, 2)
    assert tuple(q.conditionals(patterns, positions=[2, 0]).shape) == (*shape, 2, 2)
    assert tuple(q.conditionals(patterns, positions=1).shape) == (*shape, 1, 2)
    assert tuple(q.conditionals(patterns, positions=[]).shape) == (*shape, 0, 2)
    if q.arithmetic.name != "boolean":
        assert np.shape(q.log_prob(patterns)) == shape


@each
def test_patterns_in_any_container(q: Oracle) -> None:
    batch = [[0, 2, 1], [2, 1, 2]]
    expected = str(q.probability(batch))
    for patterns in (np.array(batch, dtype=np.uint8), torch.tensor(batch), tuple(map(tuple, batch))):
        assert str(q.probability(patterns)) == expected
    strided = np.array([[0, 9, 2, 9, 1, 9], [2, 9, 1, 9, 2, 9]])[:, ::2]
    assert str(q.probability(strided)) == expected


@each
def test_a_boolean_array_selects_entries(q: Oracle) -> None:
    patterns = np.array([[0, 2, 2], [2, 2, 0], [2, 2, 2]])
    chosen = np.array([[False, True, True], [False, False, False], [True, False, True]])
    rows, places = np.nonzero(chosen)
    every = q.conditionals(patterns)
    expected = every[q.arithmetic.index(rows), q.arithmetic.index(places)]
    found = q.conditionals(patterns, chosen)
    if q.arithmetic.name.startswith("float"):
        assert torch.allclose(found, expected, rtol=1e-6 if q.arithmetic.name == "float32" else 1e-14)
    elif q.arithmetic.name == "ball":
        assert all(a.overlaps(b) for a, b in zip(found.flat, expected.flat, strict=True))
    else:
        assert found.tolist() == expected.tolist()
    assert tuple(q.conditionals(patterns, np.zeros((3, 3), dtype=bool)).shape) == (0, 2)
    one = q.conditionals(patterns[0], chosen[0])
    assert tuple(one.shape) == (2, 2)


def test_plain_numbers_for_a_single_pattern() -> None:
    kinds = {"exact": fmpq, "boolean": bool, "float32": float, "float64": float}
    for name, kind in kinds.items():
        assert type(CHAIN.to(name).probability([0, 2, 2])) is kind
    assert type(CHAIN.in_support([0, 2, 2])) is bool


def test_results_compare_with_fractions() -> None:
    assert CHAIN.probability([0, 2, 2]) == F(1, 3)
    assert CHAIN.probability([0, 2, 2]) < F(1, 2)
    assert F(1, 2) > CHAIN.probability([0, 2, 2])


# ------------------------------------------------------------------ bad input, one line an argument

MALFORMED: list[tuple[Any, str]] = [
    ([0, 1], r"expected last axis of length 3, got shape \(2,\)"),
    ([0, 1, 3], r"expected entries in 0\.\.2, got 3"),
    ([0, 1, -1], r"expected entries in 0\.\.2, got -1"),
    ([0.0, 1.0, 2.0], "expected integers, got an array of float64"),
    ("012", "expected integers"),
    (None, "expected integers"),
    ([[0, 1, 2], [0]], "expected a regular array of integers"),
]
REQUESTS: dict[str, tuple[str, Callable[[Oracle, Any], object]]] = {
    "probability": ("pattern", lambda q, x: q.probability(x)),
    "log_prob": ("pattern", lambda q, x: q.log_prob(x)),
    "conditionals": ("patterns", lambda q, x: q.conditionals(x)),
    "in_support": ("pattern", lambda q, x: q.in_support(x)),
    "condition": ("pattern", lambda q, x: q.condition(x)),
}


@pytest.mark.parametrize("q", FAMILIES, ids=lambda q: type(q).__name__)
@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize(("pattern", "message"), MALFORMED)
def test_malformed_patterns(q: Oracle, request_name: str, pattern: Any, message: str) -> None:
    argument, request = REQUESTS[request_name]
    with pytest.raises(ValueError, match=f"^{argument}: {message}"):
        request(q, pattern)


@pytest.mark.parametrize("q", FAMILIES, ids=lambda q: type(q).__name__)
def test_bad_arguments(q: Oracle) -> None:
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: q.condition([[0, 2, 2]]), r"^pattern: expected one pattern of length 3, got a batch \(1,\)"),
        (lambda: q.most_probable([0, 2]), "^pattern: expected last axis of length 3"),
        (lambda: q.sample(2, given=[0, 2]), "^pattern: expected last axis of length 3"),
        (lambda: q.sample(-1), "^n: expected an integer of at least 0, got -1"),
        (lambda: q.sample(2, seed=-1), "^seed: expected an integer of at least 0, got -1"),
        (
            lambda: q.conditionals([2, 2, 2], positions=[3]),
            r"^positions: expected indices in 0\.\.2, got \[3\]",
        ),
        (
            lambda: q.conditionals([2, 2, 2], positions=[-1]),
            r"^positions: expected indices in 0\.\.2, got \[-1\]",
        ),
        (lambda: q.conditionals([2, 2, 2], positions=[[0]]), r"^positions: expected indices"),
        (lambda: q.conditionals([2, 2, 2], positions=[0.5]), r"^positions: expected integers"),
        (
            lambda: q.conditionals([2, 2, 2], positions=np.ones(2, dtype=bool)),
            r"^positions: expected a Boolean array of shape \(3,\), got \(2,\)",
        ),
        (lambda: q.marginal([]), r"^positions: expected at least one, strictly increasing, got \[\]"),
        (lambda: q.marginal([1, 0]), r"^positions: .* strictly increasing, got \[1, 0\]"),
        (lambda: q.marginal([1, 1]), r"^positions: .* strictly increasing, got \[1, 1\]"),
        (lambda: q.marginal([3]), r"^positions: expected indices"),
        (lambda: q.to("decimal"), "^arithmetic: expected one of"),
        (lambda: q.to("exact", device="cpu"), "^device: "),
        (lambda: q.to("float64", bits=64), "^bits: "),
        (lambda: q.to("ball", bits=1), "^bits: "),
        (lambda: q.to("float64", rationalise=5), "^rationalise: "),
        (lambda: q.to("float64", device="abacus"), "^device: "),
    ]
    for request, message in refused:
        with pytest.raises(ValueError, match=message):
            request()


IMPOSSIBLE = MarkovChain([1, 0], [["1/2", "1/2"], [0, 1]], 3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [lambda q: q, Table.of], ids=["chain", "table"])
def test_impossible_patterns(name: str, make: Callable[[Oracle], Oracle]) -> None:
    q = make(IMPOSSIBLE.to(name))
    shown = r"expected possible patterns, got \[0, 1, 0\] \(row 1\) of probability zero"
    for positions in (None, [0], [2, 1], [], np.ones((2, 3), dtype=bool)):
        with pytest.raises(ValueError, match=f"^patterns: {shown}"):
            q.conditionals([[0, 0, 2], [0, 1, 0]], positions)
    for request in (q.condition, q.most_probable, lambda x: q.sample(1, given=x)):
        if name != "symbolic" or request != q.most_probable:
            with pytest.raises(ValueError, match=r"^pattern: .* \[1, 2, 2\] of probability zero"):
                request([1, 2, 2])
    assert not q.in_support([1, 2, 2])


@pytest.mark.parametrize("name", ["ball", "symbolic", "boolean"])
def test_laws_that_cannot_be_sampled(name: str) -> None:
    for q in FAMILIES:
        with pytest.raises(TypeError, match="sample"):
            q.to(name).sample(1)


def test_tables_that_would_be_too_large() -> None:
    with pytest.raises(
        ValueError, match=r"^joint: expected a table of at most 5e\+07 entries, got 2\*\*60 \(1e18\.1\)"
    ):
        MarkovChain([0.5, 0.5], [[0.5, 0.5]] * 2, 60).joint()
    with pytest.raises(
        ValueError, match=r"^pattern_table: expected a table of at most 5e\+07 entries, got 3\*\*20"
    ):
        MarkovChain([0.5, 0.5], [[0.5, 0.5]] * 2, 20).pattern_table()
    with pytest.raises(ValueError, match=r"^joint: expected a table of at most 64 axes, got 65"):
        MarkovChain([1], [[1]], 65).joint()
    assert MarkovChain([1], [[1]], 64).joint().size == 1
    with pytest.raises(ValueError, match=r"^joint: expected a table of at most 5e\+06 entries, got 2\*\*23"):
        MarkovChain(["1/2", "1/2"], [["1/2", "1/2"]] * 2, 23).joint()
    with pytest.raises(ValueError, match=r"^x: "):
        check_table_size("x", 10**6, 10**6, arithmetic("float64"))


def test_one_token_and_one_position() -> None:
    for q in (
        MarkovChain([1], [[1]], 4),
        HMM(["1/2", "1/2"], [[1, 0], [0, 1]], [[1], [1]], 4),
        NGram(1, [1], 4),
    ):
        assert q.probability([0, 1, 1, 0]) == 1
        assert q.conditionals([1, 1, 1, 1]).tolist() == [[1]] * 4
        assert q.sample(2, seed=3).tolist() == [[0] * 4] * 2
        assert q.entropy().value == 0
    single = MarkovChain(["1/3", "2/3"], [[1, 0], [0, 1]], 1)
    assert single.conditionals([2]).tolist() == [[F(1, 3), F(2, 3)]]
    assert single.condition([1]).joint().tolist() == [0, 1]


def test_the_support_is_computed_once() -> None:
    assert CHAIN.support() is CHAIN.support()
    assert CHAIN.support().support() is CHAIN.support()


def test_what_the_tokens_stand_for_survives_every_move() -> None:
    q = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], [1, 0]], 3)
    q.symbols = ("a", "b")
    for law in (q.to("float64"), q.condition([0, 2, 2]), q.marginal([0, 2]), q.support(), Table.of(q)):
        assert law.symbols == ("a", "b")


def test_an_oracle_shows_its_size_and_arithmetic() -> None:
    assert repr(CHAIN) == "<MarkovChain V=2 L=3 exact>"


@pytest.mark.parametrize("asked_first", ["conditionals", "probability", "log_prob", "state_space"])
@settings(max_examples=60)
@given(q=oracles())
def test_balls_keep_their_precision_whatever_is_asked_first(asked_first: str, q: Oracle) -> None:
    """What is computed once and kept is computed at the precision of the law, not at that of the caller."""
    law = q.to("ball")
    if asked_first == "state_space":
        found = law.state_space().initial
    else:
        found = getattr(law, asked_first)([law.all_masked().tolist()])
    assert all(value.rad() < 1e-30 for value in found.reshape(-1))
    start = law.conditionals([law.all_masked().tolist()])
    assert all(value.rad() < 1e-30 for value in start.reshape(-1))
