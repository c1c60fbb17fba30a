"""What every step is trained on follows from the seed and the number of the step."""

import itertools

import numpy as np
import pytest
import torch

from oracles import zoo
from theory.neural import TrainingPlan, batches
from theory.neural.batches import Batches, derived_seed

CPU = torch.device("cpu")


def test_any_step_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "TOKENS_DRAWN", 3 * 4 * 5)  # three steps together
    law, plan = zoo.golden_mean(5).to("float64"), TrainingPlan(batch=4, steps=9)
    forward = Batches(law, plan, CPU)
    tokens = [forward.tokens(step) for step in range(9)]
    masks = [forward.masking(step) for step in range(9)]
    assert forward.together == 3
    for step in reversed(range(9)):
        fresh = Batches(law, plan, CPU)
        assert torch.equal(fresh.tokens(step), tokens[step])
        assert torch.equal(fresh.masking(step).masked, masks[step].masked)
        assert torch.equal(fresh.masking(step).weights, masks[step].weights)
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(tokens, 2))
    assert all(not torch.equal(a.weights, b.weights) for a, b in itertools.combinations(masks, 2))
    assert len({tuple(one.masked.flatten().tolist()) for one in masks}) > 1
    assert all(one.shape == (4, 5) and law.in_support(one.numpy()).all() for one in tokens)


def test_runs_of_neighbouring_seeds_share_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "TOKENS_DRAWN", 1)  # a step at a time
    law = zoo.golden_mean(16).to("float64")
    runs = [Batches(law, TrainingPlan(batch=8, seed=seed), CPU) for seed in range(3)]
    drawn = [(run.masking(step).weights, run.tokens(step)) for run in runs for step in range(3)]
    for one, other in itertools.combinations(drawn, 2):
        assert not any(map(torch.equal, one, other))


def test_the_sequences_are_those_of_the_oracle() -> None:
    law, plan = zoo.golden_mean(5).to("float64"), TrainingPlan(batch=4, seed=7)
    drawn = Batches(law, plan, CPU)
    expected = law.sample(4 * drawn.together, seed=derived_seed(7, batches.SEQUENCES, 0))
    assert np.array_equal(drawn.tokens(1).numpy(), expected[4:8])


def test_a_batch_larger_than_what_is_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "TOKENS_DRAWN", 1)
    drawn = Batches(zoo.golden_mean(2).to("float64"), TrainingPlan(batch=3), CPU)
    assert drawn.tokens(0).shape == drawn.tokens(5).shape == (3, 2)


def test_seeds_differ_in_every_number() -> None:
    seeds = [derived_seed(*numbers) for numbers in itertools.product(range(3), range(3), range(20))]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
