"""NELBOs: identities, and every one of them against a sum over all sequences, orders and steps in rationals."""

import math
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from typing import Any

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from oracles import uniform_on, zoo
from oracles.testing import tables, weights
from tests.theory import brute_force
from tests.theory.cases import as_law, denoiser_cases, log_close, schedule_cases
from theory import IID, FixedSizes, OneOf, Partition, TopK, expected_kl, kl_divergence
from theory.denoisers import Function, Ideal, Perturbed, Tempered
from theory.information import information_profile
from theory.likelihood.nelbo import clipped_nelbo, cross_entropy_profile, nelbo, nelbo_of

SMALL = tables(max_length=3)


def brute_force_nelbo(
    law: brute_force.Law, partitions: list[tuple[Fraction, brute_force.Blocks]], denoise: brute_force.Denoiser
) -> arb:
    """E_q E_pi of -log2 of the product of the answers along pi, in bits."""
    with ctx.workprec(brute_force.BITS):
        total = arb(0)
        for weight, blocks in partitions:
            for x, mass in law.items():
                if not mass or not weight:
                    continue
                context: brute_force.Context = frozenset()
                for block in blocks:
                    for i in block:
                        total -= brute_force.ball(weight * mass) * brute_force.log2(denoise(context, i)[x[i]])
                    context |= {(i, x[i]) for i in block}
        return total


