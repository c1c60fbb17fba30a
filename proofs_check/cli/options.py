"""Options that several commands share, and the arguments by which all of them name a law."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
Seed = Annotated[
    int, typer.Option(min=0, help="Seed of everything random: the same seed gives the same answer.")
]
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
        metavar="TEXT", help="A prompt that every sequence begins with; `_` in it stands for a masked token."
    ),
]

Confidence = Annotated[float, typer.Option(help="Confidence level of each interval by itself.")]
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


def _fitted(help: str) -> Any:
    """An option in the panel of laws that are fitted."""
    return typer.Option(help=help, rich_help_panel=FITTED)


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
        int | None, _fitted("n of the n-gram that is fitted to a text [default: 2; 3 for order and elbo].")
    ] = None,
    length: Annotated[
        int | None,
        _fitted(
            "Tokens in a sequence of a law that is fitted, backs off or comes from the zoo [default: 256; 6 for "
            "order and elbo; 32 for train]."
        ),
    ] = None,
    level: Annotated[
        str | None, _fitted("What the tokens of a text are: `character` [default] or `word`.")
    ] = None,
    alphabet: Annotated[
        str | None,
        _fitted(
            "`raw` text [default]; `letters`: a to z and the space; `vowels`: v, c and the space [default for order "
            "and elbo]."
        ),
    ] = None,
    vocabulary: Annotated[
        int | None,
        _fitted("How many words are tokens, the most frequent ones; all others are `<unk>` [default: all]."),
    ] = None,
    min_count: Annotated[
        int | None, _fitted("Words that occur less often than this are `<unk>` too [default: 1].")
    ] = None,
    smoothing: Annotated[
        str | None, _fitted("What is added to the count of every n-gram, seen or not [default: 0].")
    ] = None,
    background: Annotated[
        str | None,
        _fitted(
            "How smoothing is shared out: `uniform` [default] or, for a bigram, `unigram`: by frequency."
        ),
    ] = None,
    states: Annotated[
        int | None, _fitted("Hidden states of an HMM to fit to a text by EM, in place of an n-gram.")
    ] = None,
    ends: Annotated[
        str | None,
        _fitted(
            "Sentences of a back-off n-gram that end early: `absorb` [default]: `</s>` fills the rest; `exclude`: "
            "there are none."
        ),
    ] = None,
) -> None:
    """Only its signature is read."""
