"""Orders side by side: the numbers of a comparison against plain sums over all sequences, and its refusals."""

import math
from itertools import product

import numpy as np
import pytest

from oracles import HMM, Result, uniform_on, zoo
from oracles.oracle import Oracle
from tests.theory import brute_force
from theory import Partition, TopK, expected_kl, kl_divergence, sequence_error_rate
from theory.analysis import Missing
from theory.comparison import Comparison, compare, conditionals_of
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.monte_carlo import Estimate
from theory.samplers import read_problem
from theory.unmasking.orders import Order, Space, read_order


def orders_of(names: str, q: Oracle, steps: int) -> list[Order]:
    return [read_order(name, Space(range(q.length), steps)) for name in names.split()]


NAMES = "random iid left confidence entropy lowconfidence threshold:1/2 eb:1/2 remask:1/4"


def test_every_number_is_a_plain_sum() -> None:
    q = zoo.golden_mean(4).to("float64")
    denoiser = Perturbed(Ideal(q), 0.2)
    comparison = compare(q, orders_of(NAMES, q, 2), denoiser=denoiser)
    target = {x: float(q.probability(x)) for x in product(range(2), repeat=4)}
    entropy = -sum(p * math.log2(p) for p in target.values() if p)
    assert float(comparison.entropy.value) == pytest.approx(entropy, abs=1e-12)
    assert not comparison.ideal
    for row in comparison.rows:
        assert row.law is not None
        law = {x: float(row.law.probability(x)) for x in target}
        kl = sum(p * math.log2(p / law[x]) for x, p in target.items() if p)
        possible = sum(law[x] for x in target if target[x])
        likelihood = -sum(law[x] * math.log2(target[x]) for x in target if target[x]) / possible
        wanted = {
            "divergence": kl,
            "sequence_error_rate": 1 - possible,
            "entropy": -sum(p * math.log2(p) for p in law.values() if p),
            "cross_entropy": likelihood,
            "total_variation": sum(abs(target[x] - law[x]) for x in target) / 2,
            "log2_token_error_rate": (entropy + kl) / 4,
        }
        for name, value in wanted.items():
            assert float(getattr(row, name).value) == pytest.approx(value, abs=1e-12), (row.name, name)


def test_expected_divergence_is_over_orders_where_they_look_at_no_token() -> None:
    q = zoo.golden_mean(4)
    rows = {row.name: row for row in compare(q, orders_of(NAMES, q, 2)).rows}
    for name in ("random", "iid"):
        wanted = expected_kl(q, rows[name].order.unmasking)
        assert float(rows[name].expected_divergence.value) == pytest.approx(float(wanted), abs=1e-12)  # type: ignore[union-attr]
        assert float(rows[name].divergence.value) < float(wanted)  # type: ignore[union-attr]
    for name in ("left", "confidence", "threshold:1/2"):
        assert rows[name].expected_divergence is rows[name].divergence
    for name in ("lowconfidence", "remask:1/4"):
        assert isinstance(rows[name].expected_divergence, Missing)


def test_a_planner_costs_the_expected_cross_entropy_along_the_path_of_every_sequence() -> None:
    """KL = E_q[-log2 p(X)] - H(q) with p(x) multiplied up along the one path that leads to x."""
    q = zoo.golden_mean(5)
    row = compare(q, orders_of("confidence", q, 2)).rows[0]
    total = 0.0
    for x in product(range(2), repeat=5):
        mass = float(q.probability(x))
        pattern, path = [q.mask] * 5, 1.0
        for size in (2, 3):
            answers = np.asarray(q.to("float64").conditionals(pattern)) if mass else np.zeros((5, 2))
            masked = [i for i in range(5) if pattern[i] == q.mask]
            chosen = sorted(masked, key=lambda i: (-round(float(answers[i].max()), 9), i))[:size]
            path *= math.prod(float(answers[i, x[i]]) for i in chosen)
            for i in chosen:
                pattern[i] = x[i]
        total += mass * math.log2(mass / path) if mass else 0
    assert float(row.divergence.value) == pytest.approx(total, abs=1e-9)  # type: ignore[union-attr]


def test_greedy_planners_are_left_to_right() -> None:
    q = zoo.golden_mean(5).to("float64")
    greedy = Tempered(Ideal(q), 0)
    comparison = compare(q, orders_of("left confidence margin entropy lowconfidence", q, 5), denoiser=greedy)
    left, *others = (np.asarray(row.law.table()) for row in comparison.rows if row.law)
    assert all((left == other).all() for other in others)
    assert all(math.isinf(float(row.divergence.value)) for row in comparison.rows)  # type: ignore[union-attr]


