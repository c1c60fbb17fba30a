"""Exact laws of iid samplers of first-order Markov chains in polynomial time, gap by gap.

Between two revealed tokens u and w a chain is independent of the rest, so the ideal denoiser fills every gap by
itself: a masked position j of the gap gets the token v with probability K[u, v] K[v, w] / K[u, w].  Let
A_k[u, w] be the probability that steps k..N fill the gap so that a given event holds (validly, or with the
tokens of a given sequence).  Step k reveals each masked position with some rate; summed over what it reveals,
from left to right,

    F[v] = rate K[u, v] K[v, w] / K[u, w] (sum over v' before v of F[v'] M[v', v]),   F[u] = 1,
    A_k[u, w] = sum over v of F[v] M[v, w],   M[v, w] = stay^(masked positions between) A_{k+1}[v, w],

backward in k from A_{N+1} = 0 but for gaps without masked positions.  All terms are non-negative.  The
complement, that something goes wrong, is summed over the first of the new gaps that does, again by adding
only: a tiny error rate keeps its digits.

Cost: N n^4 / 24 multiplications and as many additions for n = L V + 2 nodes (L + 2 for a given
sequence), twice that with the complement.  Source: derived for this project.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.kernels.path import on_device
from theory.laws.gap_links import Links
from theory.unmasking.reveals import EachWith

_NODES = 32
"""Left and right ends of gaps that are worked on at a time."""


class GapRecursion:
    """The recursion on all gaps between the nodes of `links`.

    edges: A_{N+1} of the gaps without masked positions, `[B, n, n]`, 0 elsewhere; every run of the sampler
    ends in L + 1 of them, so a factor there weighs a pair of neighbouring tokens.  complement: whether to
    follow the probability 1 - A too (then `edges` must be 1 where possible).
    """

    def __init__(
        self,
        links: Links,
        number_system: Arithmetic,
        edges: Array,
        *,
        complement: bool = False,
    ) -> None:
        self.links, self.system = links, number_system
        places = links.places
        self._ahead = places[None, :] > places[:, None]
        self._between = np.maximum(places[None, :] - places[:, None] - 1, 0)
        self._inverse = inverse_links(links, number_system)
        self.filled = edges
        self.wrong: Array | None = self._impossible() if complement else None

    def whole(self, reveals: Sequence[EachWith]) -> tuple[Array, Array | None]:
        """A_1 of the gap that is the whole sequence, and its complement if it is followed, each `[B]`."""
        places = len(self.links.starts) - 1
        count = max(1, _NODES // max(np.diff(self.links.starts)))
        groups = [range(first, min(first + count, places)) for first in range(0, places, count)]
        for reveal in reversed(reveals[1:]):
            self._back(reveal, [(left, right) for i, left in enumerate(groups) for right in groups[i:]])
        self._back(reveals[0], [(range(1), range(places - 1, places))])
        return self.filled[:, 0, -1], None if self.wrong is None else self.wrong[:, 0, -1]

    def _impossible(self) -> Array:
        """1 where the right end cannot follow the left one: such a gap is wrong however it is filled."""
        ones, zeros = self.system.ones(1), self.system.zeros(1)
        return self.system.where(~self.links.possible & self._ahead, ones, zeros)

    def _back(self, reveal: EachWith, blocks: Sequence[tuple[range, range]]) -> None:
        """From A_{k+1} to A_k, for the gaps between these places."""
        system, links = self.system, self.links
        stay = powers(reveal.stay, len(links.starts), system)[system.index(self._between)]
        rate = system.array([reveal.rate])
        kept, lost = self.filled * stay, None if self.wrong is None else self.wrong * stay
        filled, wrong = system.zeros(*kept.shape), None if lost is None else self._impossible()
        for lefts, rights in blocks:
            left, right = links.nodes(lefts.start, lefts.stop), links.nodes(rights.start, rights.stop)
            inner = links.nodes(lefts.start + 1, max(lefts.start + 1, rights.stop - 1))
            cuts = [start - inner.start for start in links.starts[lefts.start + 1 : rights.stop]]
            factors = self._factors(left, inner, right) * rate
            paths = _spread(kept[:, left, inner], right, system)
            solve(paths, factors, _turned(kept[:, inner, inner], system), cuts, system)
            filled[:, left, right] = kept[:, left, right] + self._arriving(paths, kept, left, inner, right)
            if lost is not None and wrong is not None:
                failing = _spread(lost[:, left, inner], right, system)
                failing += system.matmul(_turned(lost[:, inner, inner], system), paths)
                first = lost[:, left, right] + self._arriving(paths, lost, left, inner, right)
                first = first + system.sum(factors * failing, 1).reshape(first.shape)
                possible = links.possible[:, left, right]
                wrong[:, left, right] = system.where(possible, first, wrong[:, left, right])
        self.filled, self.wrong = filled, wrong

    def _factors(self, left: slice, inner: slice, right: slice) -> Array:
        """K[u, v] K[v, w] / K[u, w], `[B, v, (u, w)]`."""
        chances = self.links.chances
        outgoing = _turned(chances[:, left, inner], self.system)[..., None]
        factors = outgoing * chances[:, inner, right][:, :, None] * self._inverse[:, None, left, right]
        batch, nodes, lefts, rights = factors.shape
        return factors.reshape(batch, nodes, lefts * rights)

    def _arriving(self, paths: Array, kept: Array, left: slice, inner: slice, right: slice) -> Array:
        """sum over v of F[v] M[v, w], `[B, u, w]`."""
        ends = kept[:, inner, right]
        by_left = paths.reshape(*paths.shape[:2], left.stop - left.start, right.stop - right.start)
        return self.system.sum(by_left * ends[:, :, None], 1)


def inverse_links(links: Links, system: Arithmetic) -> Array:
    """1 / K[u, w] where it is possible, else 0, `[B, n, n]`."""
    ones = system.ones(1)
    divisors = system.where(links.possible, links.chances, ones)
    return system.where(links.possible, system.divide(ones, divisors), system.zeros(1))


def solve(
    paths: Array,
    factors: Array,
    transfer: Array,
    cuts: Sequence[int],
    system: Arithmetic,
    *,
    band: int | None = None,
    active: Sequence[int] | None = None,
) -> None:
    """Replace G by F with F[v] = factors[v] (G[v] + sum over earlier v' of transfer[v, v'] F[v']), in place.

    paths, factors `[.., n, R]`, transfer `[.., n, n]`; nodes between two neighbouring cuts share a position.
    band: transfer[v, v'] is zero where v' is more than this before the first node of v's position.  active: for
    every position the first of the R columns that is wanted there and later, nondecreasing; the others keep
    anything.  By halves, so that nearly all the work is in large matrix products.
    """
    first_wanted = active or [0] * (len(cuts) - 1)
    substitute, most_rows = substitution(paths, system)

    def halves(first: int, last: int) -> None:
        inner = slice(cuts[first], cuts[last])
        here = (..., inner, slice(first_wanted[first], None))
        if last - first == 1:
            mine = paths[here]  # a view: assigned to, it would be copied onto itself
            mine *= factors[here]
            return
        if substitute is not None and inner.stop - inner.start <= most_rows:
            # Such paths are those of gaps by length, whose places have equally many nodes.
            width = cuts[first + 1] - inner.start
            substitute(paths[here], factors[here], transfer[inner, inner], width)
            return
        middle = (first + last) // 2
        halves(first, middle)
        begin = cuts[first] if band is None else max(cuts[first], cuts[middle] - band)
        early, late = slice(begin, cuts[middle]), slice(cuts[middle], cuts[last])
        wanted = slice(first_wanted[middle], None)
        add_product(paths[..., late, wanted], transfer[..., late, early], paths[..., early, wanted], system)
        halves(middle, last)

    if len(cuts) > 1:
        halves(0, len(cuts) - 1)


def substitution(paths: Array, system: Arithmetic) -> tuple[Callable[..., None] | None, int]:
    """What solves for a few places in one launch, and for how many nodes at most; None where nothing does."""
    if not on_device(system) or paths.ndim != 2:
        return None, 0
    from oracles.kernels.device.selection import compiles

    if not compiles(paths.device):
        return None, 0
    from oracles.kernels.device.substitution import MOST_ROWS, substitute

    return substitute, MOST_ROWS


def add_product(total: Array, left: Array, right: Array, system: Arithmetic) -> None:
    """total += left @ right, in place; for floats without a copy of the product."""
    if not system.name.startswith("float"):
        total += system.matmul(left, right)
    elif total.ndim == 2:
        total.addmm_(left, right)
    else:
        total.baddbmm_(left.expand(len(total), -1, -1), right)


def powers(base: object, count: int, system: Arithmetic) -> Array:
    """1, base, .., base^(count-1), `[count]`."""
    step, known = system.array([base]), system.ones(1)
    while len(known) < count:
        known, step = system.concat([known, known * step]), step * step
    return known[:count]


def _spread(values: Array, right: slice, system: Arithmetic) -> Array:
    """`[B, u, v]` as a new `[B, v, (u, w)]` for every w."""
    batch, lefts, inner = values.shape
    rights = right.stop - right.start
    every = _turned(values, system)[..., None] + system.zeros(batch, inner, lefts, rights)
    return every.reshape(batch, inner, lefts * rights)


def _turned(values: Array, system: Arithmetic) -> Array:
    return system.permute(values, (0, 2, 1))
