"""Exact identities of masked diffusion with a known target law q on V^L.

f(m): the mean of H(X_i | X_S) over i and |S| = m, i not in S.  h(c) = sum_i E_{S ~ Bernoulli(c)} H(X_i | X_S).
TC = sum_i H(X_i) - H, DTC = H - sum_i H(X_i | X_rest), SI = sum_i I(X_i; X_rest).
A schedule is the law of an ordered partition pi = (S_1, .., S_N); p_pi is what its sampler generates, p = E p_pi.
iid(w): every position falls in step k with probability w_k, c_k = w_1 + .. + w_k; sizes(n): uniform given the
sizes, m_k = n_1 + .. + n_k.  E KL = E_pi KL(q || p_pi).  l(i, S) = E_q[-log2 d(X_i | X_S)] for a denoiser d.

Proofs.  p_pi(x) = prod_i d(x_i | x_{S_<k(i)}), so KL(q || p_pi) is the sum of l(i, S_{<k(i)}) less H.  Its mean
under a schedule that treats positions alike depends on the sizes of the contexts only.  Conditional entropies along
any order add up to H (chain rule).  An iid schedule is a mixture of sizes, multinomially distributed.

The objectives of MDLM (Sahoo et al. 2024), MD4 (Shi et al. 2024), RADD (Ou et al. 2024) and of any-order
autoregressive models are one number: our reading of their continuous time is an integral over all times.
"""

from functools import partial
from itertools import pairwise
from typing import Any

import sympy
from flint import fmpq
from hypothesis import strategies as st

from oracles import testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, HALF, LAWS, SHARPER, WEIGHTS, table, uniform
from theory import IID, FixedSizes, Partition, sampler_law
from theory.denoisers import Function, Ideal, Perturbed
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact.log_sums import LogSum
from theory.exact.losses import Losses
from theory.exact.ordered_partitions import mean_divergence, mean_over_sizes, size_vectors
from theory.exact.profile import Entropies

SOURCE = Source("Identities of masked diffusion", "derived for this project")
NELBO = Source("MDLM, MD4, RADD and any-order models", "arXiv 2406.07524, 2406.04329, 2406.03736")

PARTITIONS = [[[0, 1, 2, 3]], [[1], [0, 3], [2]], [[2, 3], [0, 1]], [[3], [1], [0], [2]]]
SIZES = [[4], [1, 3], [2, 2], [3, 1], [1, 1, 2], [2, 0, 2]]
FEW_LAWS = {name: LAWS[name] for name in ("golden mean", "non-unifilar HMM", "parity", "five words")}
TWO_STEPS = {name: WEIGHTS[name] for name in ("3/4, 1/4", "two halves")}
ANY_WEIGHTS = st.integers(1, 3).flatmap(testing.weights)
FIVE_PERCENT = Mutant("5% more", constant=fmpq(21, 20))
information = partial(claim, source=SOURCE, log_base="2 (bits)")
objective = partial(claim, source=NELBO, log_base="2 (bits)")


def blurred(q):
    """The ideal denoiser, mixed with one tenth of uniform."""
    return Perturbed(Ideal(q), fmpq(1, 10))


def counting(q):
    """A denoiser that knows nothing of q: its odds 1 : 2 : .. turn round with the number of masked positions."""

    def answer(patterns):
        masked = (patterns == q.mask).sum(axis=1)
        odds = [[(a + count) % q.vocab_size + 1 for a in range(q.vocab_size)] for count in masked.tolist()]
        rows = [[fmpq(odd, sum(row)) for odd in row] for row in odds]
        return q.arithmetic.array([[row] * q.length for row in rows])

    return Function(q, answer)


DENOISERS = {"blurred": blurred, "counting": counting}


def symbols(length) -> list[Any]:
    """f(0), .., f(L-1) as positive symbols."""
    return list(sympy.symbols(f"f:{length}", positive=True))


# ------------------------------------------------------------------ of the law


