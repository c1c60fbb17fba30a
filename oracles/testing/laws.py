"""The laws that are checked by comparing an oracle's answers with each other.

A law takes an `Examination` and yields the faults it finds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from oracles.patterns import Tokens
from oracles.testing.examination import Examination, Fault


def normalisation(x: Examination) -> Iterator[Fault]:
    """Probabilities are non-negative, nothing observed has probability 1, all sequences sum to 1."""
    zeros = x.system.zeros(len(x.patterns))
    negative = x.comparison.less(x.probabilities, zeros)
    yield from x.faults(negative, x.patterns, "a negative probability")
    nothing = x.oracle.all_masked()[None]
    one = x.system.ones(1)
    yield from x.differences(nothing, x.oracle.probability(nothing), one, "probability of nothing observed")
    if x.complete:
        total = x.system.sum(x.oracle.probability(x.sequences), 0).reshape(1)
        yield from x.differences(nothing, total, one, "sum over all sequences")


def marginal_consistency(x: Examination) -> Iterator[Fault]:
    """P(pattern) = sum_v P(pattern with x_i = v), for every masked position i."""
    for position in x.positions:
        masked = x.patterns[x.patterns[:, position] == x.oracle.mask]
        total = x.system.sum(x.oracle.probability(x.filled(masked, position)), 0)
        yield from x.differences(masked, total, x.oracle.probability(masked), f"sum over position {position}")


def batches_agree(x: Examination) -> Iterator[Fault]:
    """A batch `[..., L]`, lists included, gives what its patterns give one by one."""
    possible = x.some(x.possible, 6)
    batch = np.resize(possible, (2, 3, x.oracle.length))
    flat = batch.reshape(6, -1)
    singles = x.system.array([x.oracle.probability(pattern.tolist()) for pattern in flat])
    yield from x.differences(
        batch, x.oracle.probability(batch.tolist()), singles.reshape(2, 3), "probability"
    )
    rows = x.system.stack([x.oracle.conditionals(pattern) for pattern in flat])
    rows = rows.reshape(2, 3, x.oracle.length, x.oracle.vocab_size)
    yield from x.differences(batch, x.oracle.conditionals(batch), rows, "conditionals")
    empty = np.zeros((0, x.oracle.length), dtype=np.int64)
    if tuple(x.oracle.conditionals(empty).shape) != (0, x.oracle.length, x.oracle.vocab_size):
        yield Fault(None, f"an empty batch gives shape {tuple(x.oracle.conditionals(empty).shape)}")


def support_is_positive_probability(x: Examination) -> Iterator[Fault]:
    """`in_support` and `support()` hold exactly where the probability is not zero."""
    zero = x.zero & ~x.underflowed
    yield from x.faults(x.supported & zero, x.patterns, "in the support with probability 0")
    yield from x.faults(~x.supported & ~x.zero, x.patterns, "outside the support with positive probability")
    structural = np.asarray(x.oracle.support().probability(x.patterns))
    yield from x.faults(structural != x.supported, x.patterns, "support() and in_support disagree")


def log_prob_is_the_logarithm(x: Examination) -> Iterator[Fault]:
    """log_prob = ln probability, in nats; -inf exactly outside the support."""
    if x.logs is None:
        return
    shown = x.patterns[~x.underflowed]
    logs = x.system.ln(x.oracle.probability(shown))
    yield from x.differences(shown, x.oracle.log_prob(shown), logs, "log_prob", x.logs)


def conditionals_sum_to_one(x: Examination) -> Iterator[Fault]:
    """Every row of conditionals is non-negative and sums to 1."""
    rows = x.conditionals
    negative = x.comparison.less(rows, x.system.zeros(1))
    yield from x.faults(np.any(negative, axis=(1, 2)), x.possible, "a negative conditional")
    yield from x.differences(x.possible, x.system.sum(rows, 2), x.system.ones(1), "sum of the conditionals")


def observed_is_one_hot(x: Examination) -> Iterator[Fault]:
    """At an observed position the conditional is certain of the observed token."""
    certain = x.possible[:, :, None] == np.arange(x.oracle.vocab_size)
    masked = (x.possible == x.oracle.mask)[:, :, None]
    expected = x.system.where(certain, x.system.ones(1), x.system.zeros(1))
    expected = x.system.where(masked, x.conditionals, expected)
    yield from x.differences(x.possible, x.conditionals, expected, "conditionals of observed positions")


def conditionals_are_ratios(x: Examination) -> Iterator[Fault]:
    """q(x_i = v | pattern) P(pattern) = P(pattern with x_i = v)."""
    for position in x.positions:
        here = x.possible[:, position] == x.oracle.mask
        masked = x.possible[here]
        joint = x.oracle.probability(x.filled(masked, position)).T
        product = x.conditionals[x.system.index(np.flatnonzero(here)), position]
        product = product * x.oracle.probability(masked)[:, None]
        yield from x.differences(masked, product, joint, f"conditionals at position {position}")


def positions_select(x: Examination) -> Iterator[Fault]:
    """`positions=` gives those rows, in that order, of all conditionals."""
    rng = x.rng()
    for size in sorted({0, 1, min(2, x.oracle.length), x.oracle.length}):
        chosen = rng.permutation(x.oracle.length)[:size].tolist()
        rows = x.oracle.conditionals(x.possible, positions=chosen)
        expected = x.conditionals[:, x.system.index(np.array(chosen, dtype=np.int64))]
        yield from x.differences(x.possible, rows, expected, f"conditionals at positions {chosen}")


def out_is_filled(x: Examination) -> Iterator[Fault]:
    """`out=` is filled with the conditionals and returned; what does not fit is refused (floats only)."""
    if not x.system.name.startswith("float"):
        return
    several = list(range(x.oracle.length))[::-1]
    for positions in (None, [0], several, x.possible == x.oracle.mask):
        expected = x.oracle.conditionals(x.possible, positions)
        out = expected + x.system.array([math.nan])
        if x.oracle.conditionals(x.possible, positions, out=out) is not out:
            yield Fault(None, "conditionals did not return the buffer it was given")
        if not bool((out == expected).all()):
            yield Fault(None, "conditionals in a buffer differ from those without")
    try:
        x.oracle.conditionals(x.possible, out=x.system.ones(*x.conditionals.shape, 1))
    except ValueError:
        return
    yield Fault(None, "a buffer of another shape was accepted")


def chain_rule(x: Examination) -> Iterator[Fault]:
    """The product of the conditionals along any order is the probability of the sequence."""
    sequences = x.sequences
    for order in (x.positions, sorted(x.positions), sorted(x.positions, reverse=True)):
        patterns = sequences.copy()
        patterns[:, order] = x.oracle.mask
        product = x.oracle.probability(patterns)
        alive = np.flatnonzero(np.asarray(x.oracle.in_support(patterns)))
        for position in order:
            rows = x.oracle.conditionals(patterns[alive], positions=[position])[:, 0]
            tokens = sequences[alive, position]
            chosen = rows[x.system.index(np.arange(len(alive))), x.system.index(tokens)]
            place = x.system.index(alive)
            product[place] = product[place] * chosen
            patterns[:, position] = sequences[:, position]
            alive = alive[~x.system.is_zero(chosen)]
        probabilities = x.oracle.probability(sequences)
        yield from x.differences(sequences, product, probabilities, f"product along the order {order}")


def impossible_is_refused(x: Examination) -> Iterator[Fault]:
    """Conditioning on a pattern of probability zero is a ValueError."""
    requests: dict[str, Callable[[Tokens], object]] = {
        "conditionals": x.oracle.conditionals,
        "conditionals of a batch": lambda pattern: x.oracle.conditionals([x.oracle.all_masked(), pattern]),
        "condition": x.oracle.condition,
    }
    if x.samplable:
        requests["sample"] = lambda pattern: x.oracle.sample(1, x.seed, given=pattern)
    for pattern in x.some(x.impossible, 8):
        for name, request in requests.items():
            try:
                request(pattern)
            except ValueError:
                continue
            yield Fault(pattern.tolist(), f"{name} answered for a pattern of probability zero")


def tables_list_the_probabilities(x: Examination) -> Iterator[Fault]:
    """`joint()` and `pattern_table()` hold the probability of every sequence and of every pattern."""
    if not x.complete:
        return
    for name, table, patterns in (
        ("joint", x.oracle.joint(), x.sequences),
        ("pattern_table", x.oracle.pattern_table(), x.patterns),
    ):
        entries = table[tuple(x.system.index(column) for column in patterns.T)]
        yield from x.differences(patterns, entries, x.oracle.probability(patterns), name)


def condition_is_the_conditional_law(x: Examination) -> Iterator[Fault]:
    """q.condition(a).probability(b) P(a) = P(a and b), and its conditionals are q's given a."""
    for pattern in x.some(x.possible, 12):
        law = x.oracle.condition(pattern)
        patterns = x.some(x.patterns, 200)
        both, agree = x.merged(patterns, pattern)
        joint = x.system.where(agree, x.oracle.probability(both), x.system.zeros(1))
        product = law.probability(patterns) * x.oracle.probability(pattern[None])
        yield from x.differences(patterns, product, joint, f"the law given {pattern.tolist()}")
        rows = law.conditionals(law.all_masked()[None])
        expected = x.oracle.conditionals(pattern[None])
        yield from x.differences(pattern[None], rows, expected, "conditionals of the law given the pattern")


