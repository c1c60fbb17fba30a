"""What a request would take in memory, estimated before it starts and refused if it is too much."""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path

from oracles.arithmetic import Arithmetic

SHARE = 0.75
"""Of the memory that this process may have, how much one request may take."""

OBJECT_BYTES = 128
"""About what one exact number, ball or expression takes."""

READING = 3
"""A table that is being read or fitted is held about three times: its counts or rows, their sums, the law's copy."""

TABLE_LIMIT = 5 * 10**7
"""Largest number of table entries (joint laws, pattern tables) that is built without being refused."""

OBJECT_TABLE_LIMIT = 5 * 10**6
"""The same where an entry is an object of a hundred bytes: exact, ball and symbolic numbers."""

MAX_AXES = 64
"""Largest number of axes that NumPy gives an array."""

_ENTRY_BYTES = {"float32": 4, "float64": 8, "boolean": 1}
_UNKNOWN = 8 * 2**30
_CONTAINER_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@cache
def budget() -> int:
    """Bytes that one request may take: a share of the machine's memory, or of the container's if that is less."""
    limits = [_physical(), *map(_container, _CONTAINER_LIMITS)]
    known = [limit for limit in limits if limit is not None]
    return int(SHARE * min(known, default=_UNKNOWN))


def room_for(number_system: Arithmetic) -> int:
    """The budget of what lives where the arrays of this system do: a share of a GPU's memory, or `budget`."""
    device = getattr(number_system, "device", None)
    if device is None or device.type != "cuda":
        return budget()
    import torch

    return int(SHARE * torch.cuda.get_device_properties(device).total_memory)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on this system
        return None


def _container(path: str) -> int | None:
    try:
        text = Path(path).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def entry_bytes(number_system: Arithmetic) -> int:
    """What one number of an array takes."""
    return _ENTRY_BYTES.get(number_system.name, OBJECT_BYTES)


def check_batch(name: str, count: int, each: float, what: str, room: int | None = None) -> None:
    """ValueError, with the number that fits, if `count` items of so many bytes each exceed the room, or `budget`."""
    room = budget() if room is None else room
    if count * each <= room:
        return
    fits = int(room // each)
    advice = f"at most {fits:,} {what} at a time" if fits else f"{what} that fit into memory"
    raise ValueError(
        f"{name}: expected {advice}, as one takes about {shown(each)} and the budget is {shown(room)}; "
        f"got {count:,}"
    )


def check_bytes(name: str, needed: float, what: str) -> None:
    """ValueError if something that cannot be taken in parts exceeds the budget."""
    if needed > budget():
        raise ValueError(
            f"{name}: expected {what} within a budget of {shown(budget())}, got one of about {shown(needed)}"
        )


def check_table_size(name: str, side: int, length: int, number_system: Arithmetic) -> None:
    """ValueError if a table of side**length entries exceeds the limit of the number system."""
    limit = TABLE_LIMIT if number_system.name in ("float32", "float64", "boolean") else OBJECT_TABLE_LIMIT
    if length > MAX_AXES:
        raise ValueError(f"{name}: expected a table of at most {MAX_AXES} axes, got {length}")
    digits = length * math.log10(max(side, 1))
    if digits > math.log10(limit):
        raise ValueError(
            f"{name}: expected a table of at most {limit:.0e} entries, got {side}**{length} (1e{digits:.1f}); "
            f"lengths up to {int(math.log(limit) / math.log(side))} fit"
        )


def shown(amount: float) -> str:
    """Bytes as people read them."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} TB"
