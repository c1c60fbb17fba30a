"""Planners with a budget of entropy: as many positions a step as their uncertainty allows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.validation import read_count, read_fraction
from theory.unmasking.base import Unmasking
from theory.unmasking.draws import Places
from theory.unmasking.planners import Planner
from theory.unmasking.rankings import ORDERS, Keys, entropies, waiting
from theory.unmasking.ties import at_most


class _EntropyBudget(Planner):
    """Positions in a stated order until their entropies use up a budget in bits."""

    def __init__(self, bits: Any, order: Any, scores: Any = None) -> None:
        super().__init__(scores)
        self.bits = read_fraction("bits", bits)
        if self.bits < 0:
            raise ValueError(f"bits: expected a number >= 0, got {bits!r}")
        self.order = _read_order(order)

    @abstractmethod
    def spent(self, entropy: NDArray[Any]) -> NDArray[Any]:
        """What must stay within the budget to take each position, from entropies `[B, L]` in order.

        Positions that are not masked come last, with entropy 0.
        """

    def check(self, masked: Sequence[int]) -> None:
        if isinstance(self.order, tuple) and sorted(self.order) != sorted(masked):
            raise ValueError(
                f"order: expected the masked positions {sorted(masked)} in some order, got {list(self.order)}"
            )

    def relabelled(self, masked: Sequence[int]) -> Unmasking:
        if isinstance(self.order, str):
            return self
        rank = {position: index for index, position in enumerate(masked)}
        moved = copy(self)
        moved.order = tuple(rank[position] for position in self.order)
        return moved

    def choose(self, answers: Array, masked: Places, number: int, system: Arithmetic) -> Places:
        bits = entropies(answers, system)
        dense = np.full(masked.shape, 0 * bits[0], dtype=bits.dtype)
        dense[masked] = bits
        place = waiting(self._keys(answers, masked, system), masked, system)
        order = np.argsort(place, axis=1, kind="stable")
        spent = self.spent(np.take_along_axis(dense, order, axis=1))
        chosen = np.empty_like(masked)
        np.put_along_axis(chosen, order, at_most(spent, self.bits, system), axis=1)
        return masked & (chosen | (place == 0))

    def _keys(self, answers: Array, masked: Places, system: Arithmetic) -> Keys:
        if isinstance(self.order, str):
            return ORDERS[self.order](answers, masked, system)
        return np.argsort(self.order)[np.nonzero(masked)[1]]


class EntropyBounded(_EntropyBudget):
    """The longest prefix in the order whose sum of entropies less the largest is <= `bits` (EB-sampler).

    With the ideal denoiser the total correlation of a step is then at most `bits`, hence KL(q || p) at most `bits`
    times the expected number of steps towards X ~ q (Ben-Hamu et al. 2025).  order: "entropy" (default),
    "confidence", "margin", "left" or a list of positions.
    """

    def __init__(self, bits: Any, order: Any = "entropy", scores: Any = None) -> None:
        super().__init__(bits, order, scores)

    def spent(self, entropy: NDArray[Any]) -> NDArray[Any]:
        return np.cumsum(entropy, axis=1) - np.maximum.accumulate(entropy, axis=1)


class EntropySum(_EntropyBudget):
    """Positions in the order until the sum of their entropies first exceeds `bits` (Cai & Li 2026).

    crossing: whether the position at which it does is still revealed; without it a step reveals those before,
    but at least one.  Either way the bounds of `EntropyBounded` hold; with it also
    bits (E_q[#steps] - 1) <= H(q) + KL(q || p).  order: "left" (default), "entropy", "confidence", "margin" or a
    list of positions.
    """

    def __init__(self, bits: Any, order: Any = "left", crossing: bool = True, scores: Any = None) -> None:
        super().__init__(bits, order, scores)
        self.crossing = crossing

    def spent(self, entropy: NDArray[Any]) -> NDArray[Any]:
        total = np.cumsum(entropy, axis=1)
        return total - entropy if self.crossing else total


def _read_order(order: Any) -> str | tuple[int, ...]:
    """The name of an order, or a list of positions; ValueError."""
    if isinstance(order, str) and order in ORDERS:
        return order
    if isinstance(order, str) or not isinstance(order, Iterable):
        raise ValueError(f"order: expected one of {', '.join(ORDERS)} or a list of positions, got {order!r}")
    return tuple(read_count("order", position, minimum=0) for position in order)
