"""Fixed partitions: they cover the positions, and what is exact for chains is exact."""

from itertools import pairwise
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, NGram, Table, uniform_on, zoo
from oracles.testing import markov_chains, ngrams
from theory import kl_divergence, sampler_law
from theory.exact import information as exact_information
from theory.exact.log_sums import LogSum
from theory.unmasking.partitions import bisection, contiguous, equal_sizes, strided
from theory.unmasking.schedules import Partition


def divergence(q: Table | MarkovChain | NGram | HMM, partition: Partition) -> LogSum:
    return exact_information.divergence(sampler_law(q, partition))


@given(length=st.integers(1, 70), memory=st.integers(1, 5))
def test_bisection_covers_the_positions_in_the_promised_steps(length: int, memory: int) -> None:
    partition = bisection(length, memory)
    partition.check(range(length))
    assert all(partition.blocks)
    assert partition.steps <= memory * ceil(log2(length / memory + 1))
    if memory == 1:
        assert partition.steps == ceil(log2(length + 1)) == length.bit_length()


@given(length=st.integers(1, 40), memory=st.integers(1, 4))
def test_what_bisection_reveals_at_once_is_separated(length: int, memory: int) -> None:
    """Between two tokens of one step lie `memory` neighbours that are revealed already."""
    revealed: set[int] = set()
    for block in bisection(length, memory).blocks:
        places = sorted(block)
        for left, right in pairwise(places):
            between = range(left + 1, right - memory + 1)
            assert any(set(range(first, first + memory)) <= revealed for first in between)
        revealed |= set(block)


@given(q=markov_chains(max_length=6, max_vocab=2))
def test_bisection_is_exact_for_every_chain(q: MarkovChain) -> None:
    assert divergence(q, bisection(q.length)) == 0


@given(q=ngrams(max_order=3, max_length=6, max_vocab=2))
def test_bisection_is_exact_for_every_ngram(q: NGram) -> None:
    assert divergence(q, bisection(q.length, max(q.order - 1, 1))) == 0


def test_bisection_of_single_tokens_is_not_exact_with_more_memory() -> None:
    assert bisection(6, 2).steps == 4
    assert divergence(zoo.trigram(6), bisection(6, 2)) == 0
    assert divergence(zoo.trigram(6), bisection(6)) > 0


def test_bisection_is_not_exact_for_a_hidden_chain() -> None:
    assert divergence(zoo.non_unifilar_hmm(7), bisection(7)) > 0


def test_bisection_of_64_tokens_takes_7_steps() -> None:
    q = zoo.golden_mean(64)
    partition = bisection(64)
    assert partition.steps == 7
    assert abs(float(kl_divergence(q, partition))) < 1e-30


def test_strided_pays_for_the_first_step_only() -> None:
    """KL = (L/N - 1) I(X_0; X_N) for stationary chains, and blocks are worse."""
    for q in (zoo.golden_mean(6), zoo.sticky_chain(6), zoo.noisy_cycle(4, 3)):
        for steps in range(1, q.length + 1):
            if q.length % steps:
                continue
            pair = q.marginal([0, steps]) if steps < q.length else None
            information = exact_information.total_correlation(pair) if pair is not None else 0
            assert divergence(q, strided(q.length, steps)) == (q.length // steps - 1) * information
            assert divergence(q, contiguous(q.length, steps)) >= divergence(q, strided(q.length, steps))


def test_blocks_can_be_better_than_strided() -> None:
    """X1, X2, X3 independent fair coins and X3 = X4 = X5 = X6."""
    q = uniform_on([f"{a}{b}{c}{c}{c}{c}" for a in "01" for b in "01" for c in "01"], vocab_size=2)
    # Blocks: X1 X2 X3, then three copies of what is known.  Strided: X1 X3 X5 first, two of them equal.
    assert divergence(q, contiguous(6, 2)) == 0
    assert divergence(q, strided(6, 2)) == 1


@given(length=st.integers(1, 50), data=st.data())
def test_equal_blocks_cover_the_positions(length: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, length))
    for make in (contiguous, strided):
        partition = make(length, steps)
        partition.check(range(length))
        assert partition.steps == steps
        assert sorted(map(len, partition.blocks)) == equal_sizes(length, steps)
    assert [i for block in contiguous(length, steps).blocks for i in block] == list(range(length))


@pytest.mark.parametrize("make", [contiguous, strided])
@pytest.mark.parametrize(("length", "steps"), [(3, 4), (0, 1), (3, 0), (True, 1)])
def test_bad_numbers_are_refused(make: type, length: int, steps: int) -> None:
    with pytest.raises(ValueError, match=r"(length|steps): expected"):
        make(length, steps)


@pytest.mark.parametrize(("length", "memory"), [(0, 1), (3, 0), (3, True)])
def test_bad_bisections_are_refused(length: int, memory: int) -> None:
    with pytest.raises(ValueError, match=r"(length|memory): expected"):
        bisection(length, memory)
