"""Theorems A, B and C: how many steps are enough for any law, and what more is true of Markov chains.

Notation as in `identities`; information in bits; every step of every proof is a claim of its own.

Theorem A.  N uniform iid steps and a denoiser of error at most e at every context, for any law q on V^L:
    log TER(p) <= log TER(q) + e + SI/(N L) <= log TER(q) + e + log(V)/N.
  1. log TER(p) - log TER(q) = KL(q||p)/L                                         (identities.token_error_rate)
  2. KL(q||p) <= E_pi KL(q||p_pi)                                                 (identities.convexity)
  3. E_pi KL(q||p_pi) <= E KL of the ideal denoiser + L e                         (identities.learned_partition)
  4. E KL <= SI/N                                                                 (li_cai2025.iid_upper_bound)
  5. SI <= L log V                                                                (at_most_log_vocab)

Theorem B.  With c_k = (1+d)^{-(N-k)}:     E KL <= d DTC + (1+d)^{-(N-1)} SI,
            with c_k = 1 - (1+d)^{-k}, c_N = 1: E KL <= d TC + (1+d)^{-(N-1)} SI.
  1. E KL = sum_k int of h(c_{k-1}) - h over step k <= sum_k w_k (h(c_{k-1}) - h(c_k))
                                                               (chen_cong_li2025.every_step_errs_on_one_side)
  2. DTC = int c (-h'(c)) dc,  TC = int (1-c) (-h'(c)) dc                         (information_by_slopes)
  3. rising weights: w_k = d c_{k-1} for k >= 2, w_1 = (1+d)^{-(N-1)};
     falling weights: w_k = d (1 - c_k) for k < N, w_N = (1+d)^{-(N-1)}           (geometric_weights)
  4. c_{k-1} (h(c_{k-1}) - h(c_k)) <= int over step k of c (-h'), and so for 1 - c  (slopes_of_a_step)
  5. Sum: d times 2, and for the one step left over w (h(0) - h(1)) = w SI at most.

Theorem C.  For every first-order Markov chain, homogeneous or not:
  1. Conditioning on one more token never increases I(X_i; X_j | X_S).  Given X_S it is a chain still; a token between
     i and j makes it 0; for k < i, I(X_k, X_i; X_j) = I(X_i; X_j) = I(X_k; X_j) + I(X_i; X_j | X_k).   (conditioning)
  2. f(m) - f(m+1) is a mean of I(X_i; X_j | X_S), |S| = m: it falls by 1, f is convex      (convex_profile)
  3. h'' = L (L-1)(L-2) times a mixture of second differences of f: h is convex
                                                                       (slope_of_bernstein, bends_of_h)
  4. SI/(2N) <= E KL <= SI/N for uniform iid: the trapezoids lie above h                    (uniform_steps)
  5. (s-1) SI/(2L) <= E KL <= (s-1) SI/L for sizes s, .., s: chords of f lie above it       (constant_sizes)
  6. TC >= DTC: f(0) + f(L-1) >= f(m) + f(L-1-m)                                            (total_over_dual)
  7. E KL falls with N: h(k/(N+1)) <= (k/(N+1)) h((k-1)/N) + (1 - k/(N+1)) h(k/N), summed   (one_step_more)
  8. Ascending sizes are best: f(m+b) <= (1 - b/a) f(m) + (b/a) f(m+a) for b < a            (ascending_sizes)
"""

from functools import partial
from itertools import accumulate, pairwise, permutations
from typing import Any

import sympy
from flint import fmpq
from hypothesis import strategies as st

from oracles import zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_CHAIN, ANY_LAW, CHAINS, HIDDEN_CHAINS, LAWS, SHARPER, uniform
from proofs_check.spaces import chains, choice, interval, tables
from theory import bounds
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact.extreme_profiles import code_profile
from theory.exact.log_sums import log2
from theory.exact.ordered_partitions import size_vectors
from theory.exact.profile import Entropies, contexts, is_markov
from theory.unmasking.partitions import equal_sizes

