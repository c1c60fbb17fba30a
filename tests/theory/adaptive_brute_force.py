"""Exact laws of samplers that look at tokens, by following every outcome of every step.

Plain Python on top of `brute_force`: a state is a context, the set of (position, token) pairs known so far; a
way of unmasking takes a state to states with probabilities.  Decisions between entropies are made by integer
powers.  No patterns, no number systems and no code of the package.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from itertools import combinations, product
from typing import Any

from flint import arb, ctx

from tests.theory.brute_force import BITS, Context, Denoiser, Law, ball, entropy, mass

Scope = tuple[int, ...]
"""The positions a way may touch, in order; those it names count within them."""

Laws = dict[int, list[Fraction]]
"""Token laws of the masked positions."""

Outcome = tuple[Fraction, int, Context]
"""Probability, denoiser calls, and what is known then."""


@dataclass(frozen=True)
class Way:
    """A way of unmasking: how many steps it takes for a scope, and what step 0, 1, .. leads to."""

    steps: Callable[[Scope], int]
    take: Callable[[int, Context, Scope], Iterable[Outcome]]


@dataclass(frozen=True)
class Followed:
    """The law of what is generated, and the expected number of denoiser calls."""

    law: Law
    calls: Fraction


def follow(way: Way, scope: Iterable[int], start: Context = frozenset()) -> Followed:
    """Every outcome of every step, equal states merged."""
    scope = tuple(scope)
    states, calls = {start: Fraction(1)}, Fraction(0)
    for number in range(way.steps(scope)):
        after: dict[Context, Fraction] = {}
        for context, probability in states.items():
            for share, asked, reached in way.take(number, context, scope):
                calls += probability * share * asked
                if share:
                    after[reached] = after.get(reached, Fraction(0)) + probability * share
        states = after
    return Followed({tuple(v for _, v in sorted(context)): p for context, p in states.items()}, calls)


def mixture(parts: Iterable[tuple[Fraction, Way]], scope: Iterable[int]) -> Followed:
    """One of several ways, picked before the first step."""
    scope, law, calls = tuple(scope), {}, Fraction(0)
    for weight, way in parts:
        found = follow(way, scope)
        calls += weight * found.calls
        for x, p in found.law.items():
            law[x] = law.get(x, Fraction(0)) + weight * p
    return Followed(law, calls)


def masked_in(context: Context, scope: Scope) -> list[int]:
    known = {i for i, _ in context}
    return [i for i in scope if i not in known]


def fill(context: Context, positions: Iterable[int], denoise: Denoiser) -> Iterator[Outcome]:
    """Draw these positions independently given the context."""
    positions = sorted(positions)
    laws = [denoise(context, i) for i in positions]
    for tokens in product(*(range(len(law)) for law in laws)):
        share = math.prod((law[v] for law, v in zip(laws, tokens, strict=True)), start=Fraction(1))
        if share:
            yield share, int(bool(positions)), context | set(zip(positions, tokens, strict=True))


def subsets(positions: Iterable[int], rate: Fraction) -> Iterator[tuple[Fraction, set[int]]]:
    """Every position independently with this probability."""
    positions = list(positions)
    for coins in product([True, False], repeat=len(positions)):
        share = math.prod((rate if heads else 1 - rate for heads in coins), start=Fraction(1))
        if share:
            yield share, {i for i, heads in zip(positions, coins, strict=True) if heads}


# ------------------------------------------------------------------ schedules, step by step


def iid(weights: list[Fraction], denoise: Denoiser) -> Way:
    def take(number: int, context: Context, scope: Scope) -> Iterator[Outcome]:
        left = sum(weights[number:], Fraction(0))
        rate = weights[number] / left if left else Fraction(1)
        for share, chosen in subsets(masked_in(context, scope), rate):
            for probability, calls, reached in fill(context, chosen, denoise):
                yield share * probability, calls, reached

    return Way(lambda scope: len(weights), take)


def sizes(counts: list[int], denoise: Denoiser) -> Way:
    def take(number: int, context: Context, scope: Scope) -> Iterator[Outcome]:
        chances = list(combinations(masked_in(context, scope), counts[number]))
        for chosen in chances:
            for probability, calls, reached in fill(context, chosen, denoise):
                yield probability / len(chances), calls, reached

    return Way(lambda scope: len(counts), take)


def partition(blocks: list[list[int]], denoise: Denoiser) -> Way:
    def take(number: int, context: Context, scope: Scope) -> Iterator[Outcome]:
        return fill(context, [scope[i] for i in blocks[number]], denoise)

    return Way(lambda scope: len(blocks), take)


# ------------------------------------------------------------------ planners

Rule = Callable[[Laws, int, Scope], Iterable[int]]
"""Which positions step k reveals, from the token laws of the masked ones."""


def planner(
    rule: Rule, denoise: Denoiser, steps: Callable[[int], int], scores: Denoiser | None = None
) -> Way:
    look = scores or denoise

    def take(number: int, context: Context, scope: Scope) -> Iterable[Outcome]:
        masked = masked_in(context, scope)
        if not masked:
            return [(Fraction(1), 0, context)]
        chosen = rule({i: look(context, i) for i in masked}, number, scope)
        return fill(context, chosen, denoise)

    return Way(lambda scope: steps(len(scope)), take)


def paths_along(
    rule: Rule, law: Law, denoise: Denoiser, length: int
) -> Iterator[tuple[Fraction, Context, list[int]]]:
    """Every step of a planner whose tokens come out as X ~ q: q(x), what is known, and what is revealed."""
    scope = tuple(range(length))
    for x, probability in law.items():
        context: Context = frozenset()
        while probability and (masked := masked_in(context, scope)):
            chosen = list(rule({i: denoise(context, i) for i in masked}, 0, scope))
            yield probability, context, chosen
            context |= {(i, x[i]) for i in chosen}


@ctx.workprec(BITS)
def total_correlation(law: Law, context: Context, positions: Iterable[int], denoise: Denoiser) -> arb:
    """TC(X_B | x_S) in bits: the entropies of the tokens less that of all together, given the context."""
    positions, joint, total = list(positions), {}, mass(law, context)
    for x, p in law.items():
        if p and all(x[i] == v for i, v in context):
            key = tuple(x[i] for i in positions)
            joint[key] = joint.get(key, Fraction(0)) + p / total
    alone = sum((entropy({(v,): p for v, p in enumerate(denoise(context, i))}) for i in positions), arb(0))
    return alone - entropy(joint)


def count_of(k: int | list[int], number: int) -> int:
    return k if isinstance(k, int) else k[number]


def steps_of(k: int | list[int], length: int) -> int:
    return math.ceil(Fraction(length, k)) if isinstance(k, int) else len(k)


def best_few(order: str, k: int | list[int]) -> Rule:
    return lambda laws, number, scope: ranked(order, laws, scope)[: count_of(k, number)]


def threshold(probability: Fraction) -> Rule:
    def rule(laws: Laws, number: int, scope: Scope) -> list[int]:
        sure = [i for i, law in laws.items() if max(law) >= probability]
        return sure or ranked("confidence", laws, scope)[:1]

    return rule


def entropy_bounded(bits: Fraction, order: str | list[int]) -> Rule:
    """The longest prefix whose entropies sum to at most `bits` more than their largest."""

    def rule(laws: Laws, number: int, scope: Scope) -> list[int]:
        line = ranked(order, laws, scope)
        best = 1
        for size in range(1, len(line) + 1):
            prefix = [laws[i] for i in line[:size]]
            if any(
                at_most(prefix[:j] + prefix[j + 1 :], bits) and is_largest(j, prefix) for j in range(size)
            ):
                best = size
        return line[:best]

    return rule


def entropy_sum(bits: Fraction, order: str | list[int], crossing: bool) -> Rule:
    """Positions until the sum of entropies first exceeds `bits`."""

    def rule(laws: Laws, number: int, scope: Scope) -> list[int]:
        taken: list[int] = []
        for i in ranked(order, laws, scope):
            if not at_most([laws[j] for j in [*taken, i]], bits):
                return [*taken, i] if crossing or not taken else taken
            taken.append(i)
        return taken

    return rule


def low_confidence(k: int | list[int], denoise: Denoiser, scores: Denoiser | None = None) -> Way:
    """Draw everything, keep the k tokens that are most probable, the leftmost of equally probable ones."""
    look = scores or denoise

    def take(number: int, context: Context, scope: Scope) -> Iterator[Outcome]:
        masked = masked_in(context, scope)
        size = min(count_of(k, number), len(masked))
        if not size:
            yield Fraction(1), 0, context
            return
        for share, calls, drawn in fill(context, masked, denoise):
            tokens = dict(drawn)
            line = sorted(masked, key=lambda i: (-look(context, i)[tokens[i]], i))
            yield share, calls, context | {(i, tokens[i]) for i in line[:size]}

    return Way(lambda scope: steps_of(k, len(scope)), take)


def ranked(order: str | list[int], laws: Laws, scope: Scope) -> list[int]:
    """The masked positions, best first, ties from the left."""
    if not isinstance(order, str):
        return [scope[i] for i in order if scope[i] in laws]
    if order == "entropy":
        by_entropy = cmp_to_key(lambda i, j: compare_entropies(laws[i], laws[j]) or i - j)
        return sorted(laws, key=by_entropy)
    keys: dict[str, Callable[[int], Any]] = {
        "left": lambda i: i,
        "confidence": lambda i: (-max(laws[i]), i),
        "margin": lambda i: (-margin(laws[i]), i),
    }
    return sorted(laws, key=keys[order])


def margin(law: list[Fraction]) -> Fraction:
    """The most probable token's lead over the next; a vocabulary of one leads by everything."""
    first, *others = sorted(law, reverse=True)
    return first - max(others, default=Fraction(0))


