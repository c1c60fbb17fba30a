"""Commands about claims: check, report, lean, attack, new-claim."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofs_check.cli.app import app
from proofs_check.cli.options import AsJson, Claims, Seed

Minutes = Annotated[
    float | None, typer.Option(help="Time for all checks together; claims that do not fit in are UNDECIDED.")
]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="Processes [default: one for every core].", show_default=False)
]
Cache = Annotated[
    bool,
    typer.Option("--cache/--no-cache", help="Use reports again while nothing changes that they depend on."),
]


@app.command()
def check(
    claims: Claims = None,
    seed: Seed = 0,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            help="Decide claims in this way only; may be repeated: `exact`, `certified`, `floating`, `symbolic`, "
            "`boxes`, `search` (random instances) or `monte_carlo`."
        ),
    ] = None,
    minutes: Minutes = None,
    jobs: Jobs = None,
    cache: Cache = True,
    certificates: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to write certificates, which `proofs_check/certificates/checker.py` verifies on its own.",
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
    minutes: Minutes = None,
    jobs: Jobs = None,
    cache: Cache = True,
    as_json: AsJson = False,
) -> None:
    """Write a page about claims: one HTML file that needs no network, to read on any screen.

    Every claim by source with its verdict, then its statement, both sides over the instances, the counterexamples
    that refute its mutants, what rests on what, and the proofs. Exit status as of `maskproof check`.
    """
    from proofs_check.commands.report import ReportRequest, run_report

    request = ReportRequest(claims or [], output, seed, minutes, jobs, cache, as_json)
    raise typer.Exit(run_report(request))


@app.command()
def lean(
    claims: Claims = None,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write the files, one a claim.")
    ] = Path("maskproof-lean"),
    as_json: AsJson = False,
) -> None:
    """Write theorems for Lean 4 with Mathlib: what claims were shown by, at every instance.

    Relations between rationals are closed by `norm_num`, between polynomials over a box of parameters by `positivity`
    where Bernstein coefficients are enough; others, such as those with logarithms, stand with `sorry` and the reason.
    The files are compiled if there is `lean`. Exit status 1 if it rejects one.
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

    Looks at the listed instances, climbs along gradients of the claim's own function and in small exact steps
    through its `attack` spaces, and draws from its `search` strategies.
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
