"""What products and mixtures ask of the oracles they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oracles.arithmetic import Arithmetic, Array
from oracles.oracle import Oracle


def read_parts(parts: Any) -> tuple[Oracle, ...]:
    """At least one oracle, all over one vocabulary and in one number system; ValueError otherwise."""
    members = tuple(parts)
    if not members:
        raise ValueError("parts: expected at least one oracle, got none")
    for part in members:
        if not isinstance(part, Oracle):
            raise ValueError(f"parts: expected oracles, got {part!r} of type {type(part).__name__}")
    same("vocab_size", [part.vocab_size for part in members])
    same("arithmetic", [_described(part.arithmetic) for part in members], "; convert with to(...)")
    return members


def same(name: str, values: Sequence[Any], advice: str = "") -> None:
    """ValueError unless all parts agree."""
    for value in values:
        if value != values[0]:
            raise ValueError(f"parts: expected one {name}, got {values[0]} and {value}{advice}")


def shared_symbols(parts: Sequence[Oracle]) -> tuple[str, ...] | None:
    """What the tokens stand for, where the parts agree on it."""
    return parts[0].symbols if len({part.symbols for part in parts}) == 1 else None


def convert_parts(
    parts: Sequence[Oracle], target: Arithmetic, converted: Callable[[Array], Array]
) -> tuple[Oracle, ...]:
    """Every part in another number system; a part that occurs several times stays one object."""
    moved = {id(part): part for part in parts}
    for key, part in moved.items():
        moved[key] = part._converted(target, converted)
    return tuple(moved[id(part)] for part in parts)


def _described(number_system: Arithmetic) -> str:
    details = [
        f"{key}={getattr(number_system, key)}" for key in ("bits", "device") if hasattr(number_system, key)
    ]
    return " ".join([number_system.name, *details])
