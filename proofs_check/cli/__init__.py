"""The command `maskproof`: reads the arguments, runs a command, and turns every bad input into one line.

Exit status: 0 as claimed, 1 something is refuted, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import cast

import typer

# Each module's functions join the application as it is imported.  Commands import what they need when they run:
# `maskproof --help` waits for no number cruncher.
from proofs_check.cli import claims, laws, learning  # noqa: F401
from proofs_check.cli.app import app

__all__ = ["main", "run"]

BAD_INPUT = 2
INTERRUPTED = 130

# click's ClickException, wherever this typer keeps its click.
_UsageError = cast(type[Exception], typer.BadParameter.__mro__[2])


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit status, with one line on standard error if that is not 0 or 1."""
    try:
        status = app(list(arguments), prog_name="maskproof", standalone_mode=False)
    except BrokenPipeError:
        raise
    except (_UsageError, ValueError, OSError, ArithmeticError) as error:
        described = _one_line(error)  # empty where the help has just been shown
        return _report(f"error: {described}", BAD_INPUT) if described else BAD_INPUT
    except MemoryError:
        return _report("error: expected a problem that fits in memory, got one that does not", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    if status == INTERRUPTED:
        return _report("interrupted", INTERRUPTED)
    return int(status or 0)


def main() -> None:
    """The entry point."""
    # Read by the thread pool when torch is first imported, which the commands do: threads that wait spin for a tenth
    # of a millisecond and then sleep.  On a busy machine those that spin on make small tensors thirty times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an output that knows no "≤" shows "?"
    try:
        status = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has gone: nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _one_line(error: Exception) -> str:
    described = getattr(error, "format_message", None)
    return " ".join((described() if described else str(error)).split())


def _report(line: str, status: int) -> int:
    typer.echo(line, err=True)
    return status
