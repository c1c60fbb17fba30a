"""Laws of autoregressive models, against products of conditionals written out in plain Python."""

import math
from collections import Counter
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from oracles import Oracle, Table, uniform_on, zoo
from oracles.patterns import all_sequences
from oracles.testing import oracles
from tests.theory import brute_force
from tests.theory.cases import as_law
from theory.monte_carlo import clopper_pearson
from theory.neural.autoregressive import AutoregressiveLaw
from theory.neural.models import AutoregressiveTransformer, ModelShape

ERROR_PROBABILITY = 1e-8
"""Chance that one comparison of draws with a law fails although they agree; there are fewer than 20, seeds fixed."""


def weight(prefix: tuple[int, ...], token: int) -> int:
    """How a model weighs the next token: 0, so that it is impossible, now and then."""
    return (sum((i + 2) * (v + 1) for i, v in enumerate(prefix)) + token * (len(prefix) + 1)) % 4 + (
        token == 0
    )


class Weighed(torch.nn.Module):
    """The model of these weights and perhaps more, whose logits see no more than they may."""

    def __init__(self, vocab: int, more: int = 0) -> None:
        super().__init__()
        self.vocab, self.more = vocab, more

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        rows = [
            [[weight(tuple(row[:i]), v) for v in range(self.vocab)] for i in range(len(row))]
            for row in tokens.tolist()
        ]
        weights = torch.tensor(rows, dtype=torch.float64).reshape(*tokens.shape, self.vocab)
        return (weights + self.more).log() + 0.5  # logits need not be normalised


def probability(x: tuple[int, ...], vocab: int, start: int = 0) -> Fraction:
    """p(x | its first `start` tokens), exactly."""
    chances = [
        Fraction(weight(x[:i], x[i]), sum(weight(x[:i], v) for v in range(vocab)))
        for i in range(start, len(x))
    ]
    return math.prod(chances, start=Fraction(1))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Oracle, list[int] | None, int]:
    """A law, a prompt of it or None, and how many tokens it gives."""
    q = draw(oracles(max_length=4))
    possible = q.sample(1, seed=draw(st.integers(0, 99)))[0].tolist()
    start = draw(st.integers(0, q.length - 1))
    prompt = [*possible[:start], *[q.mask] * (q.length - start)]
    return q, prompt if start or draw(st.booleans()) else None, start


@settings(max_examples=60)
@given(case=cases(), batch=st.integers(1, 9))
def test_exact_errors_are_those_of_the_law_written_out(
    case: tuple[Oracle, list[int] | None, int], batch: int
) -> None:
    q, prompt, start = case
    law = AutoregressiveLaw(q.to("float64"), Weighed(q.vocab_size), given=prompt, batch=batch)
    context = frozenset(enumerate(prompt[:start])) if prompt else frozenset()
    target = brute_force.given(as_law(q), context)
    given_tokens = tuple(prompt[:start]) if prompt else ()
    p = {
        rest: probability((*given_tokens, *rest), q.vocab_size, start)
        for rest in product(range(q.vocab_size), repeat=q.length - start)
    }
    table = law.as_table()
    assert isinstance(table, Table)
    for rest, expected in p.items():
        assert table.probability(rest) == pytest.approx(float(expected), rel=1e-12)
    assert float(law.sequence_error_rate()) == pytest.approx(
        float(brute_force.error_rate(target, p)), abs=1e-13
    )
    divergence = brute_force.divergence(target, p)
    same_bits(law.kl_divergence().value, divergence)
    cross = brute_force.cross_entropy(target, p)
    same_bits(law.log2_token_error_rate().value * (q.length - start), cross)
    assert law.kl_divergence().guarantee == "float64 rounding"


def same_bits(value: float, expected: arb) -> None:
    if expected.is_finite():
        assert value == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
    else:
        assert value == math.inf


@settings(max_examples=40)
@given(case=cases(), data=st.data())
def test_log_probabilities(case: tuple[Oracle, list[int] | None, int], data: st.DataObject) -> None:
    q, prompt, start = case
    law = AutoregressiveLaw(q.to("float64"), Weighed(q.vocab_size), given=prompt, batch=2)
    sequence = st.lists(st.integers(0, q.vocab_size - 1), min_size=q.length, max_size=q.length)
    asked = data.draw(st.lists(sequence, max_size=5))
    found = law.log_prob(np.array(asked, dtype=np.int64).reshape(-1, q.length))
    assert found.shape == (len(asked),)
    for x, log in zip(asked, found.tolist(), strict=True):
        agrees = prompt is None or x[:start] == prompt[:start]
        expected = probability(tuple(x), q.vocab_size, start) if agrees else 0
        assert log == pytest.approx(math.log(expected) if expected else -math.inf, abs=1e-12)
        assert law.log_prob(x) == log


