"""Fang et al. 2026, 'Locally Confident, Globally Stuck': quality against exploration in diffusion language models.

p is the law of what is generated one token a step with a denoiser d, H(p) its entropy in bits.

Known to us from the abstract only; our reading of 'low-confidence remasking constrains the entropy': if the most
confident position always has a token of probability >= tau >= 1/V, then H(p) <= L [h(tau) + (1 - tau) log2(V - 1)],
by the chain rule along the planner's way.  A random order has no such bound.  Nor is confidence a limit by itself:
with an ideal denoiser the most confident position first has H(p) = H(q), and keeping the most confident draw, as
LLaDA does, mostly has less, but not always.
"""

from typing import Any

import numpy as np
from flint import fmpq

from oracles import Oracle, Table, zoo
from oracles.patterns import all_patterns
from proofs_check import Mutant, NotCheckable, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import HALF, LAWS, SHARPER
from theory import FixedSizes, LowConfidence, TopK, sampler_law
from theory.denoisers import Function, Ideal, Perturbed, Tempered
from theory.exact import information as exact
from theory.exact.log_sums import LogSum, entropy, log2

FANG = Source("Fang et al. 2026", "arXiv 2604.00375v1")
CHAINS = {
    "golden mean": zoo.golden_mean(4),
    "two-token chain": zoo.two_token_chain(4),
    "sticky chain": zoo.sticky_chain(4),
}
FEW_LAWS = {name: LAWS[name] for name in ("golden mean", "five words", "tetracode")} | {
    "two-token chain": zoo.two_token_chain(3)
}
TWO_OF_FOUR = Table([["1/11", "5/11"], ["5/11", 0]])
SURE, FAIR = [fmpq(9, 10), fmpq(1, 10)], [HALF, HALF]
ONE_DRAW = LowConfidence(1)


def sure_first(q: Oracle) -> Function:
    """Always .9 sure of the first token; of the second only once something is revealed."""

    def answer(patterns: np.ndarray) -> np.ndarray:
        begun = (patterns != q.mask).any(axis=1)
        return np.array([[SURE, SURE if some else FAIR] for some in begun], dtype=object)

    return Function(q, answer)


DENOISERS: dict[str, Any] = {
    "ideal": Ideal,
    "sharpened": lambda q: Tempered(Ideal(q), HALF),
    "blurred": lambda q: Perturbed(Ideal(q), fmpq(1, 5)),
}


def least_confidence(q: Oracle, denoiser: Any) -> fmpq:
    """tau: over all patterns, the least that the most confident position can be sure of."""
    patterns = [p for p in all_patterns(q.vocab_size, q.length) if (p == q.mask).any()]
    return min(max(denoiser(p[None], np.flatnonzero(p == q.mask).tolist()).reshape(-1)) for p in patterns)


def most_entropy(tau: fmpq, vocab_size: int) -> LogSum:
    """h(tau) + (1 - tau) log2(V - 1): the most entropy of V tokens of which one has probability tau."""
    return entropy([tau, 1 - tau]) + (1 - tau) * log2(max(vocab_size - 1, 1))


@claim(
    source=FANG.at("abstract: the entropy is constrained"),
    log_base="2 (bits)",
    instances=grid(q=FEW_LAWS, denoiser=DENOISERS),
    tight=Tight(
        at(
            q={"two coins": Table([["1/4", "1/4"], ["1/4", "1/4"]])},
            denoiser={"sure of the first": sure_first},
        )
    ),
    mutants=[
        Mutant("5% less", constant=SHARPER),
        Mutant("a random order", sampler=lambda q: FixedSizes([1] * q.length)),
    ],
)
def entropy_of_confidence(q, denoiser, *, constant=1, sampler=lambda q: TopK(1)):
    """Most confident position first, at least tau sure: H(p) <= L [h(tau) + (1 - tau) log2(V - 1)]."""
    d = denoiser(q)
    law = sampler_law(q, sampler(q), d).table().reshape(-1)
    return Relation(
        entropy(law), "<=", constant * q.length * most_entropy(least_confidence(q, d), q.vocab_size)
    )


@claim(
    source=FANG.at("abstract: the entropy is constrained"),
    log_base="2 (bits)",
    instances=grid(q=CHAINS),
    mutants=[
        Mutant("the most confident position", sampler=TopK(1)),
        Mutant("for every law", instances=[at(q=TWO_OF_FOUR)]),
    ],
    notes=["For 1/11 00 + 5/11 01 + 5/11 10 it is more: 1.430 against 1.349 bits."],
)
def kept_draws_have_less_entropy(q, *, sampler=ONE_DRAW):
    """Ideal denoiser, the most confident draw kept, on these chains: H(p) < H(q)."""
    return Relation(entropy(sampler_law(q, sampler).table().reshape(-1)), "<", exact.entropy(q))


@claim(source=FANG.at("MATH500, AIME, HumanEval, MBPP"))
def reasoning():
    """Low-confidence remasking improves Pass@1 and limits Pass@k."""
    raise NotCheckable("needs the weights of large pretrained models")
