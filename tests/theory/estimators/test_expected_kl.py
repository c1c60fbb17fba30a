"""The Monte Carlo estimate of E KL against the exact value, within intervals that hold exactly."""

import numpy as np
import pytest
from scipy import stats

from oracles import zoo
from theory import IID, FixedSizes, Partition, Schedule, expected_kl
from theory.estimators import estimate_expected_kl
from theory.estimators.expected_kl import expected_kl_scores
from theory.monte_carlo import hoeffding, student
from theory.samplers import read_problem

DRAWS = 20_000
MISSES = 1e-8
"""Probability that one of the tests below misses the truth; there are 18 of them."""

LAWS = {
    "golden mean": zoo.golden_mean(5).to("float64"),
    "ABAB": zoo.ababbaba(4).to("float64"),
    "trigram": zoo.trigram(5).to("float64"),
    "pairs": zoo.pair_hmm(4, vocab_size=2).to("float64"),
}


def schedules(length: int) -> list[Schedule]:
    odd = Partition([range(1, length, 2), range(0, length, 2)])
    return [IID.uniform(2), IID(["1/10", 0, "9/10"]), FixedSizes([1, length - 1]), odd]


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("which", range(4))
def test_the_scores_average_to_the_exact_value(name: str, which: int) -> None:
    law = LAWS[name]
    schedule = schedules(law.length)[which]
    scores = expected_kl_scores(read_problem(law, schedule), DRAWS, np.random.default_rng(which))
    reach = law.length * np.log2(law.vocab_size) * (1 + 1e-12)
    low, high = hoeffding(scores, -reach, reach, 1 - MISSES)
    assert low <= float(expected_kl(law, schedule)) <= high
    assert high - low < 0.5


@pytest.mark.parametrize("name", LAWS)
def test_one_token_a_step_scores_nothing(name: str) -> None:
    law = LAWS[name]
    one_by_one = FixedSizes([1] * law.length)
    scores = expected_kl_scores(read_problem(law, one_by_one), 200, np.random.default_rng(0))
    assert np.abs(scores).max() < 1e-12


def test_a_prompt_leaves_an_estimate_of_the_rest() -> None:
    law = LAWS["golden mean"]
    given = law.all_masked()
    given[1] = 0
    problem = read_problem(law, IID.uniform(1), None, given)
    scores = expected_kl_scores(problem, DRAWS, np.random.default_rng(0))
    low, high = hoeffding(scores, -4, 4, 1 - MISSES)
    assert low <= float(expected_kl(law, IID.uniform(1), given=given)) <= high
    again = estimate_expected_kl(law, IID.uniform(1), DRAWS, given=given, seed=0)
    assert again.value == pytest.approx(scores.mean())


def test_an_exact_law_is_sampled_too() -> None:
    law = zoo.golden_mean(4)
    scores = expected_kl_scores(read_problem(law, IID.uniform(1)), 300, np.random.default_rng(0))
    low, high = hoeffding(scores, -4, 4, 1 - MISSES)
    assert low <= float(expected_kl(law, IID.uniform(1))) <= high


def test_blocks_change_nothing_but_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    law = LAWS["trigram"]
    whole = estimate_expected_kl(law, IID.uniform(2), 50, seed=3)
    monkeypatch.setattr("theory.monte_carlo.BLOCK_ENTRIES", 1)
    assert estimate_expected_kl(law, IID.uniform(2), 50, seed=3) == whole


def test_a_seed_repeats_the_estimate() -> None:
    law = LAWS["ABAB"]
    first, again, other = (estimate_expected_kl(law, IID.uniform(2), 50, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_students_interval_is_scipys() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0, 9.5])
    expected = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    assert student(values, 0.95) == pytest.approx(expected)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="values: expected at least two, got 1"):
        estimate_expected_kl(LAWS["ABAB"], IID.uniform(2), 1, seed=0)
    with pytest.raises(ValueError, match="confidence: expected"):
        estimate_expected_kl(LAWS["ABAB"], IID.uniform(2), 5, confidence=1.0, seed=0)
    with pytest.raises(ValueError, match="sizes: expected a sum of 4"):
        estimate_expected_kl(LAWS["ABAB"], FixedSizes([3]), 5, seed=0)