def test_one_token_a_step_is_exact_but_for_kept_draws() -> None:
    q = uniform_on(["0011", "0101", "1110", "0000"], 2)
    comparison = compare(q, orders_of("random left confidence margin entropy lowconfidence", q, 4))
    *exact, kept = comparison.rows
    assert all((row.law.table() == q.joint()).all() for row in exact if row.law)
    assert float(kept.divergence.value) > 0.01  # type: ignore[union-attr]
    assert float(kept.entropy.value) < float(comparison.entropy.value)  # type: ignore[union-attr]


def test_a_prompt() -> None:
    q = zoo.golden_mean(6)
    given = [2, 0, 2, 2, 2, 0]
    space = Space([0, 2, 3, 4], 2)
    orders = [read_order(name, space) for name in ("random", "left", "confidence", "random@3")[:3]]
    comparison = compare(q, orders, given=given)
    assert comparison.length == 4
    for row in comparison.rows:
        kl = kl_divergence(q, row.order.unmasking, given=given)
        ser = sequence_error_rate(q, row.order.unmasking, given=given)
        assert float(row.divergence.value) == pytest.approx(float(kl), abs=1e-12)  # type: ignore[union-attr]
        assert row.sequence_error_rate.value == ser.value  # type: ignore[union-attr]


def large() -> tuple[HMM, Comparison]:
    q = zoo.pair_hmm(8).to("float64")
    return q, compare(q, orders_of("random bisection confidence lowconfidence", q, 4), samples=60, seed=3)


def test_what_is_too_large_is_estimated_or_says_so() -> None:
    _, comparison = large()
    for row in comparison.rows:
        assert row.law is None
        assert isinstance(row.sequence_error_rate, Estimate)
        assert row.sequence_error_rate.n == 60
        assert isinstance(row.total_variation, Missing)
        assert "transitions" in row.total_variation.reason
        assert isinstance(row.steps, Result)


def test_bounds_take_the_place_of_draws_where_they_are_narrow() -> None:
    q = zoo.non_unifilar_hmm(24).to("float64")
    strided, confidence = compare(q, orders_of("strided confidence", q, 3), samples=60).rows
    assert isinstance(strided.divergence, Result)
    assert strided.divergence.bounds is not None
    low, high = strided.divergence.bounds
    assert 0 <= low <= high <= low + 1e-3
    assert isinstance(strided.log2_token_error_rate, Result)
    assert strided.log2_token_error_rate.bounds is not None
    assert isinstance(confidence.divergence, Estimate)


def test_a_seed_repeats_a_comparison() -> None:
    first, again = (large()[1] for _ in range(2))
    assert [row.sequence_error_rate for row in first.rows] == [row.sequence_error_rate for row in again.rows]


def test_without_draws_there_are_no_estimates() -> None:
    q = zoo.pair_hmm(8).to("float64")
    row = compare(q, orders_of("confidence", q, 4), samples=0).rows[0]
    assert isinstance(row.sequence_error_rate, Missing)


def test_no_orders() -> None:
    with pytest.raises(ValueError, match="orders: expected at least one"):
        compare(zoo.golden_mean(3), [])


def test_generating_nothing_possible_has_no_perplexity() -> None:
    q = uniform_on(["01", "10"], 2).to("float64")
    row = compare(q, orders_of("left", q, 1), denoiser=Tempered(Ideal(q), 0)).rows[0]
    assert row.sequence_error_rate.value == 1  # type: ignore[union-attr]
    assert math.isnan(float(row.cross_entropy.value))  # type: ignore[union-attr]


def test_random_order_against_all_its_orders() -> None:
    """p is the mean of the laws of all ordered partitions, and E KL the mean of their divergences."""
    q = zoo.golden_mean(4)
    row = compare(q, orders_of("random", q, 2)).rows[0]
    parts = list(brute_force.sizes_partitions([2, 2], 4))
    assert sum(weight for weight, _ in parts) == 1
    each = [float(weight) * float(kl_divergence(q, _fixed(blocks))) for weight, blocks in parts]
    assert float(row.expected_divergence.value) == pytest.approx(sum(each), abs=1e-12)  # type: ignore[union-attr]


def _fixed(blocks: brute_force.Blocks) -> Partition:
    return Partition([list(block) for block in blocks])


def test_a_window_asks_for_every_position_by_itself() -> None:
    q = zoo.golden_mean(6).to("float64")
    problems = [read_problem(q, TopK([3, 3]), each) for each in (None, Perturbed(Windowed(q, 1), 0.1))]
    assert [conditionals_of(problem) for problem in problems] == [2, 12]
