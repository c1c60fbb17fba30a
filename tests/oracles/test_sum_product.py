"""Messages against sums over hidden paths, on state spaces of any shape."""

from fractions import Fraction as F
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles.arithmetic import NAMES, Arithmetic, arithmetic
from oracles.patterns import all_patterns
from oracles.state_space import DenseTransition, StateSpace
from oracles.sum_product import SumProduct
from oracles.testing import distributions
from tests.oracles.test_arithmetic import agree


@st.composite
def spaces(draw: Any) -> StateSpace:
    """State spaces over fractions whose state sets differ from position to position."""
    vocab, widths = draw(st.integers(1, 2)), draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))

    def rows(count: int, size: int) -> np.ndarray:
        drawn = draw(st.lists(distributions(size), min_size=count, max_size=count))
        return np.array(drawn, dtype=object).reshape(count, size)

    return StateSpace(
        rows(1, widths[0])[0],
        tuple(DenseTransition(rows(*pair)) for pair in pairwise(widths)),
        tuple(rows(width, vocab) for width in widths),
    )


def paths(space: StateSpace) -> dict[tuple[tuple[int, ...], tuple[int, ...]], F]:
    """P(z, x) of every hidden path and every sequence."""
    vocab = space.emissions[0].shape[1]
    out = {}
    for z in product(*(range(emission.shape[0]) for emission in space.emissions)):
        for x in product(range(vocab), repeat=space.length):
            p = space.initial[z[0]]
            for i in range(space.length):
                p = p * space.emissions[i][z[i], x[i]]
                if i:
                    p = p * space.transitions[i - 1].matrix[z[i - 1], z[i]]
            out[z, x] = p
    return out


def agrees(x: tuple[int, ...], pattern: Any, mask: int, skip: int | None = None) -> bool:
    return all(i == skip or t in (mask, x[i]) for i, t in enumerate(pattern))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(space=spaces())
def test_messages(name: str, space: StateSpace) -> None:
    system, joint = arithmetic(name), paths(space)
    sum_product = SumProduct(space.map(system.array), system)
    mask = space.emissions[0].shape[1]
    patterns = all_patterns(mask, space.length)
    with system.context():
        totals = [sum(p for (_, x), p in joint.items() if agrees(x, t, mask)) for t in patterns]
        assert agree(system, system.unscale(*sum_product.mass(patterns)), np.array(totals, dtype=object))
        for i, marginal in enumerate(sum_product.state_marginals()):
            states = range(space.emissions[i].shape[0])
            expected = [sum(p for (z, _), p in joint.items() if z[i] == h) for h in states]
            assert agree(system, marginal, np.array(expected, dtype=object))
        sequences = [
            sum(p for (_, y), p in joint.items() if y == x) for x in product(range(mask), repeat=space.length)
        ]
        assert agree(system, sum_product.joint(), np.array(sequences, dtype=object))
        _check_token_masses(system, sum_product, joint, patterns, mask)


def _check_token_masses(
    system: Arithmetic, sum_product: SumProduct, joint: Any, patterns: Any, mask: int
) -> None:
    """Proportional to P(x_i = v, tokens elsewhere) at every masked position."""
    length = patterns.shape[1]
    masses = sum_product.token_masses(patterns, range(length))
    for b, pattern in enumerate(patterns):
        for i in np.flatnonzero(pattern == mask):
            wanted = [
                sum(p for (_, x), p in joint.items() if x[i] == v and agrees(x, pattern, mask, i))
                for v in range(mask)
            ]
            if any(wanted):
                row = masses[b, int(i)].reshape(1, -1)
                total = system.sum(row, 1).reshape(1, 1)
                shares = np.array([[w / sum(wanted) for w in wanted]], dtype=object)
                assert agree(system, system.divide(row, total), shares)


def test_positions_come_in_the_order_asked_for_even_twice() -> None:
    system = arithmetic("exact")
    third = system.array([["1/3", "2/3"], [1, 0]])
    space = StateSpace(
        system.array([1, 0]), (DenseTransition(third),) * 2, (system.array([[1, 0], [0, 1]]),) * 3
    )
    sum_product = SumProduct(space, system)
    pattern = np.array([[2, 2, 2]])
    every = sum_product.token_masses(pattern, [0, 1, 2])
    chosen = sum_product.token_masses(pattern, [2, 0, 2])
    assert chosen.tolist() == every[:, [2, 0, 2]].tolist()
    assert sum_product.token_masses(pattern, []).shape == (1, 0, 2)
