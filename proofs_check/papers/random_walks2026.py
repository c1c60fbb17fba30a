"""Random walks on graphs as a sandbox for masked diffusion, 2026, arXiv 2606.22976.

q is a Markov chain on V^L, p the law of what is generated with the ideal denoiser.  Bisection reveals the middle of
every stretch of masked positions, all stretches side by side.

Known to us from its summary only; our reading: (1) bisection is exact for first-order Markov chains, in
ceil(log2(L+1)) steps, which no order of one token a stretch beats; an n-gram takes n-1 tokens a middle.  (2) It is
exact because a revealed token separates what is left of it from what is right of it: with a hidden state it is not.
(3) Lowest entropy first is not uniformly better than a random order: on walks the surest positions are neighbours.
"""

from typing import Any

from flint import fmpq

from oracles import MarkovChain, zoo
from proofs_check import Mutant, Relation, Source, at, claim, grid
from proofs_check.laws import ANY_CHAIN, CHAINS, HIDDEN_CHAINS
from theory import FixedSizes, LowestEntropy, sampler_law
from theory.exact import information as exact
from theory.exact.paths import ExactPaths
from theory.unmasking.partitions import bisection, strided

WALKS_PAPER = Source("Random walks on graphs 2026", "arXiv 2606.22976")


def walk(edges: list[str], length: int) -> MarkovChain:
    """The stationary random walk on a graph with these edges, named by two nodes each; `aa` is a loop."""
    nodes = sorted(set("".join(edges)))
    ways = [[int(a + b in edges or b + a in edges) for b in nodes] for a in nodes]
    total = sum(map(sum, ways))
    start = [fmpq(sum(row), total) for row in ways]
    return MarkovChain(start, [[fmpq(way, sum(row)) for way in row] for row in ways], length)


WALKS = {
    "path with loops": walk(["aa", "ab", "bb", "bc", "cc"], 4),
    "triangle": walk(["ab", "bc", "ca"], 4),
    "paw": walk(["ab", "bc", "ca", "cd"], 4),
}
LONG_WALKS = {
    "path with loops, L=6": walk(["aa", "ab", "bb", "bc", "cc"], 6),
    "star, L=5": walk(["ab", "ac", "ad"], 5),
}
CHANGING = {"a chain that changes": CHAINS["one step of its own"]}


def halves(length: int, memory: int = 1) -> int:
    """m ceil(log2(L/m + 1))."""
    return memory * (-(-length // memory)).bit_length()


@claim(
    source=WALKS_PAPER.at("bisection"),
    log_base="2 (bits)",
    hypotheses={"a first-order chain": lambda q: isinstance(q, MarkovChain)},
    instances=grid(q=CHAINS | WALKS | LONG_WALKS),
    search={"q": ANY_CHAIN},
    mutants=[
        Mutant("laws with a hidden state", without="a first-order chain", instances=grid(q=HIDDEN_CHAINS)),
        Mutant("strides", order=lambda length: strided(length, min(length, halves(length)))),
    ],
)
def bisection_is_exact(q, *, order=bisection):
    """First-order Markov chains, any transitions: bisection gives p = q."""
    return Relation(ExactPaths.of(q, order(q.length)).divergence, "==", 0)


@claim(
    source=WALKS_PAPER.at("bisection"),
    instances=grid(length=range(1, 201)),
    mutants=[Mutant("one step fewer", fewer=1)],
)
def bisection_takes_few_steps(length, *, fewer=0):
    """Bisection takes ceil(log2(L+1)) steps, the least in which stretches of masks can give up one token each."""
    steps = len(bisection(length).blocks) - fewer
    return (
        Relation(steps, "==", halves(length)),
        Relation(2**steps - 1, ">=", length),
        Relation(2 ** (steps - 1) - 1, "<", length),
    )


@claim(
    source=WALKS_PAPER.at("bisection, longer memory"),
    log_base="2 (bits)",
    instances=[
        at(q={"trigram, L=6": zoo.trigram(6)}, memory=2),
        at(q={"trigram, L=5": zoo.trigram(5)}, memory=2),
    ],
    mutants=[Mutant("one token a middle", shorter=1)],
)
def bisection_of_ngrams(q, memory, *, shorter=0):
    """n-grams, m = n-1: bisection with m tokens a middle gives p = q in at most m ceil(log2(L/m + 1)) steps."""
    order = bisection(q.length, memory - shorter)
    return (
        Relation(ExactPaths.of(q, order).divergence, "==", 0),
        Relation(len(order.blocks), "<=", halves(q.length, memory)),
    )


@claim(
    source=WALKS_PAPER.at("bisection, hidden states: derived"),
    log_base="2 (bits)",
    instances=grid(q={name: law for name, law in HIDDEN_CHAINS.items() if name != "parity"}),
    mutants=[
        Mutant("walks", instances=grid(q=WALKS)),
        Mutant("every hidden state", instances=[at(q={"parity": HIDDEN_CHAINS["parity"]})]),
    ],
    notes=[
        "Parity of four tokens is spared: its last token comes alone, and no other depends on fewer than all."
    ],
)
def bisection_errs_with_hidden_states(q):
    """The non-unifilar source, the deterministic cycle and the trigram: bisection has KL(q||p) > 0."""
    return Relation(ExactPaths.of(q, bisection(q.length)).divergence, ">", 0)


@claim(
    source=WALKS_PAPER.at("lowest entropy first"),
    log_base="2 (bits)",
    instances=grid(q=WALKS),
    mutants=[Mutant("every chain", instances=grid(q=CHANGING)), Mutant("one token a step", k=1)],
    notes=["Triangle: 1.085 bits against .440 in random order."],
)
def lowest_entropy_can_be_worse(q, *, k=2):
    """On these walks, two tokens a step: lowest entropy first has more KL(q||p) than a random order."""
    return Relation(by_entropy(q, k), ">", at_random(q, k))


@claim(
    source=WALKS_PAPER.at("lowest entropy first"),
    log_base="2 (bits)",
    instances=grid(q=CHANGING),
    mutants=[Mutant("every chain", instances=grid(q=WALKS)), Mutant("one token a step", k=1)],
)
def lowest_entropy_can_be_better(q, *, k=2):
    """On a chain that changes, two tokens a step: lowest entropy first has less KL(q||p) than a random order."""
    return Relation(by_entropy(q, k), "<", at_random(q, k))


def by_entropy(q: MarkovChain, k: int) -> Any:
    """KL(q||p) with the k positions of lowest entropy a step."""
    return ExactPaths.of(q, LowestEntropy(k)).divergence


def at_random(q: MarkovChain, k: int) -> Any:
    """KL(q||p) with k random positions a step."""
    sizes = [k] * (q.length // k) + [q.length % k]
    return exact.divergence(sampler_law(q, FixedSizes(sizes)))
