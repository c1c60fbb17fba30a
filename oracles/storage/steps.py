"""Sequences with one item a step that share their items: a homogeneous law of any length stays small."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from oracles.steps import distinct

KEYS = {"distinct", "runs"}


def write_runs(items: Sequence[Any], write: Callable[[Any], Any]) -> dict[str, list[Any]]:
    """`{"distinct": the different objects, "runs": [[which, how many times], ...]}`."""
    different = [item for _, item in distinct(items)]
    which = {id(item): index for index, item in enumerate(different)}
    runs = [[k, sum(1 for _ in run)] for k, run in itertools.groupby(which[id(item)] for item in items)]
    return {"distinct": [write(item) for item in different], "runs": runs}


def write_steps(arrays: Sequence[Any], write: Callable[[Any], Any]) -> Any:
    """One array if it serves every step, a list if no two steps share one, else the runs."""
    count = len(distinct(arrays))
    if count == 1:
        return write(arrays[0])
    return [write(array) for array in arrays] if count == len(arrays) else write_runs(arrays, write)


def read_runs(name: str, value: Any, read: Callable[[str, Any], Any], steps: int) -> list[Any]:
    """The items of every step, equal ones as one object; ValueError unless there are as many as steps."""
    if not isinstance(value, dict) or set(value) != KEYS:
        raise ValueError(f'{name}: expected an object with "distinct" and "runs"')
    different, runs = value["distinct"], value["runs"]
    if not isinstance(different, list) or not isinstance(runs, list):
        raise ValueError(f'{name}: expected lists under "distinct" and "runs"')
    for run in runs:
        if not _is_run(run, len(different)):
            raise ValueError(
                f"{name}: expected runs [which of {len(different)}, how many times], got {str(run)[:40]}"
            )
    total = sum(times for _, times in runs)
    if total != steps:
        raise ValueError(f"{name}: expected runs of {steps} steps in all, got {total}")
    items = [read(f"{name}.distinct[{k}]", item) for k, item in enumerate(different)]
    return [item for k, times in runs for item in itertools.repeat(items[k], times)]


def _is_run(run: Any, count: int) -> bool:
    if not (isinstance(run, list) and len(run) == 2 and all(type(entry) is int for entry in run)):
        return False
    which, times = run
    return 0 <= which < count and times > 0
