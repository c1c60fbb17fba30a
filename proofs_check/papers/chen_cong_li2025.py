"""Chen, Cong & Li 2025, 'Optimal inference schedules for masked diffusion models'.

Notation as in `identities`.  Our reading (from the abstract): the expected divergence of any schedule equals the
error with which a step function approximates a curve of one variable; a schedule that suits one law can fail for
another of the same size, so that none is good without knowing the law; and where the total correlation TC or the
dual total correlation DTC is small, few steps are enough.  The last in the form of Theorem B (`theorems`).
    The curve is h for iid schedules and the profile f for sizes; on every step the approximation is its value on
    the left, which is the largest since both fall.
"""

from itertools import accumulate, pairwise

from flint import fmpq
from hypothesis import strategies as st

from oracles import testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, LAWS, WEIGHTS
from proofs_check.spaces import choice, interval, tables, weights
from theory import IID, bounds
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact.log_sums import LogSum, rational
from theory.exact.ordered_partitions import mean_divergence

CHEN = Source("Chen, Cong & Li 2025", "arXiv 2511.04647")


def steps_of(weights):
    """The intervals [c_{k-1}, c_k]."""
    return list(pairwise(accumulate(map(rational, weights), initial=fmpq(0))))


def area(f, low, high):
    """int of h(c_{k-1}) - h(c) over a step."""
    return (high - low) * profiles.h(f, low) - profiles.integral(f, low, high)


@claim(
    source=CHEN.at("the error of a step function"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, weights=WEIGHTS),
    search={
        "q": testing.oracles(max_vocab=2, max_length=3),
        "weights": st.integers(1, 3).flatmap(testing.weights),
    },
    mutants=[Mutant("5% more", constant=fmpq(21, 20)), Mutant("without the last step", last=-1)],
    notes=["The left side is the mean over all ordered partitions of the divergence of their samplers."],
    rests_on=["identities.iid_schedules"],
)
def step_function(q, weights, *, constant=1, last=None):
    """E KL = sum_k int_{c_{k-1}}^{c_k} (h(c_{k-1}) - h(c)) dc: the L1 distance from h to a step function."""
    f = profiles.profile(q)
    between = sum((area(f, *step) for step in steps_of(weights)[:last]), LogSum({}))
    return Relation(constant * mean_divergence(q, IID(weights)), "==", between)


@claim(
    source=CHEN.at("the error of a step function"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, weights=WEIGHTS),
    search={"q": ANY_LAW, "weights": st.integers(1, 4).flatmap(testing.weights)},
    attack={"q": tables(2, 4), "weights": weights(3)},
    tight=Tight(at(q={"eight equal tokens": zoo.all_equal(8)}, weights=[1]), ratio=fmpq(7, 8)),
    mutants=[
        Mutant("a third of the drop", constant=fmpq(1, 3)),
        Mutant("reversed", reverse=True),
    ],
    notes=["One step errs by TC <= (1 - 1/L) SI, since f falls: by that much where the tokens are equal."],
    rests_on=["identities.profile_falls", "chen_cong_li2025.step_function"],
)
def every_step_errs_on_one_side(q, weights, *, constant=1):
    """0 <= int over step k of h(c_{k-1}) - h <= w_k (h(c_{k-1}) - h(c_k)), for every step."""
    f = profiles.profile(q)
    errors = [area(f, *step) for step in steps_of(weights)]
    drops = [(b - a) * (profiles.h(f, a) - profiles.h(f, b)) for a, b in steps_of(weights)]
    at_most = [Relation(error, "<=", constant * drop) for error, drop in zip(errors, drops, strict=True)]
    return [*at_most, *(Relation(error, ">=", 0) for error in errors)]


@claim(
    source=CHEN.at("no schedule for all laws"),
    log_base="2 (bits)",
    hypotheses={"two steps": lambda sizes: len(sizes) == 2, "L >= 3": lambda sizes: sum(sizes) >= 3},
    instances=grid(sizes=[[1, 2], [2, 1], [1, 3], [2, 2], [3, 1], [1, 4], [2, 3], [4, 1], [1, 1, 1]]),
    tight=Tight(at(sizes=[1, 3])),
    mutants=[
        Mutant("5% more", constant=fmpq(21, 20)),
        Mutant("three steps", without="two steps"),
    ],
    notes=["Each alone is exact in two steps: equal bits in (1, L-1), parity in (L-1, 1)."],
    rests_on=["identities.sizes_schedules"],
)
def no_schedule_for_all_laws(sizes, *, constant=1):
    """Two steps of any sizes: E KL of equal bits + E KL of even parity >= 1 bit, so one of them errs."""
    length = sum(sizes)
    equal, parity = profiles.profile(zoo.all_equal(length)), profiles.profile(zoo.parity(length))
    errors = [profiles.sizes_expected_divergence(f, sizes) for f in (equal, parity)]
    return Relation(errors[0] + errors[1], ">=", constant)


@claim(
    source=CHEN.at("few steps where TC or DTC is small"),
    log_base="2 (bits)",
    hypotheses={
        "X >= DTC (or TC)": lambda q, limiting, dual: Relation(limiting_information(q, dual), "<=", limiting),
    },
    instances=grid(q=LAWS, limiting=[1, 2], eps=[1, fmpq(1, 4)], dual=[True, False]),
    attack={
        "q": tables(2, 3),
        "limiting": interval("1/10", 2),
        "eps": choice(1, fmpq(1, 4)),
        "dual": choice(True, False),
    },
    tight=Tight(
        at(q={"eight equal tokens": zoo.all_equal(8)}, limiting=1, eps=16, dual=True), ratio=fmpq(7, 16)
    ),
    mutants=[
        Mutant(
            "half the steps",
            share=2,
            instances=[at(q=zoo.all_equal(6), limiting=1, eps=fmpq(1, 2), dual=True)],
        ),
        Mutant(
            "any X",
            without="X >= DTC (or TC)",
            instances=[at(q=zoo.all_equal(4), limiting=fmpq(1, 9), eps=fmpq(1, 4), dual=False)],
        ),
    ],
    notes=[
        "Derived from Theorem B with d = eps/(2X): N - 1 is of order (X/eps) log(SI/eps), whatever L is.",
        "At eps = 2 SI one step is enough; of L equal tokens it errs by (L-1)/(2L) of eps.",
    ],
    rests_on=["theorems.growing_steps", "theorems.shrinking_steps"],
)
def few_steps(q, limiting, eps, dual, *, share=1):
    """E KL <= eps in N = 1 + ceil(log(2 SI/eps) / log(1 + eps/(2X))) steps, X >= DTC, or X >= TC."""
    rate, correlation = rational(eps) / (2 * rational(limiting)), exact.correlation(q)
    steps = bounds.geometric_steps(rate, correlation, eps) // share
    weights = bounds.rising_weights(rate, steps) if dual else bounds.falling_weights(rate, steps)
    return Relation(profiles.iid_expected_divergence(profiles.profile(q), weights), "<=", eps)


def limiting_information(q, dual):
    """DTC, or TC."""
    f = profiles.profile(q)
    return profiles.dual_total_correlation(f) if dual else profiles.total_correlation(f)
