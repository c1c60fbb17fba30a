"""Cross entropies over contexts: the chain rule, conditional by conditional, against the brute force."""

from fractions import Fraction

import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import Oracle, zoo
from oracles.arithmetic import arithmetic
from oracles.testing import oracles
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, log_close, schedule_cases
from theory import IID, FixedSizes, Partition, TopK, expected_kl
from theory.denoisers import Ideal, Perturbed
from theory.errors.contexts import expected_cross_entropy
from theory.samplers import read_problem


@ctx.workprec(brute_force.BITS)
def summed_over_contexts(
    law: brute_force.Law, partitions: list, denoise: brute_force.Denoiser, vocab: int
) -> arb:
    """sum_i E[-log2 d(x_i | x_S)], S what was revealed before the step of i, position by position."""
    total = arb(0)
    for weight, blocks in partitions:
        for step, block in enumerate(blocks):
            seen = [i for earlier in blocks[:step] for i in earlier]
            for x, p in law.items():
                for i in block if p * weight else ():
                    answer = denoise(frozenset((j, x[j]) for j in seen), i)[x[i]]
                    share = brute_force.ball(p * weight)
                    total -= share * brute_force.log2(answer)
    return total


@given(data=st.data(), q=oracles(max_length=3))
def test_cross_entropy(data: st.DataObject, q: Oracle) -> None:
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q))
    expected = summed_over_contexts(as_law(q), case.partitions, denoiser.twin, q.vocab_size)
    problem = read_problem(q, case.schedule, denoiser.of(q))
    with q.arithmetic.logs.context():
        assert log_close(expected_cross_entropy(problem), expected, q.arithmetic)


@settings(max_examples=25)
@given(data=st.data(), q=oracles())
def test_the_profile_and_the_contexts_agree(data: st.DataObject, q: Oracle) -> None:
    """At double precision too, where the two routes round differently."""
    case = data.draw(schedule_cases(q.length))
    floats = q.to("float64")
    by_contexts = float(expected_kl(floats, case.schedule, method="enumeration"))
    assert float(expected_kl(floats, case.schedule)) == pytest.approx(by_contexts, abs=1e-12)
    assert by_contexts == pytest.approx(float(expected_kl(q, case.schedule)), abs=1e-12)


def test_a_fixed_partition_of_a_longer_law() -> None:
    """Strided against blocks: the pairs are independent given every other token of a chain."""
    q = zoo.sticky_chain(9).to("float64")
    odd_last = float(expected_kl(q, Partition([range(0, 9, 2), range(1, 9, 2)])))
    far = float(
        expected_kl(zoo.sticky_chain(5, stay=Fraction(181, 200)).to("float64"), Partition([range(5)]))
    )
    # Every other token of the chain is a chain with stay = .95^2 + .05^2 = .905; the rest is exact.
    assert odd_last == pytest.approx(far, abs=1e-12)


def test_the_certain_part_of_a_perturbed_denoiser() -> None:
    q = zoo.tetracode()
    noisy = Perturbed(Ideal(q), Fraction(1, 4))
    # Two free symbols, then two that are certain: each of these costs -log2(3/4 + 1/12).
    found = expected_kl(q, FixedSizes([2, 2]), noisy).value
    with arithmetic("ball").context():
        assert found.overlaps(-2 * (arb(5) / 6).log() / arb.const_log2())


def test_too_many_contexts_are_refused() -> None:
    for q, shown in (
        (zoo.golden_mean(20), "exact is 2e"),
        (zoo.golden_mean(20).to("float64"), "float64 is 5e"),
    ):
        for schedule in (Partition([range(20)]), IID.uniform(2)):
            with pytest.raises(
                ValueError, match=f"q: .* is too large: enumeration would take .* the limit in {shown}"
            ):
                expected_kl(q, schedule, method="enumeration")


def test_only_oblivious_schedules() -> None:
    with pytest.raises(ValueError, match=r"schedule: expected one that looks at no token, got TopK\(k=2\)"):
        expected_kl(zoo.golden_mean(2), TopK(2))