A = Source("Theorem A", "derived for this project")
B = Source("Theorem B", "derived for this project")
C = Source("Theorem C", "derived for this project")
RATES = [fmpq(1, 4), 1]
HIDDEN = Mutant("with a hidden state", without="a Markov chain", instances=grid(q=HIDDEN_CHAINS))
MORE = Mutant("5% more", constant=fmpq(21, 20))
LESS = Mutant("5% less", constant=SHARPER)
REVERSED = Mutant("reversed", reverse=True)


def longer(least):
    """At least so many positions."""
    return lambda q: q.length >= least


def falling(length) -> list[Any]:
    """Any f(0) > .. > f(L-1) > 0, by its drops."""
    drops = sympy.symbols(f"g:{length}", positive=True)
    return [sum(drops[m:]) for m in range(length)]


def intervals(weights):
    """The steps [c_{k-1}, c_k]."""
    ends = [sum(weights[:k], fmpq(0)) for k in range(len(weights) + 1)]
    return list(pairwise(ends))


# ------------------------------------------------------------------ Theorem A


@claim(
    source=A.at("step 5"),
    log_base="2 (bits)",
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    attack={"q": tables(2, 3)},
    tight=Tight(at(q=zoo.all_equal(3, 3))),
    mutants=[LESS, REVERSED],
)
def at_most_log_vocab(q, *, constant=1):
    """SI = sum_i I(X_i; X_rest) <= sum_i H(X_i) <= L log V."""
    return Relation(exact.correlation(q), "<=", constant * q.length * log2(q.vocab_size))


@claim(
    source=A,
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 4]),
    search={"q": ANY_LAW, "steps": st.integers(1, 5)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.all_equal(6), steps=1), ratio=fmpq(5, 6)),
    mutants=[
        Mutant("4 eps/5", slack=fmpq(4, 5), instances=[at(q=zoo.all_equal(6), steps=1)]),
        Mutant("TC in place of SI", correlation=exact.total_correlation),
        REVERSED,
    ],
    notes=[
        "The ideal denoiser, and E KL >= KL in place of KL; with learned ones: feng2025.perplexity_of_any_law.",
        "So N = 1/(4 eps) steps give the 4 eps log V of Feng et al. 2025, Theorem 4.2, whatever n and L are.",
    ],
    rests_on=[
        "identities.token_error_rate",
        "identities.convexity",
        "identities.learned_partition",
        "li_cai2025.iid_upper_bound",
        "theorems.at_most_log_vocab",
        "feng2025.perplexity_of_any_law",
    ],
)
def theorem_a(q, steps, *, slack=1, correlation=exact.correlation):
    """E KL / L <= SI/(N L) <= log(V)/N = 4 eps log V at N = 1/(4 eps) uniform iid steps, for every law."""
    excess = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps)) / q.length
    bound = slack * correlation(q) / (steps * q.length)
    eps = fmpq(1, 4 * steps)
    return Relation(excess, "<=", bound), Relation(bound, "<=", bounds.perplexity_bound(0, eps, q.vocab_size))


# ------------------------------------------------------------------ Theorem B


@claim(
    source=B.at("step 2"),
    instances=grid(length=range(1, 7)),
    mutants=[MORE],
    notes=["By parts, for every L: int c (-h') = int h - h(1) and int (1-c) (-h') = h(0) - int h."],
    rests_on=[
        "identities.integral_of_h",
        "identities.total_correlation",
        "identities.dual_total_correlation",
    ],
)
def information_by_slopes(length, *, constant=1):
    """int c (-h'(c)) dc = H - h(1) = DTC and int (1-c) (-h'(c)) dc = h(0) - H = TC, for any f."""
    f, c = falling(length), sympy.Symbol("c")
    slope = -sympy.diff(sympy.expand(profiles.h(f, c)), c)
    dual, total = (sympy.integrate(sympy.expand(share * slope), (c, 0, 1)) * constant for share in (c, 1 - c))
    return (
        Relation(dual, "==", profiles.dual_total_correlation(f)),
        Relation(total, "==", profiles.total_correlation(f)),
    )


