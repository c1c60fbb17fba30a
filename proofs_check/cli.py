"""The command `maskproof`: reads the arguments, runs a command, and turns every bad input into one line.

Exit status: 0 as claimed, 1 something is refuted, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from proofs_check.commands.options import (
    Alphabet,
    AsJson,
    Background,
    Claims,
    Ends,
    Given,
    Length,
    Level,
    MinCount,
    Order,
    Seed,
    Smoothing,
    States,
    Subject,
    Vocabulary,
)

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


@app.command()
def check(
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CLAIM",
            help="By id, by file (`feng2025`) or with the wildcards `*` and `?`; or a Python file of your own, "
            "with `::NAME` for one of its claims. All of the library by default.",
        ),
    ] = None,
    seed: Seed = 0,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            help="Only what this one shows; may be repeated: `exact`, `certified`, `floating`, `symbolic`, `boxes`, "
            "`search` (random instances) or `monte_carlo`."
        ),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time for everything; claims that do not fit in are UNDECIDED.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes [default: one for every core].", show_default=False)
    ] = None,
    cache: Annotated[
        bool,
        typer.Option("--cache/--no-cache", help="Recall reports on claims of which nothing has changed."),
    ] = True,
    certificates: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to write certificates, which `proofs_check/certificates/checker.py` verifies by itself.",
        ),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Print everything that is known of each claim.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check claims: the verdict on each, how it was established, the tightest ratio seen, the mutants' fate.

    A mutant is a slightly stronger statement that is false, and that the same check has to refute.
    Exit status 1 if a claim is refuted, a mutant survives, or anything else is not as claimed.
    """
    from proofs_check.commands.check import CheckRequest, run_check

    request = CheckRequest(
        patterns=claims or [],
        seed=seed,
        backends=backend or [],
        minutes=minutes,
        jobs=jobs,
        cached=cache,
        certificates=certificates,
        details=details,
        as_json=as_json,
    )
    raise typer.Exit(run_check(request))


