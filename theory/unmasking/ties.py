"""Comparisons that rounding may not decide: exact for rationals, within a stated tolerance for floats.

In orders, what is equal goes by the lowest index.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array

TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
"""Float numbers that differ by less count as equal, so that rounding decides no tie."""


def tolerance(number_system: Arithmetic) -> float:
    """How far apart two numbers of a system may be and still count as equal: 0 for exact rationals."""
    return TOLERANCES.get(number_system.name, 0)


def comparable(name: str, values: Array, number_system: Arithmetic) -> NDArray[Any]:
    """Numbers as a NumPy array of floats or rationals that compare; ValueError for balls and symbols."""
    if number_system.name in TOLERANCES:
        return values.double().cpu().numpy()
    if number_system.name != "exact":
        raise ValueError(
            f"{name}: expected floats or exact rationals to put in order, got {number_system.name}"
        )
    return values


def ascending(keys: NDArray[Any], number_system: Arithmetic) -> NDArray[np.int64]:
    """Indices along the last axis, smallest key first; keys equal within the tolerance by index.

    Equal are runs in which every key is within the tolerance of the first.
    """
    order = np.argsort(keys, axis=-1, kind="stable")
    if keys.dtype == object:
        return order
    ordered = np.take_along_axis(keys, order, axis=-1)
    run = np.zeros(keys.shape, dtype=np.int64)
    first = ordered[..., :1].copy()
    for k in range(1, keys.shape[-1]):
        here = ordered[..., k : k + 1]
        new = here > first + tolerance(number_system)
        run[..., k] = run[..., k - 1] + new[..., 0]
        first = np.where(new, here, first)
    again = np.argsort(run * keys.shape[-1] + order, axis=-1)
    return np.take_along_axis(order, again, axis=-1)


def at_most(values: NDArray[Any], bound: Fraction, number_system: Arithmetic) -> NDArray[np.bool_]:
    """Which of some comparable numbers are <= the bound; floats may exceed it by the tolerance."""
    if number_system.name == "exact":
        return np.asarray(values <= number_system.array(bound), dtype=bool)
    return np.asarray(values <= float(bound) + tolerance(number_system), dtype=bool)


def places(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The inverse: at which place of the order every index stands."""
    where = np.empty_like(order)
    np.put_along_axis(where, order, np.broadcast_to(np.arange(order.shape[-1]), order.shape).copy(), axis=-1)
    return where
