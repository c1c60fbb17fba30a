"""A computed quantity with its kind: what it is, how it was found and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
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
        if self.bounds is None:
            text = f"{self.value}" if self.guarantee == "exact rational" else f"{float(self):.9g}"
        else:
            text = f"in [{float(self.bounds[0]):.9g}, {float(self.bounds[1]):.9g}]"
        return f"{text} {self.unit} ({self.guarantee}; {self.method})"