# ------------------------------------------------------------------ samplers that mask again


def remasking(weights: list[Fraction], sigmas: list[Fraction], denoise: Denoiser) -> Way:
    """Each masked position is revealed and each revealed one masked, independently (ReMDM)."""

    def take(number: int, context: Context, scope: Scope) -> Iterator[Outcome]:
        before, sigma = sum(weights[:number], Fraction(0)), sigmas[number]
        after = before + weights[number]
        rate = (after - (1 - sigma) * before) / (1 - before) if before != 1 else Fraction(1)
        masked = masked_in(context, scope)
        for share, chosen in subsets(masked, rate):
            for other, gone in subsets([i for i in scope if i not in masked], sigma):
                for probability, calls, reached in fill(context, chosen, denoise):
                    kept = frozenset((i, v) for i, v in reached if i not in gone)
                    yield share * other * probability, calls, kept

    return Way(lambda scope: len(weights), take)


def corrected(inner: Way, size: int, sweeps: int, denoise: Denoiser) -> Way:
    """After every step of the inner way, a random set of revealed positions is drawn again, so many times."""

    def sweep(context: Context, scope: Scope) -> Iterator[Outcome]:
        masked = masked_in(context, scope)
        revealed = [i for i in scope if i not in masked]
        chances = list(combinations(revealed, min(size, len(revealed))))
        for again in chances:
            rest = frozenset((i, v) for i, v in context if i not in again)
            for share, calls, reached in fill(rest, again, denoise):
                yield share / len(chances), calls, reached

    def take(number: int, context: Context, scope: Scope) -> list[Outcome]:
        outcomes = list(inner.take(number, context, scope))
        for _ in range(sweeps):
            outcomes = [
                (share * p, calls + asked, after)
                for share, calls, reached in outcomes
                for p, asked, after in sweep(reached, scope)
            ]
        return outcomes

    return Way(inner.steps, take)


