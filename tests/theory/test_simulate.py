"""Draws of every kind of sampler against its exact law, which follows every branch of the same description."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch

from oracles import Oracle, zoo
from theory import (
    IID,
    Blocks,
    Corrected,
    EntropyBounded,
    EntropySum,
    FixedSizes,
    LowConfidence,
    LowestEntropy,
    Margin,
    OneOf,
    Partition,
    RandomSizes,
    Remasking,
    Threshold,
    TopK,
    Unmasking,
    sampler_law,
    simulate,
)
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.monte_carlo import clopper_pearson

ERROR_PROBABILITY = 1e-8
"""Chance that one comparison fails although law and draws agree; there are fewer than 100, with fixed seeds."""

LAWS: dict[str, Oracle] = {
    "golden mean": zoo.golden_mean(4),
    "ABAB": zoo.ababbaba(4),
    "hidden": zoo.non_unifilar_hmm(4),
}

SAMPLERS: dict[str, Callable[[Oracle], Unmasking]] = {
    "iid": lambda q: IID(["1/2", "1/3", "1/6"]),
    "sizes": lambda q: FixedSizes([1, 0, 2, 1]),
    "partition": lambda q: Partition([[3, 1], [0], [2]]),
    "top k": lambda q: TopK(2),
    "margin": lambda q: Margin([1, 3]),
    "lowest entropy": lambda q: LowestEntropy(2),
    "other scores": lambda q: TopK(2, scores=Perturbed(Ideal(q), "1/2")),
    "threshold": lambda q: Threshold("3/4"),
    "entropy bounded": lambda q: EntropyBounded("1/2"),
    "entropy sum": lambda q: EntropySum("1/2", order=[2, 0, 3, 1]),
    "low confidence": lambda q: LowConfidence(2),
    "remasking": lambda q: Remasking.rescaled(["1/2", "1/4", "1/4"], Fraction(1, 2)),
    "corrected": lambda q: Corrected(FixedSizes([2, 2]), size=2),
    "blocks": lambda q: Blocks(3, IID.uniform(2)),
    "blocks of a planner": lambda q: Blocks(2, LowConfidence(1)),
    "mixture": lambda q: OneOf([TopK(2), RandomSizes([[4], [2, 2]], ["1/4", "3/4"])], ["1/3", "2/3"]),
    "random sizes": lambda q: RandomSizes([[4], [1, 1, 2], [2, 2]], ["1/2", "1/2", 0]),
}


def assert_follows(q: Oracle, sampler: Unmasking, drawn: np.ndarray, **options: object) -> None:
    """Every frequency lies in its exact interval (union bound over the sequences); nothing impossible occurs."""
    law = sampler_law(q, sampler, method="branching", **options).table().reshape(-1)  # type: ignore[arg-type]
    counts = np.bincount(drawn @ q.vocab_size ** np.arange(q.length)[::-1], minlength=len(law))
    for probability, count in zip(map(float, law), counts.tolist(), strict=True):
        assert probability > 0 or count == 0
        low, high = clopper_pearson(count, len(drawn), 1 - ERROR_PROBABILITY / len(law))
        assert low <= probability <= high


@pytest.mark.parametrize(("system", "n"), [("float64", 4000), ("float32", 4000), ("exact", 500)])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_its_law(sampler: str, system: str, n: int) -> None:
    q = LAWS["golden mean"].to(system)
    unmasking = SAMPLERS[sampler](q)
    assert_follows(
        LAWS["golden mean"], SAMPLERS[sampler](LAWS["golden mean"]), simulate(q, unmasking, n, seed=1)
    )


@pytest.mark.parametrize("name", ["ABAB", "hidden"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_its_law_off_the_support_too(sampler: str, name: str) -> None:
    q = LAWS[name].to("float64")
    unmasking = SAMPLERS[sampler](q)
    assert_follows(q, unmasking, simulate(q, unmasking, 3000, seed=2))


PROMPT = [2, 0, 2, 2, 2]
PROMPTED = {
    **{name: make for name, make in SAMPLERS.items() if name not in ("partition", "entropy sum")},
    "partition": lambda q: Partition([[3], [0, 4], [2]]),
    "entropy sum": lambda q: EntropySum("1/2", order=[4, 0, 3, 2]),
}


@pytest.mark.parametrize("sampler", PROMPTED)
def test_every_sampler_keeps_a_prompt(sampler: str) -> None:
    q = zoo.golden_mean(5).to("float64")
    unmasking = PROMPTED[sampler](q)
    drawn = simulate(q, unmasking, 3000, given=PROMPT, seed=3)
    assert (drawn[:, 1] == 0).all()
    law = sampler_law(q, unmasking, given=PROMPT, method="branching")
    different, counts = np.unique(drawn, axis=0, return_counts=True)
    probabilities = law.probability(different).tolist()
    for probability, count in zip(probabilities, counts.tolist(), strict=True):
        low, high = clopper_pearson(count, len(drawn), 1 - ERROR_PROBABILITY / 16)
        assert 0 < probability
        assert low <= probability <= high


@pytest.mark.parametrize("sampler", ["top k", "mixture", "remasking", "blocks"])
def test_every_sampler_takes_every_denoiser(sampler: str) -> None:
    q = zoo.golden_mean(4).to("float64")
    for denoiser in (Perturbed(Ideal(q, "uniform"), 0.25), Tempered(Ideal(q), 2), Windowed(q, 1)):
        unmasking = SAMPLERS[sampler](q)
        drawn = simulate(q, unmasking, 3000, denoiser=denoiser, seed=4)
        assert_follows(q, unmasking, drawn, denoiser=denoiser)


def test_a_mixture_shares_its_draws_out_by_its_weights() -> None:
    """Left to right or right to left, told apart by the denoiser: an exact binomial, missed with chance 1e-8."""
    q = zoo.ababbaba(4)
    sampler = OneOf([FixedSizes([4]), Partition([[0], [1], [2], [3]])], ["1/8", "7/8"])
    drawn = simulate(q, sampler, 2000, seed=5)
    wrong = int(np.count_nonzero(~q.in_support(drawn)))
    low, high = clopper_pearson(wrong, 2000, 1 - ERROR_PROBABILITY)
    assert low <= 1 / 8 * 14 / 16 <= high


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theory.monte_carlo.BLOCK_ENTRIES", 8 * 50)
    q, before = zoo.golden_mean(4).to("float64"), torch.get_num_threads()
    draws = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            draws.append(simulate(q, IID.uniform(3), 1001, seed=6))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*draws)
