"""Numbers rounded to integers once, so that a search over their sums is exact from there on.

Sums of integers know no rounding: a dynamic program over them decides every tie, gives the same answer in
whatever order it adds, and how far its optimum can be from that of the given numbers is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array

WORD = 61
"""Bits that sums of compiled integers may take."""


@dataclass(frozen=True)
class Integers:
    """values: `[..]` int64, or Python integers of any size; units of 2**-scale.

    error: the most, in the unit of the given numbers, by which one of them was moved, or was uncertain.
    """

    values: NDArray[Any]
    scale: int
    error: float

    @property
    def compiled(self) -> bool:
        """Whether they are machine words."""
        return not self.values.dtype.hasobject


def as_integers(numbers: Array, arithmetic: Arithmetic, terms: int) -> Integers:
    """Numbers of an arithmetic, `[..]`, as integers of which `terms` may be added up.

    Floats become machine words, balls Python integers at the precision of the balls.
    ValueError for infinite numbers, and for symbols.
    """
    plain = np.array(arithmetic.tolist(numbers), dtype=object)
    if arithmetic.name.startswith("float"):
        return _words(plain.astype(np.float64), terms)
    if not all(hasattr(value, "rad") and value.is_finite() for value in plain.flat):
        raise ValueError(f"numbers: expected finite numbers without symbols, got some in {arithmetic.name}")
    with arithmetic.context():
        scale = getattr(arithmetic, "bits", 128)
        whole = np.array([_nearest(value, scale) for value in plain.flat], dtype=object)
        uncertain = max((float(value.rad()) for value in plain.flat), default=0.0)
    return Integers(whole.reshape(plain.shape), scale, 2.0**-scale + uncertain)


def _words(numbers: NDArray[np.float64], terms: int) -> Integers:
    if not np.isfinite(numbers).all():
        raise ValueError("numbers: expected finite numbers, got NaN or infinity")
    largest = float(np.abs(numbers).max(initial=0.0))
    scale = WORD - int(np.frexp(largest * terms)[1]) if largest else 0
    whole = np.rint(np.ldexp(numbers, scale))
    return Integers(whole.astype(np.int64), scale, float(np.ldexp(0.5, -scale)) if largest else 0.0)


def _nearest(value: Any, scale: int) -> int:
    """The middle of a ball times 2**scale, to within 1."""
    mantissa, exponent = value.mid().man_exp()
    shift = int(exponent) + scale
    return int(mantissa) << shift if shift >= 0 else int(mantissa) >> -shift