@information(instances=grid(q=LAWS), search={"q": ANY_LAW}, mutants=[FIVE_PERCENT])
def chain_rule(q, *, constant=1):
    """sum_m f(m) = H(X)."""
    return Relation(sum(profiles.profile(q), LogSum({})), "==", constant * exact.entropy(q))


@information(
    instances=grid(q=LAWS, c=[0, fmpq(1, 3), HALF, 1]),
    search={"q": ANY_LAW, "c": st.sampled_from([fmpq(1, 4), fmpq(3, 5)])},
    mutants=[FIVE_PERCENT],
)
def h_from_profile(q, c, *, constant=1):
    """h(c) = L sum_m C(L-1, m) c^m (1-c)^{L-1-m} f(m)."""
    return Relation(Entropies(q).revealed_at_random(c), "==", constant * profiles.h(profiles.profile(q), c))


@claim(
    source=SOURCE,
    mutants=[FIVE_PERCENT],
    notes=["Euler's integral: B(x, y) = Gamma(x) Gamma(y)/Gamma(x + y)."],
)
def equal_chances_of_counts(*, constant=1):
    """int L C(L-1, m) c^m (1-c)^{L-1-m} dc = L C(L-1, m) B(m+1, L-m) = 1 for all L and m."""
    length, m = sympy.symbols("L m", integer=True, positive=True)
    return Relation(length * sympy.binomial(length - 1, m) * euler(m + 1, length - m), "==", constant)


def euler(x, y):
    """B(x, y) = int_0^1 c^{x-1} (1-c)^{y-1} dc."""
    return sympy.gamma(x) * sympy.gamma(y) / sympy.gamma(x + y)


@claim(
    source=SOURCE,
    instances=grid(length=range(1, 7)),
    mutants=[FIVE_PERCENT],
    rests_on=["identities.equal_chances_of_counts"],
)
def integral_of_h(length, *, constant=1):
    """int_0^1 h(c) dc = sum_m f(m), for any numbers f."""
    f, c = symbols(length), sympy.Symbol("c")
    return Relation(sympy.integrate(sympy.expand(profiles.h(f, c)), (c, 0, 1)), "==", constant * sum(f))


@information(instances=grid(q=LAWS), search={"q": ANY_LAW}, mutants=[FIVE_PERCENT])
def total_correlation(q, *, constant=1):
    """TC = h(0) - H."""
    return Relation(
        exact.total_correlation(q), "==", constant * profiles.total_correlation(profiles.profile(q))
    )


@information(instances=grid(q=LAWS), search={"q": ANY_LAW}, mutants=[FIVE_PERCENT])
def dual_total_correlation(q, *, constant=1):
    """DTC = H - h(1)."""
    entropies, places = Entropies(q), range(q.length)
    each = (entropies.conditional([i], {*places} - {i}) for i in places)
    dual = entropies.joint(places) - sum(each, LogSum({}))
    return Relation(dual, "==", constant * profiles.dual_total_correlation(profiles.profile(q)))


@information(instances=grid(q=LAWS), search={"q": ANY_LAW}, mutants=[FIVE_PERCENT])
def correlation(q, *, constant=1):
    """TC + DTC = SI = h(0) - h(1)."""
    f = profiles.profile(q)
    both = profiles.total_correlation(f) + profiles.dual_total_correlation(f)
    return (
        Relation(both, "==", constant * exact.correlation(q)),
        Relation(exact.correlation(q), "==", profiles.h(f, 0) - profiles.h(f, 1)),
    )


@information(
    hypotheses={"L >= 2": lambda q: q.length >= 2},
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    tight=Tight(at(q=zoo.parity(4))),
    mutants=[
        Mutant("5% more of the first", constant=fmpq(21, 20)),
        Mutant("reversed", reverse=True),
    ],
)
def profile_falls(q, *, constant=1):
    """f(m+1) <= f(m): what is revealed helps."""
    f = profiles.profile(q)
    return [Relation(constant * after, "<=", before) for before, after in pairwise(f)]


