"""Ways of unmasking by name: the same as those made by hand."""

import pytest

from oracles import MarkovChain, zoo
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
    Partition,
    Remasking,
    Threshold,
    TopK,
    Unmasking,
    sampler_law,
)
from theory.denoisers import Ideal, Perturbed
from theory.unmasking.orders import KINDS, PLANNERS, Space, fixed_path, read_order

Q = zoo.golden_mean(6)
SPACE = Space(range(6), 4)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("random", FixedSizes([1, 1, 2, 2])),
        ("iid", IID.uniform(4)),
        ("left", Partition([[0], [1], [2, 3], [4, 5]])),
        ("strided", Partition([[0, 4], [1, 5], [2], [3]])),
        ("bisection", Partition([[2], [0, 4], [1, 3, 5]])),
        ("confidence", TopK([1, 1, 2, 2])),
        ("margin", Margin([1, 1, 2, 2])),
        ("entropy", LowestEntropy([1, 1, 2, 2])),
        ("lowconfidence", LowConfidence([1, 1, 2, 2])),
        ("threshold:3/4", Threshold("3/4")),
        ("threshold:0.75@2", Blocks(2, Threshold("3/4"))),
        ("eb:0.5", EntropyBounded("1/2")),
        ("es:1", EntropySum(1)),
        ("remask:1/5", Remasking.capped(["1/4"] * 4, "1/5")),
        ("correct:1", Corrected(FixedSizes([1, 1, 2, 2]))),
        ("random@3", Blocks(3, FixedSizes([1, 2]))),
        ("confidence@3", Blocks(3, TopK([1, 2]))),
        ("left@6", Blocks(6, Partition([[0], [1], [2, 3], [4, 5]]))),
    ],
)
def test_a_name_gives_the_law_of_what_it_names(text: str, wanted: Unmasking) -> None:
    order = read_order(text, SPACE)
    assert order.name == text
    found, expected = (sampler_law(Q, each).table() for each in (order.unmasking, wanted))
    assert (found == expected).all()


def test_every_kind_is_tested_and_every_planner_is_one() -> None:
    assert {"random", "correct"} < KINDS.keys()
    assert PLANNERS < KINDS.keys()


def test_only_planners_look_at_scores() -> None:
    scores = Perturbed(Ideal(Q), "1/2")
    space = Space(range(6), 3, scores=scores)
    for name in KINDS:
        text = f"{name}:1" if KINDS[name].parameter else name
        unmasking = read_order(text, space).unmasking
        assert (getattr(unmasking, "scores", None) is scores) == (name in PLANNERS)


def test_positions_of_a_prompt() -> None:
    space = Space([1, 2, 4, 5], 2)
    assert read_order("left", space).unmasking.blocks == ((1, 2), (4, 5))  # type: ignore[attr-defined]
    given = [0, 2, 2, 0, 2, 2]
    law = sampler_law(Q, read_order("random@3", space).unmasking, given=given)
    assert law.table().sum() == 1


def test_bisection_with_memory_is_exact_for_trigrams() -> None:
    q = zoo.trigram(6)
    order = read_order("bisection", Space(range(6), 3, memory=2))
    assert (sampler_law(q, order.unmasking).table() == q.joint()).all()


def test_which_take_one_path_for_every_sequence() -> None:
    paths = {name for name in KINDS if fixed_path(read_order(_filled(name), SPACE).unmasking)}
    assert paths == {
        "left",
        "strided",
        "bisection",
        "confidence",
        "margin",
        "entropy",
        "threshold",
        "eb",
        "es",
    }
    assert fixed_path(read_order("margin@3", SPACE).unmasking)
    assert not fixed_path(read_order("random@3", SPACE).unmasking)


def _filled(name: str) -> str:
    return f"{name}:1" if KINDS[name].parameter else name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shuffled", "orders: expected random, iid, left"),
        ("", "orders: expected random, iid, left"),
        ("threshold", "orders: expected 'threshold:PROBABILITY', got 'threshold'"),
        ("random:3", "orders: expected 'random', got 'random:3'"),
        ("eb:much", "orders: expected a number after the colon, got 'eb:much'"),
        ("correct:1/2", "orders: expected a whole number of sweeps"),
        ("threshold:2", r"probability: expected a number in \[0, 1\]"),
        ("random@x", "orders: expected a number of positions after the @"),
        ("random@0", "orders: expected an integer of at least 1, got 0"),
        ("random@2", "steps: expected a multiple of 3, the number of blocks of 'random@2', got 4"),
        ("random@4", "orders: expected blocks with equally many masked positions, got 'random@4' with 4, 2"),
    ],
)
def test_bad_names(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_order(text, SPACE)


def test_more_steps_than_positions() -> None:
    space = Space(range(2), 3)
    with pytest.raises(ValueError, match="steps: expected at most 2, one for each position, got 3"):
        read_order("random", space)
    q = MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], 2)
    assert sampler_law(q, read_order("iid", space).unmasking).table().sum() == 1