@claim(
    source=B.at("step 3"),
    instances=grid(steps=[1, 2, 5, 9], rate=[*RATES, fmpq(7, 2)]),
    mutants=[MORE],
)
def geometric_weights(steps, rate, *, constant=1):
    """Rising: w_1 = (1+d)^{-(N-1)}, w_k = d c_{k-1} later; falling: w_k = d (1 - c_k), w_N = (1+d)^{-(N-1)}."""
    rising, shrinking = bounds.rising_weights(rate, steps), bounds.falling_weights(rate, steps)
    ends = (fmpq(1) + rate) ** (1 - steps) * constant
    later = [Relation(end - start, "==", constant * rate * start) for start, end in intervals(rising)[1:]]
    before = [Relation(b - a, "==", constant * rate * (1 - b)) for a, b in intervals(shrinking)[:-1]]
    return [Relation(rising[0], "==", ends), Relation(shrinking[-1], "==", ends), *later, *before]


@claim(
    source=B.at("step 4"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, low=[0, fmpq(1, 3)], high=[fmpq(1, 2), 1]),
    search={"q": ANY_LAW, "low": st.just(fmpq(1, 5)), "high": st.sampled_from([fmpq(1, 4), fmpq(4, 5)])},
    attack={"q": tables(2, 3), "low": interval(0, "1/2"), "high": interval("1/2", 1)},
    tight=Tight(at(q=zoo.all_equal(5), low=fmpq(1, 3), high=fmpq(2, 5)), ratio=0.9),
    mutants=[Mutant("c at the other end", swapped=True), REVERSED],
    notes=["int c (-h') over a step = int h - c h at its ends (by parts)."],
    rests_on=["identities.profile_falls"],
)
def slopes_of_a_step(q, low, high, *, swapped=False):
    """a (h(a) - h(b)) <= int_a^b c (-h'(c)) dc and (1-b)(h(a) - h(b)) <= int_a^b (1-c)(-h'(c)) dc."""
    f = profiles.profile(q)
    drop = profiles.h(f, low) - profiles.h(f, high)
    dual = profiles.integral(f, low, high) + low * profiles.h(f, low) - high * profiles.h(f, high)
    start, end = (high, low) if swapped else (low, high)
    return Relation(start * drop, "<=", dual), Relation((1 - end) * drop, "<=", drop - dual)


theorem_b = partial(
    claim,
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3, 8], rate=RATES),
    search={"q": ANY_LAW, "steps": st.integers(1, 6), "rate": st.sampled_from([*RATES, fmpq(3, 7)])},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3), "rate": interval("1/10", 2)},
    rests_on=[
        "chen_cong_li2025.every_step_errs_on_one_side",
        "theorems.information_by_slopes",
        "theorems.geometric_weights",
        "theorems.slopes_of_a_step",
        "identities.correlation",
    ],
)


@theorem_b(
    source=B.at("rising weights"),
    tight=Tight(
        at(q={"eight equal tokens": zoo.all_equal(8)}, steps=1, rate=fmpq(1, 100)), ratio=fmpq(700, 801)
    ),
    mutants=[
        Mutant("without d DTC", limiting=0, instances=[at(q=zoo.parity(6), steps=9, rate=1)]),
        Mutant(
            "the other weights",
            weights=bounds.falling_weights,
            instances=[at(q=zoo.all_equal(6), steps=8, rate=1)],
        ),
        Mutant("half of the whole", constant=fmpq(1, 2)),
    ],
    notes=["One step of L equal tokens reaches (L-1)/(L+d) of the bound, which tends to 1."],
)
def growing_steps(q, steps, rate, *, constant=1, limiting=1, weights=bounds.rising_weights):
    """c_k = (1+d)^{-(N-k)}: E KL <= d DTC + (1+d)^{-(N-1)} SI, for every law."""
    f = profiles.profile(q)
    dual = limiting * profiles.dual_total_correlation(f)
    bound = bounds.geometric_divergence_bound(dual, profiles.correlation(f), rate, steps)
    return Relation(profiles.iid_expected_divergence(f, weights(rate, steps)), "<=", constant * bound)


