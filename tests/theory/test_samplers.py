"""Samplers are brought to one problem: arguments that fit, prompts reduced away."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracles import Oracle, Table, uniform_on, zoo
from oracles.testing import oracles, patterns
from tests.theory import brute_force
from tests.theory.cases import as_law, learned_answers
from theory import IID, FixedSizes, Partition
from theory.denoisers import Function, Ideal, Perturbed, Prompted
from theory.prompts import read_prompt
from theory.samplers import read_problem

Q = zoo.golden_mean(4)


def test_without_a_prompt_nothing_changes() -> None:
    schedule, denoiser = FixedSizes([2, 2]), Perturbed(Ideal(Q), Fraction(1, 3))
    problem = read_problem(Q, schedule, denoiser)
    assert (problem.law, problem.schedule, problem.denoiser, problem.given) == (Q, schedule, denoiser, None)
    assert problem.free.tolist() == [0, 1, 2, 3]
    assert not problem.ideal
    assert read_problem(Q, schedule).ideal
    assert read_problem(Q, schedule).denoiser.oracle is Q


@given(data=st.data(), q=oracles())
def test_a_prompt_leaves_the_conditional_law(data: st.DataObject, q: Oracle) -> None:
    prompt = data.draw(patterns(q, possible=True))
    free = [i for i, token in enumerate(prompt) if token == q.mask]
    if not free:
        return
    problem = read_problem(q, IID.uniform(2), given=prompt)
    context = frozenset((i, v) for i, v in enumerate(prompt) if v != q.mask)
    expected = brute_force.given(as_law(q), context)
    assert {x: p for x, p in as_law(problem.law).items() if p} == expected
    assert problem.free.tolist() == free
    assert problem.given is not None
    assert problem.given.tolist() == prompt
    assert problem.ideal


def test_partitions_name_the_positions_of_the_whole_sequence() -> None:
    problem = read_problem(Q, Partition([[3], [0]]), given=[2, 0, 0, 2])
    assert problem.schedule.blocks == ((1,), (0,))
    with pytest.raises(ValueError, match=r"blocks: .* got missing \[0\], not masked \[1\]"):
        read_problem(Q, Partition([[3], [1]]), given=[2, 0, 0, 2])
    with pytest.raises(ValueError, match=r"sizes: expected a sum of 2 \(the masked positions\), got 4"):
        read_problem(Q, FixedSizes([2, 2]), given=[2, 0, 0, 2])


def test_what_becomes_of_a_denoiser_under_a_prompt() -> None:
    prompt, schedule = [2, 2, 0, 2], IID.uniform(2)
    ideal = read_problem(Q, schedule, Ideal(Q, "uniform"), prompt)
    assert ideal.ideal
    assert ideal.denoiser.impossible == "uniform"
    noisy = read_problem(Q, schedule, Perturbed(Ideal(Q, "uniform"), Fraction(1, 3)), prompt)
    assert isinstance(noisy.denoiser, Perturbed)
    assert noisy.denoiser.oracle is noisy.law
    assert (noisy.denoiser.amount, noisy.denoiser.inner.impossible) == (Fraction(1, 3), "uniform")
    for learned in (
        Function(Q, lambda rows: learned_answers(Q, rows)),
        Ideal(zoo.all_equal(4)),
        Perturbed(Ideal(zoo.all_equal(4)), Fraction(1, 3)),
    ):
        problem = read_problem(Q, schedule, learned, prompt)
        assert isinstance(problem.denoiser, Prompted)
        assert not problem.ideal
        full = learned([[1, 2, 0, 2]], [1, 3])
        np.testing.assert_array_equal(problem.denoiser([[1, 2, 2]], [1, 2]), full)


def test_an_ideal_denoiser_of_another_law_is_a_learned_one() -> None:
    equal = Table.of(Q)
    problem = read_problem(Q, IID.uniform(2), Ideal(equal))
    assert not problem.ideal
    assert problem.tabulated().denoiser.oracle is equal


@pytest.mark.parametrize("given", [None, [2, 0, 2, 2]])
def test_tables_answer_for_the_law(given: Any) -> None:
    for denoiser in (None, Ideal(Q, "uniform"), Perturbed(Ideal(Q), Fraction(1, 3))):
        problem = read_problem(Q, IID.uniform(2), denoiser, given)
        tabulated = problem.tabulated()
        assert isinstance(tabulated.law, Table)
        assert tabulated.denoiser.oracle is tabulated.law
        assert type(tabulated.denoiser) is type(problem.denoiser)
        length = problem.law.length
        asked = [[2] * length, [1] + [2] * (length - 1)]
        np.testing.assert_array_equal(tabulated.denoiser(asked), problem.denoiser(asked))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"denoiser": 3}, "denoiser: expected a denoiser with an `oracle`, got 3"),
        ({"denoiser": Ideal(zoo.golden_mean(3))}, "denoiser: expected V=2, L=4, got V=2, L=3"),
        ({"denoiser": Ideal(zoo.all_equal(4, 3))}, "denoiser: expected V=2, L=4, got V=3, L=4"),
        ({"denoiser": Ideal(Q.to("float64"))}, "denoiser: expected one in exact, got one in float64 on cpu"),
        ({"given": [1, 1, 2, 2]}, "given: expected a possible pattern, got"),
        ({"given": [0, 1, 0, 1]}, "given: expected one pattern with a masked position"),
        ({"given": [2, 2, 2]}, "given: expected last axis of length 4"),
        ({"given": [[2, 2, 2, 2]]}, "given: expected one pattern of length 4, got a batch"),
        ({"given": [3, 2, 2, 2]}, r"given: expected entries in 0\.\.2, got 3"),
        ({"given": [0.5, 2, 2, 2]}, "given: expected integers"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_problem(Q, **{"schedule": IID.uniform(2), **arguments})


def test_booleans_have_no_probabilities() -> None:
    with pytest.raises(ValueError, match="q: expected a law with probabilities, got one over Booleans"):
        read_problem(Q.support(), IID.uniform(2))
    with pytest.raises(ValueError, match="q: expected a law with probabilities"):
        read_prompt(Q.support(), None)


def test_a_prompt_that_is_all_masks() -> None:
    law, prompt, free = read_prompt(Q, [2, 2, 2, 2])
    np.testing.assert_array_equal(law.joint(), Q.joint())
    assert prompt is not None
    assert free.tolist() == [0, 1, 2, 3]


def test_a_prompt_may_fix_everything_but_one_token() -> None:
    q = uniform_on(["010", "011"], 2)
    law, _, free = read_prompt(q, [0, 1, 2])
    assert law.joint().tolist() == [Fraction(1, 2)] * 2
    assert free.tolist() == [2]