@settings(max_examples=40)
@given(st.data())
def test_any_schedule_and_denoiser_against_all_orders(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    case = data.draw(schedule_cases(q.length))
    denoiser = data.draw(denoiser_cases(q))
    wanted = brute_force_nelbo(as_law(q), case.partitions, denoiser.twin)
    for name in ("exact", "float64"):
        law = q.to(name)
        found = nelbo(law, case.schedule, denoiser.of(law))
        assert log_close(found.value, wanted, law.arithmetic)
        assert found.unit == "bits"


@settings(max_examples=25)
@given(st.data())
def test_continuous_time_is_the_mean_over_all_orders_of_single_tokens(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    denoiser = data.draw(denoiser_cases(q))
    orders = list(permutations(range(q.length)))
    partitions = [(Fraction(1, len(orders)), tuple((i,) for i in order)) for order in orders]
    wanted = brute_force_nelbo(as_law(q), partitions, denoiser.twin)
    assert log_close(nelbo(q, None, denoiser.of(q)).value, wanted, q.arithmetic)


@settings(max_examples=25)
@given(st.data())
def test_identities_of_the_ideal_denoiser(data: st.DataObject) -> None:
    q = data.draw(SMALL)
    chosen = IID(data.draw(weights(data.draw(st.integers(1, 5)))))
    entropy = q.entropy().value
    assert nelbo(q).value.overlaps(entropy)
    assert nelbo(q, chosen).value.overlaps(entropy + expected_kl(q, chosen).value)
    profile = cross_entropy_profile(q)
    for g, f in zip(profile, information_profile(q), strict=True):
        assert g.overlaps(f)


@settings(max_examples=25)
@given(st.data())
def test_a_learned_denoiser_adds_its_divergences(data: st.DataObject) -> None:
    """NELBO = H + mean over contexts of KL(q(x_i | x_S) || d), by sums over sets in rationals."""
    q = data.draw(SMALL)
    denoiser = data.draw(denoiser_cases(q))
    law, length = as_law(q), q.length
    with ctx.workprec(brute_force.BITS):
        excess = arb(0)
        for size in range(length):
            share = Fraction(1, length * math.comb(length - 1, size))
            for positions in combinations(range(length), size):
                for values in product(range(q.vocab_size), repeat=size):
                    context = frozenset(zip(positions, values, strict=True))
                    mass = brute_force.mass(law, context)
                    if not mass:
                        continue
                    for i in set(range(length)) - set(positions):
                        truth = brute_force.token_law(law, context, i, q.vocab_size)
                        answer = denoiser.twin(context, i)
                        target = {(v,): p for v, p in enumerate(truth)}
                        model = {(v,): p for v, p in enumerate(answer)}
                        kl = brute_force.divergence(target, model)
                        excess += brute_force.ball(share * mass) * kl
        wanted = brute_force.entropy(law) + excess
    assert log_close(nelbo(q, None, denoiser.of(q)).value, wanted, q.arithmetic)


@settings(max_examples=25)
@given(st.data())
def test_it_bounds_what_is_generated_in_random_order(data: st.DataObject) -> None:
    """-E log2 p <= NELBO for every schedule (Jensen), with equality where the order is certain."""
    q = data.draw(SMALL)
    case, denoiser = data.draw(schedule_cases(q.length)), data.draw(denoiser_cases(q)).of(q)
    generated = q.entropy().value + kl_divergence(q, case.schedule, denoiser).value
    bound = nelbo(q, case.schedule, denoiser).value
    assert not generated > bound
    if isinstance(case.schedule, Partition) and bound.is_finite():
        assert generated.overlaps(bound)


def test_no_bound_for_a_planner() -> None:
    """A denoiser that answers well from the right and badly from the left: left to right is above the mean."""
    q = uniform_on(["00", "11"], 2)

    def answers(patterns: np.ndarray) -> Any:
        """q(x_0 | x_1) as it is; x_1 after x_0 is right once in ten times."""
        table = np.full((len(patterns), 2, 2), Fraction(1, 2), dtype=object)
        for row, (first, second) in zip(table, patterns.tolist(), strict=True):
            if first < 2:
                row[1] = [Fraction(9 if v != first else 1, 10) for v in range(2)]
            if second < 2:
                row[0] = [Fraction(v == second) for v in range(2)]
        return q.arithmetic.array(table)

    denoiser = Function(q, answers)
    bound = float(nelbo(q, None, denoiser).value)
    left = 1 + float(kl_divergence(q, TopK(1), denoiser).value)  # ties go to the left
    assert bound == pytest.approx(1 + math.log2(10) / 2, abs=1e-12)
    assert left == pytest.approx(1 + math.log2(10), abs=1e-12)


def test_continuous_time_is_the_limit_of_many_steps_and_free_of_the_schedule() -> None:
    q = zoo.golden_mean(4).to("float64")
    denoiser = Perturbed(Ideal(q), 0.3)
    limit = float(nelbo(q, None, denoiser))
    gaps = [float(nelbo(q, IID.uniform(n), denoiser)) - limit for n in (64, 128, 256)]
    for larger, smaller in pairwise(gaps):
        assert smaller / larger == pytest.approx(0.5, abs=0.02)  # a left Riemann sum: first order
    square = IID([Fraction(2 * k + 1, 400**2) for k in range(400)])
    assert float(nelbo(q, square, denoiser)) == pytest.approx(limit, abs=0.01)


def test_mixtures_and_prompts() -> None:
    q = zoo.golden_mean(4)
    denoiser = Perturbed(Ideal(q), "1/5")
    parts = [FixedSizes([2, 2]), FixedSizes([1, 3])]
    mixed = nelbo(q, OneOf(parts, ["1/4", "3/4"]), denoiser).value
    each = [nelbo(q, part, denoiser).value for part in parts]
    assert mixed.overlaps(each[0] / 4 + each[1] * 3 / 4)
    given_pattern = [0, 2, 2, 2]
    reduced = q.condition(given_pattern).marginal([1, 2, 3])
    found = nelbo(q, Partition([[1], [2, 3]]), given=given_pattern).value
    assert found.overlaps(nelbo(reduced, Partition([[0], [1, 2]])).value)
    assert nelbo(q, None, given=given_pattern).value.overlaps(reduced.entropy().value)


def test_a_chain_of_any_length() -> None:
    q = zoo.sticky_chain(200).to("float64")
    assert float(nelbo(q)) == pytest.approx(float(q.entropy().value), abs=1e-9)
    excess = float(nelbo(q, IID.uniform(10))) - float(q.entropy().value)
    assert excess == pytest.approx(float(expected_kl(q, IID.uniform(10))), abs=1e-9)


def test_infinite_only_where_it_is_met() -> None:
    q = zoo.golden_mean(3).to("float64")
    greedy = Tempered(Ideal(q), 0)
    assert math.isinf(float(nelbo(q, None, greedy)))
    blind = uniform_on(["01", "10"], 2)
    only_first = nelbo(blind, FixedSizes([2]), Tempered(Ideal(blind), 0))
    assert math.isinf(float(only_first.value))
    profile = cross_entropy_profile(blind, Tempered(Ideal(blind), 0))
    assert math.isinf(float(profile[0]))
    assert float(profile[1]) == 0
    late = FixedSizes([0, 2])
    assert math.isinf(float(nelbo_of(profile, late, blind)))


@pytest.mark.parametrize("lowest", [0, 1e-3, 0.1, 0.5])
def test_cutting_times_off(lowest: float) -> None:
    q = zoo.golden_mean(5).to("float64")
    profile = cross_entropy_profile(q, Perturbed(Ideal(q), 0.1))
    area, _ = integrate.quad(lambda t: float(profile.h(1 - t)), lowest, 1, epsabs=1e-12)
    assert clipped_nelbo(profile, lowest) == pytest.approx(area / (1 - lowest), abs=1e-9)


def test_bad_input() -> None:
    q = zoo.golden_mean(3)
    with pytest.raises(ValueError, match="lowest: expected a number in"):
        clipped_nelbo(cross_entropy_profile(q), 1)
    with pytest.raises(ValueError, match="schedule: expected one that looks at no token"):
        nelbo(q, TopK(1))
    with pytest.raises(ValueError, match="sizes: expected a sum of 3"):
        nelbo(q, FixedSizes([1]))
    large = zoo.pair_hmm(20).to("float64")
    with pytest.raises(ValueError, match="q: enumerating the contexts"):
        nelbo(large, None, Perturbed(Ideal(large), 0.1))


def test_length_one() -> None:
    q = uniform_on(["0", "1", "2"], 3)
    assert float(nelbo(q, IID.uniform(3)).value) == pytest.approx(math.log2(3), abs=1e-12)
    assert float(nelbo(q).value) == pytest.approx(math.log2(3), abs=1e-12)
