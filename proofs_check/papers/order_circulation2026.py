"""Kim 2026, 'Path-Dependent Denoising: A Non-Conservative Field Perspective on Order Collapse'.

A denoiser d answers d(x_i | c) in every context c.  The pseudo-joint of an order is the product of its answers on the
way, one token a step; the circulation of a swap is the log ratio of the two ways through it, in bits:

    C_ij(x; c) = log2 [d(x_i | c) d(x_j | c, x_i)] - log2 [d(x_j | c) d(x_i | c, x_j)].

Known to us from the abstract only; our reading: (1) C = 0 in every context if the answers are the conditionals of one
law.  (2) The log ratio of two orders is the sum of the circulations of adjacent swaps that turn one into the other.
(3) So if C = 0 everywhere, all orders sample the same law.  A test of a learned denoiser, then, but of its
consistency only: that of any other law has no circulation either.
"""

from itertools import combinations, permutations
from typing import Any

import numpy as np

from oracles import Oracle, zoo
from oracles.patterns import all_sequences
from proofs_check import Mutant, Relation, Source, claim, grid
from theory import Partition, sampler_law
from theory.denoisers import Ideal, Perturbed
from theory.exact.log_sums import LogSum, log2

KIM = Source("Kim 2026", "arXiv 2605.09303v1")
THREE = {
    "golden mean": zoo.golden_mean(3),
    "two-token chain": zoo.two_token_chain(3),
    "non-unifilar HMM": zoo.non_unifilar_hmm(3),
    "parity": zoo.parity(3),
}


def blurred(q: Oracle) -> Perturbed:
    """The ideal denoiser, mixed with one tenth of uniform: of no law at all."""
    return Perturbed(Ideal(q), "1/10")


def of_another_law(q: Oracle) -> Ideal:
    """The ideal denoiser of a chain that has nothing to do with q."""
    return Ideal(zoo.sticky_chain(q.length, "2/3"))


def way(
    q: Oracle, denoiser: Any, x: tuple[int, ...], known: tuple[int, ...], order: tuple[int, ...]
) -> LogSum:
    """log2 of the product of the answers at x, from the context x_known on, in an order."""
    if not order:
        return LogSum({})
    pattern = np.full((1, q.length), q.mask)
    pattern[0, list(known)] = [x[i] for i in known]
    first, *rest = order
    answer = np.asarray(denoiser(pattern, [first]))[0, 0, x[first]]
    return log2(answer) + way(q, denoiser, x, (*known, first), tuple(rest))


def circulation(
    q: Oracle, denoiser: Any, x: tuple[int, ...], known: tuple[int, ...], i: int, j: int
) -> LogSum:
    """C_ij(x; x_known)."""
    return way(q, denoiser, x, known, (i, j)) - way(q, denoiser, x, known, (j, i))


def possible(q: Oracle) -> list[tuple[int, ...]]:
    """The possible sequences."""
    return [tuple(x) for x in all_sequences(q.vocab_size, q.length).tolist() if q.in_support(x)]


@claim(
    source=KIM.at("abstract: compatible conditionals"),
    log_base="2 (bits)",
    instances=grid(q=THREE, denoiser={"ideal": Ideal, "of another law": of_another_law}),
    mutants=[Mutant("a blurred denoiser", instead=blurred)],
    notes=["The denoiser of another law is consistent, and wrong: circulation does not measure its error."],
)
def compatible(q, denoiser, *, instead=None):
    """The conditionals of a law, ideal for q or not, have no circulation in any context."""
    d = (instead or denoiser)(q)
    return tuple(
        Relation(circulation(q, d, x, known, i, j), "==", 0)
        for x in possible(q)
        for i, j in combinations(range(q.length), 2)
        for size in range(q.length - 1)
        for known in combinations([k for k in range(q.length) if k not in (i, j)], size)
    )


@claim(
    source=KIM.at("abstract: decomposition of order gaps"),
    log_base="2 (bits)",
    instances=grid(q=THREE, denoiser={"blurred": blurred}),
    mutants=[Mutant("two swaps are enough", swaps=2)],
    notes=["012 -> 102 -> 120 -> 210."],
)
def adjacent_swaps(q, denoiser, *, swaps=3):
    """log2 p_012(x) - log2 p_210(x) = C_01(x) + C_02(x; x_1) + C_12(x)."""
    d = denoiser(q)
    return tuple(
        Relation(
            way(q, d, x, (), (0, 1, 2)) - way(q, d, x, (), (2, 1, 0)),
            "==",
            sum(
                (circulation(q, d, x, *step) for step in [((), 0, 1), ((1,), 0, 2), ((), 1, 2)][:swaps]),
                LogSum({}),
            ),
        )
        for x in possible(q)
    )


@claim(
    source=KIM.at("abstract: order-free decoding"),
    instances=grid(q=THREE, denoiser={"ideal": Ideal, "of another law": of_another_law}),
    mutants=[Mutant("a blurred denoiser", instead=blurred)],
    rests_on=["order_circulation2026.compatible", "order_circulation2026.adjacent_swaps"],
)
def order_free(q, denoiser, *, instead=None):
    """Without circulation, all orders of one token a step sample the same law."""
    d = (instead or denoiser)(q)
    laws = [
        sampler_law(q, Partition([[i] for i in order]), d).table() for order in permutations(range(q.length))
    ]
    return tuple(Relation(abs(law - laws[0]).sum(), "==", 0) for law in laws[1:])