@theorem_b(
    source=B.at("falling weights"),
    tight=Tight(
        at(q={"eight equal tokens": zoo.all_equal(8)}, steps=1, rate=fmpq(1, 100)), ratio=fmpq(700, 807)
    ),
    mutants=[
        Mutant("without d TC", limiting=0, instances=[at(q=zoo.all_equal(6), steps=9, rate=1)]),
        Mutant(
            "the other weights",
            weights=bounds.rising_weights,
            instances=[at(q=zoo.parity(6), steps=25, rate=fmpq(1, 4))],
        ),
        Mutant("half of the whole", constant=fmpq(1, 2)),
    ],
    notes=["One step of L equal tokens reaches (L-1)/(L + d (L-1)) of the bound: 1 as L grows and d falls."],
)
def shrinking_steps(q, steps, rate, *, constant=1, limiting=1, weights=bounds.falling_weights):
    """c_k = 1 - (1+d)^{-k}, c_N = 1: E KL <= d TC + (1+d)^{-(N-1)} SI, for every law."""
    f = profiles.profile(q)
    total = limiting * profiles.total_correlation(f)
    bound = bounds.geometric_divergence_bound(total, profiles.correlation(f), rate, steps)
    return Relation(profiles.iid_expected_divergence(f, weights(rate, steps)), "<=", constant * bound)


# ------------------------------------------------------------------ Theorem C: the profile of a chain is convex


@claim(
    source=C.at("step 1"),
    log_base="2 (bits)",
    hypotheses={"a Markov chain": is_markov, "L >= 3": longer(3)},
    instances=grid(q=CHAINS),
    search={"q": ANY_CHAIN},
    attack={"q": chains(3, 4, homogeneous=False)},
    tight=Tight(at(q=CHAINS["one step of its own"]), ratio=0.96),
    mutants=[HIDDEN, REVERSED],
)
def conditioning(q):
    """I(X_i; X_j | X_S, X_k) <= I(X_i; X_j | X_S) for all i, j, k and S, in a Markov chain."""
    entropies, places = Entropies(q), range(q.length)
    return [
        Relation(entropies.mutual(i, j, {*given, k}), "<=", entropies.mutual(i, j, given))
        for size in range(q.length - 2)
        for (i, j), given in contexts(q.length, size, out=2)
        for k in places
        if k not in {i, j, *given}
    ]


@claim(
    source=C.at("step 2"),
    log_base="2 (bits)",
    hypotheses={"a Markov chain": is_markov, "L >= 3": longer(3)},
    instances=grid(q=CHAINS),
    search={"q": ANY_CHAIN},
    attack={"q": chains(3, 4, homogeneous=False)},
    tight=Tight(at(q=zoo.golden_mean(3)), ratio=0.97),
    mutants=[HIDDEN, REVERSED],
    rests_on=["identities.falls_by_information", "theorems.conditioning"],
)
def convex_profile(q):
    """2 f(m+1) <= f(m) + f(m+2) for every m, in a Markov chain."""
    f = profiles.profile(q)
    return [Relation(2 * f[m + 1], "<=", f[m] + f[m + 2]) for m in range(q.length - 2)]


@claim(
    source=C.at("step 3, derivatives"),
    mutants=[MORE],
    notes=[
        "So the derivative of sum_m C(n, m) c^m (1-c)^{n-m} f(m) is n times that sum for n-1 and f(m+1) - f(m)."
    ],
)
def slope_of_bernstein(*, constant=1):
    """m C(n, m) = n C(n-1, m-1) and (n-m) C(n, m) = n C(n-1, m), the coefficients of d/dc c^m (1-c)^{n-m} C(n, m)."""
    n, m = sympy.symbols("n m", integer=True, positive=True)
    chosen = sympy.binomial(n, m)
    return (
        Relation(m * chosen / sympy.binomial(n - 1, m - 1), "==", constant * n),
        Relation((n - m) * chosen / sympy.binomial(n - 1, m), "==", constant * n),
    )


