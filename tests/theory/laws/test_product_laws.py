"""Laws of products from those of their parts, against the brute force on the whole."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, Product, zoo
from oracles.arithmetic import arithmetic
from oracles.testing import products
from tests.theory import brute_force
from tests.theory.cases import as_law, log_close, schedule_cases
from theory import IID, FixedSizes, Partition, expected_kl, kl_divergence, sequence_error_rate
from theory.laws import closed_forms
from theory.laws.product_laws import (
    product_error_rate,
    product_expected_kl,
    product_kl,
    sizes_within,
    sizes_work,
)

BALL = arithmetic("ball", bits=128)


def error_rate(part: Oracle, schedule: Any) -> Any:
    return sequence_error_rate(part, schedule).value


def expected(part: Oracle, schedule: Any) -> Any:
    return expected_kl(part, schedule).value


def divergence(part: Oracle, schedule: Any) -> Any:
    return kl_divergence(part, schedule).value


@settings(max_examples=60)
@given(data=st.data(), q=products(max_length=4))
def test_everything_a_product_inherits_from_its_parts(data: st.DataObject, q: Product) -> None:
    case = data.draw(schedule_cases(q.length))
    law = as_law(q)
    denoise = brute_force.ideal(law, q.vocab_size)
    p = brute_force.sampler_law(case.partitions, denoise, q.vocab_size)
    assert product_error_rate(q, case.schedule, error_rate) == brute_force.error_rate(law, p)
    total = brute_force.expected_divergence(law, case.partitions, denoise, q.vocab_size)
    assert log_close(product_expected_kl(q, case.schedule, expected), total, BALL)
    if not isinstance(case.schedule, FixedSizes):
        assert log_close(product_kl(q, case.schedule, divergence), brute_force.divergence(law, p), BALL)


def test_many_equal_parts_are_looked_at_once() -> None:
    q = zoo.equal_pairs(400, 16)
    asked = []

    def counted(part: Oracle, schedule: Any) -> Any:
        asked.append(part)
        return error_rate(part, schedule)

    weights = [Fraction(1, 150)] * 150
    together = closed_forms.same_step(weights)
    found = product_error_rate(q, IID(weights), counted)
    assert found == closed_forms.pairs_error_rate(together, 400, 16)
    assert len(asked) == 1
    halves = Partition([range(0, 400, 2), range(1, 400, 2)])
    assert product_error_rate(q, halves, error_rate) == 0


@pytest.mark.parametrize("sizes", [(6, 6), (3, 5, 4), (2, 0, 9, 1), (4, 4, 2, 2)])
def test_fixed_sizes_of_many_pairs(sizes: tuple[int, ...]) -> None:
    q, schedule = zoo.equal_pairs(12, 3), FixedSizes(sizes)
    assert product_error_rate(q, schedule, error_rate) == closed_forms.pairs_error_rate_of_sizes(sizes, 3)


def test_small_errors_keep_their_digits() -> None:
    """In float64: 1 - (1 - s)^2 for s = 1e-20 is 2e-20, not 0."""
    q = zoo.equal_pairs(4, 2).to("float64")
    assert product_error_rate(q, IID.uniform(2), lambda part, schedule: 1e-20) == 2e-20


def test_sizes_and_their_cost() -> None:
    assert list(sizes_within((2, 1, 2), 3)) == [(0, 1, 2), (1, 0, 2), (1, 1, 1), (2, 0, 1), (2, 1, 0)]
    assert list(sizes_within((), 0)) == [()]
    assert sizes_work(zoo.equal_pairs(4), FixedSizes([2, 2])) == 2 * 3 * 9
