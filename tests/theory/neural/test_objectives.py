"""Objectives: their expectations are NELBOs exactly, summed over all masks and integrated over time by quadrature."""

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.patterns import all_sequences
from oracles.testing import oracles
from tests.theory.neural import random_models
from theory.likelihood.nelbo import nelbo
from theory.neural import Learned, MaskedTransformer
from theory.neural.objectives import (
    MASKING_RATES,
    Masking,
    autoregressive_loss,
    draw_masking,
    masked_loss,
    spread_times,
)
from theory.unmasking.alphas import NAMED

NODES, SHARES = (torch.as_tensor(values) for values in np.polynomial.legendre.leggauss(24))
QUADRATURE = list(zip((1 - NODES) / 2, (SHARES / 2).tolist(), strict=True))
"""Uniform numbers with their weights: integrates polynomials of degree 47 over [0, 1], and cosines to rounding."""

ALPHA_OF = {
    "mdlm": NAMED["linear"],
    "linear": NAMED["linear"],
    "cosine": NAMED["cosine"],
    "square": NAMED["square"],
}


def masks(length: int) -> torch.Tensor:
    """All sets of positions, `[2**L, L]`."""
    return torch.tensor(list(itertools.product([False, True], repeat=length)))


def expected_loss(q: Oracle, model: MaskedTransformer, objective: str, alpha: str, batch: int) -> float:
    """E of the loss of a batch in nats a token: over sequences, masks, and the batch's uniform numbers.

    The mean over rows is linear, so that all rows may share sequence, mask and uniform number here.  One call
    answers for all of these: as many batches below each other, every row weighted by its probability.
    """
    sequences, every = torch.as_tensor(all_sequences(q.vocab_size, q.length)), masks(q.length)
    rows = torch.cartesian_prod(torch.arange(len(sequences)), torch.arange(len(every)), torch.arange(batch)).T
    tokens, masked = sequences[rows[0]], every[rows[1]]
    probability = q.probability(sequences.numpy())[rows[0]]
    nothing = torch.zeros(batch, q.length, dtype=torch.float64)
    total = 0.0
    for uniform, share in uniform_numbers(objective, q.length, batch):
        drawn = draw_masking(objective, MASKING_RATES[alpha], uniform.expand(batch), nothing)
        times = [(row + 1 - float(uniform)) / batch for row in range(batch)]
        chances = torch.tensor(
            [[chance(objective, alpha, set_, time) for time in times] for set_ in every], dtype=torch.float64
        )[rows[1], rows[2]]
        weights = drawn.weights[rows[2]] * chances * probability * (len(sequences) * len(every))
        loss = masked_loss(model, q.mask, tokens, Masking(masked, weights, drawn.fractions[rows[2]]))
        total += float(share) * float(loss)
    return total


def uniform_numbers(objective: str, length: int, batch: int) -> Iterator[tuple[torch.Tensor, float]]:
    if objective != "any_order":
        yield from QUADRATURE
        return
    # Counts change only where the time of some row passes a sum of probabilities.
    ends = sorted({0.0, 1.0} | {math.ceil(batch * total) - batch * total for total in sums(length)})
    for low, high in itertools.pairwise(ends):
        yield torch.tensor((low + high) / 2, dtype=torch.float64), high - low


def sums(length: int) -> list[float]:
    """P(1), P(1) + P(2), .., 1 of the numbers of masked positions in any order."""
    whole = sum(count**-0.5 for count in range(1, length + 1))
    return [sum(count**-0.5 for count in range(1, most + 1)) / whole for most in range(1, length)] + [1.0]


def chance(objective: str, alpha: str, masked: torch.Tensor, time: float) -> float:
    """The probability of a mask at a time, from the definitions."""
    length, count = len(masked), int(masked.sum())
    if objective == "any_order":
        wanted = 1 + sum(total < time for total in sums(length))
        return (count == wanted) / math.comb(length, wanted)
    kept = float(ALPHA_OF["mdlm" if objective == "mdlm" else alpha](Fraction(time)))
    return (1 - kept) ** count * kept ** (length - count)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("objective", "alpha"),
    [("mdlm", "cosine"), ("md4", "linear"), ("md4", "cosine"), ("md4", "square"), ("any_order", "cosine")],
)
@settings(max_examples=8)
@given(q=oracles(max_vocab=2, max_length=3), seed=st.integers(0, 100))
def test_the_expectation_is_the_nelbo(objective: str, alpha: str, batch: int, q: Oracle, seed: int) -> None:
    law = q.to("float64")
    model = random_models.masked(law.vocab_size, law.length, seed=seed)
    bound = float(nelbo(law, denoiser=Learned(law, model)).value)
    found = expected_loss(law, model, objective, alpha, batch) * law.length / math.log(2)
    assert found == pytest.approx(bound, rel=1e-11, abs=1e-12)


