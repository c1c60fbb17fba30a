"""The text of a stored oracle: a JSON object laid out for reading, and parsed strictly."""

from __future__ import annotations

import json
from typing import Any


def layout(document: dict[str, Any]) -> str:
    """JSON text with one field a line, and one row a line where a field has rows."""
    fields = (f"  {json.dumps(name)}: {_laid_out(value)}" for name, value in document.items())
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _laid_out(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return "[\n    " + ",\n    ".join(json.dumps(row) for row in value) + "\n  ]"
    return json.dumps(value)


def parse(text: str) -> dict[str, Any]:
    """The JSON object of a text; ValueError for anything else, a field given twice, NaN or infinity."""
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("expected JSON, got lists nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"expected JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object, got a {type(document).__name__}")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice}: expected the field once, got it twice")
    return fields


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"expected finite numbers, got {name}")


def shown(value: Any) -> str:
    """A value in an error message: its repr, cut short."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
