"""Commands about a law and the samplers of it: analyse, optimise, order, elbo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofs_check.cli.app import app
from proofs_check.cli.options import AsJson, Confidence, Given, LawArguments, Plot, Seed, of_law


@app.command()
@of_law
def analyse(
    law: LawArguments,
    steps: Annotated[
        str | None,
        typer.Option(help="Numbers of steps, such as `1,2,4` [default: powers of two up to L, and L]."),
    ] = None,
    given: Given = None,
    samples: Annotated[
        int, typer.Option(min=0, help="The most draws for a Monte Carlo estimate; 0 for none.")
    ] = 500,
    minutes: Annotated[
        float,
        typer.Option(help="About how long Monte Carlo may take in all; fewer draws if that is too short."),
    ] = 1.0,
    seed: Seed = 0,
    confidence: Confidence = 0.99,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Where to save the plot, a PNG file [default: `maskproof-analysis.png`; with --json, nowhere]."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Analyse a law: how far samplers of few steps are from it, for each number of steps.

    For N steps of equal weight, and for N steps of equal size: the expected KL, the token error rate (TER) and
    the sequence error rate (SER) of the ideal denoiser, exact where there is a way, with published bounds and
    Monte Carlo beside them.
    """
    from proofs_check.commands.analyse import AnalyseRequest, run_analyse

    request = AnalyseRequest(
        target=law.target,
        fit=law.fit,
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
@of_law
def optimise(
    law: LawArguments,
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
    from proofs_check.commands.optimise import OptimiseRequest, run_optimise

    targets = {"ser": ser, "ter": ter, "kl": kl, "expected_kl": expected_kl}
    request = OptimiseRequest(
        target=law.target,
        fit=law.fit,
        steps=steps,
        given=given,
        targets={name: value for name, value in targets.items() if value is not None},
        seed=seed,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_optimise(request))


@app.command()
@of_law
def order(
    law: LawArguments,
    steps: Annotated[
        int | None, typer.Option(min=1, help="N, the budget of denoiser calls [default: half the tokens].")
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,..",
            help="The orders to compare, out of random, iid, left, strided, bisection, confidence, margin, entropy, "
            "lowconfidence (LLaDA), threshold:P, eb:BITS (entropy-bounded), es:BITS (entropy-sum), remask:ETA "
            "(ReMDM), correct:SWEEPS; `confidence@4` is by blocks of 4.",
        ),
    ] = None,
    temperature: Annotated[str, typer.Option(help="Temperature of the token laws; 0 is greedy.")] = "1",
    perturb: Annotated[
        str,
        typer.Option(help="a of the denoiser (1 - a) ideal + a uniform, which is not ideal unless a = 0."),
    ] = "0",
    block: Annotated[
        int | None,
        typer.Option(min=1, help="Take every order by blocks of so many positions as well, left to right."),
    ] = None,
    given: Given = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="In rational numbers, if the law has them: for small laws only.")
    ] = False,
    samples: Annotated[
        int, typer.Option(min=0, help="The most draws for SER and KL where the law is too large; 0 for none.")
    ] = 500,
    seed: Seed = 0,
    confidence: Confidence = 0.99,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Compare orders and planners: what each generates, exactly, at the same number of steps.

    KL from the law, sequence error rate, entropy (mode collapse), generative perplexity and steps taken, of the
    ideal denoiser or a perturbed one, at any temperature, over the whole sequence or by blocks.
    """
    from proofs_check.commands.order import DEFAULT_ORDERS, OrderRequest, run_order

    request = OrderRequest(
        target=law.target,
        fit=law.fit,
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
@of_law
def elbo(
    law: LawArguments,
    steps: Annotated[
        str | None,
        typer.Option(
            help="Numbers of steps of the discrete bounds, such as `1,2,4` "
            "[default: powers of two up to L, L and 8 L]."
        ),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,..",
            help="Orders to generate in, one token a step, named as for `maskproof order` "
            "[default: random,left,confidence,margin,entropy].",
        ),
    ] = None,
    denoiser: Annotated[
        str,
        typer.Option(
            help="`ideal`, `perturb:A` (1 - A ideal, A uniform), `temper:T`, `window:R` or `topp:P`."
        ),
    ] = "ideal",
    draws: Annotated[
        str, typer.Option(help="Numbers of draws for which to give the interval.")
    ] = "100,1000,10000",
    lowest: Annotated[
        float, typer.Option(help="The least time t that is drawn, as training code has one.")
    ] = 0.001,
    given: Given = None,
    samples: Annotated[
        int, typer.Option(min=0, help="The most sequences drawn for what has to be estimated; 0 for none.")
    ] = 1000,
    seed: Seed = 0,
    confidence: Confidence = 0.99,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Say what the likelihood of a denoiser is: its NELBOs, what it generates, and what estimates cost.

    The bound in continuous time and of N steps, -log p of what is generated in several orders, all exactly and in
    every unit; the variance of the estimators of the bound, and how many draws a precision takes.
    """
    from proofs_check.commands.elbo import DEFAULT_ORDERS, ElboRequest, run_elbo

    request = ElboRequest(
        target=law.target,
        fit=law.fit,
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
