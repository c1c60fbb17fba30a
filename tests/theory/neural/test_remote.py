"""Models given by a function, against one row at a time in plain Python."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.testing import oracles, patterns
from theory import IID, sampler_law
from theory.neural.remote import LeftOut, Remote, loglinear_sigma
from theory.neural.token_maps import TokenMap

Ids = list[int]


def logit(ids: Ids, place: int, out: int, time: float = 0.0) -> float:
    """What some model says at a place: it looks at all ids; now and then that something is impossible."""
    seen = sum((j + 2) * (i + 1) for j, i in enumerate(ids)) + 3 * place
    return -math.inf if (seen + out) % 5 == 0 and out % 7 else 2 * math.sin(seen * (out + 1) + time)


def logits(ids: Any, size: int, times: Any = None) -> np.ndarray:
    rows = ids.tolist()
    told = [0.0] * len(rows) if times is None else times.tolist()
    found = [
        [[logit(row, place, out, time) for out in range(size)] for place in range(len(row))]
        for row, time in zip(rows, told, strict=True)
    ]
    return np.array(found).reshape(len(rows), -1, size)


def expected_law(scores: list[float], ids: TokenMap) -> tuple[list[float], float, float]:
    """The law of the tokens, and the shares of the mask and of the other ids, of the logits of one place."""
    weights = [math.exp(score) for score in scores]
    kept = math.fsum(weights[i] for i in ids.tokens)
    mask = weights[ids.mask] if ids.mask < len(weights) else 0.0
    others = math.fsum(w for i, w in enumerate(weights) if i not in (*ids.tokens, ids.mask))
    return [weights[i] / kept for i in ids.tokens], mask / (kept + mask + others), others / (kept + others)


@st.composite
def token_maps(draw: st.DrawFn, vocab: int) -> TokenMap:
    """Any numbering within 0..V+4, the mask perhaps beyond what the model has logits for."""
    ids = draw(st.permutations(range(vocab + 5)))
    sides = st.lists(st.integers(0, vocab + 4), max_size=2)
    return TokenMap(ids[:vocab], ids[vocab], draw(sides), draw(sides))


@pytest.mark.parametrize("precision", ["float64", "float32"])
@settings(max_examples=60)
@given(data=st.data())
def test_each_answer_is_a_softmax_over_the_tokens(precision: str, data: st.DataObject) -> None:
    q = data.draw(oracles()).to(precision)
    ids = data.draw(token_maps(q.vocab_size))
    size = max(ids.tokens) + 1 + data.draw(st.integers(0, 4))
    shifted, timed = bool(ids.prefix) and data.draw(st.booleans()), data.draw(st.booleans())
    as_tensor = data.draw(st.booleans())

    def function(asked: torch.Tensor, time: torch.Tensor | None = None) -> Any:
        assert (time is not None) == timed
        found = logits(asked, size, time)
        return torch.as_tensor(found) if as_tensor else found

    denoiser = Remote(q, function, ids, shifted=shifted, time=(lambda t: 2 * t) if timed else None, batch=2)
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=5))
    laws, masks, others = [], [], []
    for row in batch:
        encoded = [*ids.prefix, *((*ids.tokens, ids.mask)[v] for v in row), *ids.suffix]
        time = 2 * row.count(q.mask) / q.length if timed else 0.0
        for i, token in enumerate(row):
            place = len(ids.prefix) + i - shifted
            scores = [logit(encoded, place, out, time) for out in range(size)]
            if token == q.mask and all(scores[kept] == -math.inf for kept in ids.tokens):
                with pytest.raises(ValueError, match="function: expected a possible token"):
                    denoiser(batch)
                return
            law = [float(v == token) for v in range(q.vocab_size)]
            if token == q.mask:
                law, mask, other = expected_law(scores, ids)
                masks.append(mask)
                others.append(other)
            laws.append(law)
    shape = (len(batch), q.length, q.vocab_size)
    error = {"float64": 1e-12, "float32": 1e-5}[precision]
    every = np.array(laws).reshape(shape)
    found = denoiser(batch)
    assert found.dtype == q.arithmetic.zeros(0).dtype
    np.testing.assert_allclose(found, every, atol=error)
    np.testing.assert_allclose(
        denoiser.left_out, (len(masks), mean(masks), mean(others), max(others, default=0)), atol=error
    )
    positions = data.draw(st.lists(st.integers(0, q.length - 1), max_size=q.length + 1))
    np.testing.assert_allclose(denoiser(batch, positions), every[:, positions], atol=error)
    entries = np.array([[data.draw(st.booleans()) for _ in row] for row in batch])
    np.testing.assert_allclose(denoiser(batch, entries), every[entries], atol=error)


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def fixed(*rows: list[float]) -> Any:
    """A model that answers these logits at every position of every sequence."""
    return lambda ids: torch.tensor(rows).expand(*ids.shape, -1)


def test_a_mask_is_never_revealed_and_what_falls_outside_is_reported() -> None:
    q = zoo.golden_mean(2).to("float64")
    half, tenth = math.log(0.5), math.log(0.1)
    # Ids 3 and 0 are the tokens, 1 the mask, 2 another.
    denoiser = Remote(q, fixed([tenth, half, math.log(0.2), math.log(0.2)]), TokenMap([3, 0], 1))
    assert denoiser.left_out == LeftOut()
    np.testing.assert_allclose(denoiser([[2, 2]]), [[[2 / 3, 1 / 3]] * 2])
    np.testing.assert_allclose(denoiser.left_out, (2, 0.5, 0.4, 0.4))
    denoiser([[2, 0], [1, 1]])
    assert denoiser.left_out.positions == 3


def test_a_model_is_asked_no_more_than_is_wanted_and_by_batches() -> None:
    q, asked = zoo.golden_mean(3).to("float64"), []

    def function(ids: torch.Tensor) -> torch.Tensor:
        asked.append(ids.tolist())
        return torch.zeros(*ids.shape, 2)

    denoiser = Remote(q, function, batch=2)
    batch = [[2, 0, 0], [0, 0, 1], [2, 2, 2], [0, 0, 2], [1, 0, 2]]
    denoiser(batch)
    assert asked == [[[2, 0, 0], [2, 2, 2]], [[0, 0, 2], [1, 0, 2]]]
    asked.clear()
    denoiser(batch, [0])
    assert asked == [[[2, 0, 0], [2, 2, 2]]]
    asked.clear()
    assert denoiser([[0, 0, 0]]).tolist() == [[[1, 0], [1, 0], [1, 0]]]
    assert denoiser(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3, 2)
    assert denoiser(batch, []).shape == (5, 0, 2)
    assert asked == []


def test_probabilities_are_said_in_logarithms_of_all_ids() -> None:
    q = zoo.golden_mean(2).to("float64")
    logs = [math.log(0.25), math.log(0.25), math.log(0.5)]
    answer = Remote(q, fixed(logs), output="log-probabilities")([[2, 2]])
    np.testing.assert_allclose(answer, np.full((1, 2, 2), 0.5))
    few_digits = [torch.tensor(x).to(torch.float16).item() for x in logs]
    Remote(q, fixed(few_digits), output="log-probabilities")([[2, 2]])
    with pytest.raises(ValueError, match=r"logarithms of probabilities that sum to 1, got a sum of 1\.25"):
        Remote(q, fixed([*logs[:2], math.log(0.75)]), output="log-probabilities")([[2, 2]])


def test_the_time_of_the_loglinear_noise() -> None:
    found = loglinear_sigma(np.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(found, [0, -math.log(0.5005), -math.log(0.001)])


def test_the_law_of_its_sampler_is_exact() -> None:
    q = zoo.golden_mean(3).to("float64")
    law = sampler_law(q, IID.uniform(2), Remote(q, fixed([0.0, math.log(3.0)])))
    assert law.probability([1, 1, 1]) == pytest.approx(27 / 64)


def test_what_it_answers_where_nothing_is_asked_is_not_looked_at() -> None:
    q = zoo.golden_mean(3).to("float64")

    def function(ids: torch.Tensor) -> torch.Tensor:
        found = torch.full((*ids.shape, 2), torch.nan)
        found[:, 2] = 0.0  # position 1, after a prefix
        return found

    denoiser = Remote(q, function, TokenMap([0, 1], 2, [0]))
    assert denoiser([[0, 2, 0]]).tolist() == [[[1, 0], [0.5, 0.5], [1, 0]]]
    with pytest.raises(ValueError, match="function: expected logits below infinity, got nan"):
        denoiser([[0, 2, 2]])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.zeros(1, 2, 1), r"expected logits of shape \(1, 2, 'W'\) with W >= 2, got \(1, 2, 1\)"),
        (torch.zeros(1, 3, 2), r"expected logits of shape \(1, 2, 'W'\) with W >= 2, got \(1, 3, 2\)"),
        (np.zeros((2, 2)), r"expected logits of shape \(1, 2, 'W'\) with W >= 2, got \(2, 2\)"),
        (np.broadcast_to(np.zeros(2), (1, 3, 2)), "expected logits of shape"),  # read-only
        ("hello", "function: expected an array of logits, got str"),
        (np.zeros((1, 2, 2), complex), "function: expected real logits, got torch.complex128"),
        (np.full((1, 2, 2), np.inf), "function: expected logits below infinity, got inf"),
        (
            np.full((1, 2, 2), -np.inf),
            "function: expected a possible token at every position, got one",
        ),
    ],
)
def test_bad_answers(answer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Remote(zoo.golden_mean(2).to("float64"), lambda ids: answer)([[2, 2]])


Q: Oracle = zoo.golden_mean(2).to("float64")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Remote(zoo.golden_mean(2), fixed([0.0, 0.0])), "oracle: expected one in float32 or float64"),
        (
            lambda: Remote(Q, fixed([0.0] * 3), TokenMap([0, 1, 2], 3)),
            "ids: expected those of V=2 tokens, got 3",
        ),
        (lambda: Remote(Q, fixed([0.0] * 2), shifted=True), "ids: expected a prefix, .*got none"),
        (lambda: Remote(Q, fixed([0.0] * 2), output="odds"), "output: expected one of logits, log-prob"),
        (lambda: Remote(Q, fixed([0.0] * 2), batch=0), "batch: expected an integer of at least 1, got 0"),
        (lambda: TokenMap([], 0), r"tokens: expected ids that are all different, got \(\)"),
        (lambda: TokenMap([1, 1], 0), r"tokens: expected ids that are all different, got \(1, 1\)"),
        (lambda: TokenMap([1, -1], 0), "tokens: expected an integer of at least 0, got -1"),
        (lambda: TokenMap([1, 0], 0), "mask: expected the id of no token, got 0"),
        (lambda: TokenMap([1, 0], 2, [-3]), "prefix: expected an integer of at least 0, got -3"),
        (lambda: TokenMap({0: 4, 2: 5}, 7), r"tokens: expected an id for each of 0..1, got one for \[0, 2\]"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_mapping_from_tokens_to_ids_is_read_by_token() -> None:
    assert TokenMap({1: 5, 0: 17, 2: 30}, 37) == TokenMap([17, 5, 30], 37)
