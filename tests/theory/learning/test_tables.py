"""A table of a denoiser answers as it does, everywhere, and asks it little."""

import numpy as np
import pytest
import torch
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import uniform_on, zoo
from oracles.patterns import all_patterns
from oracles.testing import tables
from tests.theory.cases import denoiser_cases
from theory import IID, expected_kl, kl_divergence, sequence_error_rate
from theory.denoisers import CountBased, Function, Ideal, Tabulated, Windowed
from theory.learning import context_errors, decompose, tabulate
from theory.neural import Learned, MaskedTransformer, ModelShape


@settings(max_examples=25)
@given(st.data())
def test_it_answers_alike_in_every_pattern(data: st.DataObject) -> None:
    q = data.draw(tables(max_length=3)).to(data.draw(st.sampled_from(["exact", "float64", "ball"])))
    denoiser = data.draw(
        denoiser_cases(q.to("exact") if q.arithmetic.name == "exact" else zoo.golden_mean(1))
    )
    inner = denoiser.of(q) if q.arithmetic.name == "exact" else Windowed(q, 1)
    inner = Ideal(q) if inner is None else inner
    patterns = all_patterns(q.vocab_size, q.length)
    system = q.arithmetic
    answers, wanted = (system.tolist(each(patterns)) for each in (tabulate(inner), inner))
    if system.name == "ball":
        assert all(a.overlaps(b) for a, b in zip(np.ravel(answers), np.ravel(wanted), strict=True))
    else:
        assert answers == wanted


def test_one_pass_of_large_batches() -> None:
    q = zoo.golden_mean(6).to("float64")
    asked: list[int] = []

    def answer(patterns: np.ndarray):
        asked.append(len(patterns))
        return Windowed(q, 1)(patterns)

    table = tabulate(Function(q, answer))
    assert asked == [3**6]
    schedule = IID.uniform(3)
    for quantity in (sequence_error_rate, kl_divergence):
        assert float(quantity(q, schedule, table)) == pytest.approx(
            float(quantity(q, schedule, Windowed(q, 1))), abs=1e-12
        )
    assert float(context_errors(q, table).average) == pytest.approx(
        float(context_errors(q, Windowed(q, 1)).average), abs=1e-14
    )
    assert asked == [3**6]


def test_any_size_of_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    q = zoo.golden_mean(3)
    whole, errors = tabulate(Windowed(q, 1)), context_errors(q, Windowed(q, 1))
    monkeypatch.setattr("theory.monte_carlo.BLOCK_ENTRIES", 5 * 3 * 2)  # five patterns of 27
    patterns = all_patterns(2, 3)
    assert (tabulate(Windowed(q, 1))(patterns) == whole(patterns)).all()
    again = context_errors(q, Windowed(q, 1))
    assert all(map(arb.overlaps, again.values.reshape(-1), errors.values.reshape(-1)))


@pytest.mark.parametrize("kind", ["network", "counts"])
def test_a_network_and_counts_are_measured_like_any_other(kind: str) -> None:
    """The network computes in float32, where the size of a batch shows in the last digits."""
    q = zoo.golden_mean(4).to("float64")
    torch.manual_seed(0)
    model = MaskedTransformer(ModelShape(2, 4, width=8, depth=1, heads=2))
    denoiser = (
        Learned(q, model)
        if kind == "network"
        else CountBased(q, q.sample(50, seed=0), neighbours=1, smoothing=1)
    )
    table, schedule = tabulate(denoiser), IID.uniform(3)
    assert float(context_errors(q, table).average) > 0.01
    assert float(context_errors(q, denoiser).average) == pytest.approx(
        float(context_errors(q, table).average), abs=1e-6
    )
    for quantity in (sequence_error_rate, kl_divergence, expected_kl):
        assert float(quantity(q, schedule, denoiser)) == pytest.approx(
            float(quantity(q, schedule, table)), abs=1e-5
        )
    parts = decompose(q, schedule, table)
    assert float(parts.total) == pytest.approx(float(expected_kl(q, schedule, table)), abs=1e-12)


def test_a_table_is_itself_and_impossible_patterns_are_asked() -> None:
    q = uniform_on(["00", "11"], 2)
    table = tabulate(Ideal(q, "uniform"))
    assert isinstance(table, Tabulated)
    assert tabulate(table) is table
    with pytest.raises(ValueError, match="probability zero"):
        tabulate(Ideal(zoo.golden_mean(4), "raise"))


def test_no_more_numbers_than_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    q = zoo.golden_mean(2)
    monkeypatch.setattr("theory.learning.tables.OBJECT_ENTRIES", 9 * 2 * 2)
    assert tabulate(Windowed(q, 1)).oracle is q
    monkeypatch.setattr("theory.learning.tables.OBJECT_ENTRIES", 9 * 2 * 2 - 1)
    with pytest.raises(ValueError, match="denoiser: expected a table of at most"):
        tabulate(Windowed(q, 1))


def test_bad_input() -> None:
    with pytest.raises(
        ValueError, match=r"denoiser: expected a table of at most 5e\+07 numbers .* = 9.7e\+20"
    ):
        tabulate(Ideal(zoo.golden_mean(40).to("float64")))
    with pytest.raises(ValueError, match="denoiser: expected one with an `oracle`"):
        tabulate(len)
