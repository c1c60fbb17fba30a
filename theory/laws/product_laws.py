"""Samplers of independent parts, from the exact laws of the samplers of the parts.

Under an iid schedule or a fixed partition the parts of a product are sampled independently: p(x) multiplies,
the chances of being valid multiply, KL(q||p) and E KL add up.  A uniformly random ordered partition with fixed
sizes ties the parts together: given that parts A and B together have n_k positions in step k, A has a_k with
probability prod_k C(n_k, a_k) / C(|A| + |B|, |A|), and given these sizes A and B are independent.

All of it is for the ideal denoiser.  Once the context of one part is impossible so is the whole context, and a
convention for impossible contexts may then answer otherwise in the other parts: p(x) is that of possible x.
What a part contributes comes from the caller, as a function of the part and its schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from math import comb, prod
from typing import Any

from oracles import Oracle, Product
from oracles.arithmetic import Arithmetic, Scalar
from theory.unmasking.schedules import IID, FixedSizes, Partition

OfPart = Callable[[Oracle, Any], Scalar]
"""A quantity of the sampler of one part under its schedule."""

Sizes = tuple[int, ...]


def product_error_rate(q: Product, schedule: IID | FixedSizes | Partition, error_rate: OfPart) -> Scalar:
    """SER of a product from `error_rate(part, schedule)`; no digits are lost where it is small."""
    return _joined(q, schedule, error_rate, q.arithmetic, lambda first, second: first + (1 - first) * second)


def product_kl(q: Product, schedule: IID | Partition, kl: OfPart) -> Scalar:
    """KL(q||p) in bits from `kl(part, schedule)`.  Not for fixed sizes, under which it does not add up."""
    return _joined(q, schedule, kl, q.arithmetic.logs, lambda first, second: first + second)


def product_expected_kl(q: Product, schedule: IID | FixedSizes | Partition, expected_kl: OfPart) -> Scalar:
    """E KL in bits from `expected_kl(part, schedule)`; for fixed sizes averaged over those of every part alone."""
    logs = q.arithmetic.logs
    if not isinstance(schedule, FixedSizes):
        return product_kl(q, schedule, expected_kl)
    with logs.context():
        different = {id(part): part for part in q.parts}
        means = {
            key: _mean_over_sizes(part, schedule.sizes, expected_kl, logs) for key, part in different.items()
        }
        first, *others = (means[id(part)] for part in q.parts)
        return sum(others, first)


def sizes_work(q: Product, schedule: FixedSizes) -> float:
    """How many pairs of sizes `product_error_rate` joins, at most."""
    states = prod(float(size + 1) for size in schedule.sizes)
    return (
        sum(min(states, float(comb(part.length + schedule.steps - 1, part.length))) for part in q.parts)
        * states
    )


def sizes_within(sizes: Sequence[int], total: int) -> Iterator[Sizes]:
    """Every way to have `total` positions in all, at most `sizes[k]` of them in step k."""
    if not sizes:
        if total == 0:
            yield ()
        return
    for here in range(max(0, total - sum(sizes[1:])), min(sizes[0], total) + 1):
        for later in sizes_within(sizes[1:], total - here):
            yield (here, *later)


def _once(value: OfPart) -> OfPart:
    """The same function, which computes nothing twice for parts that are one object."""
    known: dict[tuple[int, Any], Scalar] = {}

    def remembered(part: Oracle, schedule: Any) -> Scalar:
        key = id(part), getattr(schedule, "sizes", None) or getattr(schedule, "blocks", None)
        if key not in known:
            known[key] = value(part, schedule)
        return known[key]

    return remembered


def _joined(
    q: Product,
    schedule: IID | FixedSizes | Partition,
    value: OfPart,
    system: Arithmetic,
    join: Callable[[Scalar, Scalar], Scalar],
) -> Scalar:
    """The values of all parts, joined two by two; of parts that are one object, computed once."""
    value = _once(value)
    with system.context():
        if isinstance(schedule, FixedSizes):
            return _joined_sizes(q, schedule.sizes, value, system, join)
        total, start = None, 0
        for part in q.parts:
            own = _restricted(schedule, range(start, start + part.length))
            here = value(part, own)
            total = here if total is None else join(total, here)
            start += part.length
        return total


def _restricted(schedule: IID | Partition, positions: range) -> IID | Partition:
    """What a schedule does to the positions of one part, numbered from 0."""
    if isinstance(schedule, IID):
        return schedule
    kept = [[i for i in block if i in positions] for block in schedule.blocks]
    return Partition(kept).relabelled(positions)


def _joined_sizes(
    q: Product,
    sizes: Sizes,
    value: OfPart,
    system: Arithmetic,
    join: Callable[[Scalar, Scalar], Scalar],
) -> Scalar:
    """The same for fixed sizes: a value for all sizes that the parts so far may have, part by part."""
    known: dict[Sizes, Scalar] = {}
    length = 0
    for part in q.parts:
        here = {own: value(part, FixedSizes(own)) for own in sizes_within(sizes, part.length)}
        if not known:
            known, length = here, part.length
            continue
        length += part.length
        known = {both: _averaged(both, here, known, system, join) for both in sizes_within(sizes, length)}
    return known[sizes]


def _averaged(
    both: Sizes,
    here: dict[Sizes, Scalar],
    known: dict[Sizes, Scalar],
    system: Arithmetic,
    join: Callable[[Scalar, Scalar], Scalar],
) -> Scalar:
    """The mean, over how the sizes of two parts divide, of what they come to together."""
    total = system.zeros(1)[0]
    for own, value in here.items():
        rest = tuple(n - a for n, a in zip(both, own, strict=True))
        if min(rest) >= 0:
            total = total + _share(own, both, system) * join(known[rest], value)
    return system.element(total)


def _share(own: Sizes, both: Sizes, system: Arithmetic) -> Scalar:
    """prod_k C(n_k, a_k) / C(sum n, sum a): that a part has these sizes, given those of the whole."""
    ways = prod(comb(n, a) for n, a in zip(both, own, strict=True))
    return system.array([Fraction(ways, comb(sum(both), sum(own)))])[0]


def _mean_over_sizes(part: Oracle, sizes: Sizes, value: OfPart, system: Arithmetic) -> Scalar:
    shares = (
        _share(own, sizes, system) * value(part, FixedSizes(own)) for own in sizes_within(sizes, part.length)
    )
    return system.element(sum(shares, system.zeros(1)[0]))
