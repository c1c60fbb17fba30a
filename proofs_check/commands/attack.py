"""`maskproof attack`: look for a counterexample to one claim, and print the best as code."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from rich.console import Console
from rich.text import Text

from proofs_check.attack import Attack, Way, attack
from proofs_check.claims import NotCheckable, select
from proofs_check.commands.console import note, output, print_json, progress
from proofs_check.python_code import script


@dataclass(frozen=True)
class AttackRequest:
    """The arguments of `maskproof attack`."""

    claim: str
    minutes: float = 1.0
    seed: int = 0
    as_json: bool = False


def run_attack(request: AttackRequest) -> int:
    """Attack the claim and print what came nearest; 1 if it is refuted, else 0.  ValueError: no such claim."""
    if not 0 < request.minutes < inf:
        raise ValueError(f"minutes: expected a positive number, got {request.minutes}")
    chosen = select([request.claim])
    if len(chosen) != 1:
        raise ValueError(f"claim: expected one claim, got {', '.join(claim.id for claim in chosen)}")
    with progress() as report:

        def watch(looked: int, ratio: float | None) -> None:
            report(f"{chosen[0].id}, ratio {'-' if ratio is None else f'{ratio:.6g}'}", looked, looked)

        try:
            found = attack(chosen[0], minutes=request.minutes, seed=request.seed, watch=watch)
        except NotCheckable as reason:
            raise ValueError(
                f"claim: expected one that can be computed, got {chosen[0].id}: {reason}"
            ) from reason
    if request.as_json:
        print_json(_record(found))
    else:
        _print(found, output())
    return 0 if found.refuted is None else 1


def _print(found: Attack, console: Console) -> None:
    ways = ", ".join(_said(name, way) for name, way in found.ways.items() if way.looked)
    looked = f"{found.looked} instance{'s' * (found.looked != 1)}"
    effort = f"{looked} in {found.seconds:.0f} s ({ways or 'it names none'})"
    if found.gradients:
        effort += f", gradients at {found.gradients} points"
    if found.skipped:
        effort += f"; {found.skipped} do not meet the hypotheses"
    if found.out_of_reach:
        effort += f"; {found.out_of_reach} cannot be computed"
    if found.flat:
        note(f"no gradients: the claim's function cannot be differentiated ({found.flat})")
    if not (found.claim.attack or found.claim.search or found.claim.box):
        note(
            "the claim names no `attack` spaces and no `search` strategies: only listed instances are looked at"
        )
    console.print(Text.assemble((found.claim.id, "bold"), "  ", found.claim.statement))
    if found.refuted is not None:
        console.print(Text.assemble(("REFUTED", "bold red"), f": {found.refuted}"))
    elif found.tightest is not None:
        console.print(f"no counterexample; the tightest ratio is {found.tightest.ratio:.9g}, at")
        console.print(f"{found.tightest}", markup=False)
    else:
        console.print("no counterexample, and no ratio to compare")
    console.print(f"looked at {effort}", markup=False)
    if found.best is not None:
        console.print("\n" + script(found.claim.name, found.best.instance), markup=False, soft_wrap=True)


def _said(name: str, way: Way) -> str:
    reached = "" if way.ratio is None else f" to {way.ratio:.6g}"
    return f"{way.looked} by {name}{reached}"


def _record(found: Attack) -> dict[str, object]:
    best = found.best
    return {
        "id": found.claim.id,
        "refuted": found.refuted is not None,
        "counterexample": None if found.refuted is None else str(found.refuted),
        "tightest": None if found.tightest is None else found.tightest.ratio,
        "where": None if best is None else str(best.instance),
        "code": None if best is None else script(found.claim.name, best.instance),
        "looked": found.looked,
        "skipped": found.skipped,
        "out_of_reach": found.out_of_reach,
        "seconds": found.seconds,
        "ways": {name: {"looked": way.looked, "tightest": way.ratio} for name, way in found.ways.items()},
        "gradients": found.gradients,
        "no_gradients": found.flat or None,
    }
