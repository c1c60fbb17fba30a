"""Statements that are neither proved nor refuted, with what has been tried against them.

SER_N: the sequence error rate of N uniform iid steps with the ideal denoiser.  For laws in general SER and KL(q||p)
can rise when steps are added; of Markov chains no example is known, homogeneous or not.
"""

from flint import fmpq
from hypothesis import strategies as st

from oracles import MarkovChain, Table, testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import CHAINS
from theory import IID, sequence_error_rate
from theory.exact.profile import is_markov

OPEN = Source("Open questions", "asked in this project")

RISING = Table(
    [[[fmpq(n, 135) for n in pair] for pair in block] for block in (((10, 2), (2, 100)), ((0, 10), (10, 1)))]
)
"""Weights 10, 2, 2, 100, 0, 10, 10, 1 on the words 000, .., 111: SER rises from .00413 to .01386 at N = 1 -> 2."""


def no_counterexample(before, after):
    """after <= before: exact where it fails, rounded where it holds, since random laws that obey prove nothing."""
    return Relation(after, "<=", before) if after > before else Relation(float(after), "<=", float(before))


@claim(
    source=OPEN,
    hypotheses={"a Markov chain": lambda q: isinstance(q, MarkovChain) or is_markov(q)},
    instances=grid(
        q={**CHAINS, "golden mean, L=12": zoo.golden_mean(12)},
        steps=[1, 2, 3, 8],
    ),
    search={"q": testing.markov_chains(max_vocab=3, max_length=5), "steps": st.integers(1, 4)},
    tight=Tight(at(q=zoo.golden_mean(3), steps=2), ratio=fmpq(1, 2)),
    mutants=[
        Mutant("any law", without="a Markov chain", instances=[at(q=RISING, steps=1)]),
    ],
)
def error_rate_of_chains(q, steps):
    """Is SER_{N+1} <= SER_N for every first-order Markov chain?  Open."""
    before, after = (sequence_error_rate(q, IID.uniform(n)).value for n in (steps, steps + 1))
    return no_counterexample(before, after)
