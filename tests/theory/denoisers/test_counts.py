"""The denoiser that counts, against counting in plain Python, and against the laws it comes to."""

from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.patterns import all_patterns, all_sequences
from oracles.testing import markov_chains, oracles, patterns
from tests.theory.cases import close
from theory import IID, TopK, kl_divergence, sampler_law, sequence_error_rate
from theory.denoisers import CountBased, Ideal, Windowed


def counted(
    row: list[int],
    i: int,
    samples: list[tuple[int, ...]],
    vocab: int,
    neighbours: int,
    window: int,
    smoothing: Fraction,
    stationary: bool,
) -> list[Fraction]:
    """The law of token i by looking through all samples, for ever smaller neighbourhoods."""
    length = len(row)
    left = [j for j in range(i - 1, -1, -1) if row[j] != vocab][:neighbours]
    right = [j for j in range(i + 1, length) if row[j] != vocab][:neighbours]
    near = {j - i: row[j] for j in left + right if abs(j - i) <= window}
    while True:
        counts = [0] * vocab
        for sample in samples:
            for place in range(length) if stationary else [i]:
                if all(0 <= place + d < length for d in near) and all(
                    sample[place + d] == v for d, v in near.items()
                ):
                    counts[sample[place]] += 1
        if sum(counts):
            return [(count + smoothing) / (sum(counts) + smoothing * vocab) for count in counts]
        del near[max(near, key=lambda d: (abs(d), d))]


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball", "symbolic"])
@settings(max_examples=40)
@given(data=st.data())
def test_it_counts(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=3) if name == "symbolic" else oracles(max_length=5))
    token = st.integers(0, q.vocab_size - 1)
    sequence = st.tuples(*[token] * q.length)
    seen = data.draw(st.lists(st.tuples(sequence, st.integers(0, 3)), min_size=1, max_size=6))
    seen.append((data.draw(sequence), 1))
    neighbours, window = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 5))
    smoothing, stationary = data.draw(st.fractions(0, 2, max_denominator=4)), data.draw(st.booleans())
    denoiser = CountBased(
        q.to(name),
        [list(x) for x, _ in seen],
        times=[times for _, times in seen],
        neighbours=neighbours,
        window=window,
        smoothing=smoothing,
        stationary=stationary,
    )
    samples = [x for x, times in seen for _ in range(times)]
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    expected = [
        [
            counted(row, i, samples, q.vocab_size, neighbours, window, smoothing, stationary)
            if row[i] == q.mask
            else [Fraction(v == row[i]) for v in range(q.vocab_size)]
            for i in range(q.length)
        ]
        for row in batch
    ]
    positions = data.draw(st.lists(st.integers(0, q.length - 1), max_size=q.length + 1))
    entries = np.array([[data.draw(st.booleans()) for _ in row] for row in batch], dtype=bool)
    check(denoiser, denoiser(batch), [law for laws in expected for law in laws])
    check(denoiser, denoiser(batch, positions), [laws[i] for laws in expected for i in positions])
    check(denoiser, denoiser(batch, entries), [expected[b][i] for b, i in np.argwhere(entries)])


def check(denoiser: CountBased, found: Any, expected: list[list[Fraction]]) -> None:
    system = denoiser.oracle.arithmetic
    rows = system.tolist(found.reshape(-1, denoiser.oracle.vocab_size))
    assert len(rows) == len(expected)
    for row, law in zip(rows, expected, strict=True):
        assert all(close(a, b, system) for a, b in zip(row, law, strict=True))


def endless(q: Oracle, **options: Any) -> CountBased:
    """What it comes to with ever more samples: every sequence counted as often as it is probable."""
    probabilities = [Fraction(int(p.p), int(p.q)) for p in q.joint().reshape(-1)]
    unit = lcm(*(p.denominator for p in probabilities))
    times = [int(p * unit) for p in probabilities]
    return CountBased(q, all_sequences(q.vocab_size, q.length), times=times, **options)


def agree_where_possible(q: Oracle, found: CountBased, expected: Callable[..., Any]) -> None:
    every = all_patterns(q.vocab_size, q.length)
    possible = every[np.asarray(q.in_support(every))]
    np.testing.assert_array_equal(found(possible), expected(possible))


@settings(max_examples=25)
@given(q=oracles(max_length=4), window=st.integers(0, 4), more=st.integers(0, 2))
def test_of_any_law_it_becomes_the_windowed_denoiser(q: Oracle, window: int, more: int) -> None:
    agree_where_possible(q, endless(q, neighbours=window + more, window=window), Windowed(q, window))


@settings(max_examples=25)
@given(q=markov_chains(max_length=5), neighbours=st.integers(1, 2))
def test_of_a_chain_it_becomes_the_ideal_denoiser(q: Oracle, neighbours: int) -> None:
    agree_where_possible(q, endless(q, neighbours=neighbours), Ideal(q))


def test_of_a_stationary_chain_it_may_count_everywhere() -> None:
    q = zoo.golden_mean(5)
    start = q.conditionals(q.all_masked())
    assert (start == start[0]).all()
    agree_where_possible(q, endless(q, stationary=True), Ideal(q))


