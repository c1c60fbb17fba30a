"""Zhang et al. 2026, 'Generation Order and Parallel Decoding in Masked Diffusion Models'.

q is the target law on V^L, p the law of what is generated with the ideal denoiser, TC the total correlation.

Known to us from the abstract only; our reading: (1) factorised decoding has bounded KL(q||p) <= TC, but KL(p||q) as
large as one likes.  (2) To draw a block from q by proposing independent tokens and rejecting takes
M = max_x q(x) / prod_i q(x_i) proposals on average, and M >= 2^TC.  (3) Remasking does not make p = q.  (4) The gain
of lowest entropy first over a random order, 0 for an ideal denoiser, grows with the error of the denoiser.
"""

from functools import reduce
from typing import Any

import numpy as np
from flint import fmpq

from oracles import Oracle, Table, zoo
from proofs_check import Mutant, NotCheckable, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_LAW, HALF, LAWS, SHARPER, uniform
from theory import IID, Corrected, FixedSizes, LowestEntropy, Remasking, sampler_law, total_variation
from theory.denoisers import Ideal, Perturbed
from theory.exact import information as exact
from theory.exact.log_sums import LogSum, log2, relative_entropy
from theory.exact.losses import Losses
from theory.exact.paths import ExactPaths

ZHANG = Source("Zhang et al. 2026", "arXiv 2602.00286v1")
FEW_LAWS = {name: LAWS[name] for name in ("golden mean", "non-unifilar HMM", "equal pairs", "five words")}
EASY_LAWS = {name: LAWS[name] for name in ("golden mean", "sticky chain", "non-unifilar HMM")}
REMASKING = {
    "ReMDM, N=2": Remasking.capped(uniform(2), HALF),
    "ReMDM, N=4": Remasking.capped(uniform(4), HALF),
    "ReMDM, N=4, as often as it can": Remasking.capped(uniform(4), 1),
    "one step, then two tokens again": Corrected(IID.uniform(1), size=2),
}


def nearly_equal_coins(digits: int) -> Table:
    """Two fair coins that differ with probability 2^-m."""
    different = fmpq(1, 2 ** (digits + 1))
    same = HALF - different
    return Table([[same, different], [different, same]])


def proposals(q: Oracle) -> fmpq:
    """M = max_x q(x) / prod_i q(x_i)."""
    alone = [np.asarray(q.marginal([i]).joint()) for i in range(q.length)]
    joint, independent = q.joint().reshape(-1), reduce(np.multiply.outer, alone).reshape(-1)
    return max(a / b for a, b in zip(joint, independent, strict=True) if b != 0)


@claim(
    source=ZHANG.at("abstract, insight 2"),
    log_base="2 (bits)",
    instances=grid(digits=range(1, 33)),
    tight=Tight(at(digits=2000), ratio=fmpq(999, 1000)),
    mutants=[
        Mutant("KL(q||p)", forward=True),
        Mutant("5% more", constant=fmpq(21, 20), instances=[at(digits=2000)]),
    ],
)
def reverse_divergence_is_unbounded(digits, *, forward=False, constant=1):
    """Coins that differ with probability 2^-m, in one step: KL(p||q) >= m/2 - 1, while KL(q||p) <= TC <= 1."""
    q = nearly_equal_coins(digits)
    p, true = sampler_law(q, IID.uniform(1)).table().reshape(-1), q.joint().reshape(-1)
    divergence = relative_entropy(true, p) if forward else relative_entropy(p, true)
    return (
        Relation(constant * (fmpq(digits, 2) - 1), "<=", divergence),
        Relation(relative_entropy(true, p), "<=", exact.total_correlation(q)),
        Relation(exact.total_correlation(q), "<=", 1),
    )


@claim(
    source=ZHANG.at("abstract, insight 3: verification"),
    log_base="2 (bits)",
    instances=grid(q=LAWS),
    search={"q": ANY_LAW},
    tight=Tight(at(q=zoo.all_equal(4))),
    mutants=[Mutant("5% fewer", constant=SHARPER), Mutant("reversed", reverse=True)],
    notes=["TC is the mean of log2 q(x)/prod q(x_i) over q, and log2 M its maximum."],
)
def verification_is_exponential(q, *, constant=1):
    """Rejection from independent tokens: the number of proposals is M >= 2^TC."""
    return Relation(exact.total_correlation(q), "<=", constant * log2(proposals(q)))


@claim(
    source=ZHANG.at("abstract, insight 3: remasking"),
    instances=grid(q=FEW_LAWS, sampler=REMASKING),
    mutants=[Mutant("one token a step", instead=lambda q: FixedSizes([1] * q.length))],
)
def remasking_is_wrong(q, sampler, *, instead=None):
    """Remasking with an ideal denoiser does not make p = q: TV > 0."""
    return Relation(total_variation(q, instead(q) if instead else sampler).value, ">", 0)


@claim(
    source=ZHANG.at("abstract, insight 1"),
    log_base="2 (bits)",
    instances=grid(q=EASY_LAWS, a=[0, fmpq(1, 10), fmpq(1, 5)]),
    mutants=[
        Mutant("for every law", instances=[at(q={"trigram": LAWS["trigram"]}, a=0)]),
        Mutant("an error that does not grow", factor=1),
    ],
    notes=["The trigram is against it: there lowest entropy first loses, the more the larger the error."],
)
def easy_first_gains_with_error(q, a, *, factor=2):
    """On these laws the gain of lowest entropy first, one token a step, grows with the error of the denoiser."""
    return Relation(gain(q, a), "<", gain(q, factor * a + (fmpq(1, 20) if factor > 1 else 0)))


def gain(q: Oracle, a: Any) -> LogSum:
    """By how much lowest entropy first beats the mean over all orders, of (1-a) ideal + a uniform, in bits."""
    law = Table.of(q)
    denoiser = Perturbed(Ideal(law), a) if a else Ideal(law)
    return Losses(law, denoiser).any_order() - ExactPaths.of(law, LowestEntropy(1), denoiser).cross_entropy


@claim(source=ZHANG.at("Experiments, large models"))
def arithmetic_of_large_models():
    """The same failures in arithmetic reasoning with LLaDA."""
    raise NotCheckable("needs the weights of a large pretrained model")
