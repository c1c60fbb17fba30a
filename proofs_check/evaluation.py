"""A claim, or a false variant of it, evaluated at one instance or over a whole box of parameters."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
import sympy
from flint import fmpq

from oracles.arithmetic import arithmetic
from proofs_check.backends.boxes import Box, Covering, prove
from proofs_check.certificates.expressions import number, tree_of
from proofs_check.claims import Claim, Mutant, NotCheckable
from proofs_check.evidence import Verdict
from proofs_check.instances import Instance, call
from proofs_check.relation import Relation, Truth
from theory.exact.log_sums import rational

_ANSWERS: tuple[type, ...] = (bool, np.bool_, Relation, Truth)

LEAST_BITS, MOST_BITS = 128, 512
"""Precisions of the balls in which a claim is evaluated: more where fewer leave it undecided."""


@dataclass(frozen=True)
class Outcome:
    """A claim, or a mutant of it, evaluated at one instance.

    out_of_reach: why the claim says that it cannot be computed there; then nothing is known of it.
    """

    instance: Instance
    met: Truth
    relations: tuple[Relation, ...] = ()
    out_of_reach: str | None = None

    @property
    def truth(self) -> Truth:
        """Whether all relations hold; of no interest where the hypotheses are not met."""
        return Truth.of(self.relations)

    @property
    def counterexample(self) -> bool:
        """Whether a relation rigorously fails although the hypotheses rigorously hold."""
        fails = (r.truth is Truth.FALSE and r.worth is not Verdict.SUPPORTED for r in self.relations)
        return self.met is Truth.TRUE and any(fails)

    @property
    def ratio(self) -> float | None:
        """How near the first relation comes to being violated, 1 at equality; None without a hypothesis or sides."""
        ratio = self.relations[0].ratio if self.relations and self.met is Truth.TRUE else None
        return ratio if ratio is not None and isfinite(ratio) else None

    def repeats(self, other: Outcome) -> bool:
        """Whether another evaluation at the same instance gave the same result."""
        alike = (self.met, self.out_of_reach) == (other.met, other.out_of_reach)
        return (
            alike
            and len(self.relations) == len(other.relations)
            and all(one.repeats(two) for one, two in zip(self.relations, other.relations, strict=True))
        )

    def __str__(self) -> str:
        if self.out_of_reach is not None:
            return f"{self.instance}: not checkable, {self.out_of_reach}"
        failed = [relation for relation in self.relations if relation.truth is Truth.FALSE]
        shown = f"{failed[0]} fails" if failed else " and ".join(map(str, self.relations))
        return f"{self.instance}: {shown}"


def evaluate(
    claim: Claim, instance: Instance, mutant: Mutant | None = None, *, bits: int = LEAST_BITS
) -> Outcome:
    """Both sides of the claim, or of its mutant, at an instance, with as many bits as it takes to decide it."""
    with arithmetic("ball", bits=bits).context():
        outcome = _evaluate(claim, instance, mutant)
        open_question = outcome.met is not Truth.FALSE and Truth.UNDECIDED in (outcome.met, outcome.truth)
    if open_question and bits < MOST_BITS:
        return evaluate(claim, instance, mutant, bits=MOST_BITS)
    return outcome


def attempt(claim: Claim, instance: Instance, mutant: Mutant | None = None) -> Outcome:
    """As `evaluate`; where the claim's function raises NotCheckable, the outcome is out of reach, with the reason."""
    try:
        return evaluate(claim, instance, mutant)
    except NotCheckable as reason:
        return Outcome(instance, Truth.UNDECIDED, out_of_reach=str(reason))


