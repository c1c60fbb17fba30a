"""Means and variances of estimators of the NELBO, against sums over every outcome and integrals over the time."""

import math
from collections.abc import Callable
from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy import integrate

from oracles import Oracle, uniform_on, zoo
from theory import FixedSizes, sampler_law
from theory.denoisers import Ideal, Perturbed, Tempered, Windowed
from theory.likelihood.nelbo import clipped_nelbo, cross_entropy_profile, nelbo
from theory.likelihood.nelbo_estimators import Estimator, Losses

LAWS: dict[str, Callable[[], Oracle]] = {
    "chain": lambda: zoo.golden_mean(4),
    "words": lambda: uniform_on(["0012", "1020", "2211", "0000"], 3),
    "single": lambda: uniform_on(["0", "1", "2"], 3),
}
DENOISERS: dict[str, Callable[[Oracle], object]] = {
    "ideal": Ideal,
    "perturbed": lambda q: Perturbed(Ideal(q), "1/5"),
    "windowed": lambda q: Perturbed(Windowed(q, 1), "1/5"),
}


class Twin:
    """The losses of one law and denoiser, asked one by one."""

    def __init__(self, q: Oracle, denoiser: object) -> None:
        self.q, self.denoiser, self.known = q, denoiser, {}
        joint = [(x, float(q.probability(x))) for x in product(range(q.vocab_size), repeat=q.length)]
        self.law = [(x, p) for x, p in joint if p]

    def loss(self, x: tuple[int, ...], masked: frozenset[int], position: int) -> float:
        """-log2 d(x_i | what is not masked) in bits."""
        pattern = [self.q.mask if i in masked else v for i, v in enumerate(x)]
        key = (*pattern, position)
        if key not in self.known:
            self.known[key] = np.asarray(self.denoiser([pattern], [position]).tolist(), dtype=float)[0, 0]  # type: ignore[operator]
        return -math.log2(self.known[key][x[position]])

    def total(self, x: tuple[int, ...], masked: frozenset[int]) -> float:
        return sum(self.loss(x, masked, i) for i in masked)

    def check(self, found: Estimator, outcomes: list[tuple[float, int, float]], times: float | None) -> None:
        """Against (probability, number of x, score) of every outcome, and E[E[Y | t]^2]."""
        mean = sum(p * y for p, _, y in outcomes)
        square = sum(p * y * y for p, _, y in outcomes)
        between = -(mean**2)
        for number, (_, mass) in enumerate(self.law):
            between += sum(p * y for p, k, y in outcomes if k == number) ** 2 / mass
        assert found.mean == pytest.approx(mean, abs=1e-9)
        assert found.variance == pytest.approx(square - mean**2, abs=1e-9)
        assert found.between_sequences == pytest.approx(between, abs=1e-9)
        assert found.variance_of_a_sequence == pytest.approx(square - mean**2 - between, abs=1e-9)
        if times is not None:
            assert found.stratified_variance == pytest.approx(square - times, abs=1e-9)


@pytest.fixture(params=[(law, denoiser) for law in LAWS for denoiser in DENOISERS], ids=str)
def case(request: pytest.FixtureRequest) -> tuple[Losses, Twin]:
    law, denoiser = request.param
    q = LAWS[law]()
    made = DENOISERS[denoiser](q)
    return Losses.of(q, made), Twin(q, made)


def subsets(length: int, size: int) -> list[frozenset[int]]:
    return [frozenset(chosen) for chosen in combinations(range(length), size)]


def test_a_number_of_masked_tokens(case: tuple[Losses, Twin]) -> None:
    losses, twin = case
    length = twin.q.length
    outcomes = [
        (mass / length / math.comb(length, j), number, length / j * twin.total(x, masked))
        for number, (x, mass) in enumerate(twin.law)
        for j in range(1, length + 1)
        for masked in subsets(length, j)
    ]
    by_count = [
        sum(
            mass * twin.total(x, masked) * length / j / math.comb(length, j)
            for x, mass in twin.law
            for masked in subsets(length, j)
        )
        for j in range(1, length + 1)
    ]
    twin.check(losses.count(), outcomes, sum(mean**2 for mean in by_count) / length)
    assert losses.count().calls == 1


def test_a_whole_order(case: tuple[Losses, Twin]) -> None:
    losses, twin = case
    length = twin.q.length
    orders = list(permutations(range(length)))
    outcomes = [
        (
            mass / len(orders),
            number,
            sum(twin.loss(x, frozenset(order[k:]), order[k]) for k in range(length)),
        )
        for number, (x, mass) in enumerate(twin.law)
        for order in orders
    ]
    twin.check(losses.order(), outcomes, None)
    assert losses.order().calls == length


