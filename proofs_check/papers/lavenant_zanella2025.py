"""Lavenant & Zanella 2025, 'Error bounds and optimal schedules for masked diffusions with factorized approximations'.

Notation as in `identities`: f is their information profile, E KL = sum_k n_k f(m_{k-1}) - H for sizes n.

Our reading (from the abstract): with s tokens a step the error is bounded by a multiple of s - 1 that does not grow
with the length L, and the optimal sizes are a function of the profile alone.
    Proof of the bound.  A step of s tokens errs by sum_{0 < j < s} (f(m) - f(m + j)).  For every j the drops of
    different steps do not overlap, so over all steps they add up to at most f(0) - f(L-1); and j has s - 1 values.
    Proof of the recursion.  The best sizes of k steps that reveal m tokens end in a step from some a to m, before
    which the sizes are best for a: D[k][m] = min_a D[k-1][a] + (m - a) f(a).
"""

from functools import partial

from flint import fmpq
from hypothesis import strategies as st

from oracles import zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, LAWS, SHARPER
from proofs_check.spaces import choice, tables
from theory import FixedSizes, expected_kl, information_profile, optimal_sizes
from theory.exact import profile as profiles
from theory.exact.log_sums import log2
from theory.exact.ordered_partitions import size_vectors
from theory.information.profile import sizes_expected_kl
from theory.unmasking.alphas import cosine, power, rounded_sizes
from theory.unmasking.partitions import equal_sizes

LAVENANT = Source("Lavenant & Zanella 2025", "arXiv 2510.25544")
FAMILIES = {
    "equal": equal_sizes,
    "cosine": partial(rounded_sizes, cosine),
    "t^2": partial(rounded_sizes, power(2)),
}
RATIOS = {
    "sticky chain": [fmpq(161, 100), fmpq(114, 100), fmpq(109, 100)],
    "noisy 5-cycle": [fmpq(178, 100), fmpq(116, 100), fmpq(110, 100)],
    "golden mean": [fmpq(101, 100), fmpq(121, 100), fmpq(130, 100)],
}
LONG = {"sticky chain": zoo.sticky_chain, "golden mean": zoo.golden_mean, "noisy 5-cycle": zoo.noisy_cycle}


def in_steps_of(size, length):
    """The sizes s, s, .., s, and what is left."""
    whole, rest = divmod(length, size)
    return [size] * whole + [rest] * (rest > 0)


@claim(
    source=LAVENANT.at("constant sizes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, size=[1, 2, 3, 4]),
    search={"q": ANY_LAW, "size": st.integers(1, 3)},
    attack={"q": tables(2, 4), "size": choice(2, 3, 4)},
    tight=Tight(at(q=zoo.all_equal(6, 3), size=2)),
    mutants=[
        Mutant("5% less", constant=SHARPER),
        Mutant(
            "no s - 1, but s/2", extra=lambda size: fmpq(size, 2), instances=[at(q=zoo.all_equal(3), size=3)]
        ),
        Mutant("reversed", reverse=True),
    ],
    rests_on=["identities.sizes_schedules", "identities.profile_falls"],
)
def constant_sizes(q, size, *, constant=1, extra=lambda size: size - 1):
    """s tokens a step: E KL <= (s-1)(f(0) - f(L-1)) <= (s-1) log V."""
    f = profiles.profile(q)
    divergence = profiles.sizes_expected_divergence(f, in_steps_of(size, q.length))
    bound = constant * extra(size) * (f[0] - f[-1])
    return Relation(divergence, "<=", bound), Relation(bound, "<=", extra(size) * log2(q.vocab_size))


@claim(
    source=LAVENANT.at("constant sizes, at length"),
    log_base="2 (bits)",
    instances=grid(family=LONG, length=[16, 64, 200], size=[2, 4]),
    tight=Tight(at(family={"noisy 5-cycle": zoo.noisy_cycle}, length=16, size=4), ratio=0.703),
    mutants=[Mutant("(s-1)/3 in place of s-1", constant=fmpq(1, 3)), Mutant("reversed", reverse=True)],
    notes=[
        "The bound is the same at every length; for chains it cannot be improved by more than a factor of 2."
    ],
    rests_on=["lavenant_zanella2025.constant_sizes"],
)
def no_growth_with_length(family, length, size, *, constant=1):
    """s tokens a step: E KL <= (s-1) (H(X_i) - min_i H(X_i | X_rest)) of stationary chains, however long."""
    q = family(length)
    f = information_profile(q)
    divergence = expected_kl(q, FixedSizes(in_steps_of(size, length)))
    return Relation(divergence, "<=", constant * (size - 1) * (f[0] - f[-1]))


@claim(
    source=LAVENANT.at("optimal sizes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3]),
    search={"q": ANY_LAW, "steps": st.integers(1, 3)},
    mutants=[
        Mutant("equal sizes", chosen=lambda q, steps: sorted(equal_sizes(q.length, steps))[::-1]),
        Mutant("a step less", chosen=lambda q, steps: [*optimal_sizes(q, max(steps - 1, 1)).sizes]),
    ],
    rests_on=["identities.sizes_schedules"],
)
def recursion(q, steps, *, chosen=lambda q, steps: optimal_sizes(q, steps).sizes):
    """D[k][m] = min_a D[k-1][a] + (m - a) f(a) finds sizes of least E KL among all sizes of N steps."""
    f = profiles.profile(q)
    least = min(profiles.sizes_expected_divergence(f, sizes) for sizes in size_vectors(q.length, steps))
    return Relation(profiles.sizes_expected_divergence(f, chosen(q, steps)), "==", least)


@claim(
    source=LAVENANT.at("optimal sizes, what they gain"),
    log_base="2 (bits)",
    instances=grid(law=list(LONG), sizes=list(FAMILIES)),
    mutants=[Mutant("5% more", constant=fmpq(21, 20))],
    notes=["sticky chain: 1.61, 1.14, 1.09; noisy 5-cycle: 1.78, 1.16, 1.10; golden mean: 1.01, 1.21, 1.30."],
    rests_on=["lavenant_zanella2025.recursion"],
)
def what_optimal_sizes_gain(law, sizes, *, constant=1):
    """E KL of equal, cosine and t^2 sizes over the least, at L = 64 and N = 8, is 1.01 to 1.78 (to two digits)."""
    f = information_profile(LONG[law](64))
    divergence = sizes_expected_kl(f, FAMILIES[sizes](64, 8))
    least = optimal_sizes(f, 8).expected_kl.value
    quoted = RATIOS[law][list(FAMILIES).index(sizes)]
    return Relation(abs(divergence - constant * quoted * least), "<=", fmpq(1, 200) * least)