# ------------------------------------------------------------------ blocks


def blocks(length: int, inner: Way, absolute: bool = False) -> Way:
    """Blocks from left to right; positions count within the scope, or as they are if `absolute`."""

    def groups(scope: Scope) -> list[Scope]:
        found: dict[int, list[int]] = {}
        for rank, i in enumerate(scope):
            found.setdefault((i if absolute else rank) // length, []).append(i)
        return [tuple(group) for group in found.values()]

    def take(number: int, context: Context, scope: Scope) -> Iterable[Outcome]:
        for group in groups(scope):
            if number < inner.steps(group):
                return inner.take(number, context, group)
            number -= inner.steps(group)
        raise AssertionError("a step after the last")

    return Way(lambda scope: sum(inner.steps(group) for group in groups(scope)), take)


# ------------------------------------------------------------------ denoisers


def tempered(inner: Denoiser, inverse: int) -> Denoiser:
    """In proportion to the law to this power; 0 stands for greedy."""

    def answer(context: Context, position: int) -> list[Fraction]:
        law = inner(context, position)
        if not inverse:
            return [Fraction(int(v == law.index(max(law)))) for v in range(len(law))]
        powers = [p**inverse for p in law]
        return [p / sum(powers) for p in powers]

    return answer


def nucleus(inner: Denoiser, p: Fraction) -> Denoiser:
    """The fewest most probable tokens that together have at least p."""

    def answer(context: Context, position: int) -> list[Fraction]:
        law = inner(context, position)
        kept: list[int] = []
        for v in sorted(range(len(law)), key=lambda v: (-law[v], v)):
            if sum((law[u] for u in kept), Fraction(0)) < p:
                kept.append(v)
        total = sum((law[v] for v in kept), Fraction(0))
        return [law[v] / total if v in kept else Fraction(0) for v in range(len(law))]

    return answer


def windowed(inner: Denoiser, radius: int) -> Denoiser:
    """Sees only the tokens within the radius."""
    return lambda context, position: inner(
        frozenset((i, v) for i, v in context if abs(i - position) <= radius), position
    )


# ------------------------------------------------------------------ entropies, decided by integer powers

Terms = list[tuple[Fraction, Fraction]]
"""sum of c log2 a over pairs (c, a)."""


def entropy_terms(law: list[Fraction]) -> Terms:
    return [(-p, p) for p in law if p]


def compare_entropies(left: list[Fraction], right: list[Fraction]) -> int:
    return sign(entropy_terms(left) + [(-c, a) for c, a in entropy_terms(right)])


def is_largest(index: int, laws: list[list[Fraction]]) -> bool:
    """Whether no law has more entropy than this one."""
    return all(compare_entropies(laws[index], law) >= 0 for law in laws)


def at_most(laws: Iterable[list[Fraction]], bits: Fraction) -> bool:
    """Whether the entropies of the laws sum to at most so many bits."""
    terms = [term for law in laws for term in entropy_terms(law)]
    return sign([*terms, (-bits, Fraction(2))]) <= 0


@ctx.workprec(BITS)
def sign(terms: Terms) -> int:
    """The sign of sum c log2 a: by an enclosure, or where that contains 0 by integer powers."""
    total = sum((ball(c) * ball(a).log() for c, a in terms), arb(0))
    if not total.contains(0):
        return 1 if total > 0 else -1
    whole = math.lcm(*(c.denominator for c, _ in terms))
    over, under = 1, 1
    for c, a in terms:
        power = int(abs(c) * whole)
        up, down = (a.numerator, a.denominator) if c > 0 else (a.denominator, a.numerator)
        over, under = over * up**power, under * down**power
    assert over == under, "300 bits decide everything but equality here"
    return 0
