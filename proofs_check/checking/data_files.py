"""Files of data that claims read, a corpus for instance: a verdict depends on them as it does on code.

Python reports every file that it opens (the audit event `open`).  A read is noted for every source file on the call
stack, so that the sources of a claim lead to it even where the file was read for another claim and kept in memory.
What is not seen: files that compiled libraries open by themselves, listings of folders, and other processes.
"""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

Read = tuple[str, str]
"""The path of a file as it was given, and a hash of its content, empty if there is no such file."""

_ROOT = Path(__file__).parents[2]
_SYSTEM = tuple(
    f"{folder}{os.sep}"
    for folder in (
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(str(_ROOT / package) for package in ("oracles", "theory", "proofs_check")),
        "/proc",
        "/sys",
        "/dev",
    )
)
_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd")
_read: dict[str, set[str]] = {}
"""What was read, by the source files that were at work."""


@lru_cache(maxsize=1)
def watch() -> None:
    """Note from now on what this process reads."""
    sys.addaudithook(_note)


def read_by(sources: Iterable[Path]) -> tuple[Read, ...]:
    """The files that code of these source files has read so far, as they are now."""
    paths = {path for source in sources for path in _read.get(str(source), ())}
    return tuple((path, _digest(path)) for path in sorted(paths))


def unchanged(read: Iterable[Read]) -> bool:
    """Whether all of these files are what they were."""
    return all(_digest(path) == digest for path, digest in read)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "open":
        return
    file, mode, flags = arguments
    if not isinstance(file, str | bytes) or not _for_reading(mode, flags):
        return
    path = os.fsdecode(file)
    if not _is_data(path):
        return
    frame = sys._getframe()
    while frame := frame.f_back:
        source = frame.f_code.co_filename
        if not source.startswith((*_SYSTEM, "<")):
            _read.setdefault(source, set()).add(path)


def _for_reading(mode: str | None, flags: int) -> bool:
    if mode is None:
        return flags & (os.O_WRONLY | os.O_RDWR) != os.O_WRONLY
    return "r" in mode or "+" in mode


def _is_data(path: str) -> bool:
    whole = os.path.abspath(path)  # noqa: PTH100 - links are not followed, the disk is not asked
    return not whole.startswith(_SYSTEM) and not whole.endswith(_CODE) and "__pycache__" not in whole


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - as it was given, relative to where we are
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