@information(
    hypotheses={"L >= 2": lambda q: q.length >= 2},
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    mutants=[FIVE_PERCENT],
    notes=["So f falls, and h with it: h'(c) is -L (L-1) times a mixture of these differences."],
)
def falls_by_information(q, *, constant=1):
    """f(m) - f(m+1) is the mean of I(X_i; X_j | X_S) over |S| = m and i, j not in S."""
    f, entropies = profiles.profile(q), Entropies(q)
    drops = enumerate(pairwise(f))
    return [Relation(constant * entropies.mean_mutual(m), "==", a - b) for m, (a, b) in drops]


# ------------------------------------------------------------------ of a sampler


@information(
    instances=grid(q=LAWS, blocks=PARTITIONS),
    mutants=[Mutant("everything known", knows=lambda before, rest: rest), FIVE_PERCENT],
)
def partition_by_positions(q, blocks, *, constant=1, knows=lambda before, rest: before):
    """KL(q || p_pi) = sum_i H(X_i | X_{S_<k(i)}) - H."""
    divergence = exact.divergence(sampler_law(q, Partition(blocks)))
    paid = Entropies(q).along(blocks, knows)
    return Relation(constant * divergence, "==", paid - exact.entropy(q))


@information(
    instances=grid(q=LAWS, blocks=PARTITIONS),
    mutants=[FIVE_PERCENT, Mutant("without conditioning", conditional=False)],
)
def partition_by_steps(q, blocks, *, constant=1, conditional=True):
    """KL(q || p_pi) = sum_k TC(X_{S_k} | X_{S_<k})."""
    divergence = exact.divergence(sampler_law(q, Partition(blocks)))
    return Relation(constant * divergence, "==", Entropies(q).correlation_along(blocks, conditional))


@information(
    instances=grid(q=FEW_LAWS, blocks=PARTITIONS, denoiser=DENOISERS),
    mutants=[FIVE_PERCENT, Mutant("the ideal part twice", ideal=2)],
)
def learned_partition(q, blocks, denoiser, *, constant=1, ideal=1):
    """A learned denoiser adds sum_i E_q KL(q(x_i | x_S) || d(x_i | x_S)), S = S_{<k(i)}, exactly."""
    d, entropies = denoiser(q), Entropies(q)
    learned = exact.divergence(sampler_law(q, Partition(blocks), d))
    error = Losses(q, d).in_blocks(blocks) - entropies.along(blocks)
    return Relation(learned, "==", ideal * entropies.correlation_along(blocks) + constant * error)


@information(
    instances=grid(q=FEW_LAWS, weights=TWO_STEPS, denoiser={"ideal": Ideal}),
    search={"q": ANY_LAW, "weights": ANY_WEIGHTS, "denoiser": st.just(blurred)},
    tight=Tight(at(q=LAWS["sticky chain"], weights=[1], denoiser={"ideal": Ideal})),
    mutants=[
        Mutant("5% less", constant=SHARPER),
        Mutant("reversed", reverse=True),
    ],
)
def convexity(q, weights, denoiser, *, constant=1):
    """KL(q || p) <= E KL: the divergence of a mixture is at most the mean divergence."""
    d, schedule = denoiser(table(q)), IID(weights)
    divergence = exact.divergence(sampler_law(table(q), schedule, d))
    return Relation(divergence, "<=", constant * mean_divergence(table(q), schedule, d))


@information(
    instances=grid(q=FEW_LAWS, weights=TWO_STEPS),
    search={"q": ANY_LAW, "weights": ANY_WEIGHTS},
    mutants=[
        Mutant("right Riemann sum", end=1),
        Mutant("midpoints", end=HALF),
        FIVE_PERCENT,
    ],
)
def iid_schedules(q, weights, *, constant=1, end=0):
    """iid: E KL = sum_k w_k h(c_{k-1}) - H, the error of the left Riemann sum of h."""
    formula = profiles.iid_expected_divergence(profiles.profile(q), weights, end)
    return Relation(constant * mean_divergence(table(q), IID(weights)), "==", formula)


