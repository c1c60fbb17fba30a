"""Ascent in exact numbers: from random starts, small changes are kept if the ratio of the two sides grows.

No derivatives are needed, so it serves every claim, and what it finds is certain.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from proofs_check.evaluation import Outcome
from proofs_check.instances import Instance
from proofs_check.spaces import Point, Space, instance_at

PATIENCE = 60
"""After so many changes in a row that do not help, the ascent starts anew."""

LARGEST = 2**20
"""Counts stay below it, so that fractions remain readable."""


def ascend(
    spaces: Mapping[str, Space],
    outcome_at: Callable[[Instance], Outcome],
    *,
    seed: int,
    start: Point | None = None,
) -> Iterator[Outcome]:
    """Outcomes, one after the other, without end; only a counterexample ends them, and is yielded again, simplified.

    start: the first point to climb from; those after it are random.
    """
    rng = random.Random(seed)
    while True:
        point, start = start or drawn(spaces, rng), None
        best, idle = outcome_at(instance_at(spaces, point)), 0
        yield best
        while not best.counterexample and idle < PATIENCE:
            changed = _changed(point, rng)
            outcome = outcome_at(instance_at(spaces, changed))
            yield outcome
            idle = 0 if _height(outcome) > _height(best) else idle + 1
            if outcome.counterexample or _height(outcome) >= _height(best):
                point, best = changed, outcome
        if best.counterexample:
            yield simplified(spaces, point, best, outcome_at)
            return


def drawn(spaces: Mapping[str, Space], rng: random.Random) -> Point:
    """A random point of small counts, zeros among them."""
    return {name: [_drawn(width, rng) for width in space.widths] for name, space in spaces.items()}


def _height(outcome: Outcome) -> float:
    """How near to a violation an outcome is; without a ratio, as for equations, only whether it counts."""
    if outcome.ratio is not None:
        return outcome.ratio
    return -1.0 if outcome.relations else -2.0


def _drawn(width: int, rng: random.Random) -> list[int]:
    row = [rng.choice((0, 1, 1, 2, 3)) for _ in range(width)]
    return row if any(row) else [1] * width


def _changed(point: Point, rng: random.Random) -> Point:
    """One or two rows changed, in one entry or as a whole."""
    changed = {name: [list(row) for row in rows] for name, rows in point.items()}
    for _ in range(rng.choice((1, 1, 2))):
        rows = changed[rng.choice(list(changed))]
        index = rng.randrange(len(rows))
        row = _moved(list(rows[index]), rng)
        if any(row) and sum(row) < LARGEST:
            rows[index] = row
    return changed


def _moved(row: list[int], rng: random.Random) -> list[int]:
    entry = rng.randrange(len(row))
    move = rng.choice(("up", "down", "none", "finer", "swap"))
    if move == "swap":
        other = rng.randrange(len(row))
        row[entry], row[other] = row[other], row[entry]
        return row
    if move == "finer":
        row = [2 * count for count in row]
    step = rng.choice((1, 1, 1 + row[entry] // 4, 1 + row[entry]))
    row[entry] = {"none": 0, "down": max(row[entry] - step, 0)}.get(
        move, row[entry] + rng.choice((-1, 1)) * step
    )
    row[entry] = max(row[entry], 0)
    return row


def simplified(
    spaces: Mapping[str, Space], point: Point, found: Outcome, outcome_at: Callable[[Instance], Outcome]
) -> Outcome:
    """A counterexample of smaller counts, as long as one entry at a time can be made smaller."""
    improved = True
    while improved:
        improved = False
        for simpler in _simpler(point):
            outcome = outcome_at(instance_at(spaces, simpler))
            if outcome.counterexample:
                point, found, improved = simpler, outcome, True
                break
    return found


def _simpler(point: Point) -> Iterator[Point]:
    for name, rows in point.items():
        for index, row in enumerate(rows):
            halved = [-(-entry // 2) for entry in row]
            candidates = [halved] if halved != row else []
            for entry, value in enumerate(row):
                candidates += [
                    [*row[:entry], less, *row[entry + 1 :]] for less in {0, value - 1} if 0 <= less < value
                ]
            for candidate in candidates:
                if any(candidate):
                    yield {**point, name: [*rows[:index], candidate, *rows[index + 1 :]]}
