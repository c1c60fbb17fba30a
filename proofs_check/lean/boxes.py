"""Proofs for Lean of what products of polynomials are in a box: positive, negative, or at least not the other.

Each factor is written in Bernstein's form, with u = x - low and v = high - x,
    f = least + sum_k (b_k - least) prod_i C(d_i, k_i) u_i^{k_i} v_i^{d_i - k_i} / (high_i - low_i)^{d_i},
which `ring` confirms; `positivity` sees that no term is negative.  The sub-boxes of the certificate are the cases.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb, prod
from typing import Any

import sympy
from flint import fmpq

from proofs_check.backends.boxes import Side, SubBox
from proofs_check.backends.polynomials import bernstein_coefficients
from proofs_check.certificates.expressions import Tree
from theory.exact.log_sums import rational

MOST_CASES, MOST_TERMS = 32, 60
"""Sub-boxes, and terms of a polynomial, that a proof goes through."""

SIGNS = {"<": "<", "<=": "≤", "==": "=", ">=": "≥", ">": ">"}
"""Relations as Lean has them."""

Print = Callable[[Tree], str]
"""An expression as a term of Lean, in brackets where it needs them."""


class Unproved(Exception):
    """Raised with the reason why there is no such proof."""


def proof(certificate: Mapping[str, Any], term: Print, name: Callable[[str], str]) -> list[str]:
    """Lines of tactics that close the certificate's inequality.  Unproved where that needs other means."""
    op, lhs = certificate["op"], certificate["lhs"]
    if certificate["rhs"] != "0" or op == "==":
        raise Unproved("no inequality between a product and 0")
    pieces = [_read(sub) for sub in certificate["boxes"]]
    if len(pieces) > MOST_CASES:
        raise Unproved(f"a proof by {len(pieces)} cases")
    names = list(certificate["variables"])
    product = _Product(names, lhs, op, term, name)
    return product.cases(_read(certificate["variables"].values()), pieces)


@dataclass(frozen=True)
class _Factor:
    """A polynomial to a power: its sign, whether it is never 0, and what shows that, unless nothing is known."""

    number: int
    term: str
    exponent: int
    sign: int
    strict: bool
    known: bool = True
    power: int | None = None
    lines: list[str] = field(default_factory=list)

    def statement(self, name: str) -> str:
        """That it, under this name, has its sign."""
        signed = name if self.sign > 0 else f"-({name})"
        return f"(0 : ℚ) {'<' if self.strict else '≤'} {signed}"

    def named(self, name: str) -> Tree:
        """The factor with this name in place of the polynomial."""
        return (
            ["power", ["variable", name], str(self.power)] if self.power is not None else ["variable", name]
        )


