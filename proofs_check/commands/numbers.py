"""Numbers of any kind, exact, enclosed, estimated or missing: in tables, in footnotes, in JSON."""

from __future__ import annotations

import math
from typing import Any

from proofs_check.commands.digits import DOWN, UP, fixed
from theory.analysis import Missing
from theory.comparison import Number
from theory.monte_carlo import Estimate


def probability(number: Number) -> str:
    """A probability, with its interval if it is an estimate."""
    if isinstance(number, Missing):
        return "-"
    if isinstance(number, Estimate):
        return f"{fixed(number.value, 3)} [{fixed(number.low, 3, DOWN)}, {fixed(number.high, 3, UP)}]"
    return fixed(number.value, 4)


def pedigree(number: Number) -> str:
    """How a number was found and what it is worth; why there is none, where it is missing."""
    if isinstance(number, Missing):
        return number.reason
    if isinstance(number, Estimate):
        return f"{100 * number.confidence:.10g}% {number.method}"
    return f"{number.method} ({number.guarantee})"


def number_json(number: Number) -> dict[str, Any]:
    """value, unit, kind and method; low and high where there is an interval; the fraction if it is one.

    What JSON lacks is null with `"infinite"`: true for infinity, false for what is undefined.
    """
    if isinstance(number, Missing):
        return {"value": None, "kind": "missing", "reason": number.reason}
    if isinstance(number, Estimate):
        return {
            "value": number.value,
            "low": number.low,
            "high": number.high,
            "unit": number.unit,
            "kind": "estimate",
            "method": number.method,
            "confidence": number.confidence,
            "n": number.n,
        }
    finite = math.isfinite(float(number.value))
    document = {
        "value": float(number.value) if finite else None,
        "unit": number.unit,
        "kind": number.guarantee,
        "method": number.method,
    }
    if not finite:
        return document | {"infinite": math.isinf(float(number.value))}
    if number.guarantee == "exact rational":
        document["exact"] = str(number.value)
    if number.bounds is not None:
        document["low"], document["high"] = map(float, number.bounds)
    return document
