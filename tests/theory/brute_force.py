"""Exact laws of samplers and their errors, by recursion over the ordered partitions of a schedule.

Everything is computed from the joint law, a dict from sequences to Fractions, with Python's own numbers: no
patterns, no number systems and no code of the package.  A context is a dict {position: token}.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import prod
from typing import Any

from flint import arb, ctx, fmpq

Sequence = tuple[int, ...]
Law = dict[Sequence, Fraction]
Blocks = tuple[tuple[int, ...], ...]
Context = frozenset[tuple[int, int]]
Denoiser = Callable[[Context, int], list[Fraction]]

BITS = 300


def dictionary(joint: Any) -> Law:
    """A table of rationals, as nested lists, as a law."""
    if not isinstance(joint, list):
        return {(): Fraction(int(joint.p), int(joint.q))}
    return {(v, *rest): p for v, inner in enumerate(joint) for rest, p in dictionary(inner).items()}


# ------------------------------------------------------------------ denoisers


def mass(law: Law, context: Context) -> Fraction:
    """q(x_S)."""
    return sum((p for x, p in law.items() if all(x[i] == v for i, v in context)), Fraction(0))


def token_law(law: Law, context: Context, position: int, vocab: int) -> list[Fraction]:
    """q(x_i = v | x_S) for every v, in a possible context."""
    total = mass(law, context)
    return [mass(law, context | {(position, v)}) / total for v in range(vocab)]


def ideal(law: Law, vocab: int, impossible: str = "marginal") -> Denoiser:
    """The ideal denoiser under a convention for impossible contexts."""

    @cache
    def answer(context: Context, position: int) -> list[Fraction]:
        if mass(law, context) > 0:
            return token_law(law, context, position, vocab)
        if impossible == "marginal":
            return token_law(law, frozenset(), position, vocab)
        if impossible == "uniform":
            return [Fraction(1, vocab)] * vocab
        raise LookupError(f"impossible context {sorted(context)}")

    return answer


def ideal_given(law: Law, prompt: Context, vocab: int) -> Denoiser:
    """The ideal denoiser of the law given a prompt: in impossible contexts q(x_i | prompt)."""

    @cache
    def answer(context: Context, position: int) -> list[Fraction]:
        return token_law(law, context if mass(law, context) else prompt, position, vocab)

    return answer


def perturbed(inner: Denoiser, a: Fraction, vocab: int) -> Denoiser:
    """(1 - a) inner + a / V."""
    return lambda context, position: [(1 - a) * p + a / vocab for p in inner(context, position)]


# ------------------------------------------------------------------ schedules: (probability, ordered partition)


def iid_partitions(weights: Iterable[Fraction], length: int) -> Iterator[tuple[Fraction, Blocks]]:
    """Every assignment of positions to steps."""
    weights = list(weights)
    for steps in product(range(len(weights)), repeat=length):
        blocks = (tuple(i for i in range(length) if steps[i] == k) for k in range(len(weights)))
        yield prod((weights[k] for k in steps), start=Fraction(1)), tuple(blocks)


def sizes_partitions(sizes: Iterable[int], length: int) -> Iterator[tuple[Fraction, Blocks]]:
    """Every ordered partition with these sizes, all equally likely."""
    found = list(_ordered(tuple(sizes), tuple(range(length))))
    for blocks in found:
        yield Fraction(1, len(found)), blocks


def _ordered(sizes: tuple[int, ...], left: tuple[int, ...]) -> Iterator[Blocks]:
    if not sizes:
        yield ()
        return
    for block in combinations(left, sizes[0]):
        rest = tuple(i for i in left if i not in block)
        for others in _ordered(sizes[1:], rest):
            yield (block, *others)


def fixed_partition(blocks: Iterable[Iterable[int]]) -> Iterator[tuple[Fraction, Blocks]]:
    """A partition that is not random at all."""
    yield Fraction(1), tuple(tuple(block) for block in blocks)


# ------------------------------------------------------------------ laws and errors


def law_of_partition(blocks: Blocks, denoise: Denoiser, vocab: int) -> Law:
    """p_pi(x) of every sequence that the sampler can produce."""
    states: dict[Context, Fraction] = {frozenset(): Fraction(1)}
    for block in blocks:
        after: dict[Context, Fraction] = {}
        for context, probability in states.items():
            answers = [denoise(context, i) for i in block]
            for tokens in product(range(vocab), repeat=len(block)):
                share = prod((a[v] for a, v in zip(answers, tokens, strict=True)), start=probability)
                if share:
                    reached = context | set(zip(block, tokens, strict=True))
                    after[reached] = after.get(reached, Fraction(0)) + share
        states = after
    return {tuple(v for _, v in sorted(context)): p for context, p in states.items()}


def sampler_law(partitions: Iterable[tuple[Fraction, Blocks]], denoise: Denoiser, vocab: int) -> Law:
    """p = E_pi p_pi."""
    law: Law = {}
    for weight, blocks in partitions:
        if weight:
            for x, p in law_of_partition(blocks, denoise, vocab).items():
                law[x] = law.get(x, Fraction(0)) + weight * p
    return law


def error_rate(q: Law, p: Law) -> Fraction:
    """SER = 1 - p(support of q)."""
    return 1 - sum((p.get(x, Fraction(0)) for x in q if q[x]), Fraction(0))


@ctx.workprec(BITS)
def divergence(q: Law, p: Law) -> arb:
    """KL(q || p) in bits, infinite where p misses something possible."""
    return cross_entropy(q, p) - entropy(q)


@ctx.workprec(BITS)
def entropy(q: Law) -> arb:
    """H(q) in bits."""
    return cross_entropy(q, q)


@ctx.workprec(BITS)
def cross_entropy(q: Law, p: Law) -> arb:
    """E_q[-log2 p(X)]."""
    terms = (ball(weight) * log2(p.get(x, Fraction(0))) for x, weight in q.items() if weight)
    return -sum(terms, arb(0))


@ctx.workprec(BITS)
def expected_divergence(
    q: Law, partitions: Iterable[tuple[Fraction, Blocks]], denoise: Denoiser, vocab: int
) -> arb:
    """E KL = E_pi KL(q || p_pi) in bits."""
    terms = (
        ball(weight) * divergence(q, law_of_partition(blocks, denoise, vocab))
        for weight, blocks in partitions
        if weight
    )
    return sum(terms, arb(0))


def given(law: Law, context: Context) -> Law:
    """The law of the other positions given the context."""
    total, observed = mass(law, context), dict(context)
    out: Law = {}
    for x, p in law.items():
        if p and all(x[i] == v for i, v in observed.items()):
            rest = tuple(v for i, v in enumerate(x) if i not in observed)
            out[rest] = out.get(rest, Fraction(0)) + p / total
    return out


def ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def log2(value: Fraction) -> arb:
    return ball(value).log() / arb.const_log2() if value else arb.neg_inf()