@claim(
    source=C.at("step 3"),
    instances=grid(length=range(3, 7)),
    mutants=[MORE],
    rests_on=["theorems.slope_of_bernstein"],
)
def bends_of_h(length, *, constant=1):
    """h''(c) = L (L-1)(L-2) sum_m C(L-3, m) c^m (1-c)^{L-3-m} (f(m) - 2 f(m+1) + f(m+2)), for any f."""
    bends: list[Any] = list(sympy.symbols(f"b:{length - 2}", positive=True))
    f, c, d = bent(bends), sympy.Symbol("c", positive=True), sympy.Symbol("d", positive=True)
    second = sympy.diff(profiles.h(f, c), c, 2)
    mixture = length * (length - 1) * profiles.h(bends, c)
    given = {c: 1 / (1 + d)}  # 0 < c < 1, so that signs can be read off
    return Relation(sympy.expand(second - constant * mixture).subs(given), "==", 0)


def bent(bends):
    """All numbers f with these second differences: the last two are free."""
    f: list[Any] = list(sympy.symbols("e:2", positive=True))
    for bend in reversed(bends):
        f.insert(0, bend + 2 * f[0] - f[1])
    return f


# ------------------------------------------------------------------ Theorem C: what follows for every chain

chain_claim = partial(claim, log_base="2 (bits)")
FROM_CONVEXITY = ["theorems.convex_profile", "theorems.bends_of_h", "identities.iid_schedules"]
A_CHAIN = {"a Markov chain": is_markov}
FALLING_AND_CONVEX = {
    "f falls": lambda f: all(a >= b for a, b in pairwise(f)),
    "f is convex": lambda f: all(bend >= 0 for bend in profiles.second_differences(f)),
}
CONVEX = st.lists(st.integers(0, 5), min_size=1, max_size=12).map(
    lambda bends: [*accumulate(accumulate(bends))][::-1]
)
"""Profiles that fall and are convex."""


