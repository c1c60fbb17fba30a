"""How whoever waits for long work is told how far it has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what comes next, the pieces of work done and their number in all."""


def unwatched(what: str, done: int, total: int) -> None:
    """The progress of work for which nobody waits."""
