"""What the error of a learned denoiser costs a sampler, with that error measured: in which sense must it be small?

q is the law on V^L, d a denoiser, e(i, x_S) = KL(q(x_i|x_S) || d(x_i|x_S)) its error in a possible context.  Senses:
the largest of all (the hypothesis of Feng et al. 2025); g(m), the mean over i and |S| = m, X_S ~ q; the mean at
masking rate t, eps(t) = sum_m C(L-1,m) (1-t)^m t^(L-1-m) g(m); the mean over all rates, which is what training sees,
(NELBO - H)/L = sum_m g(m) / L; the mean over the contexts that a schedule reveals from, sum_m s(m) g(m), s(m) the
chance that a position is revealed after m others; the mean where the sampler goes, as far as q allows what it meets.
SI = sum_i I(X_i; X_rest); p is what is generated with d, p* with the ideal denoiser.

The hypothesis can be weakened to the mean over the contexts that the schedule reveals from, but not to what training
sees, nor to what the sampler sees itself: the mutants show how each fails.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly
from hypothesis import strategies as st

from oracles import Oracle, Table, testing, uniform_on, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import HALF, SHARPER, WEIGHTS, table, uniform
from theory import IID, FixedSizes, bounds, sampler_law
from theory.denoisers import Function, Ideal, Perturbed, Tabulated, Tempered, Windowed
from theory.exact import information as exact
from theory.exact import log_sums
from theory.exact.learning import LearningErrors, nats_above
from theory.exact.log_sums import LogSum
from theory.exact.losses import Losses
from theory.exact.ordered_partitions import mean_divergence
from theory.laws import closed_forms
from theory.laws.sampler_law import SamplerLaw

SOURCE = Source("Learned denoisers, measured", "derived for this project")
FENG = Source("Feng et al. 2025", "arXiv 2502.09622v1")
measured = partial(claim, log_base="2 (bits)")

ONE_SENTENCE = uniform_on(["010"], 2)
LAWS = {
    "golden mean": zoo.golden_mean(3),
    "non-unifilar HMM": zoo.non_unifilar_hmm(3),
    "parity": zoo.parity(3),
    "one sentence": ONE_SENTENCE,
}
ANY_LAW = testing.oracles(max_vocab=3, max_length=3)
TWO_STEPS = {name: WEIGHTS[name] for name in ("one step", "3/4, 1/4")}
LESS, MORE = Mutant("5% less", constant=SHARPER), Mutant("5% more", constant=fmpq(21, 20))

# ------------------------------------------------------------------ denoisers that are not ideal


def blurred(q: Oracle) -> Perturbed:
    """The ideal denoiser, mixed with one tenth of uniform."""
    return Perturbed(Ideal(q), fmpq(1, 10))


def sharpened(q: Oracle) -> Tempered:
    """The ideal denoiser at temperature 1/2."""
    return Tempered(Ideal(q), HALF)


def short_sighted(q: Oracle) -> Perturbed:
    """One that sees the neighbours only, and is never quite certain."""
    return Perturbed(Windowed(q, 1), fmpq(1, 20))


def untrained(q: Oracle) -> Tabulated:
    """A table of arbitrary answers, none of them 0."""
    shape = (*(q.vocab_size + 1,) * q.length, q.length, q.vocab_size)
    odds = np.random.default_rng(0).integers(1, 10, shape).reshape(-1, q.vocab_size).tolist()
    rows = [[fmpq(odd, sum(row)) for odd in row] for row in odds]
    return Tabulated(q, np.array(rows, dtype=object).reshape(shape))


def slow_starter(q: Oracle) -> Function:
    """Blurred where nothing is revealed, and ideal from then on."""

    def answer(patterns: np.ndarray) -> np.ndarray:
        nothing = (patterns == q.mask).all(axis=1)
        return np.where(nothing[:, None, None], blurred(q)(patterns), Ideal(q)(patterns))

    return Function(q, answer)


def guessing(law: list) -> Callable[[Oracle], Function]:
    """Of equal pairs: ideal, but guessing from `law` where the partner is masked too."""

    def of(q: Oracle) -> Function:
        def answer(patterns: np.ndarray) -> np.ndarray:
            ideal = Ideal(q)(patterns)
            alone = (ideal == fmpq(1, q.vocab_size)).all(axis=-1, keepdims=True)
            return np.where(alone, q.arithmetic.array(law), ideal)

        return Function(q, answer)

    return of


DENOISERS = {
    "blurred": blurred,
    "sharpened": sharpened,
    "short-sighted": short_sighted,
    "untrained": untrained,
    "slow starter": slow_starter,
}
ANY_DENOISER = st.sampled_from([blurred, untrained, slow_starter])
BLURRED = {"blurred": blurred}


@lru_cache(maxsize=64)
def errors_of(q: Oracle, denoiser: Callable[[Oracle], Any]) -> LearningErrors:
    """All errors of the denoiser of a law."""
    return LearningErrors(q, denoiser(q))


@lru_cache(maxsize=64)
def mean_of(q: Oracle, schedule: IID | FixedSizes, denoiser: Callable[[Oracle], Any]) -> LogSum:
    """E KL, the mean over ordered partitions."""
    return mean_divergence(table(q), schedule, denoiser(table(q)))


def sampled(q: Oracle, weights: list, denoiser: Callable[[Oracle], Any] | None = None) -> SamplerLaw:
    """What an iid schedule generates, by default with the ideal denoiser."""
    return sampler_law(table(q), IID(weights), denoiser and denoiser(table(q)))


# ------------------------------------------------------------------ the senses in which it errs, in bits a token


def largest(errors: LearningErrors, schedule: Any) -> LogSum:
    """In any possible context."""
    return errors.worst()


def revealed(errors: LearningErrors, schedule: Any) -> LogSum:
    """The mean over the contexts that a schedule reveals from."""
    return errors.expected(schedule) / errors.length


def trained(errors: LearningErrors, schedule: Any) -> LogSum:
    """The mean over all masking rates."""
    return errors.average()


def visited(errors: LearningErrors, schedule: Any) -> LogSum:
    """What the sampler meets itself, where that is possible under q."""
    return errors.expected_visited(schedule) / errors.length


TRAINED = Mutant("the mean over all masking rates", sense=trained)
VISITED = Mutant("what the sampler meets itself", sense=visited)


@measured(
    source=SOURCE.at("the senses in order"),
    instances=grid(q=LAWS, denoiser=DENOISERS, t=[0, fmpq(1, 3), HALF, 1]),
    tight=Tight(at(q=ONE_SENTENCE, denoiser=BLURRED, t=HALF)),
    mutants=[Mutant("the mean over sizes", most=lambda g: sum(g, LogSum({})) / len(g)), LESS],
)
def senses(q, denoiser, t, *, most=max, constant=1):
    """eps(t) <= max_m g(m) <= max e(i, x_S), at every masking rate t."""
    errors = errors_of(q, denoiser)
    middle = most([errors.mean_in_context(m) for m in range(q.length)])
    return Relation(errors.at_rate(t), "<=", constant * middle), Relation(middle, "<=", errors.worst())


def over_rates(errors: LearningErrors) -> LogSum:
    """int_0^1 eps(t) dt of a polynomial of degree L-1, from its values at L rates (Lagrange)."""
    rates = [fmpq(k, errors.length) for k in range(errors.length)]
    total = LogSum({})
    for t in rates:
        factors = (fmpq_poly([-s, 1]) / (t - s) for s in rates if s != t)
        total += prod(factors, start=fmpq_poly([1])).integral()(fmpq(1)) * errors.at_rate(t)
    return total


@measured(
    source=SOURCE.at("what training sees"),
    instances=grid(q=LAWS, denoiser=DENOISERS),
    search={"q": ANY_LAW, "denoiser": ANY_DENOISER},
    mutants=[MORE, Mutant("the largest of them for all", mean=lambda g: len(g) * max(g))],
    rests_on=["identities.masked_loss_is_any_order", "identities.continuous_time"],
)
def nelbo_gap(q, denoiser, *, constant=1, mean=lambda g: sum(g, LogSum({}))):
    """NELBO - H(X) = sum_m g(m) = L int_0^1 eps(t) dt."""
    errors = errors_of(q, denoiser)
    g = [errors.mean_in_context(m) for m in range(q.length)]
    gap = Losses(q, denoiser(q)).by_count() - exact.entropy(q)
    return Relation(constant * gap, "==", mean(g)), Relation(gap, "==", q.length * over_rates(errors))


LEFT_TO_RIGHT = [[0], [1]]


def two_coins(ones: fmpq) -> Table:
    """A first token that is 1 with this probability, then a fair coin."""
    return Table([[(1 - ones) / 2, (1 - ones) / 2], [ones / 2, ones / 2]])


def misled(ones: fmpq) -> Callable[[Oracle], Function]:
    """It draws so many ones at the first position, and after a one it is sure of a zero: one in 2^40 is none."""

    def of(q: Oracle) -> Function:
        def answer(patterns: np.ndarray) -> np.ndarray:
            answers = np.array(Ideal(q)(patterns))
            answers[patterns[:, 0] == q.mask, 0] = [1 - ones, ones]
            answers[patterns[:, 0] == 1, 1] = [1 - fmpq(1, 2**40), fmpq(1, 2**40)]
            return answers

        return Function(q, answer)

    return of


@measured(
    source=SOURCE.at("where a sampler goes"),
    instances=[at(few=fmpq(1, 100))],
    mutants=[
        Mutant("a denoiser that draws the first token well", swap=False),
        Mutant("20 times", factor=20),
    ],
    notes=[
        "It draws too many ones, or too few, and errs after a one: the error that training sees is another."
    ],
)
def no_bound_for_each_other(few, *, factor=4, swap=True):
    """One token a step, the sampler may meet 4 times the error of q's contexts, or a fourth of it."""
    rare, common = (few, HALF) if not swap else (HALF, few)
    too_many = LearningErrors(two_coins(few), misled(rare)(two_coins(few)))
    too_few = LearningErrors(two_coins(HALF), misled(common)(two_coins(HALF)))
    return (
        Relation(too_many.visited(LEFT_TO_RIGHT), ">=", factor * too_many.in_blocks(LEFT_TO_RIGHT)),
        Relation(factor * too_few.visited(LEFT_TO_RIGHT), "<=", too_few.in_blocks(LEFT_TO_RIGHT)),
    )


