"""All about the schedules of a law: the best ones, the usual ones beside them, and the steps that targets need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oracles import Oracle, Result
from oracles.validation import read_count
from theory.analysis.quantities import Missing
from theory.optimise.families import WEIGHTS
from theory.optimise.gaps import Gap, schedule_gaps
from theory.optimise.sizes import OptimalSizes, optimal_sizes
from theory.optimise.steps import NotReached, StepsNeeded, steps_needed
from theory.optimise.targets import Measures, Target, read_target
from theory.optimise.weights import OptimalWeights, optimal_weights
from theory.progress import Progress, unwatched

USUAL = ("equal", "cosine-sizes", "square-sizes", "uniform", "cosine", "square")
"""The schedules in common use that are compared with the best."""

NEEDING = ("optimal", "equal", "cosine-sizes", "uniform", "cosine")
"""The families that are asked how many steps they need."""

PATIENCE = 4
"""Steps a token that are looked at before an iid family is said to need more."""


@dataclass(frozen=True)
class Row:
    """N steps: the best sizes, the best iid weights, and the usual schedules."""

    steps: int
    sizes: OptimalSizes
    weights: OptimalWeights
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Need:
    """The steps that a family needs for a target, or why they are not known.

    enough: whether N is only enough, by a bound from E KL, and perhaps not the least.
    """

    target: Target
    family: str
    found: StepsNeeded | Missing
    enough: bool


@dataclass(frozen=True)
class Survey:
    """A law, a row for each number of steps, and what the targets need.

    vocab_size, length: V and L (with a prompt, the positions that were masked); entropy: H in bits.
    """

    vocab_size: int
    length: int
    entropy: Result
    rows: tuple[Row, ...]
    needs: tuple[Need, ...]


def survey(
    q: Oracle,
    steps: Sequence[int],
    targets: Mapping[str, Any],
    *,
    given: Any = None,
    progress: Progress | None = None,
) -> Survey:
    """The best and the usual schedules of each number of steps, and the smallest N for each target.

    targets: from "ser", "ter", "kl" or "expected_kl" to a number, see `steps_needed`; where a target cannot be
    evaluated exactly its bound from E KL stands in.  ValueError for steps outside 1..L, a target that makes no
    sense, and as in `information_profile`.
    """
    measures = Measures(q, given)
    length = measures.law.length
    counts = [read_count("steps", count) for count in steps]
    if max(counts, default=1) > length:
        raise ValueError(
            f"steps: expected at most {length}, one for each token, which is exact, got {max(counts)}"
        )
    read = [read_target(**{kind: most}) for kind, most in targets.items()]
    for target in read:
        measures.check(target)
    report = progress or unwatched
    total = len(counts) + len(read) * len(NEEDING) + 1
    report("information profile", 0, total)
    profile = measures.profile
    rows, needs = [], []
    for done, count in enumerate(counts, start=1):
        report(f"N = {count}", done, total)
        best = optimal_sizes(profile, count), optimal_weights(profile, count)
        rows.append(Row(count, *best, schedule_gaps(profile, count, USUAL)))
    for target in read:
        for family in NEEDING:
            done, name = len(rows) + len(needs) + 1, f"{target.kind}, {family}"

            def inside(what: str, *_: int, name: str = name, done: int = done) -> None:
                report(f"{name}: {what}", done, total)

            needs.append(_need(q, target, family, given, length, inside))
    return Survey(measures.law.vocab_size, length, measures.law.entropy(), tuple(rows), tuple(needs))


def _need(q: Oracle, target: Target, family: str, given: Any, length: int, progress: Progress) -> Need:
    """By the exact route if there is one, else by the bound."""
    asked: dict[str, Any] = {target.kind: target.most}
    options = {
        "given": given,
        "most": PATIENCE * length if family in WEIGHTS else length,
        "progress": progress,
    }
    reason = ""
    for method in ("exact", "bound"):
        enough = method == "bound" and target.kind != "expected_kl"
        try:
            found = steps_needed(q, family, **asked, **options, method=method)
            return Need(target, family, found, enough)
        except NotReached:
            return Need(target, family, Missing(f"not reached by N = {options['most']}"), enough)
        except (ValueError, ArithmeticError) as error:
            reason = reason or str(error)
    return Need(target, family, Missing(reason), enough=False)
