"""The files in which the code of a claim stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from proofs_check import papers
from proofs_check.claims import Claim, home_of


def sources_of(claim: Claim) -> set[Path]:
    """The claim's file and the files that it imports, by itself or through others, from its folder or the papers.

    Packages below its folder count as well, with all of their files on the way to what is imported.
    """
    home = home_of(claim)
    found, pending = set[Path](), [] if home is None else [home]
    while pending and home is not None:
        current = pending.pop()
        if current not in found:
            found.add(current)
            folders = (current.parent, home.parent, Path(papers.__path__[0]))
            names = imported_names(current.read_bytes())
            paths = (path for place in folders for name in names for path in _candidates(place, name))
            pending += [path for path in paths if path.is_file()]
    return found


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    """Where a module a.b.c may stand: c.py, and a, a.b and a.b.c as files or packages."""
    parts = name.split(".")
    yield folder / f"{parts[-1]}.py"
    for end in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:end])
        yield from (place.with_name(f"{place.name}.py"), place / "__init__.py")


@lru_cache(maxsize=256)
def imported_names(code: bytes) -> frozenset[str]:
    """The dotted names of modules, and of what may be modules, in the imports of a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            base = [node.module] if node.module else []
            names |= {*base, *(".".join([*base, alias.name]) for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)