@app.command()
def report(
    claims: Claims = None,
    output: Annotated[Path, typer.Option(help="Where to write the page, an HTML file.")] = Path(
        "maskproof-report.html"
    ),
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write a page about claims: one HTML file that needs no network, to read on any screen.

    Every claim by source with its verdict, then its statement, both sides over the instances, the counterexamples
    that refute its mutants, and what rests on what. Exit status as of `maskproof check`.
    """
    from proofs_check.commands.report import run_report

    raise typer.Exit(run_report(claims or [], output=output, seed=seed, as_json=as_json))


@app.command()
def lean(
    claims: Claims = None,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write the files, one a claim.")
    ] = Path("maskproof-lean"),
    as_json: AsJson = False,
) -> None:
    """Write theorems for Lean 4 with Mathlib: what claims were shown by, at every instance.

    Relations between rationals are closed by `norm_num`; with logarithms, or over boxes of parameters, the statement
    stands with `sorry`. The files are compiled if there is `lean`. Exit status 1 if it rejects one.
    """
    from proofs_check.commands.lean import run_lean

    raise typer.Exit(run_lean(claims or [], folder=output, as_json=as_json))


@app.command()
def attack(
    claim: Annotated[
        str, typer.Argument(metavar="CLAIM", help="Its id, or the path of a Python file with `::NAME`.")
    ],
    minutes: Annotated[float, typer.Option(help="Time to look for a counterexample.")] = 1.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Attack a claim: look for a counterexample, and print it, or the tightest instance, as code.

    Exit status 1 if the claim is refuted; a counterexample is confirmed in exact arithmetic.
    """
    from proofs_check.commands.attack import AttackRequest, run_attack

    raise typer.Exit(run_attack(AttackRequest(claim, minutes, seed, as_json)))


@app.command("new-claim")
def new_claim(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the claim's function.")],
) -> None:
    """Write a file with a claim to start from, `claims_NAME.py`, here; an existing file is left alone."""
    from proofs_check.commands.new_claim import run_new_claim

    raise typer.Exit(run_new_claim(name, Path()))


@app.command()
def analyse(
    target: Subject = None,
    order: Order = None,
    length: Length = None,
    level: Level = None,
    alphabet: Alphabet = None,
    vocabulary: Vocabulary = None,
    min_count: MinCount = None,
    smoothing: Smoothing = None,
    background: Background = None,
    states: States = None,
    ends: Ends = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Numbers of steps, such as `1,2,4` [default: powers of two up to L, and L]."),
    ] = None,
    given: Given = None,
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

    request = Request(
        target=target,
        fit=_given(
            order=order,
            length=length,
            level=level,
            alphabet=alphabet,
            vocabulary=vocabulary,
            min_count=min_count,
            smoothing=smoothing,
            background=background,
            states=states,
            ends=ends,
        ),
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


@app.command()
def optimise(
    target: Subject = None,
    order: Order = None,
    length: Length = None,
    level: Level = None,
    alphabet: Alphabet = None,
    vocabulary: Vocabulary = None,
    min_count: MinCount = None,
    smoothing: Smoothing = None,
    background: Background = None,
    states: States = None,
    ends: Ends = None,
    steps: Annotated[
        str | None, typer.Option(help="Numbers of steps, such as `4,8,16` [default: 2, 4, 8, .. below L].")
    ] = None,
    given: Given = None,
    ser: Annotated[str | None, typer.Option(help="How many steps for this SER?")] = None,
    ter: Annotated[str | None, typer.Option(help="How many steps for this TER, a perplexity?")] = None,
    kl: Annotated[str | None, typer.Option(help="How many steps for this KL(q||p), in bits?")] = None,
    expected_kl: Annotated[
        str | None,
        typer.Option(help="How many steps for this E KL, in bits? [default, without other targets: L/10]"),
    ] = None,
    seed: Seed = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Where to save the plot, a PNG file [default: `maskproof-schedules.png`; with --json, nowhere]."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the best schedules for a law: sizes and weights of N steps, and how many steps a target needs.

    The expected KL (E KL) of the ideal denoiser under the best sizes, and beside it the schedules in common use
    and the best iid weights.  Needs a law with an exact information profile: a chain, such as an n-gram of order
    2, at any length, others while they are small.
    """
    from proofs_check.commands.optimise import Request, run_optimise

    request = Request(
        target=target,
        fit=_given(
            order=order,
            length=length,
            level=level,
            alphabet=alphabet,
            vocabulary=vocabulary,
            min_count=min_count,
            smoothing=smoothing,
            background=background,
            states=states,
            ends=ends,
        ),
        steps=steps,
        given=given,
        targets=_given(ser=ser, ter=ter, kl=kl, expected_kl=expected_kl),
        seed=seed,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_optimise(request))


@app.command()
def order(
    target: Subject = None,
    order: Order = None,
    length: Length = None,
    level: Level = None,
    alphabet: Alphabet = None,
    vocabulary: Vocabulary = None,
    min_count: MinCount = None,
    smoothing: Smoothing = None,
    background: Background = None,
    states: States = None,
    ends: Ends = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="N, the budget of denoiser calls [default: half the tokens].")
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,..",
            help="Of random, iid, left, strided, bisection, confidence, margin, entropy, lowconfidence (LLaDA), "
            "threshold:P, eb:BITS (entropy-bounded), es:BITS (entropy-sum), remask:ETA (ReMDM), correct:SWEEPS; "
            "`confidence@4` is by blocks of 4.",
        ),
    ] = None,
    temperature: Annotated[str, typer.Option(help="Of the token laws; 0 is greedy.")] = "1",
    perturb: Annotated[
        str, typer.Option(help="a in (1 - a) ideal + a uniform: a denoiser that is not ideal.")
    ] = "0",
    block: Annotated[
        int | None,
        typer.Option(min=1, help="Every order also by blocks of so many positions, left to right."),
    ] = None,
    given: Given = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Rational numbers where the law has them: small laws only.")
    ] = False,
    samples: Annotated[
        int, typer.Option(min=0, help="Draws for SER and KL where the law is too large, at most; 0 for none.")
    ] = 500,
    seed: Seed = 0,
    confidence: Annotated[float, typer.Option(help="Confidence level of every interval by itself.")] = 0.99,
    plot: Annotated[
        Path | None, typer.Option(help="Where to save a plot, a PNG file [default: nowhere].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare orders and planners: what each generates, exactly, at the same number of steps.

    KL from the law, sequence error rate, entropy (mode collapse), generative perplexity and steps taken, of the
    ideal denoiser or a perturbed one, at any temperature, over the whole sequence or by blocks.
    """
    from proofs_check.commands.order import DEFAULT_ORDERS, OrderRequest, run_order

    request = OrderRequest(
        target=target,
        fit=_given(
            order=order,
            length=length,
            level=level,
            alphabet=alphabet,
            vocabulary=vocabulary,
            min_count=min_count,
            smoothing=smoothing,
            background=background,
            states=states,
            ends=ends,
        ),
        steps=steps,
        orders=orders or DEFAULT_ORDERS,
        temperature=temperature,
        perturb=perturb,
        block=block,
        given=given,
        exact=exact,
        samples=samples,
        seed=seed,
        confidence=confidence,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_order(request))


@app.command()
def elbo(
    target: Subject = None,
    order: Order = None,
    length: Length = None,
    level: Level = None,
    alphabet: Alphabet = None,
    vocabulary: Vocabulary = None,
    smoothing: Smoothing = None,
    states: States = None,
    ends: Ends = None,
    steps: Annotated[
        str | None,
        typer.Option(
            help="Of the discrete bounds, such as `1,2,4` [default: powers of two up to L, L and 8 L]."
        ),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,..",
            help="To generate in, one token a step, as for `maskproof order` "
            "[default: random,left,confidence,margin,entropy].",
        ),
    ] = None,
    denoiser: Annotated[
        str,
        typer.Option(
            help="`ideal`, `perturb:A` (1 - A ideal, A uniform), `temper:T`, `window:R` or `topp:P`."
        ),
    ] = "ideal",
    draws: Annotated[str, typer.Option(help="Numbers of draws to give the interval for.")] = "100,1000,10000",
    lowest: Annotated[
        float, typer.Option(help="Where the time t is cut off, as training code does.")
    ] = 0.001,
    given: Given = None,
    samples: Annotated[
        int, typer.Option(min=0, help="Sequences for what has to be estimated, at most; 0 for none.")
    ] = 1000,
    seed: Seed = 0,
    confidence: Annotated[float, typer.Option(help="Confidence level of every interval by itself.")] = 0.99,
    plot: Annotated[
        Path | None, typer.Option(help="Where to save a plot, a PNG file [default: nowhere].")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the likelihood of a denoiser is: its NELBOs, what it generates, and what estimates cost.

    The bound in continuous time and of N steps, -log p of what is generated in several orders, all exactly and in
    every unit; the variance of the estimators of the bound, and how many draws a precision takes.
    """
    from proofs_check.commands.elbo import DEFAULT_ORDERS, ElboRequest, run_elbo

    request = ElboRequest(
        target=target,
        fit=_given(
            order=order,
            length=length,
            level=level,
            alphabet=alphabet,
            vocabulary=vocabulary,
            smoothing=smoothing,
            states=states,
            ends=ends,
        ),
        steps=steps,
        orders=orders or DEFAULT_ORDERS,
        denoiser=denoiser,
        draws=draws,
        lowest=lowest,
        given=given,
        samples=samples,
        seed=seed,
        confidence=confidence,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_elbo(request))


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


def _given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _one_line(error: Exception) -> str:
    described = getattr(error, "format_message", None)
    return " ".join((described() if described else str(error)).split())


def _report(line: str, status: int) -> int:
    typer.echo(line, err=True)
    return status