# ------------------------------------------------------------------ what it adds to the divergence


@measured(
    source=SOURCE.at("two parts of E KL"),
    instances=grid(
        q=LAWS,
        schedule={"3/4, 1/4": IID([fmpq(3, 4), fmpq(1, 4)]), "one, then two": FixedSizes([1, 2])},
        denoiser=DENOISERS,
    ),
    mutants=[MORE, TRAINED, VISITED, Mutant("the largest error", sense=largest)],
    rests_on=["identities.learned_partition"],
    notes=["The mean over partitions splits; KL(q||p) of their mixture is smaller (identities.convexity)."],
)
def two_parts(q, schedule, denoiser, *, constant=1, sense=revealed):
    """E KL(q || p_pi) = E KL(q || p*_pi) + L sum_m s(m) g(m), for iid schedules and fixed sizes."""
    error = q.length * sense(errors_of(q, denoiser), schedule)
    learned, ideal = (mean_of(q, schedule, each) for each in (denoiser, Ideal))
    return Relation(constant * learned, "==", ideal + error)


@measured(
    source=FENG.at("Theorem 4.2 made explicit: Theorem A, its error measured"),
    instances=grid(q=LAWS, denoiser=DENOISERS, steps=[1, 2]),
    search={"q": ANY_LAW, "denoiser": ANY_DENOISER, "steps": st.integers(1, 3)},
    tight=Tight(at(q=ONE_SENTENCE, denoiser=BLURRED, steps=2)),
    mutants=[LESS, TRAINED, VISITED, Mutant("reversed", reverse=True)],
    rests_on=[
        "learned_denoisers.two_parts",
        "identities.convexity",
        "identities.token_error_rate",
        "li_cai2025.iid_upper_bound",
    ],
)
def perplexity(q, denoiser, steps, *, constant=1, sense=revealed):
    """N uniform steps: log TER(p) - log TER(q) <= e + SI/(N L), e the mean over the contexts they reveal from."""
    error = constant * sense(errors_of(q, denoiser), IID.uniform(steps))
    excess = exact.divergence(sampled(q, uniform(steps), denoiser)) / q.length
    bound = bounds.divergence_bound(error, exact.correlation(q), fmpq(1, steps), q.length) / q.length
    return Relation(excess, "<=", bound)


