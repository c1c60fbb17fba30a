"""Block-wise decoding with every kind of inner sampler, followed step by step in plain Python."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.testing import oracles, patterns
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.adaptive_cases import WayCase, corrected_cases, followed_as_expected, fraction, simple_cases
from tests.theory.cases import as_law, denoiser_cases, learned_answer, learned_answers, log_close
from theory import (
    IID,
    Blocks,
    Corrected,
    EntropySum,
    FixedSizes,
    LowConfidence,
    OneOf,
    Partition,
    Remasking,
    Threshold,
    TopK,
    expected_kl,
    expected_steps,
    sampler_law,
)
from theory.denoisers import Function, Ideal
from theory.laws.branching import follow

HALF = Fraction(1, 2)

FLEXIBLE: dict[str, WayCase] = {
    "iid": WayCase(lambda q: IID.uniform(2), lambda twin: twins.iid([HALF, HALF], twin)),
    "confidence": WayCase(
        lambda q: TopK(2),
        lambda twin: twins.planner(twins.best_few("confidence", 2), twin, lambda n: -(-n // 2)),
    ),
    "threshold": WayCase(
        lambda q: Threshold("2/3"),
        lambda twin: twins.planner(twins.threshold(Fraction(2, 3)), twin, lambda n: n),
    ),
    "entropy": WayCase(
        lambda q: EntropySum(1),
        lambda twin: twins.planner(twins.entropy_sum(Fraction(1), "left", True), twin, lambda n: n),
    ),
    "drawn": WayCase(lambda q: LowConfidence(1), lambda twin: twins.low_confidence(1, twin)),
    "remasking": WayCase(
        lambda q: Remasking([HALF, HALF], [HALF, 0]),
        lambda twin: twins.remasking([HALF, HALF], [HALF, Fraction(0)], twin),
    ),
    "corrected": WayCase(
        lambda q: Corrected(TopK(2)),
        lambda twin: twins.corrected(
            twins.planner(twins.best_few("confidence", 2), twin, lambda n: -(-n // 2)), 1, 1, twin
        ),
    ),
    "scores": WayCase(
        lambda q: TopK(1, Function(q, lambda rows: learned_answers(q, rows))),
        lambda twin: twins.planner(
            twins.best_few("confidence", 1), twin, lambda n: n, lambda c, i: learned_answer(c, i, VOCAB)
        ),
    ),
}
"""Inner samplers that fit any number of positions."""

VOCAB = 2


@pytest.mark.parametrize("inner", FLEXIBLE)
@settings(max_examples=12)
@given(data=st.data())
def test_the_last_block_may_be_shorter(inner: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=VOCAB).filter(lambda q: q.vocab_size == VOCAB))
    size, denoiser = data.draw(st.integers(1, q.length + 1)), data.draw(denoiser_cases(q))
    expected = twins.follow(twins.blocks(size, FLEXIBLE[inner].way(denoiser.twin)), range(q.length))
    found = follow(q, Blocks(size, FLEXIBLE[inner].of(q)), denoiser.of(q) or Ideal(q))
    assert followed_as_expected(found, expected, q)


@settings(max_examples=40)
@given(data=st.data(), q=oracles(max_vocab=2))
def test_what_fits_a_block_is_done_in_each(data: st.DataObject, q: Oracle) -> None:
    """Sizes, partitions and orders count positions within the block."""
    size = data.draw(st.sampled_from([b for b in range(1, q.length + 1) if q.length % b == 0]))
    family = data.draw(st.sampled_from([simple_cases, corrected_cases]))
    case, denoiser = data.draw(family(size, q.vocab_size)), data.draw(denoiser_cases(q))
    expected = twins.follow(twins.blocks(size, case.way(denoiser.twin)), range(q.length))
    found = follow(q, Blocks(size, case.of(q)), denoiser.of(q) or Ideal(q))
    assert followed_as_expected(found, expected, q)
    calls = Blocks(size, case.of(q)).expected_calls(q.length, q.arithmetic)
    assert calls is None or fraction(calls) == expected.calls


@pytest.mark.parametrize("inner", FLEXIBLE)
@settings(max_examples=12)
@given(data=st.data())
def test_a_prompt_cuts_blocks(inner: str, data: st.DataObject) -> None:
    """Blocks stay where they are in the whole sequence; what is given of them is not asked for."""
    q = data.draw(oracles(max_vocab=VOCAB).filter(lambda q: q.vocab_size == VOCAB))
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    size, law = data.draw(st.integers(1, q.length)), as_law(q)
    known = frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask)
    denoise = brute_force.ideal_given(law, known, q.vocab_size)
    way = twins.blocks(size, FLEXIBLE[inner].way(denoise), absolute=True)
    expected = twins.follow(way, free, known)
    found = sampler_law(q, Blocks(size, FLEXIBLE[inner].of(q)), given=prompt)
    for x in product(range(q.vocab_size), repeat=q.length):
        assert fraction(found.probability(x)) == expected.law.get(x, 0)
    steps = expected_steps(q, Blocks(size, FLEXIBLE[inner].of(q)), given=prompt).value
    assert fraction(steps) == expected.calls


@settings(max_examples=20)
@given(data=st.data(), q=oracles(max_vocab=2))
def test_blocks_of_blocks(data: st.DataObject, q: Oracle) -> None:
    outer, inner = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 2))
    chosen = data.draw(st.sampled_from(["iid", "confidence", "corrected"]))
    denoiser = brute_force.ideal(as_law(q), q.vocab_size)
    way = twins.blocks(outer, twins.blocks(inner, FLEXIBLE[chosen].way(denoiser)))
    found = follow(q, Blocks(outer, Blocks(inner, FLEXIBLE[chosen].of(q))), Ideal(q))
    assert followed_as_expected(found, twins.follow(way, range(q.length)), q)


@settings(max_examples=20)
@given(q=oracles())
def test_one_block_or_blocks_of_one(q: Oracle) -> None:
    whole = sampler_law(q, TopK(2), method="branching").table()
    np.testing.assert_array_equal(sampler_law(q, Blocks(q.length, TopK(2))).table(), whole)
    for inner in (TopK(3), IID.uniform(3), FixedSizes([0, 1]), Partition([[0]])):
        np.testing.assert_array_equal(sampler_law(q, Blocks(1, inner)).table(), q.joint())
    assert Blocks(1, TopK(3)).one_at_a_time(q.length)
    assert Blocks(2, TopK(1)).one_at_a_time(q.length)
    assert not Blocks(2, TopK(2)).one_at_a_time(2)


@settings(max_examples=25)
@given(data=st.data())
def test_the_expected_error_of_oblivious_blocks(data: st.DataObject) -> None:
    """E KL from contexts, against all ordered partitions, block by block."""
    q = data.draw(oracles(max_vocab=2).filter(lambda q: q.length % 2 == 0))
    law, denoiser = as_law(q), data.draw(denoiser_cases(q))
    inner, parts = data.draw(
        st.sampled_from(
            [
                (IID.uniform(2), list(brute_force.iid_partitions([HALF, HALF], 2))),
                (FixedSizes([1, 1]), list(brute_force.sizes_partitions([1, 1], 2))),
                (Partition([[1], [0]]), list(brute_force.fixed_partition([[1], [0]]))),
            ]
        )
    )
    partitions = []
    for choice in product(parts, repeat=q.length // 2):
        share = Fraction(1)
        line: list[tuple[int, ...]] = []
        for index, (weight, blocks) in enumerate(choice):
            share *= weight
            line += [tuple(2 * index + i for i in block) for block in blocks]
        partitions.append((share, tuple(line)))
    expected = brute_force.expected_divergence(law, partitions, denoiser.twin, q.vocab_size)
    found = expected_kl(q, Blocks(2, inner), denoiser.of(q)).value
    assert log_close(found, expected, q.arithmetic)


def test_left_to_right_is_autoregressive() -> None:
    q = zoo.ababbaba(4)
    assert sampler_law(q, Blocks(2, Partition([[0], [1]]))).table().tolist() == q.joint().tolist()
    both = sampler_law(q, Blocks(2, Partition([[0, 1]])))
    assert both.probability([0, 0, 0, 0]) > 0


def test_bad_input() -> None:
    q = zoo.golden_mean(3)
    cases: list[tuple[Any, str]] = [
        (lambda: Blocks(0, TopK(1)), "block_length: expected an integer of at least 1, got 0"),
        (lambda: Blocks(2, OneOf([TopK(1)], [1])), "inner: expected one way of unmasking, got OneOf"),
        (lambda: sampler_law(q, Blocks(2, FixedSizes([1, 1]))), r"sizes: expected a sum of 1 .*, got 2"),
        (lambda: sampler_law(q, Blocks(2, TopK([2]))), r"k: expected a sum of 1 .*, got 2"),
        (lambda: sampler_law(q, Blocks(3, Partition([[0], [1]]))), r"blocks: expected .* missing \[2\]"),
        (
            lambda: list(Blocks(2, TopK(1)).contexts(3, q.arithmetic)),
            "schedule: expected one that looks at no",
        ),
    ]
    for make, message in cases:
        with pytest.raises(ValueError, match=message):
            make()
    assert repr(Blocks(2, TopK(1))) == "Blocks(2, TopK(k=1))"
