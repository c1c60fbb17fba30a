"""The gap recursion for steps of fixed sizes: the coefficient of z_1^{n_1} .. z_N^{n_N}.

A uniformly random ordered partition with sizes n_1, .., n_N gives the iid law with weights z_k, of which only
the runs with these counts are kept.  So A_k of a gap becomes a polynomial in z_k, .., z_{N-1}, cut off at the
sizes (the gap's length fixes the power of z_N), and every product of the recursion a product of polynomials.
All coefficients are non-negative.

Cost: about (1/24) sum over k = 2..N-1 of n_k prod_{k < j < N} (n_j + 1)^2 / 2 times n^4 for n = L V + 2 nodes
(L + 2 for a given sequence): polynomial in L and V for so many steps, exponential in their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import factorial, prod

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from theory.laws.gap_links import Links
from theory.laws.gap_recursion import inverse_links


def whole_gaps_of_sizes(links: Links, edges: Array, sizes: Sequence[int], system: Arithmetic) -> Array:
    """A of the whole sequence under the schedule of these sizes, `[B]`.

    edges: A of the gaps without masked positions, `[B, n, n]`, 0 elsewhere.
    """
    taken = [size for size in sizes if size]
    recursion = _Sizes(links, system)
    later = edges
    for step in range(len(taken) - 1, -1, -1):
        later = recursion.back(later, taken[step], last=step == len(taken) - 1, first=step == 0)
    runs = Fraction(factorial(sum(sizes)), prod(map(factorial, sizes)))
    return later * system.array([1 / runs])


def sizes_work(nodes: float, sizes: Sequence[int]) -> float:
    """Multiplications, with an addition each, of `whole_gaps_of_sizes` on so many nodes."""
    taken = [size for size in sizes if size]
    counted = [prod((size + 1.0) * (size + 2) / 2 for size in taken[k + 1 : -1]) for k in range(len(taken))]
    gaps = sum(size * terms for size, terms in zip(taken[1:], counted[1:], strict=True))
    return gaps * nodes**4 / 4 + taken[0] * counted[0] * nodes**2


class _Sizes:
    """One step of the recursion on all gaps; polynomials have their powers on the leading axes."""

    def __init__(self, links: Links, system: Arithmetic) -> None:
        self.links, self.system = links, system
        self.inverse = inverse_links(links, system)

    def back(self, later: Array, size: int, *, last: bool, first: bool) -> Array:
        """A_k `[n_k + 1, .., B, n, n]` from A_{k+1} `[.., B, n, n]`.

        The last step reveals all that is masked; its count is not kept.  Before the first there is but the
        whole gap, of which one coefficient is wanted, `[B]`.
        """
        places = len(self.links.starts) - 1
        result = self.system.zeros(*(() if last or first else (size + 1,)), *later.shape)
        for place in range(1 if first else places - 1):
            left = self.links.nodes(place, place + 1)
            right = slice(-1, None) if first else slice(left.stop, None)
            for count, gaps in enumerate(self._counted(later, place, right, places if last else size)):
                if last or (first and count == size):
                    result[..., left, right] += gaps
                elif not first:
                    result[count][..., left, right] += gaps
        return result[(*(-1 for _ in range(later.ndim - 3)), slice(None), 0, -1)] if first else result

    def _counted(self, later: Array, place: int, right: slice, most: int) -> Iterator[Array]:
        """The gaps from one place on, by how many of their positions are revealed now: 0, 1, .., most."""
        links, system = self.links, self.system
        left, inner = (
            links.nodes(place, place + 1),
            links.nodes(place + 1, max(place + 1, len(links.starts) - 2)),
        )
        yield later[..., left, right]
        outgoing = links.chances[:, left, inner, None] * self.inverse[:, left, None, right]
        factors = outgoing * links.chances[:, None, inner, right]  # [B, u, v, w]
        paths = later[..., left, inner, None] * factors
        for _ in range(min(most, max(0, len(links.starts) - 3 - place))):
            yield system.sum(self._times(paths, later[..., None, inner, right]), -2)
            moved = self._times(paths, later[..., None, inner, inner], matrices=True)
            paths = moved * factors

    def _times(self, paths: Array, later: Array, *, matrices: bool = False) -> Array:
        """The product of two polynomials cut off at the sizes, entry by entry or as matrices on the nodes."""
        system = self.system
        powers = tuple(later.shape[: later.ndim - 4])
        if matrices:
            later = _turned(later, system)
        total: Array = 0
        for power in np.ndindex(*powers):
            raised = tuple(slice(i, None) for i in power)
            kept = tuple(slice(None, size - i) for i, size in zip(power, powers, strict=True))
            each = system.matmul(later[power], paths[kept]) if matrices else later[power] * paths[kept]
            if not any(power):
                total = each
            else:
                total[raised] += each
        return total


def _turned(values: Array, system: Arithmetic) -> Array:
    axes = list(range(values.ndim))
    return system.permute(values, [*axes[:-2], axes[-1], axes[-2]])