@pytest.mark.parametrize("lowest", [1e-3, 0.1])
def test_times_cut_off(case: tuple[Losses, Twin], lowest: float) -> None:
    losses, twin = case
    length = twin.q.length

    def integral(masked: int, power: int) -> float:
        def density(t: float) -> float:
            return t ** (masked - power) * (1 - t) ** (length - masked)

        value, _ = integrate.quad(density, lowest, 1, epsabs=1e-13, epsrel=1e-12, limit=200)
        return value / (1 - lowest)

    found = losses.time(lowest)
    mean = square = 0.0
    for x, mass in twin.law:
        for j in range(1, length + 1):
            for masked in subsets(length, j):
                loss = twin.total(x, masked)
                mean += mass * loss * integral(j, 1)
                square += mass * loss**2 * integral(j, 2)
    assert found.mean == pytest.approx(mean, abs=1e-8)
    assert found.variance == pytest.approx(square - mean**2, rel=1e-8, abs=1e-8)
    h = losses.weights @ losses.moments[0]

    def given_time(t: float) -> float:
        chances = (
            math.comb(length, j) * t ** (j - 1) * (1 - t) ** (length - j) for j in range(1, length + 1)
        )
        return sum(chance * float(h[j]) for j, chance in enumerate(chances)) ** 2

    times, _ = integrate.quad(given_time, lowest, 1, epsabs=1e-12)
    assert found.between_times == pytest.approx(times / (1 - lowest) - mean**2, abs=1e-8)


def test_all_of_them_have_the_nelbo_as_mean(case: tuple[Losses, Twin]) -> None:
    losses, twin = case
    wanted = float(nelbo(twin.q, None, twin.denoiser).value)
    for each in (losses.time(), losses.count(), losses.order()):
        assert each.mean == pytest.approx(wanted, abs=1e-10)
    clipped = clipped_nelbo(cross_entropy_profile(twin.q, twin.denoiser), 0.01)
    assert losses.time(0.01).mean == pytest.approx(clipped, abs=1e-10)


def test_one_over_t_has_infinite_variance() -> None:
    q = zoo.golden_mean(4)
    losses = Losses.of(q)
    assert math.isinf(losses.time().variance)
    assert math.isinf(losses.time().draws_for(1.0))
    # Every decade of times adds L ln(10) E[loss of a single masked token squared].
    single = losses.moments[1][0]
    added = [losses.time(10.0**-k).variance for k in (4, 5, 6)]
    for more, less in zip(added[1:], added, strict=False):
        assert more - less == pytest.approx(4 * math.log(10) * single, rel=1e-2)


def test_unless_the_last_token_is_certain() -> None:
    pair = Losses.of(uniform_on(["000", "111"], 2))
    assert pair.moments[1][0] == 0
    assert math.isfinite(pair.time().variance)
    assert pair.time().variance == pytest.approx(pair.time(1e-7).variance, abs=1e-4)


def test_nothing_to_lose() -> None:
    certain = Losses.of(uniform_on(["010"], 2))
    for each in (certain.time(), certain.count(), certain.order()):
        assert (each.mean, each.variance) == (0, 0)
        assert each.draws_for(0.01) == 0


def test_a_prompt() -> None:
    q = zoo.golden_mean(4)
    given = [2, 0, 2, 2]
    reduced = q.condition(given).marginal([0, 2, 3])
    first, second = Losses.of(q, given=given), Losses.of(reduced)
    assert first.length == 3
    assert np.allclose(first.values, second.values)
    assert np.allclose(first.weights, second.weights)


def test_an_infinite_loss_is_seen() -> None:
    q = zoo.golden_mean(2)
    assert np.isinf(Losses.of(q, Tempered(Ideal(q), 0)).values).any()


def test_too_large() -> None:
    with pytest.raises(ValueError, match=r"q: expected at most 2e\+07 losses, got V\^L 2\^L L for V=16, L=8"):
        Losses.of(zoo.pair_hmm(8))


def test_draws_for() -> None:
    each = Estimator("count", 1, 1.0, 4.0, 1.0, 0.5)
    assert each.draws_for(0.1, 2.0) == pytest.approx(1600)
    assert each.stratified_variance == 3.5


def test_what_is_generated_in_random_order(case: tuple[Losses, Twin]) -> None:
    losses, twin = case
    law = sampler_law(twin.q, FixedSizes([1] * twin.q.length), twin.denoiser)
    wanted = [math.log2(float(law.probability(x))) for x, _ in twin.law]
    assert np.allclose(losses.generated, wanted, rtol=0, atol=1e-10)


def test_orders_inside_the_logarithm() -> None:
    """K = 1 is the NELBO; K = 2 by summing over all pairs of orders; more orders come closer.

    Each interval misses with probability about 1e-6: Student's, of 20,000 draws.
    """
    q = zoo.golden_mean(3)
    twin = Twin(q, Perturbed(Windowed(q, 1), "1/10"))
    losses = Losses.of(q, twin.denoiser)
    found = [losses.importance_gap(k, 20_000, confidence=1 - 1e-6, seed=4) for k in (1, 2, 32)]
    assert found[0].contains(losses.order().mean + float(losses.weights @ losses.generated))
    orders = list(permutations(range(3)))
    pairs = 0.0
    for x, mass in twin.law:
        paths = [2 ** -sum(twin.loss(x, frozenset(o[k:]), o[k]) for k in range(3)) for o in orders]
        for first, second in product(paths, repeat=2):
            pairs += mass * math.log2(sum(paths) / len(paths) / ((first + second) / 2)) / len(paths) ** 2
    assert found[1].contains(pairs)
    assert found[0].value > found[1].value > found[2].value > -1e-3
    assert losses.importance_gap(2, 100, seed=1) == losses.importance_gap(2, 100, seed=1)