@information(instances=grid(q=LAWS, sizes=SIZES), mutants=[FIVE_PERCENT])
def sizes_schedules(q, sizes, *, constant=1):
    """sizes: E KL = sum_k n_k f(m_{k-1}) - H."""
    formula = profiles.sizes_expected_divergence(profiles.profile(q), sizes)
    return Relation(constant * mean_divergence(q, FixedSizes(sizes)), "==", formula)


@information(
    instances=grid(q=LAWS, weights=WEIGHTS),
    search={"q": ANY_LAW, "weights": ANY_WEIGHTS},
    mutants=[
        FIVE_PERCENT,
        Mutant("equal weights", mixed_by=lambda weights: uniform(len(weights))),
    ],
    rests_on=["identities.iid_schedules", "identities.sizes_schedules"],
)
def mixture_of_divergences(q, weights, *, constant=1, mixed_by=list):
    """E KL of iid(w) = sum_n Multinomial(n; L, w) E KL of sizes(n)."""
    f = profiles.profile(q)
    mixed = mean_over_sizes(
        q.length, mixed_by(weights), lambda sizes: profiles.sizes_expected_divergence(f, sizes)
    )
    return Relation(constant * mixed, "==", profiles.iid_expected_divergence(f, weights))


@claim(
    source=SOURCE,
    instances=grid(q=FEW_LAWS, weights=WEIGHTS),
    search={"q": ANY_LAW, "weights": ANY_WEIGHTS},
    mutants=[FIVE_PERCENT, Mutant("equal weights", mixed_by=lambda weights: uniform(len(weights)))],
)
def mixture_of_error_rates(q, weights, *, constant=1, mixed_by=list):
    """SER of iid(w) = sum_n Multinomial(n; L, w) SER of sizes(n)."""
    q = table(q)
    mixed = mean_over_sizes(
        q.length, mixed_by(weights), lambda sizes: exact.error_rate(sampler_law(q, FixedSizes(sizes)))
    )
    return Relation(constant * mixed, "==", exact.error_rate(sampler_law(q, IID(weights))))


@information(
    instances=grid(q=LAWS, weights=WEIGHTS),
    search={"q": ANY_LAW, "weights": ANY_WEIGHTS},
    tight=Tight(at(q=zoo.golden_mean(4), weights=[1])),
    mutants=[Mutant("5% less", constant=SHARPER), Mutant("reversed", reverse=True)],
    rests_on=["identities.mixture_of_divergences"],
)
def best_sizes_beat_weights(q, weights, *, constant=1):
    """The best sizes have an E KL that is at most that of any iid weights with as many steps."""
    f = profiles.profile(q)
    best = min(profiles.sizes_expected_divergence(f, sizes) for sizes in size_vectors(q.length, len(weights)))
    return Relation(best, "<=", constant * profiles.iid_expected_divergence(f, weights))


@information(
    instances=grid(q=LAWS, weights=WEIGHTS, denoiser={"ideal": Ideal, "blurred": blurred}),
    mutants=[FIVE_PERCENT],
)
def token_error_rate(q, weights, denoiser, *, constant=1):
    """log2 TER(p) - log2 TER(q) = KL(q || p) / L, where log2 TER(p) = E_q[-log2 p(X)] / L."""
    law = sampler_law(table(q), IID(weights), denoiser(table(q)))
    excess = exact.cross_entropy(law) / q.length - exact.entropy(q) / q.length
    return Relation(excess, "==", constant * exact.divergence(law) / q.length)


# ------------------------------------------------------------------ training objectives


@claim(source=NELBO, mutants=[FIVE_PERCENT])
def weights_of_counts(*, constant=1):
    """int C(L, j) u^{j-1} (1-u)^{L-j} du = C(L, j) B(j, L-j+1) = 1/j for all L and j, with u = 1 - alpha(t)."""
    length, j = sympy.symbols("L j", integer=True, positive=True)
    return Relation(sympy.binomial(length, j) * euler(j, length - j + 1), "==", constant / j)


