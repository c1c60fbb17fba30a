"""An analysis against the separate functions it gathers, and what it says where there is no exact route."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, Oracle, Result, SparseMarkovChain, fit_ngram, zoo
from oracles.testing import markov_chains, oracles
from theory import IID, FixedSizes, expected_kl, log2_token_error_rate, sequence_error_rate
from theory.analysis import Analysis, Missing, Row, analyse, equal_sizes
from theory.analysis.effort import LEAST_DRAWS, Effort, share_out
from theory.errors.coverage import everything_possible
from theory.estimators import estimate_sequence_error_rate
from theory.monte_carlo import Estimate


def analysed(law: Oracle, steps: list[int], samples: int = 0, **options: Any) -> Analysis:
    return analyse(law, steps, samples=samples, **{"seed": 0, "confidence": 0.99} | options)


def row(analysis: Analysis, family: str, steps: int) -> Row:
    (found,) = (row for row in analysis.rows if (row.family, row.steps) == (family, steps))
    return found


def ends(result: Result) -> tuple[float, float]:
    low, high = result.bounds or (result.value, result.value)
    return float(low), float(high)


def value(number: Result | Estimate | Missing) -> float:
    assert isinstance(number, Result)
    return float(number)


# ------------------------------------------------------------------ small laws: everything is exact


@settings(max_examples=25)
@given(law=oracles(max_vocab=2, max_length=3), steps=st.integers(1, 4))
def test_small_laws_are_enumerated(law: Oracle, steps: int) -> None:
    analysis = analysed(law, [steps])
    assert analysis.entropy.value.overlaps(law.entropy().value)
    for schedule in (IID.uniform(steps), FixedSizes(equal_sizes(law.length, steps))):
        found = row(analysis, "iid" if isinstance(schedule, IID) else "sizes", steps)
        by_contexts = expected_kl(law, schedule, method="enumeration")
        assert value(found.expected_kl) == pytest.approx(float(by_contexts), abs=1e-12)
        assert isinstance(found.sequence_error_rate, Result)
        assert found.sequence_error_rate.value == sequence_error_rate(law, schedule).value
        assert found.sequence_error_rate.guarantee == "exact rational"
        rate = log2_token_error_rate(law, schedule)
        assert value(found.log2_token_error_rate) == pytest.approx(float(rate), abs=1e-12)
        check_bounds(found)


def check_bounds(found: Row) -> None:
    """Every published bound is one."""
    _, highest = ends(found.log2_token_error_rate)
    assert highest <= value(found.correlation_bound) + 1e-12
    assert value(found.correlation_bound) <= value(found.vocabulary_bound) + 1e-12
    assert isinstance(found.sequence_error_rate, Result)
    assert value(found.sequence_error_rate) <= value(found.sequence_error_bound) + 1e-12


def test_abab_baba_is_what_the_readme_says() -> None:
    analysis = analysed(zoo.ababbaba(4), [1, 2, 4])
    rates = [row(analysis, "iid", steps).sequence_error_rate for steps in (1, 2, 4)]
    assert [Fraction(str(rate.value)) for rate in rates if isinstance(rate, Result)] == [
        Fraction(7, 8),
        Fraction(31, 64),
        Fraction(127, 512),
    ]
    assert value(row(analysis, "iid", 2).expected_kl) == 1.25
    assert value(analysis.correlation) == 4


def test_a_float_law_is_enumerated_in_floats() -> None:
    found = row(analysed(zoo.golden_mean(4).to("float64"), [2]), "iid", 2)
    exact = row(analysed(zoo.golden_mean(4), [2]), "iid", 2)
    assert isinstance(found.sequence_error_rate, Result)
    assert found.sequence_error_rate.guarantee == "float64 rounding"
    assert value(found.sequence_error_rate) == pytest.approx(value(exact.sequence_error_rate))


def test_an_exact_law_too_large_for_rationals_is_enumerated_in_floats() -> None:
    found = row(analysed(zoo.golden_mean(8), [16]), "iid", 16)
    assert isinstance(found.sequence_error_rate, Result)
    assert found.sequence_error_rate.guarantee == "float64 rounding"


# ------------------------------------------------------------------ long chains: E KL exact, TER enclosed


def test_a_long_chain_has_exact_divergence_and_an_enclosed_token_error_rate() -> None:
    law = zoo.golden_mean(16)
    analysis = analysed(law, [1, 4, 16], samples=400)
    for found in analysis.rows:
        schedule = found.schedule
        assert value(found.expected_kl) == pytest.approx(float(expected_kl(law, schedule)))
        low, high = ends(found.log2_token_error_rate)
        assert low == pytest.approx(float(law.entropy()) / 16)
        assert high == pytest.approx(low + value(found.expected_kl) / 16)
        assert high <= value(found.correlation_bound) + 1e-12
        assert isinstance(found.expected_kl_sampled, Estimate)
        if found.steps < 16:
            assert isinstance(found.sequence_error_rate, Result)
    ser = row(analysis, "iid", 4).sequence_error_rate
    assert isinstance(ser, Result)
    assert (ser.method, ser.guarantee) == ("gaps", "exact rational")
    assert ser.value == sequence_error_rate(law, IID.uniform(4), method="gaps").value


def test_where_no_route_is_affordable_the_sequence_error_rate_is_estimated() -> None:
    """At 99.999% both intervals contain what ten times as many draws say, within theirs."""
    law = zoo.non_unifilar_hmm(24).to("float64")
    analysis = analysed(law, [1, 4, 24], samples=400, confidence=0.99999)
    ser = row(analysis, "iid", 4).sequence_error_rate
    assert isinstance(ser, Estimate)
    assert 0 < ser.low < ser.value < ser.high < 1
    assert ser.n == 400
    again = estimate_sequence_error_rate(law, IID.uniform(4), 4000, confidence=0.99999, seed=1)
    assert ser.low <= again.high
    assert again.low <= ser.high


def test_the_enclosure_is_in_balls_where_both_ends_are() -> None:
    rate = row(analysed(zoo.golden_mean(24), [4]), "iid", 4).log2_token_error_rate
    assert rate.guarantee == "enclosure at 128 bits"
    rate = row(analysed(zoo.golden_mean(24).to("float64"), [4]), "iid", 4).log2_token_error_rate
    assert rate.guarantee == "enclosure, float64 rounding"


def test_one_token_a_step_is_exact() -> None:
    found = row(analysed(zoo.golden_mean(16), [16]), "sizes", 16)
    assert value(found.expected_kl) == value(found.sequence_error_rate) == 0
    assert found.log2_token_error_rate.bounds is None
    assert value(found.correlation_bound) == value(found.log2_token_error_rate)


def test_more_steps_than_positions_are_allowed() -> None:
    found = row(analysed(zoo.golden_mean(5), [8]), "sizes", 8)
    assert isinstance(found.schedule, FixedSizes)
    assert found.schedule.sizes == (0, 0, 0, 1, 1, 1, 1, 1)
    assert value(found.sequence_error_rate) == 0


# ------------------------------------------------------------------ no exact route


def test_a_long_hmm_says_that_only_an_estimate_is_known() -> None:
    analysis = analysed(zoo.pair_hmm(16), [1, 4], samples=300)
    one, four = row(analysis, "iid", 1), row(analysis, "iid", 4)
    assert value(one.expected_kl) == pytest.approx(32)  # one step: the total correlation
    assert isinstance(four.expected_kl, Missing)
    assert four.expected_kl.reason.startswith("no exact route, estimate only: ")
    assert isinstance(four.correlation_bound, Missing)
    assert isinstance(four.sequence_error_bound, Missing)
    assert isinstance(four.expected_kl_sampled, Estimate)
    # E KL of the pairs is 32/N.  The interval is approximate, the seed fixed: five half-widths are ample.
    half = four.expected_kl_sampled.high - four.expected_kl_sampled.value
    assert abs(four.expected_kl_sampled.value - 8) < 5 * half < 15
    assert ends(four.log2_token_error_rate) == pytest.approx((2, 3))
    assert ends(one.log2_token_error_rate) == pytest.approx((2, 4))


def test_an_enclosed_entropy_widens_the_token_error_rate() -> None:
    law = zoo.non_unifilar_hmm(40).to("float64")
    analysis = analysed(law, [1, 2])
    assert analysis.entropy.bounds is not None
    low, high = ends(analysis.entropy_rate)
    for found in analysis.rows:
        assert ends(found.log2_token_error_rate)[0] == pytest.approx(low)
        assert ends(found.log2_token_error_rate)[1] <= high + 1 / found.steps + 1e-12


def test_smoothing_leaves_no_errors() -> None:
    law = fit_ngram("the cat sat on the mat\n" * 3, 2, 30, smoothing=1)
    analysis = analysed(law, [1, 4], samples=20)
    assert analysis.everything_possible
    assert all(value(found.sequence_error_rate) == 0 for found in analysis.rows)
    assert analysed(zoo.pair_hmm(16), [1]).everything_possible is False


@settings(max_examples=200)
@given(law=oracles(max_vocab=3, max_length=4))
def test_whether_everything_is_possible_is_what_the_table_says(law: Oracle) -> None:
    assert everything_possible(law) is bool(np.all(law.support().joint()))


def test_whether_everything_is_possible_may_stay_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert everything_possible(zoo.topic_hmm(64)) is True
    monkeypatch.setattr("theory.errors.coverage.ENTRIES", 10)
    assert everything_possible(zoo.topic_hmm(64)) is None


# ------------------------------------------------------------------ prompts, draws, progress


@settings(max_examples=15)
@given(law=markov_chains(max_vocab=2, max_length=4), data=st.data())
def test_a_prompt_is_the_conditional_law(law: MarkovChain, data: st.DataObject) -> None:
    pattern = law.sample(1, seed=data.draw(st.integers(0, 9)))[0]
    masked = data.draw(st.integers(0, law.length - 1))
    pattern[masked] = law.mask
    found = analysed(law, [1], given=pattern)
    assert found.length == 1
    direct = law.condition(pattern).marginal([masked])
    assert float(found.entropy) == pytest.approx(float(direct.entropy()), abs=1e-12)
    assert value(row(found, "iid", 1).sequence_error_rate) == 0


def test_a_seed_repeats_the_analysis() -> None:
    law = zoo.non_unifilar_hmm(24).to("float64")
    first, again = (analysed(law, [2, 4], samples=30, seed=7) for _ in range(2))
    assert [str(found.sequence_error_rate) for found in first.rows] == [
        str(found.sequence_error_rate) for found in again.rows
    ]


def test_without_time_or_samples_the_estimates_are_left_out_and_say_why() -> None:
    law = zoo.non_unifilar_hmm(24).to("float64")
    (found, _) = analysed(law, [24], samples=500, minutes=1e-9).rows
    assert isinstance(found.sequence_error_rate, Missing)
    assert found.sequence_error_rate.reason == "20 draws do not fit into the time; minutes=1 would do for all"
    (found, _) = analysed(law, [24], samples=0).rows
    assert found.expected_kl_sampled == Missing("0 draws were asked for")


def test_progress_is_reported_to_the_end() -> None:
    seen: list[tuple[str, int, int]] = []
    analysed(zoo.golden_mean(4), [1, 2], progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[0] == ("information profile", 0, 5)
    assert [done for _, done, _ in seen] == list(range(6))
    assert {total for *_, total in seen} == {5}


# ------------------------------------------------------------------ the pieces


@given(length=st.integers(1, 300), steps=st.integers(1, 300))
def test_equal_sizes_are_as_equal_as_can_be(length: int, steps: int) -> None:
    sizes = equal_sizes(length, steps)
    assert (len(sizes), sum(sizes)) == (steps, length)
    assert sizes == sorted(sizes)
    assert sizes[-1] - sizes[0] <= 1


@given(
    passes=st.lists(st.integers(1, 300), min_size=1, max_size=8),
    seconds=st.floats(1e-3, 1e3),
    wanted=st.integers(1, 1000),
)
def test_time_is_shared_out_but_not_exceeded(passes: list[int], seconds: float, wanted: int) -> None:
    effort = Effort(pattern=5e-4, call=1e-2)
    draws = share_out(effort, passes, seconds, wanted)
    used = sum(effort.seconds(p, n) for p, n in zip(passes, draws, strict=True) if n)
    assert used <= seconds * (1 + 1e-9)
    assert all(n == 0 or min(LEAST_DRAWS, wanted) <= n <= wanted for n in draws)
    least = [effort.seconds(p, min(LEAST_DRAWS, wanted)) for p in passes]
    assert 0 not in draws or sum(least) > seconds * (1 - 1e-9)
    order = sorted(range(len(passes)), key=lambda index: passes[index])
    assert share_out(effort, passes, 1e12, wanted) == [wanted] * len(order)


def test_effort_knows_every_family() -> None:
    laws = [
        zoo.golden_mean(6),
        zoo.trigram(6),
        zoo.pair_hmm(6),
        zoo.dyck(6),
        zoo.equal_pairs(6),
        zoo.tetracode(),
        SparseMarkovChain([1, 0], [[1], [0]], [["1/2"], [1]], ["1/3", "2/3"], 6),
    ]
    assert all(Effort.of(law.to("float64")).pattern > 0 for law in laws)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": [0]}, "steps: expected an integer of at least 1, got 0"),
        ({"steps": [10**9]}, "steps: expected at most 200000000 in all"),
        ({"samples": -1}, "samples: expected an integer of at least 0, got -1"),
        ({"confidence": 1.0}, "confidence: expected a number strictly between 0 and 1"),
        ({"minutes": float("nan")}, "minutes: expected a positive number, got nan"),
        ({"given": [1, 1, 2, 2, 2]}, "given: expected a possible pattern"),
        ({"given": [0, 1, 0, 1, 0]}, "given: expected one pattern with a masked position"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, Any], message: str) -> None:
    arguments = {"steps": [1], "samples": 0, "seed": 0, "confidence": 0.9} | options
    with pytest.raises(ValueError, match=message):
        analyse(zoo.golden_mean(5), **arguments)


def test_laws_without_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a law with probabilities, got one over Booleans"):
        analysed(zoo.golden_mean(4).support(), [1])
    closed = analysed(zoo.max_entropy_golden_mean(4), [1, 2])
    assert closed.entropy.guarantee == "float64 rounding"


def test_a_law_of_one_token_has_nothing_to_lose() -> None:
    for law in (MarkovChain([1], [[1]], 1), HMM([1], [[1]], [[1]], 3)):
        for found in analysed(law, [1, 2], samples=5).rows:
            assert value(found.expected_kl) == value(found.sequence_error_rate) == 0
            assert ends(found.log2_token_error_rate) == (0, 0)


def test_bounds_of_a_law_in_float32_are_rounded_so() -> None:
    analysis = analysed(zoo.golden_mean(4).to("float32"), [2], samples=0)
    row = analysis.rows[0]
    for result in (row.correlation_bound, row.vocabulary_bound, row.sequence_error_bound):
        assert result.guarantee == "float32 rounding"