# ------------------------------------------------------------------ what it does to the error rate


@measured(
    source=FENG.at("Theorem 4.3 made explicit, its error measured"),
    instances=grid(q=LAWS, denoiser=DENOISERS, weights=TWO_STEPS),
    search={"q": ANY_LAW, "denoiser": ANY_DENOISER, "weights": st.integers(1, 3).flatmap(testing.weights)},
    tight=Tight(at(q=ONE_SENTENCE, denoiser=BLURRED, weights=[1])),
    mutants=[LESS, TRAINED, VISITED, Mutant("reversed", reverse=True)],
    rests_on=[
        "learned_denoisers.two_parts",
        "feng2025.error_rate",
        "identities.convexity",
        "li_cai2025.iid_upper_bound",
    ],
)
def error_rate(q, denoiser, weights, *, constant=1, sense=revealed):
    """-log2(1 - SER(p)) <= L e + (max_k w_k) SI, e the mean over the contexts that the schedule reveals from."""
    error = constant * sense(errors_of(q, denoiser), IID(weights))
    bound = bounds.divergence_bound(error, exact.correlation(q), max(weights), q.length)
    return Relation(bounds.least_divergence(exact.error_rate(sampled(q, weights, denoiser))), "<=", bound)


def met_by_ideal(errors: LearningErrors, schedule: Any, q: Oracle) -> LogSum:
    """The errors in the possible contexts that the ideal sampler meets, in bits a sequence."""
    return errors.expected_visited(schedule, Ideal(q))