@dataclass(frozen=True)
class _Product:
    """lhs op 0, with factors that are polynomials in the named variables."""

    names: Sequence[str]
    lhs: Tree
    op: str
    term: Print
    name: Callable[[str], str]

    def cases(self, box: SubBox, pieces: list[SubBox]) -> list[str]:
        """The proof for the box itself, or for both halves along the side that the pieces keep to."""
        if pieces == [box]:
            return self.single(box)
        for axis, (low, high) in enumerate(box):
            middle = (low + high) / 2
            lower = [piece for piece in pieces if piece[axis][1] <= middle]
            upper = [piece for piece in pieces if piece[axis][0] >= middle]
            if lower and upper and len(lower) + len(upper) == len(pieces):
                halves = [
                    self.cases((*box[:axis], side, *box[axis + 1 :]), part)
                    for side, part in (((low, middle), lower), ((middle, high), upper))
                ]
                split = f"rcases le_total {self.name(self.names[axis])} {self.number(middle)} with _ | _"
                return [split, *(line for half in halves for line in _bulleted(half))]
        raise Unproved("sub-boxes that are no halves")

    def single(self, box: SubBox) -> list[str]:
        """The proof where one Bernstein form of every factor is enough."""
        if any(low == high for low, high in box):
            raise Unproved("an interval of one point")
        lines = [
            line for name, side in zip(self.names, box, strict=True) for line in self._distances(name, side)
        ]
        trees = self.lhs[1:] if self.lhs[0] == "product" else [self.lhs]
        factors = [
            self._factor(number, tree, box)
            for number, tree in enumerate(trees, 1)
            if not isinstance(tree, str)
        ]
        numbers = [rational(tree) for tree in trees if isinstance(tree, str)]
        if any(number == 0 for number in numbers):
            raise Unproved("a product with 0")
        sign = prod([one.sign for one in factors if one.exponent % 2], start=1)
        sign *= prod([1 if number > 0 else -1 for number in numbers], start=1)
        strict = all(one.strict for one in factors)
        if not strict and "=" not in self.op:
            raise Unproved("a strict inequality of which Bernstein coefficients show less")
        if sign != (1 if ">" in self.op else -1):
            raise Unproved("a product of another sign than its factors")
        lines += [line for one in factors for line in one.lines]
        return [*lines, *self._combined(trees, factors, sign, "<" if strict else "≤")]

    def _combined(self, trees: list[Tree], factors: list[_Factor], sign: int, above: str) -> list[str]:
        """From the signs of the factors to that of the product, whatever the factors are."""
        by_number = {one.number: one for one in factors}
        kept, positive = list[Tree](), list[Tree]()
        for number, tree in enumerate(trees, 1):
            if isinstance(tree, str):
                kept.append(tree)
                positive.append(str(abs(rational(tree))))
            else:
                one = by_number[number]
                kept.append(one.named(f"g{number}"))
                positive.append(one.named(f"m{number}" if one.sign < 0 else f"g{number}"))
        wrapped = self.lhs[0] == "product"
        left, whole = (self.term(["product", *part] if wrapped else part[0]) for part in (kept, positive))
        known = [one for one in factors if one.known]
        negative = [one.number for one in known if one.sign < 0]
        signs = "".join(f"{one.statement(f'g{one.number}')} → " for one in known)
        names = " ".join(f"g{one.number}" for one in factors)
        right = whole if sign > 0 else f"-({whole})"
        proof = [f"intro {names} {' '.join(f'h{one.number}' for one in known)}".rstrip()]
        for number in negative:
            proof += [
                f"obtain ⟨m{number}, hm{number}⟩ : ∃ m, m = -g{number} := ⟨_, rfl⟩",
                f"rw [← hm{number}] at h{number}",
            ]
        proof += [
            f"have key : (0 : ℚ) {above} {whole} := by positivity",
            f"have same : {left} = {right} := by",
            *(f"  subst hm{number}" for number in negative),
            "  ring",
            "rw [same]",
            "linarith",
        ]
        given = " ".join([*(f"({one.term})" for one in factors), *(f"h{one.number}" for one in known)])
        return [
            f"have all : ∀ {names} : ℚ, {signs}{left} {SIGNS[self.op]} (0 : ℚ) := by",
            *(f"  {line}" for line in proof),
            f"exact all {given}",
        ]

    def _distances(self, name: str, side: Side) -> list[str]:
        x, lines = self.name(name), []
        for letter, distance in (
            ("u", f"{x} - {self.number(side[0])}"),
            ("v", f"{self.number(side[1])} - {x}"),
        ):
            lines += [
                f"obtain ⟨{letter}_{x}, h{letter}_{x}⟩ : ∃ w, w = {distance} := ⟨_, rfl⟩",
                f"have p{letter}_{x} : 0 ≤ {letter}_{x} := by linarith",
            ]
        return lines

    def _factor(self, number: int, tree: Tree, box: SubBox) -> _Factor:
        """The sign of a factor, and how it is shown; an even power has one anyway."""
        base, exponent = (tree[1], int(tree[2])) if tree[0] == "power" else (tree, None)
        term = self.term(base)
        try:
            sign, strict, form = self._form(base, box)
        except Unproved:
            if exponent is None or exponent < 0 or exponent % 2:
                raise
            return _Factor(number, term, exponent, 1, strict=False, known=False, power=exponent)
        if exponent is not None and exponent < 0 and not strict:
            raise Unproved("a denominator that may be 0")
        factor = _Factor(
            number, term, 1 if exponent is None else exponent, sign, strict=strict, power=exponent
        )
        signed = term if sign > 0 else f"-({term})"
        equations = [f"h{letter}_{self.name(name)}" for name in self.names for letter in "uv"]
        factor.lines.extend(
            [
                f"have h{number} : {factor.statement(term)} := by",
                f"  have form : {signed} = {form} := by",
                f"    subst {' '.join(equations)}",
                "    ring",
                "  rw [form]",
                "  positivity",
            ]
        )
        return factor

    def _form(self, base: Tree, box: SubBox) -> tuple[int, bool, str]:
        """A polynomial, or minus it: its sign in the box, whether it is never 0, and its Bernstein form."""
        try:
            polynomial = sympy.Poly(_sympy(base), *map(sympy.Symbol, self.names), domain="QQ")
        except sympy.PolynomialError as error:
            raise Unproved("no product of polynomials") from error
        values = bernstein_coefficients(polynomial, box)
        sign = -1 if any(value < 0 for value in values.flat) else 1
        least = min(sign * value for value in values.flat)
        if least < 0:
            raise Unproved("Bernstein coefficients of both signs")
        degrees = [size - 1 for size in values.shape]
        terms = [self.number(least)] if least else []
        for place in itertools.product(*(range(size) for size in values.shape)):
            weight = (sign * values[place] - least) * prod(map(comb, degrees, place))
            weight /= prod(
                ((high - low) ** d for (low, high), d in zip(box, degrees, strict=True)), start=fmpq(1)
            )
            if weight:
                terms.append(self._term(weight, place, degrees))
        if len(terms) > MOST_TERMS:
            raise Unproved(f"{len(terms)} Bernstein coefficients")
        return sign, least > 0, " + ".join(terms) or self.number(fmpq(0))

    def _term(self, weight: fmpq, place: Sequence[int], degrees: Sequence[int]) -> str:
        powers = [
            f"{letter}_{self.name(name)} ^ {power}"
            for name, k, degree in zip(self.names, place, degrees, strict=True)
            for letter, power in (("u", k), ("v", degree - k))
            if power
        ]
        return " * ".join([self.number(weight), *powers])

    def number(self, value: fmpq) -> str:
        """A number as a term in brackets."""
        return f"({self.term(str(value))})"


def _bulleted(lines: list[str]) -> list[str]:
    return [f"{'· ' if n == 0 else '  '}{line}" for n, line in enumerate(lines)]


def _read(sides: Any) -> SubBox:
    return tuple((rational(low), rational(high)) for low, high in sides)


def _sympy(tree: Tree) -> Any:
    if isinstance(tree, str):
        return sympy.Rational(tree)
    kind, *arguments = tree
    if kind == "variable":
        return sympy.Symbol(arguments[0])
    if kind == "power":
        return _sympy(arguments[0]) ** int(arguments[1])
    if kind == "ln":
        raise Unproved("a logarithm")
    return (sympy.Add if kind == "sum" else sympy.Mul)(*map(_sympy, arguments))
