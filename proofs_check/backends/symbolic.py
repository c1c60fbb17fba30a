"""Relations between sympy expressions, decided for every value of their symbols."""

from __future__ import annotations

from typing import Any

import sympy

from proofs_check.backends import exact
from proofs_check.evidence import Verdict
from theory.log_sums import LogSum

VERDICT = Verdict.PROVED
METHOD = "symbolic"


def accepts(value: Any) -> bool:
    """Expressions of sympy, and rationals."""
    return isinstance(value, sympy.Expr) or (exact.accepts(value) and not isinstance(value, LogSum))


def signs(lhs: Any, rhs: Any, tolerance: float = 0.0) -> set[int]:
    """The signs that lhs - rhs may have while its symbols range over what they are assumed to be.

    An identity is decided by simplification.  For positive symbols, a quotient of polynomials all of whose
    coefficients have one sign has that sign; anything else is left undecided.
    """
    difference = sympy.simplify(_expression(lhs) - _expression(rhs))
    if difference.is_zero:
        return {0}
    sign = 1
    for part in sympy.fraction(sympy.together(difference)):
        sign *= _sign(sympy.expand(part))
    return {sign} if sign else {-1, 0, 1}


def _sign(expression: sympy.Expr) -> int:
    """1 or -1 if every term of the sum has that sign wherever the symbols may be, else 0."""
    terms = sympy.Add.make_args(expression)
    if all(term.is_positive for term in terms):
        return 1
    return -1 if all(term.is_negative for term in terms) else 0


def _expression(value: Any) -> sympy.Expr:
    if isinstance(value, sympy.Expr):
        return value
    return sympy.Rational(int(value.numerator), int(value.denominator))