def marginal_is_the_marginal_law(x: Examination) -> Iterator[Fault]:
    """q.marginal(S).probability(b) = P(b at S, masked elsewhere)."""
    rng, length = x.rng(), x.oracle.length
    if length <= 4:
        sizes = range(1, length + 1)
        subsets = [list(s) for size in sizes for s in itertools.combinations(range(length), size)]
    else:
        drawn = [rng.permutation(length)[: rng.integers(1, length + 1)] for _ in range(8)]
        subsets = [sorted(int(position) for position in positions) for positions in drawn]
    patterns = x.some(x.patterns, 200)
    for positions in subsets:
        embedded = np.full_like(patterns, x.oracle.mask)
        embedded[:, positions] = patterns[:, positions]
        law = x.oracle.marginal(positions)
        probabilities = law.probability(patterns[:, positions])
        expected = x.oracle.probability(embedded)
        yield from x.differences(embedded, probabilities, expected, f"the law at positions {positions}")


def entropy_is_the_sum(x: Examination) -> Iterator[Fault]:
    """H = -sum q log2 q in bits, or an enclosure of it."""
    if x.logs is None or not x.complete:
        return
    result = x.oracle.entropy()
    if result.unit != "bits":
        yield Fault(None, f"expected an entropy in bits, got {result.unit}")
    nothing = x.oracle.all_masked()[None]
    total = x.logs.system.sum(x.system.plogp(x.oracle.probability(x.sequences)), 0).reshape(1)
    if result.bounds is None:
        value = x.logs.system.array([result.value])
        yield from x.differences(nothing, value, total, "entropy in bits", x.logs)
    else:
        low, high = (x.logs.system.array([bound]) for bound in result.bounds)
        outside = x.logs.less(total, low) | x.logs.less(high, total)
        yield from x.faults(outside, nothing, f"the entropy lies outside {result.bounds}")


def most_probable_is_a_maximum(x: Examination) -> Iterator[Fault]:
    """`most_probable` completes the pattern, and no completion is more probable.

    It may decline: by TypeError where there is no order, by ArithmeticError where balls do not decide it.
    """
    sequences = x.sequences
    probabilities = x.oracle.probability(sequences)
    for pattern in x.some(x.possible, 8):
        try:
            tokens, probability = x.oracle.most_probable(pattern)
        except (TypeError, ArithmeticError):
            continue
        if ((pattern != x.oracle.mask) & (tokens != pattern)).any():
            yield Fault(pattern.tolist(), f"{tokens.tolist()} does not complete it")
        best = x.system.array([probability])
        own = x.oracle.probability(tokens[None])
        yield from x.differences(pattern[None], best, own, f"probability of {tokens.tolist()}")
        rivals = ((pattern == x.oracle.mask) | (pattern == sequences)).all(axis=1)
        better = rivals & x.comparison.less(best, probabilities)
        yield from x.faults(better, sequences, f"more probable than {tokens.tolist()}")
