"""An inequality proved for all parameters in a box: sub-boxes that cover it, on each of which balls decide it.

Both sides are enclosed over a whole sub-box at once.  Where the enclosures do not decide, the sub-box is halved
along its widest side (relative to the box).  Equality in the box can never be decided this way.  Quotients of
polynomials are therefore factored, and their signs read off Bernstein coefficients (`polynomials`): in one parameter
that decides everything; in several what touches zero where a factor is squared, or on faces of sub-boxes.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy
from flint import arb, ctx, fmpq

from proofs_check.backends import certified
from proofs_check.backends.polynomials import Quotient
from proofs_check.certificates.expressions import Tree, enclose, tree_of
from proofs_check.evidence import Verdict
from theory.exact.log_sums import LogSum

VERDICT = Verdict.PROVED
METHOD = "balls over a box"
POLYNOMIALS = "polynomials over a box"

Side = tuple[fmpq, fmpq]
SubBox = tuple[Side, ...]

SMALLEST = fmpq(1, 2**40)
"""Sides shorter than this, relative to the box, are not halved."""

BITS = 96
"""Precision of the balls that enclose both sides over a sub-box."""

_SIGNS = {"<": {-1}, "<=": {-1, 0}, "==": {0}, ">=": {0, 1}, ">": {1}}


@dataclass(frozen=True)
class Box:
    """Parameters that range over intervals: `Box(a=("1/100", "1/2"))`.  ValueError for an empty one."""

    sides: Mapping[str, Side]

    @classmethod
    def of(cls, **sides: Any) -> Box:
        read = {name: (fmpq(*_ratio(low)), fmpq(*_ratio(high))) for name, (low, high) in sides.items()}
        for name, (low, high) in read.items():
            if low > high:
                raise ValueError(f"{name}: expected an interval, got one from {low} to {high}")
        return cls(read)

    @property
    def symbols(self) -> dict[str, sympy.Symbol]:
        """One symbol a parameter, known to be positive where its interval is."""
        return {
            name: sympy.Symbol(name, positive=True) if low > 0 else sympy.Symbol(name, real=True)
            for name, (low, _) in self.sides.items()
        }

    def points(self) -> Iterator[dict[str, fmpq]]:
        """Its middle and its corners, and what lies between them: three values of every parameter."""
        values = [((low + high) / 2, low, high) for low, high in self.sides.values()]
        for chosen in itertools.product(*values):
            yield dict(zip(self.sides, chosen, strict=True))

    def __str__(self) -> str:
        return self.shown(tuple(self.sides.values()))

    def shown(self, sub: SubBox) -> str:
        """A sub-box in words."""
        return ", ".join(
            f"{name} in [{low}, {high}]" for name, (low, high) in zip(self.sides, sub, strict=True)
        )


@dataclass
class Covering:
    """What a search over a box found.

    proved: sub-boxes on which the inequality holds; open: one that is undecided, if any is; refuted: one on which it
    fails everywhere, if any.  The box is covered if neither is there.  root: where both sides of a strict inequality
    in one parameter are equal, in the open sub-box.  stated: both sides as they were given, where lhs is their
    difference as a product.
    """

    box: Box
    lhs: Tree
    op: str
    rhs: Tree
    method: str = METHOD
    proved: list[SubBox] = field(default_factory=list)
    open: SubBox | None = None
    refuted: SubBox | None = None
    root: sympy.Expr | None = None
    stated: tuple[Tree, Tree] | None = None

    @property
    def complete(self) -> bool:
        """Whether the inequality holds on all of the box."""
        return self.open is None and self.refuted is None

    def midpoint(self, sub: SubBox) -> dict[str, fmpq]:
        """The parameters in the middle of a sub-box."""
        return {name: (low + high) / 2 for name, (low, high) in zip(self.box.sides, sub, strict=True)}

    def to_json(self, claim: str, statement: str) -> dict[str, Any]:
        """The certificate, which `proofs_check/certificates/checker.py` verifies by itself."""
        return {
            "claim": claim,
            "statement": statement,
            "variables": {name: [str(low), str(high)] for name, (low, high) in self.box.sides.items()},
            "lhs": self.lhs,
            "op": self.op,
            "rhs": self.rhs,
            **({"stated": list(self.stated)} if self.stated is not None else {}),
            "boxes": [[[str(low), str(high)] for low, high in sub] for sub in self.proved],
        }


def prove(lhs: Any, op: str, rhs: Any, box: Box, *, most: int = 20_000) -> Covering:
    """Cover the box with at most about `most` sub-boxes on which `lhs op rhs` is decided.

    lhs, rhs: sympy expressions in `box.symbols`, or exact numbers.  Stops at the first sub-box on which the
    relation fails.  TypeError for an expression that certificates cannot state.
    """
    left, right = sympy.sympify(_expression(lhs)), sympy.sympify(_expression(rhs))
    quotient = Quotient.difference(left, right, [*box.symbols.values()])
    stated = None
    if quotient is not None:
        stated = tree_of(left), tree_of(right)
        left, right = quotient.expression, sympy.Integer(0)
    method = METHOD if quotient is None else POLYNOMIALS
    covering = Covering(box, tree_of(left), op, tree_of(right), method, stated=stated)
    whole: SubBox = tuple(box.sides.values())
    pending, allowed = deque([whole]), _SIGNS[op]
    while pending and covering.refuted is None:
        sub = pending.popleft()  # the largest: a simple counterexample comes first
        possible = _possible_signs(covering, sub) if quotient is None else quotient.signs_in(sub)
        if possible <= allowed:
            covering.proved.append(sub)
        elif not possible & allowed:
            covering.refuted = sub
        elif halves := _halves(sub, whole):
            pending += halves
        else:
            covering.open = covering.open or sub
        if len(covering.proved) + len(pending) > most:
            covering.open = covering.open or pending[0]
            break
    if quotient is not None and covering.open is not None and len(box.sides) == 1 and 0 not in allowed:
        covering.root = quotient.root_in(covering.open[0])
    return covering


def _expression(value: Any) -> Any:
    if isinstance(value, int | fmpq):
        number = fmpq(value)
        return sympy.Rational(int(number.p), int(number.q))
    if isinstance(value, LogSum):
        return sum((_expression(c) * sympy.log(a) for a, c in value.terms.items()), sympy.S.Zero) / sympy.log(
            2
        )
    return value


def _possible_signs(covering: Covering, sub: SubBox) -> set[int]:
    with ctx.workprec(BITS):
        values = {name: _ball(*side) for name, side in zip(covering.box.sides, sub, strict=True)}
        if covering.rhs == "0":
            return _signs(covering.lhs, values)
        left, right = enclose(covering.lhs, values), enclose(covering.rhs, values)
        if not (left.is_finite() and right.is_finite()):
            return {-1, 0, 1}
        return certified.signs(left, right)


def _signs(tree: Tree, values: Mapping[str, arb]) -> set[int]:
    """The signs that an expression may have, factor by factor: a ball loses the exact 0 at the end of a square."""
    ball = enclose(tree, values)
    if not ball.is_finite():  # a pole, or a logarithm of what is not positive, in some part of it
        return {-1, 0, 1}
    if isinstance(tree, list) and tree[0] == "product":
        signs = [_signs(factor, values) for factor in tree[1:]]
        return reduce(lambda ones, others: {x * y for x in ones for y in others}, signs, {1})
    if isinstance(tree, list) and tree[0] == "power" and int(tree[2]) % 2 == 0:
        return {sign * sign for sign in _signs(tree[1], values)}
    return certified.signs(ball, 0)


def _ball(low: fmpq, high: fmpq) -> arb:
    return arb(low).union(arb(high))


def _halves(sub: SubBox, whole: SubBox) -> list[SubBox]:
    """Both halves along the side that is widest for the box; none where all are tiny, as around an equality."""
    widths = [
        (high - low) / (most - least) if most > least else fmpq(0)
        for (low, high), (least, most) in zip(sub, whole, strict=True)
    ]
    axis = max(range(len(sub)), key=widths.__getitem__, default=0)
    if not sub or widths[axis] < SMALLEST:
        return []
    low, high = sub[axis]
    middle = (low + high) / 2
    return [(*sub[:axis], half, *sub[axis + 1 :]) for half in ((low, middle), (middle, high))]


def _ratio(value: Any) -> tuple[int, int]:
    return Fraction(value).as_integer_ratio()
