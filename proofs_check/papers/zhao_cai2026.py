"""Zhao & Cai 2026: masked diffusion with randomised numbers of tokens per step adapts to the structure of the law.

Notation as in `identities`; K is their number of steps, our N.  Our reading (from the catalogue of later theory and
the abstract): if the sizes of the steps are drawn at random, multinomially, then the expected divergence is at most
TC/K, or DTC/K, up to a logarithm, although the schedule knows nothing of the law.  It follows from Theorem B.
    Randomised sizes.  A random vector of sizes, then a uniformly random partition with these sizes: with
    multinomial sizes that is an iid schedule, so its sampler has the same law, and every statement carries over.
    Rates.  In Theorem B put d = j/(K-1) with 2^j >= (K-1) SI/X and j <= K-1.  Since (1+d)^{1/d} >= 2 for d <= 1,
    (1+d)^{-(K-1)} SI <= 2^{-j} SI <= X/(K-1), and E KL <= (j + 1) X/(K-1) with X = DTC or X = TC.
"""

from flint import fmpq
from hypothesis import strategies as st

from oracles import testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, LAWS, WEIGHTS, table, uniform
from proofs_check.spaces import choice, tables
from theory import IID, RandomSizes, bounds, sampler_law
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact.ordered_partitions import mean_over_sizes, multinomial, size_vectors

ZHAO_CAI = Source("Zhao & Cai 2026", "arXiv 2602.20126")


def multinomial_sizes(q, weights):
    """Sizes drawn like the numbers of positions that an iid schedule reveals in every step."""
    sizes = list(size_vectors(q.length, len(weights)))
    return RandomSizes(sizes, [multinomial(n, weights) for n in sizes])


@claim(
    source=ZHAO_CAI.at("randomised sizes"),
    instances=grid(q=LAWS, weights=WEIGHTS),
    search={"q": ANY_LAW, "weights": st.integers(1, 3).flatmap(testing.weights)},
    mutants=[Mutant("weights turned round", drawn_by=lambda weights: weights[::-1])],
    notes=["Checked on the whole law of the sampler: sum_x |p(x) - p'(x)| = 0."],
)
def random_sizes_are_iid(q, weights, *, drawn_by=list):
    """With multinomial sizes the sampler has the law p of the iid schedule."""
    q = table(q)
    drawn = sampler_law(q, multinomial_sizes(q, drawn_by(weights))).table()
    iid = sampler_law(q, IID(weights)).table()
    return Relation(sum(map(abs, (drawn - iid).flat), fmpq(0)), "==", 0)


@claim(
    source=ZHAO_CAI.at("randomised sizes"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3]),
    search={"q": ANY_LAW, "steps": st.integers(1, 3)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.all_equal(6), steps=1), ratio=fmpq(5, 6)),
    mutants=[
        Mutant("TC/K", correlation=exact.total_correlation),
        Mutant("half of it", constant=fmpq(1, 2), instances=[at(q=zoo.all_equal(6), steps=1)]),
        Mutant("reversed", reverse=True),
    ],
    notes=["Without a schedule that is chosen for it, the rate is SI/K = (TC + DTC)/K; TC/K alone is false."],
    rests_on=["identities.mixture_of_divergences", "li_cai2025.iid_upper_bound"],
)
def equal_chances(q, steps, *, constant=1, correlation=exact.correlation):
    """Sizes drawn with equal chances for K steps: E KL <= (TC + DTC)/K."""
    f = profiles.profile(q)
    divergence = mean_over_sizes(
        q.length, uniform(steps), lambda sizes: profiles.sizes_expected_divergence(f, sizes)
    )
    return Relation(divergence, "<=", constant * correlation(q) / steps)


@claim(
    source=ZHAO_CAI.at("rates, proof"),
    instances=grid(j=range(1, 8), m=range(1, 20)),
    hypotheses={"j <= m": lambda j, m: j <= m},
    tight=Tight(at(j=3, m=3)),
    mutants=[Mutant("3^j", base=3), Mutant("any m", without="j <= m")],
    notes=["Bernoulli: (1 + x)^r >= 1 + r x for r >= 1, at x = j/m and r = m/j."],
)
def powers(j, m, *, base=2):
    """(1 + j/m)^m >= 2^j for whole m >= j."""
    return Relation((1 + fmpq(j, m)) ** m, ">=", base**j)


@claim(
    source=ZHAO_CAI.at("rates"),
    log_base="2 (bits)",
    hypotheses={
        "2^j >= (K-1) SI/X": lambda q, j, steps, dual: Relation(
            2**j * limiting_information(q, dual), ">=", (steps - 1) * exact.correlation(q)
        ),
        "j <= K-1": lambda j, steps: j <= steps - 1,
    },
    instances=grid(q=LAWS, steps=[2, 4, 8], j=[1, 3, 5, 7], dual=[True, False]),
    attack={"q": tables(2, 4), "steps": choice(2, 4, 8), "j": choice(1, 3), "dual": choice(True, False)},
    tight=Tight(at(q=zoo.tetracode(), steps=8, j=5, dual=True), ratio=0.364),
    mutants=[
        Mutant("a third", constant=fmpq(1, 3)),
        Mutant("reversed", reverse=True),
        Mutant("any j", without="2^j >= (K-1) SI/X"),
    ],
    rests_on=["theorems.growing_steps", "theorems.shrinking_steps", "zhao_cai2026.powers"],
)
def rates(q, steps, j, dual, *, constant=1):
    """E KL <= (j + 1) X/(K-1) with X = DTC, or TC, by K steps with d = j/(K-1) in Theorem B."""
    rate = fmpq(j, steps - 1)
    weights = bounds.rising_weights(rate, steps) if dual else bounds.falling_weights(rate, steps)
    divergence = profiles.iid_expected_divergence(profiles.profile(q), weights)
    bound = constant * (j + 1) * limiting_information(q, dual) / (steps - 1)
    return Relation(divergence, "<=", bound)


def limiting_information(q, dual):
    """DTC, or TC."""
    f = profiles.profile(q)
    return profiles.dual_total_correlation(f) if dual else profiles.total_correlation(f)
