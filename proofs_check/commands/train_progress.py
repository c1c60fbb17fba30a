"""How training goes on: a table that grows on a terminal, a line a row elsewhere; both on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from oracles import Oracle
from proofs_check.commands.console import note
from proofs_check.commands.digits import fixed, plus_minus
from theory.monte_carlo import Estimate
from theory.neural import Shortfall


@dataclass(frozen=True)
class Row:
    """A report: the loss in bits a token since the last one, and what was left to learn."""

    step: int
    loss: float
    left: Shortfall


@runtime_checkable
class Display(Protocol):
    """Where a run shows how far it is."""

    def at(self, step: int, doing: str = "training") -> None:
        """So many steps are done, and this is what comes next."""
        ...

    def add(self, row: Row) -> None:
        """A report is there."""
        ...


@contextmanager
def display(law: Oracle, steps: int, begun: int) -> Iterator[Display]:
    """A display of a run, `begun` of whose steps were done before: a table that vanishes at the end, or a log."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Log(steps, begun)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn())
    bar.add_task("starting", total=steps, completed=begun)
    with Live(console=console, transient=True) as live:
        growing = _Growing(live, bar, law)
        growing.show()
        yield growing


@dataclass
class _Growing:
    """On a terminal."""

    live: Live
    bar: Progress
    law: Oracle
    rows: list[Row] = field(default_factory=list)

    def at(self, step: int, doing: str = "training") -> None:
        self.bar.update(self.bar.task_ids[0], completed=step, description=doing)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.show()

    def show(self) -> None:
        """What there is now."""
        shown = Group(table(self.rows, self.law), self.bar) if self.rows else self.bar
        self.live.update(shown, refresh=True)


@dataclass
class _Log:
    """In a file or a pipe."""

    steps: int
    begun: int

    def at(self, step: int, doing: str = "training") -> None:
        if self.begun:
            note(f"went on from step {self.begun} of {self.steps}")
            self.begun = 0

    def add(self, row: Row) -> None:
        known = "" if row.left.worst is None else f", worst context {fixed(row.left.worst.value, 4)} bits"
        note(
            f"step {row.step} of {self.steps}: loss {fixed(row.loss, 4)}, gap left {gap(row.left)} bits/token{known}"
        )


def table(rows: list[Row], law: Oracle) -> Table:
    """The rows of a run: its loss, and how far it is from the law, in its worst context too if that is known."""
    entropy = float(law.entropy().value) / law.length
    found = Table()
    found.add_column("step", justify="right")
    found.add_column("loss\nbits/token", justify="right")
    found.add_column("above\nH(q)/L", justify="right")
    found.add_column("gap left\nbits/token", justify="right")
    if any(row.left.worst is not None for row in rows):
        found.add_column("worst context\neps_learning, bits", justify="right")
    for row in rows:
        above = fixed(row.loss - entropy, 4)
        worst = [] if row.left.worst is None else [fixed(row.left.worst.value, 4)]
        found.add_row(str(row.step), fixed(row.loss, 4), above, gap(row.left), *worst)
    return found


def gap(left: Shortfall) -> str:
    """What is left to learn in bits a token, with its interval if it is estimated."""
    if isinstance(left.gap, Estimate):
        return plus_minus(left.gap.value, (left.gap.high - left.gap.low) / 2)
    return fixed(left.gap.value, 4)
