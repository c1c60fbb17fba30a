"""The windowed denoiser against conditionals summed over what its window shows."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, uniform_on, zoo
from oracles.testing import oracles, patterns
from tests.theory import adaptive_brute_force as twins
from tests.theory import brute_force
from tests.theory.cases import as_law, close
from theory import IID, sampler_law
from theory.denoisers import Ideal, Windowed


@pytest.mark.parametrize("name", ["exact", "float64", "float32", "ball", "symbolic"])
@settings(max_examples=25)
@given(data=st.data())
def test_it_sees_what_is_near(name: str, data: st.DataObject) -> None:
    q = data.draw(oracles(max_vocab=2, max_length=2) if name == "symbolic" else oracles())
    radius, convention = data.draw(st.integers(0, 3)), data.draw(st.sampled_from(["marginal", "uniform"]))
    twin = twins.windowed(brute_force.ideal(as_law(q), q.vocab_size, convention), radius)
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    denoiser = Windowed(q.to(name), radius, convention)
    positions = data.draw(st.lists(st.integers(0, q.length - 1), max_size=q.length + 1))
    entries = np.array([[data.draw(st.booleans()) for _ in range(q.length)] for _ in batch], dtype=bool)
    expected = [answers(q, row, twin) for row in batch]
    check(denoiser, denoiser(np.array(batch)), [law for laws in expected for law in laws])
    check(denoiser, denoiser(np.array(batch), positions), [laws[i] for laws in expected for i in positions])
    check(denoiser, denoiser(np.array(batch), entries), [expected[b][i] for b, i in np.argwhere(entries)])


def answers(q: Oracle, row: list[int], twin: brute_force.Denoiser) -> list[list[Fraction]]:
    context = frozenset((i, v) for i, v in enumerate(row) if v != q.mask)
    certain = [[Fraction(v == token) for v in range(q.vocab_size)] for token in range(q.vocab_size)]
    return [twin(context, i) if token == q.mask else certain[token] for i, token in enumerate(row)]


def check(denoiser: Any, found: Any, expected: list[list[Fraction]]) -> None:
    system = denoiser.oracle.arithmetic
    rows = system.tolist(found.reshape(-1, denoiser.oracle.vocab_size))
    assert len(rows) == len(expected)
    for row, law in zip(rows, expected, strict=True):
        assert all(close(a, b, system) for a, b in zip(row, law, strict=True))


@settings(max_examples=20)
@given(data=st.data(), q=oracles())
def test_wide_enough_it_is_ideal_and_at_radius_zero_it_sees_nothing(data: st.DataObject, q: Oracle) -> None:
    batch = data.draw(st.lists(patterns(q), min_size=1, max_size=3))
    np.testing.assert_array_equal(Windowed(q, q.length)(batch), Ideal(q)(batch))
    blind, start = Windowed(q, 0)(batch), Ideal(q)(q.all_masked())
    for row, laws in zip(batch, blind, strict=True):
        for i, token in enumerate(row):
            assert (
                token != q.mask
                or (laws[i] == start[0 if start.shape[0] == 1 else i]).all()
                or start.ndim == 3
            )
    masked = np.array([q.all_masked()])
    np.testing.assert_array_equal(Windowed(q, 0)(masked), Ideal(q)(masked))


def test_a_window_of_one_is_enough_for_a_chain_whose_neighbours_are_known() -> None:
    q = zoo.golden_mean(5)
    pattern = [[0, 2, 1, 2, 0]]
    np.testing.assert_array_equal(Windowed(q, 1)(pattern), Ideal(q)(pattern))
    far = [[1, 2, 2, 2, 2]]
    assert (Windowed(q, 1)(far, [2]) != Ideal(q)(far, [2])).any()


def test_conventions_and_other_laws() -> None:
    q = uniform_on(["000", "011"], 2)
    with pytest.raises(ValueError, match="patterns: expected possible patterns"):
        Windowed(q, 1, "raise")([[1, 2, 2]])
    # The impossible token is out of sight of the last position.
    assert Windowed(q, 1, "raise")([[1, 2, 2]], [2])[0, 0].tolist() == [Fraction(1, 2)] * 2
    assert Windowed(q, 1, "uniform").convention == "impossible contexts: uniform"
    moved = Windowed(q, 1, "uniform").of(zoo.all_equal(3))
    assert (moved.radius, moved.ideal.impossible) == (1, "uniform")
    assert Windowed(q, 1).conditioned(zoo.all_equal(2)) is None
    law = sampler_law(q, IID.uniform(2), Windowed(q, 1, "uniform"))
    assert law.notes == ("impossible contexts: uniform",)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Windowed(zoo.golden_mean(3), -1), "radius: expected an integer of at least 0, got -1"),
        (
            lambda: Windowed(zoo.golden_mean(3), 1, "zero"),
            "impossible: expected one of marginal, uniform, raise",
        ),
        (
            lambda: Windowed(zoo.golden_mean(3), 1)([[3, 2, 2]]),
            r"patterns: expected entries in 0\.\.2, got 3",
        ),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_no_patterns_and_no_positions() -> None:
    denoiser = Windowed(zoo.golden_mean(3), 1)
    assert denoiser(np.zeros((0, 3), dtype=np.int64)).shape == (0, 3, 2)
    assert denoiser([[2, 2, 2]], []).shape == (1, 0, 2)
    assert denoiser([[2, 2, 2]], np.zeros((1, 3), dtype=bool)).shape == (0, 2)
