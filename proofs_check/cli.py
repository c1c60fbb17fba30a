"""The command `maskproof`: reads the arguments, runs a command, and turns every bad input into one line.

Exit status: 0 as claimed, 1 something is refuted, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast

import typer

# Commands import what they need when they run: `maskproof --help` waits for no number cruncher.

BAD_INPUT = 2
INTERRUPTED = 130

# click's ClickException, wherever this typer keeps its click.
_UsageError = cast(type[Exception], typer.BadParameter.__mro__[2])

app = typer.Typer(
    name="maskproof",
    help="Checks theory about masked and discrete diffusion language models by exact computation.",
    epilog="Exit status: 0 as claimed, 1 something is refuted, 2 bad input.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all that is random: the same seed, the same answer.")]


@app.command()
def check(
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CLAIM",
            help="By id, by file (`feng2025`) or with the wildcards `*` and `?`; all by default.",
        ),
    ] = None,
    seed: Seed = 0,
    details: Annotated[
        bool, typer.Option("--details", help="Print everything that is known of each claim.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check claims: the verdict on each, how it was established, the tightest ratio seen, the mutants' fate.

    A mutant is a slightly stronger statement that is false, and that the same check has to refute.
    Exit status 1 if a claim is refuted, a mutant survives, or anything else is not as claimed.
    """
    from proofs_check.commands.check import run_check

    raise typer.Exit(run_check(claims or [], seed=seed, details=details, as_json=as_json))


@app.command()
def analyse(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="CORPUS|ORACLE",
            help="A text file; a back-off n-gram in an `.arpa` or `.arpa.gz` file; an oracle in a `.json` file; or "
            "`zoo:NAME?parameter=value`, such as `zoo:golden_mean?length=64`. By default the manual that ships "
            "with Python.",
        ),
    ] = None,
    order: Annotated[
        int | None, typer.Option(help="n of the n-gram that is fitted to a text [default: 2].")
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(help="Tokens in a sequence of a law that is fitted, or back-off [default: 256]."),
    ] = None,
    level: Annotated[
        str | None, typer.Option(help="Tokens of a text: `character` [default] or `word`.")
    ] = None,
    alphabet: Annotated[
        str | None,
        typer.Option(
            help="`raw` text [default]; `letters`: a to z and the space; `vowels`: v, c and the space."
        ),
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option(help="Most frequent words that are tokens; the others are `<unk>` [default: all]."),
    ] = None,
    smoothing: Annotated[
        str | None, typer.Option(help="Added to the count of every n-gram, seen or not [default: 0].")
    ] = None,
    states: Annotated[
        int | None,
        typer.Option(help="Hidden states of an HMM to fit to a text by EM, in place of an n-gram."),
    ] = None,
    ends: Annotated[
        str | None,
        typer.Option(help="Of sentences of a back-off n-gram: `absorb` [default], or `exclude`: none ends."),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Numbers of steps, such as `1,2,4` [default: powers of two up to L, and L]."),
    ] = None,
    given: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A prompt that every sequence begins with.")
    ] = None,
    samples: Annotated[
        int, typer.Option(min=0, help="Draws for a Monte Carlo estimate, at most; 0 for none.")
    ] = 500,
    minutes: Annotated[
        float, typer.Option(help="Time for all of Monte Carlo, about; fewer draws if it does not suffice.")
    ] = 1.0,
    seed: Seed = 0,
    confidence: Annotated[float, typer.Option(help="Confidence level of every interval by itself.")] = 0.99,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Where to save the plot, a PNG file [default: `maskproof-analysis.png`; with --json, nowhere]."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Analyse a law: how far samplers with few steps are from it, number of steps by number of steps.

    For N steps of equal weight, and for N steps of equal size: the expected KL, the token error rate (TER) and
    the sequence error rate (SER) of the ideal denoiser, exact where there is a way, with published bounds and
    Monte Carlo beside them.
    """
    from proofs_check.commands.analyse import Request, run_analyse

    fit = {
        "order": order,
        "length": length,
        "level": level,
        "alphabet": alphabet,
        "vocabulary": vocabulary,
        "smoothing": smoothing,
        "states": states,
        "ends": ends,
    }
    request = Request(
        target=target,
        fit={name: value for name, value in fit.items() if value is not None},
        steps=steps,
        given=given,
        samples=samples,
        minutes=minutes,
        seed=seed,
        confidence=confidence,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_analyse(request))


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
    # Read by the thread pool when torch is first imported, which the commands do: on a busy machine threads
    # that spin while they wait make small tensors ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
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
