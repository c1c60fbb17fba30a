"""Extreme laws: what a schedule loses at least and at most, at equal SI, among all laws; see also `extreme_chains`.

Notation as in `identities`; f is the profile, SI = L (f(0) - f(L-1)).

f falls, so it is a mixture of the steps 1[m < t], which are the profiles of MDS codes [L, t]; E KL and SI are linear
in f.  For N uniform iid steps the extremes are t = 1, equal tokens, and t = L-1, parity:
  1. The code [L, t] loses E[ceil(N U_t)/N - U_t] of its SI, U_t the t-th smallest of L-1 uniform numbers (their
     chance to be above c is that of fewer than t tokens being revealed).
  2. Given D = U_t - U_1, U_1 has a density on [0, 1-D] that falls.  Of the steps of length 1/N, floor(N D) + 1 or
     floor(N D) ends lie in (U_1, U_t], the former where U_1 is late in its step; a falling density is early more
     often than not, and the last step, cut off at 1-D, has no late part.  So E[ceil(N U_t) - ceil(N U_1)] <=
     N E[U_t - U_1]: nothing loses more than t = 1.
  3. U_{L-t} is 1 - U_t in law: what t and L-t lose adds up to 1/N, so nothing loses less than t = L-1.
"""

from functools import partial

from flint import fmpq
from hypothesis import strategies as st

from oracles import testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, LAWS, WEIGHTS, uniform
from proofs_check.spaces import choice, tables, weights
from theory import bounds
from theory.exact import extreme_profiles as extremes
from theory.exact import information as exact
from theory.exact import profile as profiles

EXTREMES = Source("Extreme laws", "derived for this project")


FEW_FIRST = [fmpq(1, 16), fmpq(15, 16)]
QUARTER_FIRST = [fmpq(1, 4), fmpq(3, 4)]
MORE = Mutant("5% more", constant=fmpq(21, 20))


def of_weights(schedule):
    """E KL of iid weights, of a profile."""
    return partial(profiles.iid_expected_divergence, weights=schedule)


def within(q, divergence, extreme, constant=1):
    """E KL of a law lies between the least and the largest share of SI that these profiles lose."""
    least, most = extremes.range_lost(divergence, extreme(q.length))
    correlation, found = exact.correlation(q), divergence(profiles.profile(q))
    return (
        Relation(constant * found, "<=", most * correlation),
        Relation(constant * least * correlation, "<=", found),
    )


@claim(
    source=EXTREMES.at("codes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, weights=WEIGHTS | {"1/16, 15/16": FEW_FIRST}),
    search={"q": ANY_LAW, "weights": st.integers(1, 4).flatmap(testing.weights)},
    attack={"q": tables(2, 4), "weights": weights(3)},
    tight=Tight(at(q=zoo.tetracode(), weights=QUARTER_FIRST)),
    mutants=[
        MORE,
        Mutant(
            "equal tokens lose most",
            codes=lambda length: [extremes.code_profile(length, 1)],
            instances=[at(q=zoo.tetracode(), weights=QUARTER_FIRST)],
        ),
    ],
    notes=["For sizes the same is li_cai2025.sizes_upper_bound, and nothing from below."],
    rests_on=["identities.iid_schedules", "identities.profile_falls", "identities.correlation"],
)
def weights_between_codes(q, weights, *, constant=1, codes=extremes.codes):
    """iid(w): E KL/SI of every law is between the least and the largest of MDS codes [L, t], t = 1, .., L-1."""
    return within(q, of_weights(weights), codes, constant)


@claim(
    source=EXTREMES.at("step 2"),
    instances=grid(length=[2, 3, 4, 7, 16, 40], steps=[1, 2, 3, 5, 16, 50]),
    tight=Tight(at(length=2, steps=3)),
    mutants=[
        Mutant("any steps", schedule=lambda steps: FEW_FIRST),
        Mutant("parity loses most", worst=lambda length: length - 1),
    ],
    notes=["Proved in the file's docstring for all L and N."],
)
def equal_tokens_lose_most(length, steps, *, schedule=uniform, worst=lambda length: 1):
    """N uniform iid steps: no code [L, t] loses more of its SI than equal tokens do, t = 1."""
    divergence = of_weights(schedule(steps))
    most = divergence(extremes.code_profile(length, worst(length)))
    return [Relation(divergence(code), "<=", most) for code in extremes.codes(length)]


@claim(
    source=EXTREMES.at("step 3"),
    instances=grid(length=range(2, 8), steps=[1, 2, 3, 8]),
    mutants=[Mutant("t twice", other=lambda length, known: known), MORE],
    notes=["Of 1[c < u] and 1[c < 1-u] the left sums add up to 1 + 1/N for almost every u."],
)
def what_two_codes_lose(length, steps, *, constant=1, other=lambda length, known: length - known):
    """N uniform iid steps: the shares of SI that the codes [L, t] and [L, L-t] lose add up to 1/N."""
    lost = partial(extremes.share_lost, of_weights(uniform(steps)))
    return [
        Relation(
            lost(extremes.code_profile(length, known))
            + lost(extremes.code_profile(length, other(length, known))),
            "==",
            constant * fmpq(1, steps),
        )
        for known in range(1, length)
    ]


@claim(
    source=EXTREMES.at("codes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3, 8]),
    search={"q": ANY_LAW, "steps": st.integers(1, 6)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.all_equal(6, 3), steps=4)),
    mutants=[
        MORE,
        Mutant("TC in place of SI", correlation=exact.total_correlation),
        Mutant("what parity loses", end=0),
    ],
    notes=[
        "Below SI/N by about SI/L: Theorem A with a constant that cannot be smaller, whatever N and L are."
    ],
    rests_on=["extreme_laws.weights_between_codes", "extreme_laws.equal_tokens_lose_most"],
)
def uniform_steps_at_most(q, steps, *, constant=1, correlation=exact.correlation, end=1):
    """N uniform iid steps: E KL <= SI (N^{-L} sum_{k=1..N} k^{L-1} - 1/L), for every law; equality: equal tokens."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps))
    most = bounds.uniform_divergence_range(correlation(q), steps, q.length)[end]
    return Relation(constant * divergence, "<=", most)


@claim(
    source=EXTREMES.at("codes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3, 8]),
    search={"q": ANY_LAW, "steps": st.integers(1, 6)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.parity(5, 3), steps=4)),
    mutants=[MORE, Mutant("what equal tokens lose", end=1)],
    notes=["In one step: TC >= SI/L, so that DTC <= (L-1) TC.  For chains SI/(2N), theorems.uniform_steps."],
    rests_on=[
        "extreme_laws.weights_between_codes",
        "extreme_laws.equal_tokens_lose_most",
        "extreme_laws.what_two_codes_lose",
    ],
)
def uniform_steps_at_least(q, steps, *, constant=1, end=0):
    """N uniform iid steps: E KL >= SI (1/N + 1/L - N^{-L} sum_{k=1..N} k^{L-1}), for every law; equality: parity."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps))
    least = bounds.uniform_divergence_range(exact.correlation(q), steps, q.length)[end]
    return Relation(constant * least, "<=", divergence)
