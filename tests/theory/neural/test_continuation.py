"""Sequences continued with keys and values that are kept, against the model asked from the start every time."""

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.patterns import Tokens, all_sequences
from tests.theory.neural.random_models import autoregressive, filled
from theory.monte_carlo import clopper_pearson
from theory.neural import AutoregressiveLaw, AutoregressiveTransformer, ModelShape
from theory.neural.continuation import Continuation, rows_together

ERROR_PROBABILITY = 1e-8
"""Chance that one comparison of draws with a law fails although they agree; there are 3, seeds fixed."""


def reread(model: AutoregressiveTransformer, tokens: Tokens) -> torch.Tensor:
    """The logits of the next token of rows `[B, K]`, from all L positions and other tokens after them."""
    later = np.full((len(tokens), model.shape.length - tokens.shape[1]), model.shape.vocab_size - 1)
    with torch.no_grad():
        return model(torch.as_tensor(np.concatenate([tokens, later], axis=1)))[:, tokens.shape[1]]


@settings(max_examples=60)
@given(vocab=st.integers(1, 4), length=st.integers(1, 9), rows=st.integers(0, 3), data=st.data())
def test_logits_are_those_of_the_model_asked_from_the_start(
    vocab: int, length: int, rows: int, data: st.DataObject
) -> None:
    model = autoregressive(vocab, length, seed=data.draw(st.integers(0, 99)))
    tokens = np.random.default_rng(data.draw(st.integers(0, 99))).integers(vocab, size=(rows, length))
    continuation = Continuation(model, rows)
    for known in range(data.draw(st.integers(0, length - 1)), length):
        found = continuation(tokens[:, :known])
        assert found.shape == (rows, vocab)
        torch.testing.assert_close(found, reread(model, tokens[:, :known]), rtol=1e-12, atol=1e-12)


def test_only_what_is_new_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sizes = autoregressive(2, 6), []
    read = model.read

    def watched(inputs: torch.Tensor, **options: Any) -> torch.Tensor:
        sizes.append(tuple(inputs.shape))
        return read(inputs, **options)

    monkeypatch.setattr(model, "read", watched)
    law = AutoregressiveLaw(zoo.golden_mean(6).to("float64"), model, given=[0, 1, 0, 2, 2, 2], batch=4)
    sizes.clear()
    law.sample(6)
    assert sizes == [(4, 4), (4, 1), (4, 1), (2, 4), (2, 1), (2, 1)]


def test_a_past_goes_on_where_it_is() -> None:
    continuation = Continuation(autoregressive(2, 4), 1)
    continuation(np.zeros((1, 1), dtype=np.int64))
    for others in (1, 3):
        with pytest.raises(ValueError, match=f"tokens: expected 2 of each sequence, got {others}"):
            continuation(np.zeros((1, others), dtype=np.int64))
    continuation(np.zeros((1, 2), dtype=np.int64))


LAWS: dict[str, tuple[Oracle, list[int] | None]] = {
    "two tokens": (zoo.golden_mean(4), None),
    "a prompt": (zoo.golden_mean(5), [0, 1, 2, 2, 2]),
    "three tokens": (zoo.noisy_cycle(3, size=3), None),
    "one position": (zoo.golden_mean(1), None),
    "one token": (zoo.noisy_cycle(3, size=1), None),
    "one left": (zoo.golden_mean(3), [0, 1, 2]),
}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("name", LAWS)
def test_the_same_sequences_are_drawn(name: str, batch: int, precision: str) -> None:
    q, prompt = LAWS[name]
    model = autoregressive(q.vocab_size, q.length).to(getattr(torch, precision))
    kept, asked = (
        AutoregressiveLaw(q.to(precision), one, given=prompt, batch=batch)
        for one in (model, lambda tokens: model(tokens))
    )
    drawn = kept.sample(20, seed=3)
    np.testing.assert_array_equal(drawn, asked.sample(20, seed=3))
    if prompt is not None:
        start = prompt.index(q.mask)
        assert (drawn[:, :start] == prompt[:start]).all()
    assert kept.sample(0).shape == (0, q.length)


@pytest.mark.parametrize("name", ["two tokens", "a prompt", "three tokens"])
def test_draws_follow_the_table(name: str) -> None:
    q, prompt = LAWS[name]
    law = AutoregressiveLaw(q.to("float64"), autoregressive(q.vocab_size, q.length), given=prompt, batch=999)
    counts = Counter(map(tuple, law.sample(3000, seed=4)[:, law.model.start :].tolist()))
    table = law.as_table()
    everything = list(product(range(q.vocab_size), repeat=law.law.length))
    assert sum(counts[x] for x in everything) == 3000
    for x in everything:
        low, high = clopper_pearson(counts[x], 3000, 1 - ERROR_PROBABILITY / len(everything))
        assert low <= float(table.probability(x)) <= high


def test_the_model_is_left_as_it_was() -> None:
    model = autoregressive(2, 3).train()
    AutoregressiveLaw(zoo.golden_mean(3).to("float64"), model).sample(2)
    assert model.training


def test_what_derives_from_a_model_is_asked_itself() -> None:
    class Contrary(AutoregressiveTransformer):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return -super().forward(tokens)

    q = zoo.golden_mean(4).to("float64")
    model = filled(Contrary(ModelShape(2, 4, width=8, heads=2)), 0)
    laws = [AutoregressiveLaw(q, one, batch=50) for one in (model, lambda tokens: model(tokens))]
    one, other = (law.sample(50, seed=5) for law in laws)
    np.testing.assert_array_equal(one, other)


def test_a_function_may_do_with_its_tokens_as_it_likes() -> None:
    def careless(tokens: torch.Tensor) -> torch.Tensor:
        tokens.fill_(0)
        return torch.zeros(*tokens.shape, 2)

    law = AutoregressiveLaw(zoo.golden_mean(4).to("float64"), careless)
    assert law.sample(100, seed=6).any(axis=0).all()
    assert law.log_prob(all_sequences(2, 4)).exp().tolist() == pytest.approx([1 / 16] * 16)


def test_how_many_go_together() -> None:
    small, large = ModelShape(8, 32), ModelShape(8, 512, width=384, depth=6)
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert (rows_together(small, cpu), rows_together(large, cpu)) == (2048, 7)
    assert rows_together(large, gpu) == 455
    assert rows_together(ModelShape(2, 2**20, width=64), cpu) == 1
    q = zoo.golden_mean(4).to("float64")

    def together(model: Any, batch: int | None = None) -> int:
        return AutoregressiveLaw(q, model, batch=batch).model.drawn_together

    assert together(autoregressive(2, 4), batch=3) == 3
    assert together(autoregressive(2, 4)) == 2**24 // (2 * 2 * 4 * 8)
    assert together(lambda x: torch.zeros(*x.shape, 2)) == 1024
    long = zoo.golden_mean(5000).to("float64")
    assert AutoregressiveLaw(long, lambda x: torch.zeros(*x.shape, 2)).model.batch == 1