@claim(
    source=NELBO,
    instances=grid(length=range(1, 5), power=[1, 2, 3]),
    mutants=[
        FIVE_PERCENT,
        Mutant("without 1/(1 - alpha)", weighted=False, instances=[at(length=2, power=2)]),
    ],
    rests_on=["identities.weights_of_counts"],
)
def any_masking_schedule(length, power, *, constant=1, weighted=True):
    """int -alpha'(t)/(1 - alpha(t)) P(j masked at t) dt = 1/j for every j, whatever alpha: here (1-t)^a, 1 - t^a."""
    t = sympy.Symbol("t", positive=True)
    return [
        Relation(sympy.integrate(sympy.expand(rate), (t, 0, 1)), "==", sympy.Rational(1, j) * constant)
        for alpha in ((1 - t) ** power, 1 - t**power)
        for j in range(1, length + 1)
        for rate in [masking_rate(alpha, t, length, j, weighted)]
    ]


def masking_rate(alpha, t, length, masked, weighted):
    """-alpha'(t)/(1 - alpha(t)) times the probability that so many of L positions are masked at time t."""
    chance = sympy.binomial(length, masked) * alpha ** (length - masked)
    left = masked - 1 if weighted else masked
    return -sympy.diff(alpha, t) * chance * (1 - alpha) ** left


@objective(
    instances=grid(q=LAWS, denoiser={"ideal": Ideal, **DENOISERS}),
    mutants=[FIVE_PERCENT],
    notes=["The weights 1/j are those of continuous time: any_masking_schedule."],
    rests_on=["identities.any_masking_schedule"],
)
def masked_loss_is_any_order(q, denoiser, *, constant=1):
    """sum_j (1/j) E[loss of j masked tokens] = mean over all L! orders of the autoregressive loss."""
    losses = Losses(q, denoiser(q))
    return Relation(constant * losses.by_count(), "==", losses.any_order())


@objective(
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    mutants=[FIVE_PERCENT],
    rests_on=["identities.masked_loss_is_any_order", "identities.chain_rule"],
)
def continuous_time(q, *, constant=1):
    """The NELBO of the ideal denoiser in continuous time is H(X)."""
    return Relation(Losses(q).by_count(), "==", constant * exact.entropy(q))


@objective(
    instances=grid(q=LAWS, denoiser=DENOISERS),
    tight=Tight(at(q=zoo.parity(4), denoiser={"ideal": Ideal})),
    mutants=[
        Mutant("reversed", reverse=True),
        Mutant("5% less", constant=SHARPER, instances=[at(q=LAWS["parity"], denoiser={"ideal": Ideal})]),
    ],
    rests_on=["identities.masked_loss_is_any_order", "identities.continuous_time"],
)
def lower_bound(q, denoiser, *, constant=1):
    """H(X) <= NELBO, with equality for the ideal denoiser."""
    return Relation(exact.entropy(q), "<=", constant * Losses(q, denoiser(q)).by_count())


@objective(
    instances=grid(
        q=FEW_LAWS, weights={"3/4, 1/4": WEIGHTS["3/4, 1/4"]}, denoiser={"ideal": Ideal, **DENOISERS}
    ),
    mutants=[FIVE_PERCENT, Mutant("without E KL", discrete=0)],
    rests_on=["identities.iid_schedules", "identities.learned_partition"],
)
def discrete_time(q, weights, denoiser, *, constant=1, discrete=1):
    """N steps: NELBO = H + E KL + sum over contexts of KL(q(x_i|x_S) || d(x_i|x_S)); ideal: H + E KL."""
    q = table(q)
    losses, schedule, f = Losses(q, denoiser(q)), IID(weights), profiles.profile(q)
    error = losses.expected(schedule) - Losses(q).expected(schedule)
    ideal = exact.entropy(q) + discrete * profiles.iid_expected_divergence(f, weights)
    return Relation(constant * losses.expected(schedule), "==", ideal + error)