def test_shapes_of_log_probabilities() -> None:
    law = AutoregressiveLaw(zoo.golden_mean(2).to("float64"), Weighed(2))
    pairs = all_sequences(2, 2).reshape(2, 2, 2)
    assert law.log_prob(pairs).shape == (2, 2)
    assert law.log_prob(pairs).exp().sum() == pytest.approx(1)


def test_what_contradicts_a_prompt_is_impossible() -> None:
    law = AutoregressiveLaw(zoo.golden_mean(3).to("float64"), Weighed(2), given=[0, 2, 2])
    assert law.log_prob([1, 0, 0]) == -math.inf
    assert law.log_prob([[1, 0, 0], [0, 0, 0]]).tolist() == [-math.inf, law.log_prob([0, 0, 0])]
    assert law.log_prob([0, 0, 0]) > -math.inf


LAWS: dict[str, tuple[Oracle, list[int] | None]] = {
    "golden mean": (zoo.golden_mean(4), None),
    "three tokens": (zoo.noisy_cycle(3, size=3), None),
    "with a prompt": (zoo.golden_mean(5), [0, 1, 2, 2, 2]),
    "one token": (zoo.golden_mean(1), None),
}


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_the_law(name: str) -> None:
    q, prompt = LAWS[name]
    law = AutoregressiveLaw(q.to("float64"), Weighed(q.vocab_size), given=prompt, batch=700)
    drawn = law.sample(2000, seed=1)
    assert drawn.shape == (2000, q.length)
    np.testing.assert_array_equal(drawn, law.sample(2000, seed=1))
    start = prompt.index(q.mask) if prompt else 0
    counts = Counter(map(tuple, drawn.tolist()))
    everything = [
        (*(prompt or [])[:start], *rest) for rest in product(range(q.vocab_size), repeat=q.length - start)
    ]
    assert counts.keys() <= set(everything)
    for x in everything:
        low, high = clopper_pearson(counts[x], 2000, 1 - ERROR_PROBABILITY / len(everything))
        assert low <= probability(x, q.vocab_size, start) <= high


@pytest.mark.parametrize("prompt", [None, [0, 1, 2, 2, 2]])
def test_estimates_enclose_what_is_exact(prompt: list[int] | None) -> None:
    q, n = zoo.golden_mean(5).to("float64"), 2000
    law = AutoregressiveLaw(q, Weighed(2, more=1), given=prompt)
    errors = law.estimate_sequence_error_rate(n, confidence=1 - ERROR_PROBABILITY, seed=2)
    assert errors.contains(law.sequence_error_rate())
    assert (errors.method, errors.n) == ("Clopper-Pearson interval", n)
    count = round(errors.value * n)
    assert (errors.low, errors.high) == clopper_pearson(count, n, 1 - ERROR_PROBABILITY)
    # On a small law the terms have known bounds, so Hoeffding's bound on the error is exact.
    target, logs = law.law.joint().reshape(-1), law.as_table().joint().reshape(-1).log2()
    terms = (target.log2() - logs)[target > 0]
    half = float(terms.max() - terms.min()) * math.sqrt(math.log(2 / ERROR_PROBABILITY) / (2 * n))
    kl, per_token = (f(n, seed=3) for f in (law.estimate_kl_divergence, law.estimate_log2_token_error_rate))
    assert abs(kl.value - float(law.kl_divergence())) <= half
    assert kl.low <= kl.value <= kl.high
    wide = law.estimate_kl_divergence(n, seed=3, confidence=0.9999)
    factors = (student.ppf((1 + one.confidence) / 2, n - 1) for one in (wide, kl))
    assert (wide.high - wide.low) / (kl.high - kl.low) == pytest.approx(next(factors) / next(factors))
    free = law.law.length
    assert per_token.value == pytest.approx((float(law.law.entropy()) + kl.value) / free)
    assert (per_token.unit, per_token.high - per_token.low) == (
        "bits per token",
        pytest.approx((kl.high - kl.low) / free),
    )


def test_estimates_to_a_width() -> None:
    law = AutoregressiveLaw(zoo.golden_mean(3).to("float64"), Weighed(2, more=1))
    for estimate, width in (
        (law.estimate_sequence_error_rate, 0.05),
        (law.estimate_kl_divergence, 0.1),
        (law.estimate_log2_token_error_rate, 0.05),
    ):
        found = estimate(width=width, seed=4)
        assert found.high - found.low <= width
        assert found.n >= 1000


