"""Laws by following every branch: conformance of all samplers, and the same numbers as by sets of positions."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain, Oracle, uniform_on, zoo
from oracles.testing import oracles, patterns
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.adaptive_cases import WayCase, corrected_cases, followed_as_expected, fraction, simple_cases
from tests.theory.cases import as_law, close, denoiser_cases, schedule_cases
from theory import (
    IID,
    Blocks,
    Corrected,
    EntropyBounded,
    EntropySum,
    FixedSizes,
    LowConfidence,
    OneOf,
    Partition,
    Remasking,
    Threshold,
    TopK,
    Unmasking,
    expected_steps,
    kl_divergence,
    sampler_law,
)
from theory.denoisers import Ideal
from theory.laws import branching
from theory.laws.branching import check_branching, follow, follow_support
from theory.laws.enumeration import enumerate_law

HALF = Fraction(1, 2)


def any_case(q: Oracle) -> st.SearchStrategy[WayCase]:
    return st.one_of(simple_cases(q.length, q.vocab_size), corrected_cases(q.length, q.vocab_size))


# ------------------------------------------------------------------ conformance of every sampler


@settings(max_examples=80)
@given(data=st.data(), q=oracles(max_length=3))
def test_laws_sum_to_one_and_support_is_where_they_do_not_vanish(data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(any_case(q)), data.draw(denoiser_cases(q))
    unmasking, answers = case.of(q), denoiser.of(q) or Ideal(q)
    found = follow(q, unmasking, answers)
    assert found.table.sum() == 1
    support = follow_support(q, unmasking, answers)
    assert support.dtype == bool
    np.testing.assert_array_equal(support, found.table != 0)


@settings(max_examples=40)
@given(data=st.data(), q=oracles(max_length=3))
def test_under_a_prompt_everything_is_conditional(data: st.DataObject, q: Oracle) -> None:
    """The prompt is kept, and the rest unmasked as if nothing else were masked."""
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    known = frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask)
    case = data.draw(any_case(q.condition(np.array(prompt)).marginal(np.array(free))))
    unmasking = named_in_the_whole(case.of(q), free)
    denoise = brute_force.ideal_given(as_law(q), known, q.vocab_size)
    expected = twins.follow(case.way(denoise), free, known)
    law = sampler_law(q, unmasking, given=prompt, method="branching")
    for x in product(range(q.vocab_size), repeat=q.length):
        assert fraction(law.probability(x)) == expected.law.get(x, 0)
    assert fraction(expected_steps(q, unmasking, given=prompt).value) == expected.calls
    kl = kl_divergence(q, unmasking, given=prompt).value
    right = brute_force.divergence(brute_force.given(as_law(q), known), free_part(expected.law, free))
    assert float(kl) == pytest.approx(float(right), abs=1e-12)


def named_in_the_whole(unmasking: Unmasking, free: list[int]) -> Unmasking:
    """Positions that a sampler names, as a user does: in the whole sequence, not among the free ones."""
    if isinstance(unmasking, Partition):
        return Partition([[free[i] for i in block] for block in unmasking.blocks])
    if isinstance(unmasking, EntropyBounded) and not isinstance(unmasking.order, str):
        return EntropyBounded(unmasking.bits, [free[i] for i in unmasking.order], unmasking.scores)
    if isinstance(unmasking, EntropySum) and not isinstance(unmasking.order, str):
        order = [free[i] for i in unmasking.order]
        return EntropySum(unmasking.bits, order, unmasking.crossing, unmasking.scores)
    if isinstance(unmasking, Corrected):
        return Corrected(named_in_the_whole(unmasking.inner, free), unmasking.size, unmasking.sweeps)
    return unmasking


def free_part(law: brute_force.Law, free: list[int]) -> brute_force.Law:
    return {tuple(x[i] for i in free): p for x, p in law.items()}


@pytest.mark.parametrize("convention", ["marginal", "uniform", "raise"])
@pytest.mark.parametrize(
    "sampler",
    [
        TopK(1),
        Blocks(2, TopK(1)),
        Blocks(2, Partition([[1], [0]])),
        FixedSizes([1, 0, 1, 1, 1]),
        EntropySum(0, crossing=False),
        EntropyBounded(0),
        Corrected(FixedSizes([1] * 4)),
        OneOf([TopK(1), Partition([[3], [1], [0], [2]])], [HALF, HALF]),
    ],
)
def test_one_token_a_step_is_exact_and_stays_on_the_support(sampler: Unmasking, convention: str) -> None:
    for q in (uniform_on(["0011", "0110", "1100", "1001"], 2), zoo.ababbaba(4), zoo.golden_mean(4)):
        np.testing.assert_array_equal(follow(q, sampler, Ideal(q, convention)).table, q.joint())


# ------------------------------------------------------------------ the same as enumeration


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball", "symbolic"])
@settings(max_examples=15)
@given(data=st.data())
def test_oblivious_schedules_have_the_law_of_enumeration(name: str, data: st.DataObject) -> None:
    small = name == "symbolic"
    q = data.draw(oracles(max_vocab=2 if small else 3, max_length=2 if small else 3))
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    expected = brute_force.sampler_law(case.partitions, denoiser.twin, q.vocab_size)
    moved = q.to(name)
    answers = denoiser.of(moved) or Ideal(moved)
    for table in (
        follow(moved, case.schedule, answers).table,
        enumerate_law(moved, case.schedule, answers),
        sampler_law(moved, case.schedule, answers).table(),
    ):
        for x in np.ndindex(tuple(table.shape)):
            assert close(moved.arithmetic.element(table[x]), expected.get(x, Fraction(0)), moved.arithmetic)


@settings(max_examples=30)
@given(data=st.data(), q=oracles(max_length=3))
def test_calls_of_oblivious_schedules_are_those_of_the_closed_form(data: st.DataObject, q: Oracle) -> None:
    schedule = data.draw(schedule_cases(q.length)).schedule
    assert follow(q, schedule, Ideal(q)).calls == schedule.expected_calls(q.length, q.arithmetic)


# ------------------------------------------------------------------ memory, budgets, underflow


@pytest.mark.parametrize(
    "sampler",
    [
        IID.uniform(3),
        TopK(2),
        LowConfidence(2),
        Remasking([HALF, HALF], [HALF, 0]),
        Blocks(2, Threshold("3/4")),
        Corrected(TopK(2)),
    ],
)
def test_any_size_of_batches_gives_the_same(sampler: Unmasking, monkeypatch: pytest.MonkeyPatch) -> None:
    q = zoo.golden_mean(4)
    whole = follow(q, sampler, Ideal(q))
    monkeypatch.setattr(branching, "BATCH_OUTCOMES", 1)
    parts = follow(q, sampler, Ideal(q))
    np.testing.assert_array_equal(whole.table, parts.table)
    assert whole.calls == parts.calls


def test_a_support_is_found_where_floats_are_zero() -> None:
    tiny = 1e-170
    q = MarkovChain([tiny, 1 - tiny], [[tiny, 1 - tiny], [tiny, 1 - tiny]], 2)
    for sampler in (TopK(1), OneOf([TopK(2), IID.uniform(2)], [0.25, 0.75])):
        assert follow(q, sampler, Ideal(q)).table[0, 0] == 0
        support = follow_support(q, sampler, Ideal(q))
        assert support.dtype == bool
        assert support.all()


def test_what_is_too_large_is_refused_with_its_cost() -> None:
    with pytest.raises(ValueError, match=r"schedule: following every branch of TopK\(k=2\) at V=2, L=1024"):
        sampler_law(zoo.golden_mean(1024), TopK(2))
    with pytest.raises(ValueError, match="in exact at most 1e"):
        check_branching(zoo.golden_mean(11), IID.uniform(20))
    check_branching(zoo.golden_mean(11).to("float64"), TopK(2))
    check_branching(zoo.golden_mean(10), TopK(2))


def test_a_sampler_that_leaves_masks_is_an_error() -> None:
    class Lazy(FixedSizes):
        def check(self, masked: object) -> None:
            """Anything goes."""

    q = zoo.golden_mean(3)
    with pytest.raises(ArithmeticError, match="left positions masked after its last step"):
        follow(q, Lazy([1, 1]), Ideal(q))
    with pytest.raises(ValueError, match="sizes: expected a sum of 3"):
        follow(q, FixedSizes([1, 1]), Ideal(q))


def test_one_token_or_one_position() -> None:
    one = uniform_on(["000"], 1)
    for sampler in (TopK(2), Remasking([HALF, HALF], [1, 0]), Corrected(Blocks(2, IID.uniform(2)), 2)):
        assert follow(one, sampler, Ideal(one)).table.tolist() == [[[1]]]
        short = MarkovChain(["1/3", "2/3"], [["1/2", "1/2"], ["1/2", "1/2"]], 1)
        assert follow(short, sampler, Ideal(short)).table.tolist() == [Fraction(1, 3), Fraction(2, 3)]
    assert followed_as_expected(
        follow(one, TopK(2), Ideal(one)), twins.Followed({(0, 0, 0): Fraction(1)}, Fraction(2)), one
    )
