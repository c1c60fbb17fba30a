"""Both parts of E KL, step by step, against sums over contexts; and their sum against E KL itself."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import uniform_on, zoo
from oracles.testing import tables
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, log_close, schedule_cases
from tests.theory.learning import twins
from theory import IID, FixedSizes, OneOf, Partition, TopK, error_by_step, expected_kl, kl_divergence
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.learning import context_errors, decompose, learning_by_step

SMALL = tables(max_length=3)


@settings(max_examples=40)
@given(st.data())
def test_learning_by_step_against_all_partitions(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    wanted = twins.learning_by_step(as_law(q), case.partitions, denoiser.twin, q.vocab_size)
    for name in ("exact", "float64"):
        law = q.to(name)
        found = learning_by_step(context_errors(law, denoiser.of(law)), case.schedule)
        assert len(found) == len(wanted)
        for value, each in zip(found, wanted, strict=True):
            assert log_close(value, each, law.arithmetic)


THIRDS = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]


@pytest.mark.parametrize("name", ["exact", "float64"])
@pytest.mark.parametrize(
    ("schedule", "partitions"),
    [
        (IID(THIRDS), list(brute_force.iid_partitions(THIRDS, 3))),
        (FixedSizes([1, 0, 2]), list(brute_force.sizes_partitions([1, 0, 2], 3))),
        (Partition([[1], [2, 0]]), list(brute_force.fixed_partition([[1], [2, 0]]))),
    ],
)
def test_what_is_forgotten_costs_more_the_more_was_seen(schedule, partitions, name: str) -> None:
    """A denoiser that looks at nothing: every step has another error a token, so that none can stand for another."""
    q = zoo.golden_mean(3)
    wanted = twins.learning_by_step(
        as_law(q), partitions, lambda _, i: brute_force.token_law(as_law(q), frozenset(), i, 2), 2
    )
    law = q.to(name)
    found = learning_by_step(context_errors(law, Windowed(law, 0)), schedule)
    assert float(wanted[0]) == 0 < float(wanted[-1])
    for value, each in zip(found, wanted, strict=True):
        assert log_close(value, each, law.arithmetic)


@settings(max_examples=40)
@given(st.data())
def test_the_parts_add_up(data: st.DataObject) -> None:
    """To E KL; to KL(q||p) of a fixed partition; and never to less than KL(q||p)."""
    q = data.draw(SMALL)
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q)).of(q)
    found = decompose(q, case.schedule, denoiser)
    total, divergence = found.total, kl_divergence(q, case.schedule, denoiser).value
    assert found.quantity == ("KL(q||p)" if isinstance(case.schedule, Partition) else "E KL(q||p_pi)")
    if not total.is_finite():
        assert not expected_kl(q, case.schedule, denoiser).value.is_finite()
        return
    assert total.overlaps(expected_kl(q, case.schedule, denoiser).value)
    assert not total < divergence
    if found.quantity == "KL(q||p)":
        assert total.overlaps(divergence)


def test_the_first_part_is_that_of_the_ideal_denoiser() -> None:
    q = zoo.golden_mean(4)
    found = decompose(q, IID.uniform(3), Perturbed(Ideal(q), "1/10"))
    for value, wanted in zip(found.factorisation, error_by_step(q, IID.uniform(3)), strict=True):
        assert value.overlaps(wanted)
    assert decompose(q, IID.uniform(3)).learning.total == 0


def test_mixtures_prompts_and_weights_in_floats() -> None:
    q = zoo.golden_mean(4)
    errors = context_errors(q, Perturbed(Ideal(q), "1/5"))
    parts = [FixedSizes([2, 2]), FixedSizes([1, 1, 2])]
    mixed = list(learning_by_step(errors, OneOf(parts, ["1/4", "3/4"])))
    first, second = (list(learning_by_step(errors, part)) for part in parts)
    assert len(mixed) == 3
    assert mixed[0].overlaps(first[0] / 4 + second[0] * 3 / 4)
    assert mixed[2].overlaps(second[2] * 3 / 4)
    prompted = decompose(q, FixedSizes([2, 1]), Perturbed(Ideal(q), "1/5"), given=[0, 2, 2, 2])
    kl = expected_kl(q, FixedSizes([2, 1]), Perturbed(Ideal(q), "1/5"), given=[0, 2, 2, 2])
    assert prompted.total.overlaps(kl.value)
    law = q.to("float64")
    exact = learning_by_step(errors, IID.uniform(10))
    for rounded in ([0.1] * 10, [*[0.1] * 10, 1e-30]):  # ten of them are more than 1
        found = learning_by_step(context_errors(law, Perturbed(Ideal(law), 0.2)), IID(rounded))
        assert float(found.total) == pytest.approx(float(exact.total), abs=1e-12)


def test_an_infinite_error_counts_only_where_it_is_met() -> None:
    q = uniform_on(["00", "11"], 2).to("float64")
    errors = context_errors(q, Tempered(Ideal(q), 0))
    assert learning_by_step(errors, FixedSizes([0, 2]))[0] == 0
    assert math.isinf(float(learning_by_step(errors, FixedSizes([1, 1])).total))
    only_first = list(learning_by_step(errors, Partition([[0], [1]])))
    assert math.isinf(only_first[0])
    assert only_first[1] == 0
    assert learning_by_step(errors, IID([0, 1]))[0] == 0


def test_planners_are_refused() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match="schedule: expected IID, FixedSizes, Partition"):
        decompose(q, TopK(1), Perturbed(Ideal(q), "1/5"))
    with pytest.raises(ValueError, match="sizes: expected a sum of 3"):
        learning_by_step(context_errors(q), FixedSizes([1]))
    with pytest.raises(ValueError, match="schedule: expected IID, FixedSizes, Partition"):
        learning_by_step(context_errors(q), TopK(1))
