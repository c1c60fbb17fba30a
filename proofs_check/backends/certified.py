"""Relations between balls: an answer is given only where the enclosures settle it."""

from __future__ import annotations

from typing import Any

from flint import arb

from proofs_check.backends import exact
from proofs_check.evidence import Verdict
from theory.exact.log_sums import LogSum

VERDICT = Verdict.CERTIFIED
METHOD = "certified balls"


def is_ball(value: Any) -> bool:
    """Whether the number is an enclosure."""
    return isinstance(value, arb)


def accepts(value: Any) -> bool:
    """Balls, and every exact number."""
    return is_ball(value) or exact.accepts(value)


def ball(value: Any) -> arb:
    """An enclosure of an exact number at the precision in force."""
    if isinstance(value, LogSum):
        return value.enclosure()
    return value if is_ball(value) else arb(value)


def signs(lhs: Any, rhs: Any, tolerance: float = 0.0) -> set[int]:
    """The signs that lhs - rhs may have."""
    left, right = ball(lhs), ball(rhs)
    impossible = {
        -1: left >= right,
        0: left != right,
        1: left <= right,
    }
    return {sign for sign, excluded in impossible.items() if not excluded}
