"""`maskproof elbo`: what the likelihood bounds of a denoiser are, in every unit, and what estimates of them cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from oracles import Oracle
from oracles.files import check_writable
from oracles.validation import read_count
from proofs_check.commands.arguments import (
    in_floats,
    masked_positions,
    powers_of_two,
    read_float,
    read_prompt,
    read_steps,
)
from proofs_check.commands.console import output, print_closing, print_heading, print_json, progress
from proofs_check.commands.elbo_reading import reading
from proofs_check.commands.elbo_table import bounds_table, elbo_json, estimators_table, footnotes, gaps_table
from proofs_check.commands.target import Target, read_target, small_fit
from theory.denoisers import Ideal, Perturbed, Tempered, TopP, Windowed
from theory.likelihood.likelihoods import Likelihoods, likelihoods
from theory.monte_carlo import check_confidence
from theory.unmasking.orders import Space, read_order

DEFAULT_ORDERS = "random,left,confidence,margin,entropy"


@dataclass(frozen=True)
class ElboRequest:
    """The options of the command, as given; fit: those of a reader, such as `fit_ngram`."""

    target: str | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    steps: str | None = None
    orders: str = DEFAULT_ORDERS
    denoiser: str = "ideal"
    draws: str = "100,1000,10000"
    lowest: float = 1e-3
    given: str | None = None
    samples: int = 1000
    seed: int = 0
    confidence: float = 0.99
    plot: Path | None = None
    as_json: bool = False


def run_elbo(request: ElboRequest) -> int:
    """Compute and print; returns the exit status 0.  ValueError for anything wrong with the request."""
    if request.plot is not None:
        check_writable(request.plot)
    if not 0 < request.lowest < 1:
        raise ValueError(f"lowest: expected a number strictly between 0 and 1, got {request.lowest}")
    check_confidence(request.confidence)
    draws = _read_draws(request.draws)
    steps = None if request.steps is None else read_steps(request.steps)
    with progress() as report:
        report("reading", 0, 1)
        target = read_target(
            request.target, small_fit(request.target, request.fit), seed=request.seed, report=report
        )
        law = in_floats(target.law)
        given = read_prompt(law, request.given)
        free = masked_positions(law, given)
        space = Space(free, len(free), max(getattr(law, "order", 2) - 1, 1))
        found = likelihoods(
            law,
            steps or [*powers_of_two(len(free)), 8 * len(free)],
            [read_order(name.strip(), space) for name in request.orders.split(",")],
            denoiser=read_denoiser(law, request.denoiser),
            given=given,
            lowest=request.lowest,
            samples=request.samples,
            seed=request.seed,
            confidence=request.confidence,
            progress=report,
        )
    if request.plot is not None:
        from proofs_check.plots.likelihoods import save_likelihood_plot

        save_likelihood_plot(found, f"{target.name}, denoiser {request.denoiser}", request.plot)
    said = reading(found, request.denoiser, request.confidence)
    if request.as_json:
        about = {"target": target.name, "origin": target.origin, "denoiser": request.denoiser}
        ends = {"given": request.given, "reading": said, "plot": request.plot and str(request.plot)}
        print_json(about | elbo_json(found, draws, request.confidence) | ends)
    else:
        _print(target, request, found, draws, said, output())
    return 0


def read_denoiser(law: Oracle, text: str) -> Any:
    """The denoiser that `ideal`, `perturb:a`, `temper:T`, `window:r` or `topp:p` names; ValueError for another."""
    name, _, value = text.partition(":")
    if text == "ideal":
        return Ideal(law)
    if name == "perturb" and value:
        return Perturbed(Ideal(law), read_float("denoiser", value))
    if name == "temper" and value:
        return Tempered(Ideal(law), value)
    if name == "topp" and value:
        return TopP(Ideal(law), value)
    if name == "window" and value.isascii() and value.isdigit():
        return Windowed(law, int(value))
    raise ValueError(f"denoiser: expected ideal, perturb:A, temper:T, window:R or topp:P, got {text!r}")


def _read_draws(text: str) -> list[int]:
    try:
        return sorted({read_count("draws", int(part)) for part in text.split(",")})
    except ValueError as error:
        raise ValueError(f"draws: expected positive integers separated by commas, got {text!r}") from error


def _print(
    target: Target,
    request: ElboRequest,
    found: Likelihoods,
    draws: list[int],
    said: list[str],
    console: Console,
) -> None:
    given = request.given
    notes = [] if given is None else [f"given {given!r}: the {found.length} tokens that are left"]
    print_heading(console, target.name, target.origin, [*notes, f"denoiser: {request.denoiser}"])
    tables = {
        "In every unit, the smaller the better": bounds_table(found),
        "One draw of an estimator of the NELBO, in bits a token": estimators_table(
            found, draws, request.confidence
        ),
        "K random orders averaged inside the logarithm: bits a token above -E log p, random order": gaps_table(
            found
        ),
    }
    for title, table in tables.items():
        if table is not None:
            console.print(Text.assemble("\n", (title, "bold")))
            console.print(table)
    print_closing(console, footnotes(found), said, request.plot)
