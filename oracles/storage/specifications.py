"""Naming an oracle in one string, as on a command line."""

from __future__ import annotations

import os

from oracles import zoo
from oracles.oracle import Oracle
from oracles.storage.laws import load

_ZOO = "zoo:"


def resolve(specification: str | os.PathLike[str]) -> Oracle:
    """The oracle named by `zoo:NAME?parameter=value&parameter=value`, or by the path of its JSON file.

    Raises ValueError for a name, a parameter or a file that does not give an oracle.
    """
    text = os.fspath(specification)
    if not text.startswith(_ZOO):
        return load(text)
    name, _, query = text.removeprefix(_ZOO).partition("?")
    return zoo.get(name, **_read_query(query))


def _read_query(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for assignment in query.split("&") if query else ():
        name, equals, value = assignment.partition("=")
        if not (name and equals and value):
            raise ValueError(f"zoo: expected parameter=value, got {assignment!r}")
        if name in parameters:
            raise ValueError(f"zoo: expected the parameter {name!r} once, got it twice")
        parameters[name] = value
    return parameters