@measured(
    source=SOURCE.at("error rates of learned and ideal denoisers"),
    instances=grid(q=LAWS, denoiser=DENOISERS, weights=TWO_STEPS),
    search={"q": ANY_LAW, "denoiser": ANY_DENOISER, "weights": st.integers(1, 3).flatmap(testing.weights)},
    tight=Tight(at(q=ONE_SENTENCE, denoiser=BLURRED, weights=[1])),
    mutants=[
        LESS,
        Mutant("the mean over all masking rates", budget=lambda errors, *_: errors.length * errors.average()),
        Mutant("reversed", reverse=True),
    ],
    notes=[
        "Both samplers are stopped at the first impossible context: the chain rule, then data processing.",
        "So a measured error bounds SER(p) from below too: `theory.bounds.error_rate_range` solves for it.",
    ],
)
def error_rates_apart(q, denoiser, weights, *, constant=1, budget=met_by_ideal):
    """KL(Bern(SER(p*)) || Bern(SER(p))) <= E[sum of e(i, x_S) over what p* meets] <= L max e(i, x_S)."""
    errors = errors_of(q, denoiser)
    ideal, learned = (exact.error_rate(sampled(q, weights, each)) for each in (None, denoiser))
    apart = log_sums.relative_entropy([ideal, 1 - ideal], [learned, 1 - learned])
    allowed = budget(errors, IID(weights), q)
    return (
        Relation(apart, "<=", constant * allowed),
        Relation(allowed, "<=", q.length * errors.worst()),
    )


# ------------------------------------------------------------------ too few steps, with the error measured

