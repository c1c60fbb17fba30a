"""What the numbers of a model stand for, and that probabilities are not taken for logits."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oracles import zoo
from theory.neural import AutoregressiveLaw, OracleModel, Remote
from theory.neural.answers import Answers

DOUBT = "expected logits, got non-negative rows that sum to 1"


@st.composite
def laws(draw: st.DrawFn, least: int = 1) -> torch.Tensor:
    """Probabilities `[M, W]`, zeros and equal ones included."""
    width = draw(st.integers(least, 4))
    weights = st.lists(st.integers(0, 3), min_size=width, max_size=width).filter(any)
    rows = torch.tensor(draw(st.lists(weights, min_size=1, max_size=4)), dtype=torch.float64)
    return rows / rows.sum(-1, keepdim=True)


@given(rows=laws())
def test_all_three_say_the_same(rows: torch.Tensor) -> None:
    answers = [
        Answers("model", "probabilities").logits(rows),
        Answers("model", "log-probabilities").logits(rows.log()),
        Answers("model").logits(rows.log() + 1),
    ]
    for found in answers:
        torch.testing.assert_close(found.softmax(-1), rows)


@given(rows=laws())
def test_probabilities_are_no_logits_unless_that_is_the_same(rows: torch.Tensor) -> None:
    answers = Answers("model")
    if torch.allclose(rows.softmax(-1), rows):
        assert answers.logits(rows) is rows
    else:
        with pytest.raises(ValueError, match=f'model: {DOUBT}; .* say output="probabilities"'):
            answers.logits(rows)
        assert answers.logits(rows + 1).shape == rows.shape  # logits, as it was told


@pytest.mark.parametrize("few_digits", [torch.float16, torch.float32])
@given(rows=laws(least=2))
def test_rounded_probabilities_are_noticed_too(few_digits: torch.dtype, rows: torch.Tensor) -> None:
    rounded = rows.to(few_digits).double()
    Answers("model", "probabilities").logits(rounded)
    if bool((rows.amax(-1) > rows.amin(-1)).any()):
        with pytest.raises(ValueError, match=DOUBT):
            Answers("model").logits(rounded)


@given(rows=laws(least=2), other=st.sampled_from([[-0.1, 1.1], [0.4, 0.5], [-math.inf, 1.0], [2.0, 0.0]]))
def test_one_other_row_says_that_all_are_logits(rows: torch.Tensor, other: list[float]) -> None:
    row = torch.zeros(1, rows.shape[1], dtype=torch.float64)
    row[0, :2] = torch.tensor(other)
    answers = Answers("model")
    answers.logits(torch.cat([rows, row]))
    answers.logits(rows)


def test_equal_numbers_leave_it_open() -> None:
    answers = Answers("model")
    for _ in range(2):
        answers.logits(torch.full((3, 4), 0.25))
        answers.logits(torch.zeros(0, 4))
    with pytest.raises(ValueError, match=DOUBT):
        answers.logits(torch.tensor([[0.75, 0.25]]))


@pytest.mark.parametrize(
    ("output", "rows", "message"),
    [
        ("odds", [[1.0]], "output: expected one of logits, log-probabilities, probabilities"),
        ("probabilities", [[0.5, 0.75]], r"probabilities that sum to 1, got a sum of 1\.25"),
        ("probabilities", [[1.5, -0.5]], r"probabilities of at least 0, got -0\.5"),
        ("probabilities", [[math.nan, 1.0]], "probabilities of at least 0, got nan"),
        ("probabilities", [[math.inf, 0.0]], "probabilities that sum to 1, got a sum of inf"),
        ("probabilities", [[0.0, 0.0]], "probabilities that sum to 1, got a sum of 0"),
        ("probabilities", [[-math.inf, 0.0]], "probabilities of at least 0, got -inf"),
        ("log-probabilities", [[0.5, 0.5]], "logarithms of probabilities that sum to 1, got a sum of 3.297"),
        ("log-probabilities", [[math.nan, 0.0]], "logits below infinity, got nan"),
        ("logits", [[math.inf, 0.0]], "logits below infinity, got inf"),
        ("logits", [[math.nan, 1.0]], "logits below infinity, got nan"),
    ],
)
def test_bad_input(output: str, rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Answers("model", output).logits(torch.tensor(rows))


def test_a_remote_model_of_probabilities() -> None:
    q = zoo.golden_mean(3).to("float64")

    def function(ids: torch.Tensor) -> np.ndarray:
        return OracleModel(q).logits(ids).softmax(-1).numpy()

    pattern = [[2, 1, 2], [2, 2, 2]]
    with pytest.raises(ValueError, match=f"function: {DOUBT}"):
        Remote(q, function)(pattern)
    np.testing.assert_allclose(Remote(q, function, output="probabilities")(pattern), q.conditionals(pattern))


def test_an_autoregressive_model_of_probabilities() -> None:
    q = zoo.noisy_cycle(3, size=3).to("float64")

    def stays(tokens: torch.Tensor) -> torch.Tensor:
        before = torch.nn.functional.pad(tokens, (1, 0))[:, :-1]
        return torch.nn.functional.one_hot(before, 3) * 0.25 + 0.25

    with pytest.raises(ValueError, match=f"model: {DOUBT}"):
        AutoregressiveLaw(q, stays)
    law = AutoregressiveLaw(q, stays, output="probabilities")
    assert float(law.log_prob([0, 0, 1])) == pytest.approx(math.log(0.5 * 0.5 * 0.25))
    logs = AutoregressiveLaw(q, lambda tokens: stays(tokens).log(), output="log-probabilities")
    assert float(logs.kl_divergence()) == pytest.approx(float(law.kl_divergence()))
    with pytest.raises(ValueError, match="output: expected one of"):
        AutoregressiveLaw(q, stays, output="odds")
