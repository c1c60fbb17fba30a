"""Numbers as people read them, rounded in a stated direction."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

DOWN, UP, NEAREST = ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN


def significant(value: Any, digits: int, rounding: str = NEAREST) -> str:
    """So many significant digits; an exponent only for the huge and the tiny."""
    rounded = Context(prec=digits, rounding=rounding).create_decimal_from_float(float(value))
    if rounded == 0:
        return "0"
    return f"{rounded:f}" if -4 <= rounded.adjusted() < 9 else f"{rounded:.{digits - 1}e}"


def fixed(value: Any, places: int, rounding: str = NEAREST) -> str:
    """So many decimal places, none for 0; a number that they would hide keeps two significant digits."""
    exact = Decimal(float(value))
    if exact == 0:
        return "0"
    rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)
    if rounded == 0 and rounding != DOWN:
        return significant(value, 2, rounding)
    return f"{rounded:f}"


def plus_minus(value: float, half: float) -> str:
    """A value and the half-width of its interval, which has two significant digits."""
    rounded = Context(prec=2, rounding=UP).create_decimal_from_float(half)
    places = -int(rounded.as_tuple().exponent) if rounded else 0
    return f"{fixed(value, max(places, 0))} ± {rounded:f}"
