"""Finding claims: those of the library, and those of a Python file anywhere."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

from proofs_check.checking import data_files
from proofs_check.claims.statements import Claim, claims_in

MOST_LISTED = 8
"""Ids that a message lists."""

_FILES: set[str] = set()
"""Names of the modules that were made of files of claims: another file may take their place."""
_FOLDERS: set[Path] = set()
"""Where these files are."""


def claims_of_file(path: str | os.PathLike[str]) -> dict[str, Claim]:
    """The claims of a Python file anywhere, by id; files beside it can be imported.

    The file is run, and what it reads from then on is noted (`data_files`).  ValueError, in one line, if there is
    none, if it fails, or if it has no claim.
    """
    file = Path(path).resolve()
    if not file.is_file() or file.suffix != ".py":
        raise ValueError(f"{os.fspath(path)}: expected a Python file with claims, got no such file")
    data_files.watch()
    module = sys.modules.get(file.stem)
    if module is None or getattr(module, "__file__", None) != str(file):
        if file.stem in sys.stdlib_module_names or (module is not None and file.stem not in _FILES):
            raise ValueError(
                f"{os.fspath(path)}: expected a name of its own, got that of the module {file.stem}"
            )
        module = _imported(file)
    found = claims_in(module)
    if not found:
        raise ValueError(f"{os.fspath(path)}: expected functions under @claim(..), got none")
    return found


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    sys.modules[file.stem] = module
    _FILES.add(file.stem)
    _FOLDERS.add(file.parent)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[file.stem]
        places = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
        ]
        line = getattr(error, "lineno", None) or (places or ["?"])[-1]
        raise ValueError(f"{file}, line {line}: {type(error).__name__}: {error}") from error
    _refuse_others(file)
    return module


def _refuse_others(file: Path) -> None:
    """ValueError if the file got a module from beside another file of claims, though one is beside itself."""
    from proofs_check.checking.source_files import imported_names  # on demand: it knows claims

    for name in {name.partition(".")[0] for name in imported_names(file.read_bytes())}:
        found = Path(getattr(sys.modules.get(name), "__file__", None) or "nowhere")
        places = (file.with_name(f"{name}.py"), file.parent / name / "__init__.py")
        beside = [path for path in places if path.is_file()]
        if beside and found not in beside and not _FOLDERS.isdisjoint(found.parents):
            del sys.modules[file.stem]
            raise ValueError(
                f"{file}: expected to import {beside[0]}, got {found}; check one file after the other"
            )


def all_claims() -> dict[str, Claim]:
    """The claims of every file under proofs_check/papers, by id."""
    found: dict[str, Claim] = {}
    for paper in _papers():
        found |= _claims_of_paper(paper)
    return found


def _papers() -> list[str]:
    from proofs_check import papers

    return sorted(entry.name for entry in pkgutil.iter_modules(papers.__path__))


def _claims_of_paper(paper: str) -> dict[str, Claim]:
    return claims_in(importlib.import_module(f"proofs_check.papers.{paper}"))


def select(patterns: Sequence[str] = ()) -> list[Claim]:
    """Claims by id, file (`feng2025`), name (`witness`) or wildcards * and ?; all of the library by default.

    A pattern may also be the path of a Python file, with `::NAME` for one of its claims.
    ValueError if a pattern selects nothing.
    """
    if not patterns:
        return list(all_claims().values())
    chosen: dict[str, Claim] = {}
    for pattern in patterns:
        known, wanted = _candidates(pattern)
        matching = {id: found for id, found in known.items() if _matches(id, wanted)}
        if not matching:
            raise ValueError(f"claim: expected one of {_listed(known, wanted)}, got {wanted!r}")
        chosen = joined(chosen, matching)
    return list(chosen.values())


def joined(claims: Mapping[str, Claim], others: Mapping[str, Claim]) -> dict[str, Claim]:
    """All of them, by id.  ValueError if two share an id, so that one of them would go unchecked."""
    for id in claims.keys() & others.keys():
        if claims[id] is not others[id]:
            files = [inspect.getfile(inspect.unwrap(one.relation)) for one in (claims[id], others[id])]
            raise ValueError(
                f"claim: expected claims of different names, got {id} of {' and of '.join(files)}; "
                "check one file after the other"
            )
    return {**claims, **others}


def _listed(known: Iterable[str], wanted: str) -> str:
    """What a pattern may have meant: all of a file, of the library only what is spelt like it."""
    ids = list(known)
    if len(ids) <= MOST_LISTED:
        return ", ".join(ids)
    names = {id.rpartition(".")[2]: id for id in ids}
    near = difflib.get_close_matches(wanted, [*ids, *names], MOST_LISTED, cutoff=0.5)
    shown = list(dict.fromkeys(names.get(name, name) for name in near)) or ids[:3]
    return f"{', '.join(shown)}, .. ({len(ids)} in all)"


def _candidates(pattern: str) -> tuple[dict[str, Claim], str]:
    """The claims among which a pattern chooses, and the pattern for their ids; no more files are run than needed."""
    path, _, name = pattern.partition("::")
    if path.endswith(".py"):
        return claims_of_file(path), name or "*"
    paper = pattern.partition(".")[0]
    return (_claims_of_paper(paper) if paper in _papers() else all_claims()), pattern


def _matches(id: str, pattern: str) -> bool:
    named = id == pattern or id.startswith(f"{pattern}.") or id.endswith(f".{pattern}")
    return named or fnmatchcase(id, pattern)