def test_what_the_model_rules_out_costs_infinitely_many_bits() -> None:
    q = uniform_on(["01", "11"], 2).to("float64")

    def never_one_first(tokens: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(*tokens.shape, 2)
        logits[:, 0, 1] = -math.inf
        return logits

    law = AutoregressiveLaw(q, never_one_first)
    assert float(law.kl_divergence()) == math.inf
    assert float(law.sequence_error_rate()) == pytest.approx(0.5)
    found = law.estimate_kl_divergence(100, seed=5)
    assert (found.value, found.low, found.high) == (math.inf,) * 3


def test_where_everything_is_possible_nothing_is_an_error_at_any_length() -> None:
    q = zoo.noisy_cycle(100).to("float64")
    found = AutoregressiveLaw(q, Weighed(5)).sequence_error_rate()
    assert (found.value, found.method) == (0, "full support")


def test_an_ideal_model_errs_not_at_all() -> None:
    q = zoo.golden_mean(6).to("float64")

    def ideal(tokens: torch.Tensor) -> torch.Tensor:
        rows = np.repeat(tokens.numpy()[:, None], 6, axis=1)
        rows[:, np.triu_indices(6)[0], np.triu_indices(6)[1]] = 2
        possible = np.asarray(q.in_support(rows))
        rows[~possible] = 2
        return q.conditionals(rows)[:, np.arange(6), np.arange(6)].log()

    law = AutoregressiveLaw(q, ideal)
    np.testing.assert_allclose(law.as_table().joint(), q.joint(), atol=1e-14)
    assert float(law.kl_divergence()) == pytest.approx(0, abs=1e-12)
    assert law.sequence_error_rate().value == 0
    assert law.estimate_kl_divergence(200, seed=6).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_transformer(precision: str) -> None:
    q = zoo.noisy_cycle(4, size=3).to(precision)
    torch.manual_seed(7)
    model = AutoregressiveTransformer(ModelShape(3, 4, width=16, depth=1, heads=2))
    torch.nn.init.normal_(model.readout.weight)
    law = AutoregressiveLaw(q, model)
    assert model.training  # as it was before
    every = all_sequences(3, 4)
    with torch.no_grad():
        rows = model(torch.as_tensor(every)).double().log_softmax(-1)
    expected = rows.gather(-1, torch.as_tensor(every)[..., None]).sum((1, 2))
    np.testing.assert_allclose(law.log_prob(every), expected, atol=1e-5)
    table = law.as_table().joint().double()
    np.testing.assert_allclose(table.reshape(-1).log(), expected, atol=1e-4)
    assert float(table.sum()) == pytest.approx(1, abs=1e-5)
    assert table.std() > 1e-3
    assert law.kl_divergence().guarantee == f"{precision} rounding"


Q = zoo.golden_mean(3).to("float64")


def bidirectional(tokens: torch.Tensor) -> torch.Tensor:
    return (tokens.sum(-1, keepdim=True) + tokens)[..., None] * torch.tensor([0.0, 1.0])


def itself(tokens: torch.Tensor) -> torch.Tensor:
    """The usual mistake: logits of the next token."""
    return tokens[..., None] * torch.tensor([0.0, 1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: AutoregressiveLaw(zoo.golden_mean(3), Weighed(2)),
            "q: expected one in float32 or float64",
        ),
        (
            lambda: AutoregressiveLaw(Q, bidirectional),
            "model: expected logits of token i that depend on tokens bef",
        ),
        (
            lambda: AutoregressiveLaw(Q, itself),
            "model: expected logits of token i that depend on tokens before i",
        ),
        (
            lambda: AutoregressiveLaw(Q, Weighed(3)),
            r"model: expected logits of shape \(2, 3, 2\), got \(2, 3, 3\)",
        ),
        (lambda: AutoregressiveLaw(Q, lambda x: "odd"), "model: expected an array of logits, got str"),
        (
            lambda: AutoregressiveLaw(Q, lambda x: torch.full((*x.shape, 2), math.nan)),
            "model: expected logits below infinity, got nan",
        ),
        (
            lambda: AutoregressiveLaw(Q, lambda x: torch.full((*x.shape, 2), -math.inf)),
            "model: expected a possible token at every position",
        ),
        (
            lambda: AutoregressiveLaw(Q, Weighed(2), batch=0),
            "batch: expected an integer of at least 1, got 0",
        ),
        (
            lambda: AutoregressiveLaw(Q, Weighed(2), given=[2, 0, 2]),
            "given: expected the first tokens of a seq",
        ),
        (lambda: AutoregressiveLaw(Q, Weighed(2), given=[1, 1, 2]), "given: expected a possible pattern"),
        (
            lambda: AutoregressiveLaw(Q, Weighed(2)).log_prob([0, 0, 2]),
            r"tokens: expected entries in 0\.\.1, got 2",
        ),
        (lambda: AutoregressiveLaw(Q, Weighed(2)).sample(-1), "n: expected an integer of at least 0, got -1"),
        (
            lambda: AutoregressiveLaw(Q, Weighed(2)).estimate_kl_divergence(seed=0),
            "width: expected a positive",
        ),
        (
            lambda: AutoregressiveLaw(zoo.golden_mean(40).to("float64"), Weighed(2)).kl_divergence(),
            r"q: expected a table of at most 5e\+07 entries, got 2\*\*40",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
