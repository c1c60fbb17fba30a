"""Where commands print: answers on standard output, progress and notes on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

PLAIN_WIDTH = 100
"""Columns of the output where it goes to no terminal."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, the pieces of work done, and their number in all."""


def output() -> Console:
    """Standard output, as wide as the terminal or the variable COLUMNS says, else `PLAIN_WIDTH`."""
    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return Console(highlight=False)
    return Console(highlight=False, width=PLAIN_WIDTH)


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output; NaN and infinity, which JSON lacks, are a ValueError."""
    json.dump(document, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def note(text: str) -> None:
    """A remark on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"note: {text}", markup=False)


def print_heading(console: Console, name: str, origin: str, notes: Sequence[str] = ()) -> None:
    """What the answer is about: a law, how it came about, and notes, each on a line of its own."""
    console.print(Text(name, style="bold"))
    for line in (origin, *notes):
        console.print(Text(line))


def print_closing(
    console: Console, footnotes: Sequence[str], sentences: Sequence[str], plot: Path | None
) -> None:
    """What the numbers are worth, what they say, and where the plot is."""
    for lines, style in ((footnotes, "dim"), (sentences, "")):
        if lines:
            console.print()
        for line in lines:
            console.print(Text(line, style=style))
    if plot is not None:
        console.print(Text(f"plot saved to {plot}"))


@contextmanager
def progress() -> Iterator[Report]:
    """A progress bar on standard error while it is a terminal; it vanishes when the work is done."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