@dataclass(frozen=True)
class OverBox:
    """A claim on a box, or a mutant of it, at an instance of its other parameters; relations are in symbols."""

    box: Box
    instance: Instance
    relations: tuple[Relation, ...]

    @classmethod
    def of(cls, claim: Claim, instance: Instance, mutant: Mutant | None = None) -> OverBox:
        """Call the claim's function with a symbol for every parameter of its box."""
        assert claim.box is not None
        others = {name: value for name, value in instance.values.items() if name not in claim.box.sides}
        return cls(claim.box, instance, _stated(claim, {**others, **claim.box.symbols}, mutant))

    def coverings(self) -> list[Covering]:
        """A covering of the box for every relation."""
        return [prove(relation.lhs, relation.op, relation.rhs, self.box) for relation in self.relations]

    def at(self, values: Mapping[str, fmpq]) -> Outcome:
        """What becomes of the relations at a point, by exact numbers or balls."""
        label = ", ".join(f"{name}={value}" for name, value in values.items())
        instance = Instance(
            {**self.instance.values, **values}, ", ".join(filter(None, [self.instance.label, label]))
        )
        with arithmetic("ball", bits=MOST_BITS).context():
            relations = tuple(
                Relation(_number(one.lhs, values), one.op, _number(one.rhs, values)) for one in self.relations
            )
        return Outcome(instance, Truth.TRUE, relations)

    def equality_at(self, covering: Covering) -> Outcome:
        """What becomes of a strict inequality where its sides are equal, which need not be a rational number."""
        (name,), root = self.box.sides, covering.root
        if isinstance(root, sympy.Rational):
            return self.at({name: rational(str(root))})
        label = ", ".join(filter(None, [self.instance.label, f"{name}={root}"]))
        return Outcome(
            Instance(self.instance.values, label), Truth.TRUE, (Relation(fmpq(0), covering.op, fmpq(0)),)
        )

    def points(self) -> Iterator[Outcome]:
        """The middle of the box, its corners, and what lies between them."""
        return map(self.at, self.box.points())


def _evaluate(claim: Claim, instance: Instance, mutant: Mutant | None) -> Outcome:
    if claim.box is not None:
        point = {name: rational(instance.values[name]) for name in claim.box.sides}
        return replace(OverBox.of(claim, instance, mutant).at(point), instance=instance)
    assumed = {name: h for name, h in claim.hypotheses.items() if not (mutant and name == mutant.without)}
    constants = mutant.constants if mutant else {}
    met = [_met(name, call(hypothesis, instance.values, **constants)) for name, hypothesis in assumed.items()]
    if Truth.FALSE in met:
        return Outcome(instance, Truth.FALSE)
    relations = _stated(claim, instance.values, mutant)
    return Outcome(instance, Truth.UNDECIDED if Truth.UNDECIDED in met else Truth.TRUE, relations)


def _met(hypothesis: str, answer: Any) -> Truth:
    """Whether a hypothesis is met.  TypeError for an answer that is none: nothing else counts as yes or no."""
    several = isinstance(answer, list | tuple) and answer and all(isinstance(one, Relation) for one in answer)
    if several or isinstance(answer, _ANSWERS):
        return Truth.of(answer)
    raise TypeError(
        f"hypothesis '{hypothesis}': expected a bool, a Relation or several, got {_shown(answer)}"
    )


def _stated(claim: Claim, values: Mapping[str, Any], mutant: Mutant | None) -> tuple[Relation, ...]:
    stated = call(claim.relation, values, **(mutant.constants if mutant else {}))
    several = isinstance(stated, Iterable) and not isinstance(stated, Relation)
    relations: tuple[Any, ...] = tuple(stated) if several else (stated,)
    if not relations or not all(isinstance(one, Relation) for one in relations):
        raise TypeError(f"{claim.id}: expected it to return a Relation or several, got {_shown(stated)}")
    return tuple(relation.reversed() for relation in relations) if mutant and mutant.reverse else relations


def _shown(answer: Any) -> str:
    return f"{type(answer).__name__} {reprlib.repr(answer)}"


def _number(side: Any, values: Mapping[str, fmpq]) -> Any:
    """A side in symbols as a number at a point."""
    return number(tree_of(side), values) if isinstance(side, sympy.Expr) else side