PAIRS = {"L = 2": zoo.equal_pairs(2, 3), "L = 4": zoo.equal_pairs(4, 2)}
SKEWED = [HALF, fmpq(251, 1000), fmpq(249, 1000)]
GUESSES = {"blurred": blurred, "short-sighted": short_sighted, "untrained": untrained}
SKEWED_GUESS = at(q=zoo.equal_pairs(2, 3), denoiser={"a skewed guess": guessing(SKEWED)}, weights=[1])


THREE_PAIRS = zoo.equal_pairs(6, 2)


def barely_blurred(q: Oracle) -> Perturbed:
    """The ideal denoiser, mixed with one millionth of uniform."""
    return Perturbed(Ideal(q), fmpq(1, 10**6))


def in_nats(errors: LearningErrors, schedule: Any, sense: Any = largest) -> fmpq:
    """The error in nats, rounded up."""
    return nats_above(sense(errors, schedule))


@claim(
    source=FENG.at("Theorem 4.4 made explicit: any learned denoiser, its error measured"),
    log_base="e (nats)",
    instances=grid(q=PAIRS, denoiser=GUESSES, weights=WEIGHTS),
    tight=Tight(SKEWED_GUESS, ratio=0.9999),
    mutants=[
        Mutant("error in bits", unit=fmpq(7, 10), instances=[SKEWED_GUESS]),
        Mutant("the mean over all masking rates", sense=trained, instances=[SKEWED_GUESS]),
    ],
    rests_on=["feng2025.one_peak_is_best", "feng2025.two_guesses"],
    notes=[
        "Whatever the denoiser knows or guesses, alike in all contexts or not: feng2025.learned_denoiser."
    ],
)
def pairs(q, denoiser, weights, *, unit=1, sense=largest):
    """On equal pairs SER(p) >= 1 - (1 - (1 - rho(e)) sum_k w_k^2)^{L/2}, e the largest error in nats."""
    rho = bounds.largest_collision(unit * in_nats(errors_of(q, denoiser), IID(weights), sense), q.vocab_size)
    together = closed_forms.same_step(weights)
    least = closed_forms.pairs_error_rate(together, q.length, q.vocab_size, valid=rho)
    return Relation(exact.error_rate(sampled(q, weights, denoiser)), ">=", least)


def few(q, denoiser, weights, *, share=1):
    """N <= C(e) L, C(e) = (1 - rho(e)) / (2 ln 2)."""
    rho = bounds.largest_collision(in_nats(errors_of(q, denoiser), None), q.vocab_size)
    return Relation(share * len(weights), "<=", q.length * bounds.too_few_steps(rho))


@claim(
    source=FENG.at("Theorem 4.4 made explicit: any learned denoiser, its error measured"),
    log_base="e (nats)",
    hypotheses={"N <= C(e) L, C(e) = (1 - rho(e)) / (2 ln 2)": few},
    instances=grid(q={"L = 6": THREE_PAIRS}, denoiser=GUESSES, weights=WEIGHTS),
    tight=Tight(
        at(q=THREE_PAIRS, denoiser={"barely blurred": barely_blurred}, weights=[HALF, HALF]), ratio=0.86
    ),
    mutants=[
        Mutant(
            "without the hypothesis",
            without="N <= C(e) L, C(e) = (1 - rho(e)) / (2 ln 2)",
            instances=[at(q=THREE_PAIRS, denoiser=BLURRED, weights=uniform(3))],
        ),
        Mutant(
            "twice the steps",
            share=HALF,
            instances=[at(q=THREE_PAIRS, denoiser={"barely blurred": barely_blurred}, weights=uniform(3))],
        ),
    ],
    rests_on=["learned_denoisers.pairs", "feng2025.equal_weights_are_best", "feng2025.exponential"],
)
def too_few_steps(q, denoiser, weights):
    """On equal pairs SER(p) > 1/2 with N <= C(e) L iid steps, e the largest error in nats."""
    return Relation(exact.error_rate(sampled(q, weights, denoiser)), ">", HALF)
