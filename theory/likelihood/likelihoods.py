"""What a denoiser's likelihood is: its NELBOs, what it generates in several orders, and what estimates of it cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles import Oracle, Result
from oracles.symbols import UNKNOWN
from theory.analysis.effort import Effort
from theory.analysis.quantities import Missing
from theory.comparison import Number, affordable, conditionals_of
from theory.estimators.nelbo import estimate_nelbo
from theory.information.profile import Profile
from theory.likelihood.nelbo import clipped_nelbo, cross_entropy_profile, nelbo_of
from theory.likelihood.nelbo_estimators import Estimator, Losses
from theory.monte_carlo import Estimate
from theory.progress import Progress, unwatched
from theory.sampler_routes import divergence_routes
from theory.samplers import Problem, one_by_one, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.orders import Order, fixed_path
from theory.unmasking.schedules import IID

SECONDS = 5.0
"""Time for one estimate, about."""

SEQUENCES = 20
"""How many times as many draws the small gaps of several orders take."""

INSIDE = (2, 4, 16)
"""Numbers of orders inside the logarithm, besides one."""


@dataclass(frozen=True)
class OrderLikelihood:
    """E_q[-log2 p(X)] in bits of what is generated in one order, exactly or estimated."""

    name: str
    value: Number


@dataclass(frozen=True)
class Likelihoods:
    """All in bits a sequence of `length` tokens.

    entropy: H(q), which every other number but the clipped one is at least.  continuous: the NELBO in continuous
    time; discrete: by numbers of iid steps of equal weight.  orders: E_q[-log2 p] of what is generated.
    lowest, clipped: the NELBO with t cut off there.  estimators: those of the NELBO, `time` cut off and not, `count`
    and `order`.  gaps: by numbers K of orders, by how much the bound with K orders inside the logarithm exceeds
    -E log p in random order.
    characters, bytes: expected length of the text of a sequence, where the law was read from one.
    """

    vocab_size: int
    length: int
    ideal: bool
    entropy: Result
    continuous: Number
    discrete: tuple[tuple[int, Number], ...]
    orders: tuple[OrderLikelihood, ...]
    lowest: float
    clipped: float | None
    estimators: tuple[Estimator, ...] | Missing
    gaps: tuple[tuple[int, Number], ...]
    characters: float | None
    bytes: float | None


def likelihoods(
    q: Oracle,
    steps: Sequence[int],
    orders: Sequence[Order],
    *,
    denoiser: Any = None,
    given: Any = None,
    lowest: float = 1e-3,
    samples: int = 1000,
    seed: int = 0,
    confidence: float = 0.99,
    progress: Progress | None = None,
) -> Likelihoods:
    """All likelihoods of a denoiser of q: exact where there is a way, estimated from at most so many `samples`.

    steps: of the discrete bounds; orders: what to generate in; lowest: where t is cut off.  Errors as in
    `sampler_law`, but for the size of the law.
    """
    report, work = progress or unwatched, len(orders) + 3
    case, sampling = _Case(q, denoiser, given), _Sampling(samples, seed, confidence)
    report("bounds", 0, work)
    problem, profile = one_by_one(q, denoiser, given), case.profile()  # its bound is that of continuous time
    law, entropy = problem.law, problem.law.entropy()
    finite = isinstance(profile, Profile) and math.isfinite(sum(profile))
    continuous = _bound(profile, problem, sampling)
    discrete = [(count, _bound(profile, case.problem(IID.uniform(count)), sampling)) for count in steps]
    generated = []
    for index, order in enumerate(orders, 1):
        report(order.name, index, work)
        value = _generated(case.problem(order.unmasking), entropy, sampling)
        generated.append(OrderLikelihood(order.name, value))
    report("estimators", work - 2, work)
    losses = case.losses() if finite else _not_finite(profile)
    estimators = losses if isinstance(losses, Missing) else _estimators(losses, lowest)
    report("orders inside the logarithm", work - 1, work)
    gaps = () if isinstance(losses, Missing) or problem.ideal else _gaps(losses, sampling)
    characters, octets = _text_lengths(law)
    report("done", work, work)
    return Likelihoods(
        vocab_size=law.vocab_size,
        length=law.length,
        ideal=problem.ideal,
        entropy=entropy,
        continuous=continuous,
        discrete=tuple(discrete),
        orders=tuple(generated),
        lowest=lowest,
        clipped=clipped_nelbo(profile, lowest) if isinstance(profile, Profile) and finite else None,
        estimators=estimators,
        gaps=gaps,
        characters=characters,
        bytes=octets,
    )


@dataclass(frozen=True)
class _Case:
    """A denoiser of q, whatever the order it is used in."""

    q: Oracle
    denoiser: Any
    given: Any

    def problem(self, schedule: Unmasking) -> Problem:
        """The sampler of a schedule."""
        return read_problem(self.q, schedule, self.denoiser, self.given)

    def profile(self) -> Profile | Missing:
        """The cross-entropies that all bounds are made of, or why they are not known."""
        try:
            return cross_entropy_profile(self.q, self.denoiser, given=self.given)
        except ValueError as error:
            return Missing(str(error).removeprefix("q: "))

    def losses(self) -> Losses | Missing:
        """The losses that all estimators average, or why they are not known."""
        try:
            return Losses.of(self.q, self.denoiser, given=self.given)
        except ValueError as error:
            return Missing(str(error).removeprefix("q: "))


def _not_finite(profile: Profile | Missing) -> Missing:
    return profile if isinstance(profile, Missing) else Missing("the NELBO is infinite")


def _estimators(losses: Losses, lowest: float) -> tuple[Estimator, ...]:
    return losses.time(), losses.time(lowest), losses.count(), losses.order()


@dataclass(frozen=True)
class _Sampling:
    """What an estimate may spend."""

    samples: int
    seed: int
    confidence: float

    def draws(self, problem: Problem) -> int:
        """How many sequences fit into `SECONDS`; 0 if too few."""
        if self.samples < 2:
            return 0
        return Effort.of(problem.law).draws(conditionals_of(problem), SECONDS, self.samples)


def _bound(profile: Profile | Missing, problem: Problem, sampling: _Sampling) -> Number:
    """The NELBO of an exchangeable schedule."""
    if isinstance(profile, Missing):
        return _along_paths(problem, sampling) or profile
    value = nelbo_of(profile, problem.schedule, problem.law)  # type: ignore[arg-type]
    return Result(value, "bits", f"cross-entropy profile by {profile.method}", profile.guarantee)


def _generated(problem: Problem, entropy: Result, sampling: _Sampling) -> Number:
    """H + KL, by an exact route or along forced paths."""
    divergence = affordable(divergence_routes(problem), problem)
    if isinstance(divergence, Result):
        with problem.law.arithmetic.logs.context():
            value = entropy.value + divergence.value
        return Result(value, "bits", divergence.method, divergence.guarantee)
    return (fixed_path(problem.schedule) and _along_paths(problem, sampling)) or divergence


def _along_paths(problem: Problem, sampling: _Sampling) -> Estimate | None:
    """H + E KL(q || p_pi), estimated; None without draws."""
    draws = sampling.draws(problem)
    if not draws:
        return None
    return estimate_nelbo(
        problem.law,
        problem.schedule,
        draws,
        denoiser=problem.denoiser,
        confidence=sampling.confidence,
        seed=sampling.seed,
    )


def _gaps(losses: Losses, sampling: _Sampling) -> tuple[tuple[int, Number], ...]:
    """Exactly for one order, from draws of sequences and orders for several."""
    value = losses.order().mean + float(losses.weights @ losses.generated)
    exact = Result(value, "bits", "sums over all orders", "float64 rounding")
    if sampling.samples < 2:
        return ((1, exact),)
    draws = SEQUENCES * sampling.samples
    estimates = [
        (count, losses.importance_gap(count, draws, confidence=sampling.confidence, seed=sampling.seed))
        for count in INSIDE
    ]
    return ((1, exact), *estimates)


def _text_lengths(law: Oracle) -> tuple[float | None, float | None]:
    """Expected characters and UTF-8 bytes of a sequence, spaces between words counted; None for no text."""
    if law.symbols is None or UNKNOWN in law.symbols:
        return None, None
    marginals = np.asarray(law.to("float64").conditionals(law.all_masked()), dtype=float)
    spaces = law.length - 1 if any(len(symbol) > 1 for symbol in law.symbols) else 0
    lengths = [(len(s), len(s.encode("utf-8", "surrogatepass"))) for s in law.symbols]
    characters, octets = (
        float((marginals @ np.array(each)).sum()) + spaces for each in zip(*lengths, strict=True)
    )
    return characters, octets
