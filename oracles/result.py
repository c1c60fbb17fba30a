"""A computed quantity with its kind: what it is, how it was found and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context
from typing import Any


@dataclass(frozen=True)
class Result:
    """One number and its pedigree.

    value: float, exact rational (fmpq), ball (arb) or sympy expression.  unit: "bits", "bits per token",
    "probability", ...  method: the route that computed it.  guarantee: "exact rational", "enclosure at 128
    bits", "float64 rounding", "symbolic", "95% interval", ...  bounds: a lower and an upper end where the
    value is only enclosed (then `value` is their middle).  notes: conventions that the value depends on.
    """

    value: Any
    unit: str
    method: str
    guarantee: str
    bounds: tuple[Any, Any] | None = None
    notes: tuple[str, ...] = field(default=())

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        if self.bounds is not None:
            low, high = self.bounds
            text = f"in [{_nine_digits(low, ROUND_FLOOR)}, {_nine_digits(high, ROUND_CEILING)}]"
        elif self.guarantee in ("exact rational", "symbolic") or _has_no_digits(self.value):
            text = f"{self.value}"
        else:
            text = _nine_digits(self.value, ROUND_HALF_EVEN)
        return f"{text} {self.unit} ({self.guarantee}; {self.method})"


def _has_no_digits(value: Any) -> bool:
    """Whether a number is a ball around zero: its middle is noise, so it is shown with its radius."""
    return hasattr(value, "rad") and bool(value.contains(0)) and not value.is_zero()


def _nine_digits(value: Any, rounding: str) -> str:
    """A number as people read it; the ends of an enclosure are rounded outwards."""
    return f"{float(Context(prec=9, rounding=rounding).create_decimal_from_float(float(value))):.9g}"
