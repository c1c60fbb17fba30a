"""Gradients of claims: against exact numbers, finite differences and symbols; what the ascent finds with them."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
import sympy
import torch
from flint import fmpq

from oracles import MarkovChain, Oracle
from oracles.arithmetic import Tracked
from proofs_check import Claim, Relation, Source, at, claim, grid, verify
from proofs_check.backends import local_search
from proofs_check.backends.gradient import GradientAscent, NotDifferentiable
from proofs_check.backends.terrain import Terrain
from proofs_check.claims import all_claims
from proofs_check.evaluation import evaluate
from proofs_check.instances import Instance, call
from proofs_check.relation import Truth
from proofs_check.spaces import interval, tables, weights
from theory import IID, FixedSizes, bounds, expected_kl, kl_divergence, sequence_error_rate
from theory.denoisers import Ideal, Perturbed
from theory.exact import information, profile
from theory.exact.log_sums import LogSum, log2, rational
from theory.metrics import log2_token_error_rate, total_variation

HERE = Source("Planted", "v1")
ATTACKED = {id: claim for id, claim in all_claims().items() if claim.attack}
NOT_DIFFERENTIABLE = {"feng2025.learned_denoiser"}
"""It makes a law of its own, in exact numbers, which goes with exact weights only."""

# ------------------------------------------------------------------ against exact numbers


def full_support(claim: Claim, chosen: int) -> dict[str, list[list[int]]]:
    """Everything possible, and of what is discrete one choice, the same place in every row if there is one."""
    return {
        name: [
            [int(place == min(chosen, width - 1)) for place in range(width)]
            if space.discrete
            else [1] * width
            for width in space.widths
        ]
        for name, space in claim.attack.items()
    }


def admitted(claim: Claim) -> Terrain:
    """A terrain at whose points of full support the predicates among the hypotheses hold."""
    for number in range(4):
        terrain = Terrain(claim, full_support(claim, number))
        instance = at(**exact_values(terrain, interior(terrain, 0)))
        if all(call(one, instance.values) is not False for one in claim.hypotheses.values()):
            return terrain
    raise AssertionError(f"no choice meets the hypotheses of {claim.id}")


def interior(terrain: Terrain, seed: int) -> list[fmpq]:
    """Rational probabilities of the free entries, no two alike, summing to 1 in every row."""
    out = []
    for _, index, places in terrain.free:
        counts = [7 + (5 * place + 3 * index + seed) % 11 + fmpq(place, 7) for place in places]
        out += [count / sum(counts) for count in counts]
    return out


def direction(terrain: Terrain) -> list[fmpq]:
    """Numbers that sum to 0 in every row: the way in which a derivative is taken."""
    out = []
    for _, index, places in terrain.free:
        steps = [fmpq((3 * place + 2 * index) % 5 - 2, 10) for place in places]
        out += [step - sum(steps, fmpq(0)) / len(steps) for step in steps]
    return out


def exact_values(terrain: Terrain, numbers: list[fmpq]) -> dict[str, Any]:
    """The parameters of the claim at a point, without tracked numbers."""
    rows = {name: [[fmpq(count) for count in row] for row in rows] for name, rows in terrain.support.items()}
    left = iter(numbers)
    for name, index, places in terrain.free:
        for place in places:
            rows[name][index][place] = next(left)
    return {name: space.build(rows[name]) for name, space in terrain.claim.attack.items()}


def relations(claim: Claim, values: dict[str, Any]) -> list[Relation]:
    stated = call(claim.relation, values)
    return [stated] if isinstance(stated, Relation) else list(stated)


def near(side: Any) -> float:
    """An exact side as a float, sooner than its own conversion with all digits certain."""
    return float(side.enclosure(100) if isinstance(side, LogSum) else side)


def sides(claim: Claim, values: dict[str, Any]) -> list[Any]:
    return [side for relation in relations(claim, values) for side in (relation.lhs, relation.rhs)]


@pytest.mark.parametrize("id", sorted(set(ATTACKED) - NOT_DIFFERENTIABLE))
def test_claims_on_tracked_numbers_are_the_claims(id: str) -> None:
    """Values at two points at once, and derivatives in one direction, against exact evaluations."""
    claim, step = ATTACKED[id], fmpq(1, 2**14)
    terrain = admitted(claim)
    p, way = interior(terrain, 0), direction(terrain)
    both = [p, interior(terrain, 3)]
    points = torch.tensor([[float(x) for x in one] for one in both], dtype=torch.float64, requires_grad=True)
    try:
        found = sides(claim, terrain.values(points))
        rows = [0, 1]
    except ArithmeticError:  # the points take different ways through the function
        found, rows = sides(claim, terrain.values(points[:1])), [0]
    exact = [sides(claim, exact_values(terrain, both[row])) for row in rows]
    before, after = (
        sides(claim, exact_values(terrain, [x + sign * step * d for x, d in zip(p, way, strict=True)]))
        for sign in (-1, 1)
    )
    varying = 0
    for place, side in enumerate(found):
        for row in rows:
            value = side.values[row].item() if isinstance(side, Tracked) else near(side)
            assert value == pytest.approx(near(exact[row][place]), rel=1e-9, abs=1e-11)
        if isinstance(side, Tracked):
            varying += 1
            slope = torch.autograd.grad(side.values[0], points, retain_graph=True)[0][0]
            taken = sum(g * float(d) for g, d in zip(slope.tolist(), way, strict=True))
            difference = (near(after[place]) - near(before[place])) / float(2 * step)
            assert taken == pytest.approx(difference, rel=1e-4, abs=1e-5)
    assert varying > 0 or id == "open_questions.error_rate_of_two_tokens"  # full support: no errors


def test_a_check_does_not_climb_in_the_spaces_of_an_attack() -> None:
    assert all(claim.search or list(claim.instances) for claim in ATTACKED.values())
    looked = []

    @claim(source=HERE, instances=grid(x=[fmpq(1, 3)]), attack={"x": interval(0, 1)})
    def counted(x):
        """x <= 1."""
        looked.append(x)
        return Relation(x, "<=", 1)

    assert verify(counted).as_claimed
    assert set(looked) == {fmpq(1, 3)}


@pytest.mark.parametrize("id", sorted(NOT_DIFFERENTIABLE))
def test_claims_without_gradients_say_so(id: str) -> None:
    ascent = GradientAscent(ATTACKED[id], lambda instance: evaluate(ATTACKED[id], instance), 0)
    with pytest.raises(NotDifferentiable, match="Error: "):
        [*islice(ascent.steps(), 10)]
    assert ascent.taken == 0


def test_level_ground_says_so() -> None:
    @claim(source=HERE, attack={"q": tables(2, 2)})
    def constant(q):
        """0 <= 1, whatever q is."""
        return Relation(0, "<=", 1)

    with pytest.raises(NotDifferentiable, match="neither side varies"):
        [*islice(GradientAscent(constant, lambda instance: evaluate(constant, instance), 0).steps(), 100)]


def test_hypotheses_hold_points_back() -> None:
    """The height of a point outside is less than without the hypothesis, by twice the excess over the sum."""

    @claim(
        source=HERE,
        hypotheses={"x <= 1/4": lambda x: Relation(x, "<=", fmpq(1, 4))},
        attack={"x": interval(0, 1)},
    )
    def low(x):
        """x <= 1/2 where x <= 1/4."""
        return Relation(x, "<=", fmpq(1, 2))

    terrain = Terrain(low, {"x": [[1, 1]]})
    heights = terrain.heights(torch.tensor([[0.25, 0.75], [0.75, 0.25]], dtype=torch.float64)).tolist()
    assert heights == pytest.approx([-1 / 3, 1 / 5 - 2 * 1 / 2], rel=1e-6)


def test_points_that_part_ways_are_followed_apart() -> None:
    @claim(source=HERE, attack={"w": weights(3)})
    def largest(w):
        """max w <= 1/2."""
        return Relation(max(w), "<=", fmpq(1, 2))

    rows = [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]]
    points = torch.tensor(rows, dtype=torch.float64, requires_grad=True)
    heights = Terrain(largest, {"w": [[1, 1, 1]]}).heights(points)
    assert heights.tolist() == pytest.approx([(max(row) - 0.5) / (max(row) + 0.5) for row in rows], abs=1e-7)
    (slopes,) = torch.autograd.grad(heights.sum(), points)
    assert (slopes > 0).tolist() == [[p == max(row) for p in row] for row in rows]


def test_the_same_seed_climbs_the_same_way() -> None:
    def best(seed: int) -> Any:
        ascent = GradientAscent(
            little_correlation, lambda instance: evaluate(little_correlation, instance), seed
        )
        assert not [*islice(ascent.steps(), 5)][5:]
        assert ascent.nearest is None
        ascent.confirms()  # a round that is cut short
        assert ascent.nearest is not None
        return ascent.taken, ascent.nearest

    assert best(5) == best(5)


# ------------------------------------------------------------------ against symbols

QUANTITIES: dict[str, Callable[[Oracle, Any], Any]] = {
    "H": lambda q, a: q.entropy().value,
    "SI": lambda q, a: (
        information.correlation(q) if q.arithmetic.name == "tracked" else symbolic_correlation(q)
    ),
    "SER": lambda q, a: sequence_error_rate(q, IID.uniform(2)).value,
    "KL": lambda q, a: kl_divergence(q, IID.uniform(2)).value,
    "E KL of sizes": lambda q, a: expected_kl(q, FixedSizes([1, 2])).value,
    "KL, learned": lambda q, a: kl_divergence(q, IID.uniform(1), Perturbed(Ideal(q), a)).value,
    "E KL": lambda q, a: expected_kl(q, IID.uniform(3)).value,
    "log2 TER": lambda q, a: log2_token_error_rate(q, IID.uniform(1)).value,
}


def symbolic_correlation(q: Oracle) -> sympy.Expr:
    from theory import dual_total_correlation, total_correlation

    return total_correlation(q).value + dual_total_correlation(q).value


def golden_mean(start: Any, a: Any) -> MarkovChain:
    """Two parameters, and a pair of tokens that is impossible."""
    return MarkovChain([1 - start, start], [[1 - a, a], [1, 0]], 3)


@pytest.mark.parametrize("name", QUANTITIES)
def test_gradients_are_symbolic_derivatives(name: str) -> None:
    s, t = sympy.symbols("s t", positive=True)
    formula, at = QUANTITIES[name](golden_mean(s, t), t / 3), {s: 0.3, t: 0.55}
    numbers = [torch.tensor([float(x)], dtype=torch.float64, requires_grad=True) for x in at.values()]
    start, a = (Tracked(number) for number in numbers)
    found = QUANTITIES[name](golden_mean(start, a), a / 3)
    assert float(found) == pytest.approx(float(formula.subs(at)), rel=1e-9)
    slopes = torch.autograd.grad(found.values.sum(), numbers)
    for slope, symbol in zip(slopes, at, strict=True):
        assert slope.item() == pytest.approx(float(formula.diff(symbol).subs(at)), rel=1e-8)


def test_absolute_values_have_gradients() -> None:
    number = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
    q = golden_mean(fmpq(1, 3), Tracked(number))
    (slope,) = torch.autograd.grad(total_variation(q, IID.uniform(1)).value.values.sum(), number)
    step = fmpq(1, 2**16)
    near = [
        total_variation(golden_mean(fmpq(1, 3), fmpq(2, 5) + e), IID.uniform(1)).value for e in (-step, step)
    ]
    assert slope.item() == pytest.approx(float((near[1] - near[0]) / (2 * step)), rel=1e-6)


# ------------------------------------------------------------------ what the ascent finds


def within(law: list, error: Any) -> Any:
    """KL(uniform || law) <= e bits."""
    if 0 in law:
        return False
    return Relation(-sum((log2(rational(p) * len(law)) for p in law), LogSum({})) / len(law), "<=", error)


@claim(source=HERE, attack={"q": tables(2, 4)})
def little_dual_correlation(q):
    """DTC <= 2.85 bits for four bits: false only near parity, which has 3."""
    return Relation(profile.dual_total_correlation(profile.profile(q)), "<=", fmpq(57, 20))


@claim(
    source=HERE,
    hypotheses={
        "near": lambda law: within(law, fmpq(1, 10)),
        "other": lambda other: within(other, fmpq(1, 10)),
    },
    attack={"law": weights(6), "other": weights(6)},
)
def rarely_agree(law, other):
    """Two laws at 1/10 bit from uniform agree with probability 95% of the most there can be."""
    agree = sum((rational(p) * rational(r) for p, r in zip(law, other, strict=True)), fmpq(0))
    most = bounds.largest_collision(fmpq(693, 10000), 6)
    return Relation(agree, "<=", fmpq(19, 20) * most)


@claim(source=HERE, attack={"q": tables(3, 3)})
def little_correlation(q):
    """TC <= 1.9 log 3 for three tokens: false only near three equal ones, which have 2 log 3."""
    return Relation(information.total_correlation(q), "<=", fmpq(19, 10) * log2(3))


def by_gradients(planted: Claim, seed: int, most: int) -> tuple[int | None, Instance | None]:
    """Evaluations of the claim, at points in floats and in exact numbers, until it is refuted, and the last one."""
    looked, found = 0, None
    first: int | None = None

    def outcome_at(instance: Instance) -> Any:
        nonlocal looked, found, first
        looked += 1
        outcome = evaluate(planted, instance)
        if outcome.counterexample:
            first, found = first or looked + ascent.taken, instance
        return outcome

    ascent = GradientAscent(planted, outcome_at, seed, points=16)
    for _ in ascent.steps():
        if looked + ascent.taken > most:
            break
    return first, found


def by_exact_steps(planted: Claim, seed: int, most: int) -> int | None:
    climb = local_search.ascend(planted.attack, lambda instance: evaluate(planted, instance), seed=seed)
    for number, outcome in enumerate(climb, start=1):
        if outcome.counterexample:
            return number
        if number >= most:
            break
    return None


@pytest.mark.parametrize("planted", [little_dual_correlation, rarely_agree, little_correlation])
def test_gradients_refute_what_is_5_percent_off(planted: Claim) -> None:
    first, found = by_gradients(planted, seed=1, most=3000)
    assert first is not None
    assert found is not None
    outcome = evaluate(planted, found)
    assert outcome.counterexample
    assert outcome.met is Truth.TRUE


@pytest.mark.parametrize("planted", [little_dual_correlation, rarely_agree])
def test_exact_steps_miss_it_in_as_many_evaluations(planted: Claim) -> None:
    first, _ = by_gradients(planted, seed=1, most=3000)
    assert first is not None
    assert by_exact_steps(planted, seed=1, most=first) is None
