"""One check of every operation of an oracle against brute force, in any arithmetic."""

import itertools
import math

import flint
import numpy as np
import pytest

from oracles import Oracle
from oracles.patterns import all_patterns
from tests.oracles.brute_force import BITS, BruteForce, entries, log, log_matches, matches


def check_operations(exact: Oracle, name: str, pattern: list[int], positions: list[int]) -> None:
    """Every operation of `exact.to(name)`; pattern: a possible one; positions: increasing ones."""
    twin, q = BruteForce(exact), exact.to(name)
    assert (q.vocab_size, q.length, q.mask) == (exact.vocab_size, exact.length, exact.vocab_size)
    with flint.ctx.workprec(BITS):
        _check_patterns(twin, q)
        _check_entropy(twin, q)
        _check_tables(twin, q)
        _check_law(q.condition(pattern), twin.given(pattern))
        _check_law(q.marginal(positions), twin.marginal(positions))
    if name in ("exact", "float32", "float64"):
        _check_samples(twin, q, pattern)
    if name == "exact":
        tokens, probability = q.most_probable(pattern)
        assert (tuple(tokens.tolist()), probability) == twin.most_probable(pattern)


def _check_patterns(twin: BruteForce, q: Oracle) -> None:
    system = q.arithmetic
    patterns = all_patterns(q.vocab_size, q.length)
    expected = [twin.probability(pattern) for pattern in patterns]
    found = entries(q.probability(patterns), system)
    assert all(matches(*pair, system) for pair in zip(found, expected, strict=True))
    possible = np.array([p > 0 for p in expected])
    assert np.array_equal(q.in_support(patterns), possible)
    if system.name != "boolean":
        logs = entries(q.log_prob(patterns), system.logs)
        for value, p in zip(logs, expected, strict=True):
            assert log_matches(value, log(p), system) if p else float(value) == -math.inf
    rows = q.conditionals(patterns[possible])
    assert tuple(rows.shape) == (possible.sum(), q.length, q.vocab_size)
    wanted = [
        share
        for pattern in patterns[possible]
        for position in range(q.length)
        for share in twin.conditional(pattern, position)
    ]
    assert all(matches(*pair, system) for pair in zip(entries(rows, system), wanted, strict=True))
    for pattern in patterns[~possible][:10]:
        with pytest.raises(ValueError, match=r"^patterns: .*probability zero"):
            q.conditionals(pattern)
        with pytest.raises(ValueError, match=r"^pattern: .*probability zero"):
            q.condition(pattern)


def _check_entropy(twin: BruteForce, q: Oracle) -> None:
    if q.arithmetic.name != "boolean":
        result = q.entropy()
        assert result.unit == "bits"
        assert result.bounds is None
        assert log_matches(result.value, twin.entropy(), q.arithmetic)


def _check_tables(twin: BruteForce, q: Oracle) -> None:
    for table, patterns in (
        (q.joint(), itertools.product(range(q.vocab_size), repeat=q.length)),
        (q.pattern_table(), itertools.product(range(q.vocab_size + 1), repeat=q.length)),
    ):
        expected = [twin.probability(pattern) for pattern in patterns]
        found = entries(table, q.arithmetic)
        assert all(matches(*pair, q.arithmetic) for pair in zip(found, expected, strict=True))


def _check_law(derived: Oracle, expected: dict) -> None:
    assert derived.length == len(next(iter(expected)))
    found = entries(derived.joint(), derived.arithmetic)
    one_by_one = entries(derived.probability(list(expected)), derived.arithmetic)
    for values in (found, one_by_one):
        assert all(matches(*pair, derived.arithmetic) for pair in zip(values, expected.values(), strict=True))


def _check_samples(twin: BruteForce, q: Oracle, pattern: list[int]) -> None:
    """Only possible sequences, and only ones that complete the pattern (their law: `check_oracle`)."""
    assert all(twin.law[tuple(x)] > 0 for x in q.sample(20, seed=1).tolist())
    completions = q.sample(20, seed=1, given=pattern).tolist()
    assert all(twin.law[tuple(x)] > 0 and twin.agrees(x, pattern) for x in completions)
