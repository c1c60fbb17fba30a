"""Expressions as nested lists, the form in which certificates state both sides of an inequality.

"3/4"   ["variable", "a"]   ["sum", x, y, ..]   ["product", x, y, ..]   ["power", x, "-2"]   ["ln", x]
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import sympy
from flint import arb, fmpq

from theory.log_sums import LogSum

Tree = Any
"""A rational as a string, or a list that begins with the kind of an expression."""


def tree_of(value: Any) -> Tree:
    """An exact number or a sympy expression as nested lists.  TypeError for a form they do not have."""
    if isinstance(value, LogSum):
        terms = [["product", str(c), ["ln", str(a)]] for a, c in sorted(value.terms.items())]
        return ["product", ["sum", "0", *terms], ["power", ["ln", "2"], "-1"]] if terms else "0"
    if isinstance(value, sympy.Expr):
        return _of_expression(value)
    return str(fmpq(value))


def _of_expression(value: sympy.Expr) -> Tree:
    if isinstance(value, sympy.Rational):
        return str(value)
    if isinstance(value, sympy.Symbol):
        return ["variable", value.name]
    if isinstance(value, sympy.Add):
        return ["sum", *map(_of_expression, value.args)]
    if isinstance(value, sympy.Mul):
        return ["product", *map(_of_expression, value.args)]
    if isinstance(value, sympy.Pow) and isinstance(value.exp, sympy.Integer):
        return ["power", _of_expression(value.base), str(value.exp)]
    if isinstance(value, sympy.log) and len(value.args) == 1:
        return ["ln", _of_expression(value.args[0])]
    raise TypeError(f"expression: expected sums, products, whole powers and logarithms, got {value}")


def enclose(tree: Tree, values: Mapping[str, arb]) -> arb:
    """A ball that contains the expression wherever its variables lie in their balls."""
    if isinstance(tree, str):
        return arb(fmpq(*map(int, tree.split("/"))))
    kind, *arguments = tree
    if kind == "variable":
        return values[arguments[0]]
    if kind == "power":
        return _power(enclose(arguments[0], values), int(arguments[1]))
    inner = [enclose(argument, values) for argument in arguments]
    if kind == "sum":
        return sum(inner, arb(0))
    if kind == "product":
        return reduce(lambda x, y: x * y, inner, arb(1))
    return inner[0].log()


def _power(base: arb, exponent: int) -> arb:
    if exponent % 2 == 0:  # of the absolute value, so that a square is not negative
        base = base.abs_lower().union(base.abs_upper())
    return base**exponent
