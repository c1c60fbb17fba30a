"""Bounded families hold every member once, as many as they say, and none before it is asked for."""

import itertools
from math import factorial

import numpy as np
import pytest
from flint import fmpq

from proofs_check import Relation, Source, Verdict, claim, grid, verify
from proofs_check.families import (
    Family,
    every_composition,
    every_language,
    every_law,
    every_partition,
    every_weights,
)
from theory import IID, FixedSizes, Partition, sampler_law
from theory.exact import information
from theory.exact.log_sums import log2

HERE = Source("Planted", "v1")


def plain(value) -> str:
    return str(np.asarray(value.joint()).tolist()) if hasattr(value, "joint") else str(value)


@pytest.mark.parametrize(
    ("family", "size"),
    [
        (every_language(2, 2), 15),
        (every_language(3, 1), 7),
        (every_law(2, 1, 3), len({fmpq(a, a + b) for a in range(4) for b in range(4) if a + b})),
        (every_law(2, 2, 1), 15),
        (every_law(2, 2, 2), (3**4 - 1) - (2**4 - 1)),
        (every_weights(3, 4), 15),
        (every_weights(1, 5), 1),
        (every_composition(5), 16),
        (every_composition(0), 1),
        (every_partition(0), 1),
        (every_partition(3), 13),
        (every_partition(4), 75),
    ],
)
def test_every_member_comes_once(family: Family, size: int) -> None:
    members = [plain(member) for member in family]
    assert len(family) == len(members) == len(set(members)) == size


def test_members_are_what_they_are_called() -> None:
    assert all(sum(weights) == 1 for weights in every_weights(3, 4))
    assert all(sum(sizes) == 5 and min(sizes) > 0 for sizes in every_composition(5))
    for blocks in every_partition(4):
        assert sorted(itertools.chain(*blocks)) == [0, 1, 2, 3]
        Partition(blocks)
    for sizes in every_composition(4):
        FixedSizes(sizes)
    assert sum(all(len(block) == 1 for block in blocks) for blocks in every_partition(4)) == factorial(4)


def test_members_are_made_when_they_are_asked_for() -> None:
    huge = grid(q=every_language(2, 5), steps=[1, 2])
    assert len(huge) == 2 * (2**32 - 1)
    first = next(iter(huge))
    assert first.values["steps"] == 1
    assert str(first) == "q={11111: 1}, steps=1"


def test_a_claim_on_a_whole_family_says_so() -> None:
    @claim(source=HERE, instances=grid(q=every_law(2, 2, 2), weights=every_weights(2, 2)))
    def error_rate(q, weights):
        """-log2(1 - SER) <= KL."""
        law = sampler_law(q, IID(weights))
        return Relation(-log2(1 - information.error_rate(law)), "<=", information.divergence(law))

    report = verify(error_rate)
    assert report.verdict is Verdict.CERTIFIED
    assert report.domain == (
        "195 listed instances over all 65 laws of length 2 over 2 tokens with counts up to 2 "
        "and all 3 weights of 2 steps in multiples of 1/2"
    )


def test_the_first_counterexample_in_a_family_ends_the_work() -> None:
    @claim(source=HERE, instances=grid(q=every_language(2, 5)))
    def few(q):
        """No language has more than two words."""
        return Relation(len(np.argwhere(np.asarray(q.joint()) != 0)), "<=", 2)

    report = verify(few)
    assert report.verdict is Verdict.REFUTED
    assert report.domain == "7 listed instances"
