"""Instances as Python code that builds them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from flint import fmpq

from oracles import Oracle, Table, save
from proofs_check.instances import Instance, describe

_CONSTRUCTED = {
    "MarkovChain": ("initial", "transition"),
    "NGram": ("initial", "transition"),
    "HMM": ("initial", "transition", "emission"),
    "Table": ("probabilities",),
}
LARGEST_TABLE = 4096
"""Entries of a table that is written out."""


def script(name: str, instance: Instance) -> str:
    """A program that evaluates the claim of this name at the instance again."""
    values = ", ".join(f"{key}={code(value)}" for key, value in instance.values.items())
    lines = [f"(claim,) = select([{name!r}])", f"print(evaluate(claim, at({values})))"]
    used = "\n".join(lines)
    laws = [family for family in _CONSTRUCTED if f"{family}(" in used]
    imports = ["from fractions import Fraction", ""] if "Fraction(" in used else []
    imports += ["from flint import fmpq", ""] if "fmpq(" in used else []
    imports += [f"from oracles import {', '.join(laws)}"] if laws else []
    imports += ["from proofs_check import at, select", "from proofs_check.evaluation import evaluate"]
    return "\n".join([*imports, "", *lines])


def code(value: Any) -> str:
    """An expression that builds the value; `...` and a remark for one that has none."""
    if isinstance(value, Oracle):
        return _law(value)
    if isinstance(value, np.ndarray):
        return code(value.tolist())
    if isinstance(value, fmpq):
        return f"fmpq({value.p}, {value.q})"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(code, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(value) == 1)})"
    if isinstance(value, bool | int | float | str | Fraction | None):
        return repr(value)
    return f"...  # {describe(value)}\n"


def _law(law: Oracle) -> str:
    """Its constructor where the parameters are plain; else the same law as a table, if that is small."""
    if law.arithmetic.name in ("exact", "float64"):
        document = _stored(law)
        names = _CONSTRUCTED.get(document["family"], ())
        if names and not any(isinstance(document[name], Mapping) for name in names):
            arguments = [_numbers(document[name]) for name in names]
            length = [] if document["family"] == "Table" else [str(law.length)]
            return f"{document['family']}({', '.join(arguments + length)})"
        if law.vocab_size**law.length <= LARGEST_TABLE:
            return _law(Table.of(law))
    return f"...  # {describe(law)}\n"


def _stored(law: Oracle) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "law.json"
        save(law, path)
        return json.loads(path.read_text(encoding="utf-8"))


def _numbers(value: Any) -> str:
    return json.dumps(value)
