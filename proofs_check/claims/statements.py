"""What a claim is: a statement, how to evaluate it, and what must succeed and fail if the check is worth anything."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from proofs_check.backends.boxes import Box
from proofs_check.instances import Grid, Instance, grid
from proofs_check.spaces import Space


@dataclass(frozen=True)
class Source:
    """Where a statement was published: who, which version, and which theorem."""

    work: str
    version: str
    place: str = ""

    def at(self, place: str) -> Source:
        """The same work at a numbered place."""
        return replace(self, place=place)

    def __str__(self) -> str:
        return ", ".join(part for part in (self.work, self.version, self.place) if part)


@dataclass(frozen=True)
class Tight:
    """An instance at which the ratio of the two sides reaches `ratio` (1: equality)."""

    instance: Instance
    ratio: Any = 1

    def __post_init__(self) -> None:
        if not 0 < float(self.ratio) <= 1:
            raise ValueError(f"ratio: expected a number above 0 and at most 1, got {self.ratio}")


class Mutant:
    """A false variant of the claim, which must be refuted.

    constants: new values of the claim's keyword-only parameters.  without: the hypothesis that is dropped.
    reverse: whether the inequality is turned round.  instances: where to look first, if the claim's own
    instances would not show it.
    """

    def __init__(
        self,
        name: str,
        *,
        without: str | None = None,
        reverse: bool = False,
        instances: Iterable[Instance] = (),
        **constants: Any,
    ) -> None:
        self.name = name
        self.without = without
        self.reverse = reverse
        self.instances = instances
        self.constants = constants


class NotCheckable(Exception):
    """Raised by a claim's function, with the reason why no computation here can decide it.

    At some instances only, it leaves the verdict to the others, and the report says which it was raised at.
    """


@dataclass(frozen=True)
class Claim:
    """A statement, how to evaluate it, and what must succeed and fail if the check is worth anything."""

    id: str
    source: Source
    statement: str
    relation: Callable[..., Any]
    log_base: str = "none"
    hypotheses: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    instances: Iterable[Instance] = field(default_factory=grid)
    search: Mapping[str, Any] = field(default_factory=dict)
    tight: Tight | None = None
    mutants: Sequence[Mutant] = ()
    observations: Sequence[Any] = ()
    notes: Sequence[str] = ()
    rests_on: Sequence[str] = ()
    box: Box | None = None
    attack: Mapping[str, Space] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.box is not None and self.hypotheses:
            raise ValueError(
                f"hypotheses: expected none on a box, whose sides say what is assumed, got {sorted(self.hypotheses)}"
            )
        parameters = {
            name: parameter.kind
            for function in (*self.hypotheses.values(), self.relation)
            for name, parameter in inspect.signature(function).parameters.items()
        }
        taken = parameters.keys() | (self.box.sides.keys() if self.box is not None else ())
        if unknown := self._given - taken:
            raise ValueError(
                f"instances: expected values of what {self.id} or a hypothesis takes ({sorted(taken)}), "
                f"got {sorted(unknown)}"
            )
        constants = {name for name, kind in parameters.items() if kind is inspect.Parameter.KEYWORD_ONLY}
        for mutant in self.mutants:
            unknown = set(mutant.constants) - constants
            if unknown:
                raise ValueError(
                    f"mutants: expected constants of {self.id} ({sorted(constants)}), got {sorted(unknown)}"
                )
            if mutant.without is not None and mutant.without not in self.hypotheses:
                raise ValueError(
                    f"mutants: expected a hypothesis of {self.id} ({sorted(self.hypotheses)}), "
                    f"got {mutant.without!r}"
                )

    @property
    def _given(self) -> set[str]:
        """The names of all that instances, where they say it beforehand, give values to."""
        listed = self.instances.names if isinstance(self.instances, Grid) else set()
        tight = self.tight.instance.values if self.tight is not None else {}
        return {*listed, *tight, *self.search, *self.attack}

    @property
    def command(self) -> str:
        """The command that repeats this check."""
        return f"maskproof check {self.name}"

    @property
    def name(self) -> str:
        """What the command line knows it by: its id, with the path of its file where that is not the library's."""
        if self.relation.__module__.startswith("proofs_check.") or (home := home_of(self)) is None:
            return self.id
        return shlex.quote(f"{home}::{self.id.rpartition('.')[2]}")


def claim(
    *,
    source: Source,
    log_base: str = "none",
    hypotheses: Mapping[str, Callable[..., Any]] | None = None,
    instances: Iterable[Instance] | None = None,
    search: Mapping[str, Any] | None = None,
    tight: Tight | None = None,
    mutants: Sequence[Mutant] = (),
    observations: Sequence[Any] = (),
    notes: Sequence[str] = (),
    rests_on: Sequence[str] = (),
    box: Box | None = None,
    attack: Mapping[str, Space] | None = None,
) -> Callable[[Callable[..., Any]], Claim]:
    """Turn a function that returns a Relation, or several that must all hold, into a Claim.

    Of several relations the first is the one whose ratio is reported.  The id is the file's name and the
    function's, `feng2025.error_rate`; the statement is the docstring (ValueError if there is none).
    hypotheses: name -> predicate of (some of) the same parameters, a bool or a Relation; an instance that
    fails one is skipped.  instances: what to check, iterated more than once; by default the single one without
    parameters, or none if `search` gives a hypothesis strategy for each parameter, or `attack` a space.
    observations: Monte Carlo runs to compare with exact values (`backends.monte_carlo`).  rests_on: ids of the
    claims that its proof uses (`lemma_graph`).  box: intervals over which other parameters range,
    `Box.of(a=("1/10", "2/5"))`; the function gets a symbol of sympy for each, and the relations are proved on the
    whole box for every instance.  attack: a space (`spaces`) for each parameter, in which `maskproof attack`
    climbs; a check does so, a little, where it has neither instances nor `search`.
    """

    def build(function: Callable[..., Any]) -> Claim:
        if not function.__doc__:
            raise ValueError(f"claim: expected a docstring that states {function.__name__}, got none")
        return Claim(
            id=f"{function.__module__.rpartition('.')[2]}.{function.__name__}",
            source=source,
            statement=" ".join(function.__doc__.split()),
            relation=function,
            log_base=log_base,
            hypotheses=hypotheses or {},
            instances=(() if search or attack else grid()) if instances is None else instances,
            search=search or {},
            tight=tight,
            mutants=mutants,
            observations=observations,
            notes=notes,
            rests_on=tuple(rests_on),
            box=box,
            attack=attack or {},
        )

    return build


def claims_in(module: ModuleType) -> dict[str, Claim]:
    """The claims a module defines, by id, in the order of the file."""
    return {value.id: value for value in vars(module).values() if isinstance(value, Claim)}


def home_of(claim: Claim) -> Path | None:
    """The file at whose top level the claim stands; None if it was made elsewhere, in a session or in a function."""
    module = sys.modules.get(claim.relation.__module__)
    file = getattr(module, "__file__", None)
    if module is None or file is None or claims_in(module).get(claim.id) is not claim:
        return None
    return Path(file)