@settings(max_examples=8)
@given(q=oracles(max_vocab=2, max_length=3))
def test_told_the_fraction_masked_the_expectation_is_the_nelbo_too(q: Oracle) -> None:
    law = q.to("float64")
    model = random_models.masked(law.vocab_size, law.length, time_conditioned=True)
    bound = float(nelbo(law, denoiser=Learned(law, model)).value)
    found = expected_loss(law, model, "any_order", "cosine", 2) * law.length / math.log(2)
    assert found == pytest.approx(bound, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("objective", ["mdlm", "md4"])
def test_told_the_fraction_to_be_expected_it_is_the_nelbo_of_another_function(objective: str) -> None:
    """That of the answers over time: -ln d(x_i | pattern, t) integrated with the probability of every pattern."""
    law = zoo.golden_mean(2).to("float64")
    model = random_models.masked(2, 2, time_conditioned=True)
    times, shares = (1 + NODES) / 2, SHARES / 2
    kept, slopes = (1 - times, 1) if objective == "mdlm" else ((1 - times) ** 2, 2 * (1 - times))
    expected = 0.0
    for x, hidden in itertools.product(all_sequences(2, 2).tolist(), [(0,), (1,), (0, 1)]):
        pattern = torch.tensor([[2 if i in hidden else v for i, v in enumerate(x)]])
        logs = model(pattern.expand(len(times), 2), 1 - kept).log_softmax(-1)
        chances = (1 - kept) ** (len(hidden) - 1) * kept ** (2 - len(hidden))
        for i in hidden:
            scores = shares * slopes * chances * logs[:, i, x[i]]
            expected -= float(law.probability(x)) * float(scores.sum())
    found = expected_loss(law, model, objective, "square", 1) * law.length
    assert found == pytest.approx(expected, rel=1e-9)
    measured = float(nelbo(law, denoiser=Learned(law, model)).value) * math.log(2)
    assert abs(measured - found) > 1e-3


@settings(max_examples=20)
@given(q=oracles(max_vocab=3, max_length=3))
def test_the_autoregressive_expectation_is_the_cross_entropy(q: Oracle) -> None:
    law = q.to("float64")
    model = random_models.autoregressive(law.vocab_size, law.length)
    expected = found = 0.0
    for tokens in all_sequences(law.vocab_size, law.length):
        batch, probability = torch.as_tensor(tokens)[None], float(law.probability(tokens))
        laws = model(batch)[0].softmax(-1)
        expected -= probability * sum(math.log(laws[i, token]) for i, token in enumerate(tokens))
        found += probability * float(autoregressive_loss(model, batch)) * law.length
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("alpha", sorted(MASKING_RATES))
def test_masking_rates_are_those_of_alpha_and_their_slopes(alpha: str) -> None:
    times = torch.linspace(0.01, 1, 34, dtype=torch.float64, requires_grad=True)
    probability, slope = MASKING_RATES[alpha](times)
    expected = [1 - float(NAMED[alpha](Fraction(t))) for t in times.tolist()]
    assert probability.tolist() == pytest.approx(expected, abs=1e-14)
    (derivative,) = torch.autograd.grad(probability.sum(), times)
    assert slope.tolist() == pytest.approx(derivative.tolist(), abs=1e-14)


@pytest.mark.parametrize("alpha", sorted(MASKING_RATES))
def test_weights_are_finite_at_the_smallest_times(alpha: str) -> None:
    uniform = torch.tensor([math.nextafter(1, 0)] * 4096, dtype=torch.float64)
    drawn = draw_masking("md4", MASKING_RATES[alpha], uniform, torch.zeros(4096, 2, dtype=torch.float64))
    assert drawn.weights.isfinite().all()
    assert (drawn.fractions > 0).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_times_are_spread_out(count: int) -> None:
    for uniform in (0.0, 0.3, math.nextafter(1, 0)):
        times = spread_times(torch.full((count,), uniform, dtype=torch.float64)).tolist()
        assert all(b / count <= t <= (b + 1) / count and t > 0 for b, t in enumerate(times))


def test_positions_are_masked_independently_with_the_probability_at_that_time() -> None:
    cells = 8
    grid = torch.tensor(list(itertools.product(range(cells), repeat=3)), dtype=torch.float64)
    noise = (grid + 0.5) / cells
    for step in range(1, cells + 1):
        uniform = torch.full((1,), 1 - step / cells, dtype=torch.float64)
        rows = [draw_masking("mdlm", MASKING_RATES["cosine"], uniform, row[None]).masked[0] for row in noise]
        found = torch.stack(rows)
        for masked in masks(3):
            count = int((found == masked).all(1).sum())
            number = int(masked.sum())
            assert count == step**number * (cells - step) ** (3 - number)


@pytest.mark.parametrize(
    ("objective", "alpha"),
    [("mdlm", "cosine"), ("md4", "cosine"), ("md4", "square"), ("any_order", "linear")],
)
def test_what_a_denoiser_is_told_is_the_fraction_that_is_masked_on_average(
    objective: str, alpha: str
) -> None:
    cells, batch = 1000, 4
    noise = torch.linspace(0.5 / cells, 1 - 0.5 / cells, cells, dtype=torch.float64)
    grid = torch.stack([noise, noise.roll(cells // 2)], dim=1)  # each position sees every cell once
    uniform = torch.tensor([0.1, 0.4, 0.7, 0.9], dtype=torch.float64)
    drawn = [draw_masking(objective, MASKING_RATES[alpha], uniform, row.expand(batch, 2)) for row in grid]
    masked = torch.stack([one.masked for one in drawn]).double().mean((0, 2))
    assert drawn[0].fractions.tolist() == pytest.approx(masked.tolist(), abs=1 / cells)
    assert len(set(drawn[0].fractions.tolist())) > 1


def test_every_set_of_a_size_is_masked_equally_often_in_any_order() -> None:
    noise = torch.tensor(list(itertools.permutations([0.1, 0.2, 0.5, 0.7])), dtype=torch.float64)
    ends = [0.0, *sums(4)]
    for size in range(1, 5):
        uniform = torch.full((1,), 1 - (ends[size - 1] + ends[size]) / 2, dtype=torch.float64)
        drawn = [draw_masking("any_order", MASKING_RATES["linear"], uniform, row[None]) for row in noise]
        # Weighted, every count is as frequent as the others, and every masked token as those beside it.
        expected = 1 / (size * (ends[size] - ends[size - 1]))
        assert [float(one.weights) for one in drawn] == pytest.approx([expected] * len(drawn))
        found = torch.cat([one.masked for one in drawn])
        for masked in masks(4):
            count = int((found == masked).all(1).sum())
            assert count == (24 // math.comb(4, size) if masked.sum() == size else 0)


def test_all_positions_are_masked_at_time_one() -> None:
    for objective in ("mdlm", "any_order"):
        drawn = draw_masking(
            objective, MASKING_RATES["linear"], torch.zeros(1).double(), torch.rand(1, 3).double()
        )
        assert drawn.masked.all()
        weight = 1 if objective == "mdlm" else 1 / (3 * (1 - sums(3)[1]))
        assert (float(drawn.weights), float(drawn.fractions)) == (pytest.approx(weight), 1)


@pytest.mark.parametrize("length", range(1, 40))
def test_any_order_masks_everything_at_time_one_however_probabilities_round(length: int) -> None:
    noise = torch.linspace(0, 1, length, dtype=torch.float64)[None]
    assert draw_masking("any_order", MASKING_RATES["linear"], torch.zeros(1).double(), noise).masked.all()


def test_observed_positions_are_not_scored() -> None:
    tokens = torch.tensor([[0, 1, 1]])
    nothing = Masking(torch.zeros(1, 3, dtype=torch.bool), torch.ones(1), torch.ones(1))

    def certain(patterns: torch.Tensor, fractions: torch.Tensor) -> torch.Tensor:
        return torch.full((1, 3, 2), -math.inf).index_fill(2, torch.tensor([0]), 0.0)

    assert float(masked_loss(certain, 2, tokens, nothing)) == 0


def test_losses_of_few_digits_are_summed_in_more() -> None:
    logits = (torch.arange(6).reshape(1, 3, 2) / 7).bfloat16()
    tokens = torch.tensor([[0, 1, 1]])
    everything = Masking(torch.ones(1, 3, dtype=torch.bool), torch.ones(1), torch.ones(1))
    exact = logits.double().log_softmax(-1).gather(2, tokens[..., None])
    found = masked_loss(lambda patterns, fractions: logits, 2, tokens, everything)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(-float(exact.mean()), rel=1e-6)
