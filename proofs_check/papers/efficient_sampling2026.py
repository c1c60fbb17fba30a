"""Dmitriev et al. 2026, 'Efficient Sampling with Discrete Diffusion Models: Sharp and Adaptive Guarantees'.

q is the target law on V^L, E KL the expected divergence of an iid schedule with the ideal denoiser, in bits.

Known to us from the abstract only; our reading: the effective total correlation is the smaller of TC and DTC, as
with suitable weights E KL <= d min(TC, DTC) + (1+d)^{-(N-1)} SI (zhao_cai2026, theorems), and neither exceeds
(L - 1) log2 V.  It is sublinear for a hidden Markov model if the entropy of its hidden path Z is: given Z the tokens
are independent, so that H(X_i | X_rest) >= H(X_i | Z) and DTC <= I(X; Z) <= H(Z).
"""

from flint import fmpq

from oracles import Oracle, zoo
from proofs_check import Mutant, NotCheckable, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, HALF, LAWS, SHARPER
from theory import bounds
from theory.exact import information as exact
from theory.exact.log_sums import LogSum, entropy, log2
from theory.exact.profile import correlation as profile_correlation
from theory.exact.profile import iid_expected_divergence, profile

DMITRIEV = Source("Dmitriev et al. 2026", "arXiv 2602.15008v2")
TOPICS = {
    "slow topics": (fmpq(19, 20), fmpq(4, 5)),
    "fast topics": (fmpq(3, 5), fmpq(4, 5)),
    "pure topics": (fmpq(9, 10), fmpq(1)),
}
"""(stay, own): the topic stays with one probability, and emits its own word with the other, else any."""


def dual_total_correlation(q: Oracle) -> LogSum:
    """DTC = SI - TC."""
    return exact.correlation(q) - exact.total_correlation(q)


def hidden_entropy(length: int, stay: fmpq) -> LogSum:
    """H(Z) of two topics from a fair start."""
    return 1 + (length - 1) * entropy([stay, 1 - stay])


@claim(
    source=DMITRIEV.at("abstract: hidden Markov models"),
    log_base="2 (bits)",
    instances=grid(length=[2, 3, 4, 5], topics=TOPICS),
    tight=Tight(at(length=4, topics={"one topic, its own word": (fmpq(1), fmpq(1))})),
    mutants=[
        Mutant("TC in its place", correlation=exact.total_correlation),
        Mutant("5% less", constant=SHARPER),
    ],
    notes=["With stay = 1 - 1/L it grows as log L, with stay = 1 not at all: TC = L - 1, DTC = 1."],
)
def hidden_path(length, topics, *, constant=1, correlation=dual_total_correlation):
    """A hidden Markov model: DTC <= H(Z), the entropy of its hidden path."""
    stay, own = topics
    q = zoo.topic_hmm(length, topics=2, words=1, stay=stay, own=own)
    return Relation(correlation(q), "<=", constant * hidden_entropy(length, stay))


@claim(
    source=DMITRIEV.at("abstract: at most d log S"),
    log_base="2 (bits)",
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    tight=Tight(at(q={"one equal pair of three tokens": zoo.all_equal(2, 3)})),
    mutants=[Mutant("5% less", constant=SHARPER), Mutant("SI", larger=True)],
)
def at_most_linear(q, *, constant=1, larger=False):
    """min(TC, DTC) <= (L - 1) log2 V."""
    both = exact.total_correlation(q), dual_total_correlation(q)
    return Relation(
        exact.correlation(q) if larger else min(both), "<=", constant * (q.length - 1) * log2(q.vocab_size)
    )


@claim(
    source=DMITRIEV.at("abstract: convergence rate"),
    log_base="2 (bits)",
    instances=grid(length=[3, 4], topics=TOPICS, steps=[2, 4, 8], rate=[fmpq(1, 10), HALF]),
    mutants=[
        Mutant("without the term of SI", correlation=0),
        Mutant("reversed", reverse=True),
    ],
    rests_on=["theorems.growing_steps", "efficient_sampling2026.hidden_path"],
    notes=[
        "With d = eps/(2 H(Z)) some (2 H(Z)/eps) ln(2 SI/eps) steps bring E KL to eps, for H(Z) far below L log2 V."
    ],
)
def rate_of_a_hidden_path(length, topics, steps, rate, *, correlation=1):
    """A hidden Markov model, rising weights: E KL <= d H(Z) + (1+d)^{-(N-1)} SI."""
    stay, own = topics
    f = profile(zoo.topic_hmm(length, topics=2, words=1, stay=stay, own=own))
    weights = bounds.rising_weights(rate, steps)
    limit, total = hidden_entropy(length, stay), profile_correlation(f)
    bound = bounds.geometric_divergence_bound(limit, correlation * total, rate, steps)
    return Relation(iid_expected_divergence(f, weights), "<=", bound)


@claim(source=DMITRIEV.at("abstract: uniform noise"))
def uniform_noise():
    """Under uniform noise the number of steps must grow with the dimension."""
    raise NotCheckable("uniform noise is not among the samplers here, only masking is")
