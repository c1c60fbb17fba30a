"""Options that several commands share, and the arguments by which all of them name a law."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all that is random: the same seed, the same answer.")]
Claims = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CLAIM",
        help="By id, by file (`feng2025`) or with the wildcards `*` and `?`; or a Python file of your own, "
        "with `::NAME` for one of its claims. All of the library by default.",
    ),
]

Given = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="A prompt that every sequence begins with; `_` for a masked token in it."
    ),
]

Confidence = Annotated[float, typer.Option(help="Confidence level of every interval by itself.")]
Plot = Annotated[Path | None, typer.Option(help="Where to save a plot, a PNG file [default: nowhere].")]


FITTED = "A law that is fitted to a text, or of an .arpa file"
"""A panel of the help."""


class LawArguments(NamedTuple):
    """A law as the command line names it: its target, and the options given to fit it to a text."""

    target: str | None
    fit: Mapping[str, Any]


def of_law(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter, `law`, is made of the argument and the options that name a law."""
    own = inspect.signature(command, eval_str=True)
    naming = inspect.signature(_naming_a_law, eval_str=True).parameters

    @wraps(command)
    def with_law(**options: Any) -> None:
        named = {name: options.pop(name) for name in naming}
        target = named.pop("target")
        fit = {name: value for name, value in named.items() if value is not None}
        command(LawArguments(target, fit), **options)

    parameters = [*naming.values(), *list(own.parameters.values())[1:]]
    with_law.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_law


def _naming_a_law(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="CORPUS|ORACLE",
            help="A text file; a back-off n-gram in an `.arpa` or `.arpa.gz` file; an oracle in a `.json` file; "
            "or `zoo:NAME?parameter=value`, such as `zoo:golden_mean?length=64`. By default the manual that "
            "ships with Python.",
        ),
    ] = None,
    order: Annotated[
        int | None,
        typer.Option(
            help="n of the n-gram that is fitted to a text [default: 2; of order and elbo, 3].",
            rich_help_panel=FITTED,
        ),
    ] = None,
    length: Annotated[
        int | None,
        typer.Option(
            help="Tokens in a sequence of a law that is fitted, or back-off [default: 256; of order and elbo, 6; of "
            "train, 32].",
            rich_help_panel=FITTED,
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(help="Tokens of a text: `character` [default] or `word`.", rich_help_panel=FITTED),
    ] = None,
    alphabet: Annotated[
        str | None,
        typer.Option(
            help="`raw` text [default]; `letters`: a to z and the space; `vowels`: v, c and the space [default of "
            "order and elbo].",
            rich_help_panel=FITTED,
        ),
    ] = None,
    vocabulary: Annotated[
        int | None,
        typer.Option(
            help="Most frequent words that are tokens; the others are `<unk>` [default: all].",
            rich_help_panel=FITTED,
        ),
    ] = None,
    min_count: Annotated[
        int | None,
        typer.Option(
            help="Words that occur less often are `<unk>` too [default: 1].", rich_help_panel=FITTED
        ),
    ] = None,
    smoothing: Annotated[
        str | None,
        typer.Option(
            help="Added to the count of every n-gram, seen or not [default: 0].", rich_help_panel=FITTED
        ),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            help="How smoothing is shared out: `uniform` [default], or over a bigram `unigram`: by frequency.",
            rich_help_panel=FITTED,
        ),
    ] = None,
    states: Annotated[
        int | None,
        typer.Option(
            help="Hidden states of an HMM to fit to a text by EM, in place of an n-gram.",
            rich_help_panel=FITTED,
        ),
    ] = None,
    ends: Annotated[
        str | None,
        typer.Option(
            help="Of sentences of a back-off n-gram: `absorb` [default], or `exclude`: none ends.",
            rich_help_panel=FITTED,
        ),
    ] = None,
) -> None:
    """Only its signature is read."""
