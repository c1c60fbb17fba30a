"""Commands about learned denoisers: train, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from proofs_check.cli.app import app
from proofs_check.cli.options import AsJson, Confidence, Given, LawArguments, Plot, Seed, of_law

MODEL, TRAINING = "The model", "How it is trained"
"""Panels of the help."""


@app.command()
@of_law
def train(
    law: LawArguments,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Batches to train on.")] = 2000,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where checkpoints and the oracle are written.")
    ] = Path("maskproof-model"),
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--restart", help="Go on with the same run in the folder, or delete what is there."
        ),
    ] = True,
    save_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="STEPS",
            help="Most steps that are lost if it is killed [default: a twentieth of all, at most 1000].",
        ),
    ] = None,
    seed: Seed = 0,
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Such as `cuda` [default: `cpu`].", show_default=False)
    ] = None,
    mixed: Annotated[
        bool | None,
        typer.Option(
            "--mixed/--no-mixed",
            help="Multiply in bfloat16 [default: for wide models, where it is faster].",
            show_default=False,
        ),
    ] = None,
    compiled: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile",
            help="Use torch.compile [default: for long runs, where it works].",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    width: Annotated[
        int, typer.Option(min=1, metavar="N", help="Numbers that stand for a token.", rich_help_panel=MODEL)
    ] = 64,
    depth: Annotated[
        int, typer.Option(min=1, metavar="N", help="Blocks of attention.", rich_help_panel=MODEL)
    ] = 2,
    heads: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Of attention; twice their number divides the width.",
            rich_help_panel=MODEL,
        ),
    ] = 4,
    time_conditioned: Annotated[
        bool,
        typer.Option(
            "--time-conditioned",
            help="Tell the denoiser the time; by default it sees none.",
            rich_help_panel=MODEL,
        ),
    ] = False,
    objective: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of a denoiser: `mdlm`, `md4` or `any_order`; or `autoregressive`.",
            rich_help_panel=TRAINING,
        ),
    ] = "mdlm",
    alpha: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The masking schedule of md4: `cosine`, `linear` or `square`.",
            rich_help_panel=TRAINING,
        ),
    ] = "cosine",
    batch: Annotated[
        int, typer.Option(min=1, metavar="N", help="Sequences in a batch.", rich_help_panel=TRAINING)
    ] = 128,
    rate: Annotated[
        float, typer.Option(metavar="X", help="The highest learning rate.", rich_help_panel=TRAINING)
    ] = 1e-2,
    rate_schedule: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="`cosine`, down to 0, or `constant`: then more steps can be added later.",
            rich_help_panel=TRAINING,
        ),
    ] = "cosine",
    warmup: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Steps over which the learning rate rises [default: a tenth of all, at most 100; at a constant "
            "rate 100].",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    optimizer: Annotated[
        str,
        typer.Option(metavar="NAME", help="`muon`, or `adamw` for all weights.", rich_help_panel=TRAINING),
    ] = "muon",
    weight_decay: Annotated[
        float,
        typer.Option(metavar="X", help="Of the optimizer, a number in [0, 1].", rich_help_panel=TRAINING),
    ] = 0.0,
    clip: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="The largest norm of the gradient: a longer one is shortened.",
            rich_help_panel=TRAINING,
        ),
    ] = 1.0,
    average: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Decay of the moving average of the weights; 0 for none.",
            rich_help_panel=TRAINING,
        ),
    ] = 0.999,
) -> None:
    """Train a small transformer on endless samples of a law, and measure what it has yet to learn.

    The table says how far the denoiser is from the ideal one: the NELBO above the entropy of the law, and the
    largest error in any context (eps_learning), exactly while the law is short and estimated where it is long.
    Interrupted or killed, the same command goes on. `maskproof compare` says what the model is worth.
    """
    from proofs_check.commands.train import TrainRequest, run_train

    request = TrainRequest(
        target=law.target,
        folder=output,
        fit=law.fit,
        shape={"width": width, "depth": depth, "heads": heads, "time_conditioned": time_conditioned},
        plan={
            "objective": objective,
            "alpha": alpha,
            "steps": steps,
            "batch": batch,
            "rate": rate,
            "rate_schedule": rate_schedule,
            "warmup": warmup,
            "optimizer": optimizer,
            "weight_decay": weight_decay,
            "clip": clip,
            "average": average,
            "seed": seed,
        },
        run={"device": device, "mixed": mixed, "compiled": compiled},
        save_every=save_every,
        resume=resume,
        as_json=as_json,
    )
    raise typer.Exit(run_train(request))


@app.command()
def compare(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint of `maskproof train`, or its folder.")
    ],
    oracle: Annotated[
        str | None,
        typer.Argument(
            metavar="ORACLE",
            help="An oracle in a `.json` file or `zoo:NAME?parameter=value`. By default the one that lies beside the "
            "checkpoint: the law it was trained on.",
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="Numbers of steps, such as `1,2,4` [default: powers of two up to L, and L]."),
    ] = None,
    given: Given = None,
    baseline: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Set a denoiser that counts N sequences of the law beside the model [default: none].",
        ),
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            min=2,
            help="Draws for every estimate, at most, where law or model are too large for exact numbers.",
        ),
    ] = 500,
    bins: Annotated[int, typer.Option(min=1, max=1000, help="Bins of the calibration curves.")] = 10,
    seed: Seed = 0,
    confidence: Confidence = 0.99,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Compare a trained model with the ideal denoiser: how far it is, in every sense, and what that costs samplers.

    The error of learning (eps_learning): the largest in any context, the mean by masking rate, by revealed tokens, by
    position, and where the sampler itself goes; the NELBO against the entropy; SER and TER of both, with what
    the error allows; E KL in its two parts; calibration. Of an autoregressive model: KL, TER and SER. Exact while the
    law is short, estimated where it is long.
    """
    from proofs_check.commands.compare import CompareRequest, run_compare

    request = CompareRequest(
        checkpoint=checkpoint,
        oracle=oracle,
        steps=steps,
        given=given,
        baseline=baseline,
        samples=samples,
        bins=bins,
        seed=seed,
        confidence=confidence,
        plot=plot,
        as_json=as_json,
    )
    raise typer.Exit(run_compare(request))