def test_one_neighbour_is_too_few_for_longer_memories() -> None:
    q = zoo.parity(4)
    assert (endless(q)([[0, 1, 1, 2]], [3]) == Fraction(1, 2)).all()
    assert (endless(zoo.parity(3))([[0, 1, 2]], [2]) == Fraction(1, 2)).all()
    agree_where_possible(q, endless(q, neighbours=3), Ideal(q))


def test_counting_everywhere_takes_fewer_samples() -> None:
    """The exact divergence of what it generates one by one, from as many samples of one chain."""
    q = zoo.golden_mean(6).to("float64")
    samples = q.sample(200, seed=3)
    alone, everywhere = (
        float(kl_divergence(q, TopK(1), CountBased(q, samples, smoothing="1/2", stationary=stationary)))
        for stationary in (False, True)
    )
    assert 0 < everywhere < alone


def test_every_exact_metric_takes_it() -> None:
    q = zoo.golden_mean(3)
    denoiser = CountBased(q, [[0, 1, 0], [1, 0, 0], [0, 0, 1]], smoothing=1)
    law = sampler_law(q, IID.uniform(2), denoiser)
    assert sum(law.table().reshape(-1)) == 1
    error = sequence_error_rate(q, IID.uniform(2), denoiser)
    assert error.guarantee == "exact rational"
    assert 0 < error.value < 1
    prompted = sampler_law(q, TopK(1), denoiser, given=[2, 1, 2])
    # Of two samples, and one each in a neighbourhood of two.
    assert prompted.probability([0, 1, 0]) == Fraction(2, 3) * Fraction(2, 3)


def test_without_smoothing_what_was_never_seen_is_impossible() -> None:
    q = zoo.golden_mean(3)
    assert CountBased(q, [[0, 1, 0]])([[2, 2, 2]])[0].tolist() == [[1, 0], [0, 1], [1, 0]]


def test_no_patterns_no_positions_and_the_smallest_laws() -> None:
    q = zoo.golden_mean(3)
    denoiser = CountBased(q, [[0, 0, 1]])
    assert denoiser(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3, 2)
    assert denoiser([[2, 2, 2]], []).shape == (1, 0, 2)
    assert denoiser([[2, 2, 2]], np.zeros((1, 3), dtype=bool)).shape == (0, 2)
    one = zoo.golden_mean(1)
    assert CountBased(one, [[0], [0], [1]])([[2]]).tolist() == [[[Fraction(2, 3), Fraction(1, 3)]]]


def test_it_belongs_to_no_other_law() -> None:
    denoiser = CountBased(zoo.golden_mean(2), [[0, 0]])
    assert denoiser.of(zoo.all_equal(2)) is None
    assert denoiser.conditioned(zoo.all_equal(1)) is None


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        ([[0, 0]], {}, r"samples: expected last axis of length 3, got shape \(1, 2\)"),
        ([[0, 0, 2]], {}, r"samples: expected entries in 0\.\.1, got 2"),
        ([0, 0, 1], {}, r"samples: expected a batch of sequences, got the leading shape \(\)"),
        (np.zeros((0, 3), dtype=np.int64), {}, "samples: expected at least one, got none"),
        ([[0, 0, 1]], {"times": [0]}, "samples: expected at least one, got none"),
        ([[0, 0, 1]], {"times": [1, 1]}, r"times: expected 1 numbers of times, got \[1, 1\]"),
        ([[0, 0, 1]], {"times": [-1]}, r"times: expected 1 numbers of times, got \[-1\]"),
        ([[0, 0, 1]], {"times": [0.5]}, "times: expected integers"),
        ([[0, 0, 1]], {"neighbours": -1}, "neighbours: expected an integer of at least 0, got -1"),
        ([[0, 0, 1]], {"window": -1}, "window: expected an integer of at least 0, got -1"),
        ([[0, 0, 1]], {"smoothing": "-1/2"}, "smoothing: expected a number >= 0, got '-1/2'"),
    ],
)
def test_bad_input(samples: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CountBased(zoo.golden_mean(3), samples, **options)


def test_neighbourhoods_that_cannot_be_numbered_are_refused() -> None:
    q = zoo.golden_mean(80).to("float64")
    with pytest.raises(
        ValueError, match=r"neighbours: expected fewer than 2\*\*63 neighbourhoods, got 2\*\*64"
    ):
        CountBased(q, q.sample(1, seed=0), neighbours=32)
    assert CountBased(q, q.sample(1, seed=0), neighbours=31)([q.all_masked()]).shape == (1, 80, 2)
    assert CountBased(q, q.sample(1, seed=0), neighbours=99, window=31)([q.all_masked()]).shape == (1, 80, 2)
    shorter = zoo.golden_mean(40).to("float64")  # where no more than 39 are near
    assert CountBased(shorter, q.sample(1, seed=0)[:, :40], neighbours=99)([[0] * 39 + [2]]).shape == (
        1,
        40,
        2,
    )