@chain_claim(
    source=C.at("step 4"),
    hypotheses=A_CHAIN,
    instances=grid(q=CHAINS, steps=[1, 2, 5]),
    search={"q": ANY_CHAIN, "steps": st.integers(1, 6)},
    attack={"q": chains(3, 4, homogeneous=False), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.sticky_chain(2), steps=3)),
    mutants=[
        Mutant(
            "with a hidden state", without="a Markov chain", instances=grid(q=HIDDEN_CHAINS, steps=[1, 2, 3])
        ),
        MORE,
    ],
    rests_on=[*FROM_CONVEXITY, "li_cai2025.iid_upper_bound"],
)
def uniform_steps(q, steps, *, constant=1):
    """SI/(2N) <= E KL <= SI/N for N uniform iid steps, in a Markov chain."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps))
    correlation = exact.correlation(q)
    return (
        Relation(constant * correlation / (2 * steps), "<=", divergence),
        Relation(divergence, "<=", correlation / steps),
    )


@claim(
    source=C.at("step 5, for profiles"),
    log_base="any",
    hypotheses=FALLING_AND_CONVEX | {"s divides L": lambda f, size: len(f) % size == 0},
    instances=grid(f=[[fmpq(m * m) for m in range(n, 0, -1)] for n in (1, 2, 4, 12)], size=[1, 2, 4]),
    search={"f": CONVEX, "size": st.integers(1, 4)},
    tight=Tight(at(f=[2, 1, 0, 0], size=2)),
    mutants=[
        MORE,
        Mutant("not convex", without="f is convex", instances=[at(f=[1, 1, 1, 0], size=4)]),
        REVERSED,
    ],
    notes=["Chords: f(m) - f(m+j) >= (j/s)(f(m) - f(m+s)), with f(L) = f(L-1) for the last step."],
)
def chords_of_constant_sizes(f, size, *, constant=1):
    """E KL >= (s-1)(f(0) - f(L-1))/2 for sizes s, .., s, for every profile that falls and is convex."""
    divergence = profiles.sizes_expected_divergence(f, equal_sizes(len(f), len(f) // size))
    return Relation(constant * fmpq(size - 1, 2) * (f[0] - f[-1]), "<=", divergence)


@chain_claim(
    source=C.at("step 5"),
    hypotheses=A_CHAIN | {"s divides L": lambda q, size: q.length % size == 0},
    instances=grid(q=CHAINS, size=[1, 2, 3, 4]),
    search={"q": ANY_CHAIN, "size": st.integers(1, 4)},
    attack={"q": chains(3, 4, homogeneous=False), "size": choice(2, 4)},
    tight=Tight(at(q={"four equal pairs": zoo.equal_pairs(8)}, size=2), ratio=fmpq(7, 8)),
    mutants=[
        Mutant("with a hidden state", without="a Markov chain", instances=grid(q=HIDDEN_CHAINS, size=[2, 4])),
        Mutant("half as much again", constant=fmpq(3, 2)),
    ],
    notes=[
        "Equal pairs reach (L-1)/L of the lower bound, for every s: f is a line; equal tokens the upper one.",
        "With L-1 in place of L the lower bound is sharp: extreme_chains.constant_sizes_at_least.",
    ],
    rests_on=[
        "theorems.convex_profile",
        "theorems.chords_of_constant_sizes",
        "identities.sizes_schedules",
        "li_cai2025.sizes_upper_bound",
    ],
)
def constant_sizes(q, size, *, constant=1):
    """(s-1) SI/(2L) <= E KL <= (s-1) SI/L for L/s steps of s tokens, in a Markov chain."""
    sizes = equal_sizes(q.length, q.length // size)
    divergence = profiles.sizes_expected_divergence(profiles.profile(q), sizes)
    upper = bounds.sizes_divergence_bound(exact.correlation(q), size, q.length)
    return Relation(constant * upper / 2, "<=", divergence), Relation(divergence, "<=", upper)


@chain_claim(
    source=C.at("step 6"),
    hypotheses=A_CHAIN,
    instances=grid(q=CHAINS),
    search={"q": ANY_CHAIN},
    attack={"q": chains(3, 4, homogeneous=False)},
    tight=Tight(at(q=zoo.sticky_chain(2))),
    mutants=[HIDDEN, MORE, REVERSED],
    rests_on=["theorems.convex_profile", "identities.total_correlation", "identities.dual_total_correlation"],
)
def total_over_dual(q, *, constant=1):
    """TC >= DTC, in a Markov chain."""
    f = profiles.profile(q)
    return Relation(profiles.total_correlation(f), ">=", constant * profiles.dual_total_correlation(f))


@claim(
    source=C.at("step 7, points"),
    instances=grid(),
    mutants=[MORE],
)
def points_of_one_step_more(*, constant=1):
    """k/(N+1) = (k/(N+1)) (k-1)/N + (1 - k/(N+1)) k/N: a point of N+1 steps lies between two points of N."""
    k, n = sympy.symbols("k N", positive=True)
    share = k / (n + 1)
    return Relation(constant * share, "==", share * (k - 1) / n + (1 - share) * k / n)


@claim(
    source=C.at("step 7, sum"),
    instances=grid(steps=range(1, 8)),
    mutants=[MORE],
    notes=["With h convex the left side is at least (N+1) times the left Riemann sum of N+1 steps."],
    rests_on=["theorems.points_of_one_step_more"],
)
def sum_of_one_step_more(steps, *, constant=1):
    """sum_{k<=N} [(k/(N+1)) h((k-1)/N) + (1 - k/(N+1)) h(k/N)] = (1 + 1/(N+1)) sum_{j<N} h(j/N) + h(1)/(N+1)."""
    h: list[Any] = list(sympy.symbols(f"h:{steps + 1}", positive=True))
    shares = [sympy.Rational(k, steps + 1) for k in range(steps + 1)]
    mixed = sum(share * h[max(k - 1, 0)] + (1 - share) * h[k] for k, share in enumerate(shares))
    extra = sympy.Rational(1, steps + 1)
    return Relation(constant * mixed, "==", (1 + extra) * sum(h[:-1]) + extra * h[-1])


@chain_claim(
    source=C.at("step 7"),
    hypotheses=A_CHAIN,
    instances=grid(q=CHAINS, steps=[1, 2, 3, 7]),
    search={"q": ANY_CHAIN, "steps": st.integers(1, 6)},
    attack={"q": chains(3, 4, homogeneous=False), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.sticky_chain(2), steps=2)),
    mutants=[
        Mutant(
            "with a hidden state", without="a Markov chain", instances=grid(q=HIDDEN_CHAINS, steps=[1, 2])
        ),
        Mutant("5% more gained", constant=fmpq(21, 20)),
        REVERSED,
    ],
    notes=["More than monotone; equality where h is a straight line."],
    rests_on=[*FROM_CONVEXITY, "theorems.sum_of_one_step_more"],
)
def one_step_more(q, steps, *, constant=1):
    """E KL_{N+1} <= E KL_N - (E KL_N + DTC)/(N+1)^2 for uniform iid steps, in a Markov chain."""
    f = profiles.profile(q)
    now, then = (profiles.iid_expected_divergence(f, uniform(n)) for n in (steps, steps + 1))
    gained = (now + profiles.dual_total_correlation(f)) / (steps + 1) ** 2
    return Relation(then, "<=", now - constant * gained)


@claim(
    source=C.at("step 7, for profiles"),
    log_base="any",
    hypotheses=FALLING_AND_CONVEX,
    instances=grid(f=[[fmpq(m * m) for m in range(n, 0, -1)] for n in (1, 2, 5, 12)], steps=[1, 2, 5]),
    search={"f": CONVEX, "steps": st.integers(1, 9)},
    tight=Tight(at(f=[fmpq(2), fmpq(1)], steps=2), ratio=fmpq(2, 3)),
    mutants=[
        Mutant(
            "not convex",
            without="f is convex",
            instances=[at(f={"MDS code [25, 10]": code_profile(25, 10)}, steps=2)],
        ),
        REVERSED,
    ],
    notes=[
        "Among other laws it can rise: the MDS code [25, 10] from 4.4216 to 4.5783 (in log Q) at N = 2 -> 3."
    ],
    rests_on=["theorems.sum_of_one_step_more", "theorems.bends_of_h"],
)
def falling_error(f, steps):
    """E KL falls with N for every profile that falls and is convex, and need not for others."""
    now, then = (profiles.iid_expected_divergence(f, uniform(n)) for n in (steps, steps + 1))
    return Relation(then, "<=", now)


@claim(
    source=C.at("step 8, swap"),
    instances=grid(),
    mutants=[MORE],
    notes=["On the right is a times what convexity says is not negative."],
)
def swap(*, constant=1):
    """[a f(m) + b f(m+a)] - [b f(m) + a f(m+b)] = a [(1 - b/a) f(m) + (b/a) f(m+a) - f(m+b)]."""
    a, b, f0, fa, fb = sympy.symbols("a b f_m f_ma f_mb", positive=True)
    larger_first, smaller_first = a * f0 + b * fa, b * f0 + a * fb
    bend = (1 - b / a) * f0 + b / a * fa - constant * fb
    return Relation(larger_first - smaller_first, "==", a * bend)


@chain_claim(
    source=C.at("step 8"),
    hypotheses=A_CHAIN | {"N <= L": lambda q, steps: steps <= q.length},
    instances=grid(q=CHAINS, steps=[1, 2, 3]),
    search={"q": ANY_CHAIN, "steps": st.integers(1, 3)},
    attack={"q": chains(3, 4, homogeneous=False), "steps": choice(2, 3)},
    tight=Tight(at(q=zoo.golden_mean(4), steps=1)),
    mutants=[
        Mutant("with a hidden state", without="a Markov chain", instances=grid(q=HIDDEN_CHAINS, steps=[2])),
        Mutant("descending", order=lambda sizes: sorted(sizes)[::-1]),
    ],
    rests_on=["theorems.convex_profile", "theorems.swap", "identities.sizes_schedules"],
)
def ascending_sizes(q, steps, *, order=sorted):
    """Of all orders of the same sizes the ascending one has the least E KL, in a Markov chain."""
    f = profiles.profile(q)
    return [
        Relation(profiles.sizes_expected_divergence(f, order(sizes)), "<=", least(f, sizes))
        for sizes in size_vectors(q.length, steps)
        if 0 not in sizes[1:]
    ]


def least(f, sizes):
    """The least E KL over all orders of these sizes."""
    return min(profiles.sizes_expected_divergence(f, list(order)) for order in set(permutations(sizes)))
