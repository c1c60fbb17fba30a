"""How the zoo reads its parameters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from oracles.validation import read_count

Probability = Any
"""A string such as "19/20" or "0.95" (exact), a fraction, a float or a sympy expression."""


def read_probability(name: str, value: Probability) -> Any:
    """The number meant; ValueError outside [0, 1].  A symbol passes."""
    if isinstance(value, int | str):
        try:
            value = Fraction(value)
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"{name}: expected a probability, got {value!r}") from error
    if not getattr(value, "free_symbols", None) and not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a probability, got {value}")
    return value


def read_even(name: str, value: int) -> int:
    """An even number of at least 2."""
    if read_count(name, value, minimum=2) % 2:
        raise ValueError(f"{name}: expected an even number, got {value}")
    return value
