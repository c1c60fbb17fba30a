"""The engine: a claim goes in, a report comes out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from oracles.arithmetic import arithmetic
from proofs_check.backends import search
from proofs_check.claim import Claim, Mutant, Tight
from proofs_check.evidence import MutantReport, Report, Tightest, Verdict
from proofs_check.instances import Instance, call
from proofs_check.relation import Relation, Truth

BITS = 192
"""Precision of the balls in which claims are evaluated."""

Progress = Callable[[str, int, int], None]
"""Called with a claim's id, the number of pieces of work done, and their number in all."""


@dataclass(frozen=True)
class Outcome:
    """A claim, or a mutant of it, evaluated at one instance."""

    instance: Instance
    met: Truth
    relations: tuple[Relation, ...] = ()

    @property
    def truth(self) -> Truth:
        """Whether all relations hold (of no interest where the hypotheses are not met)."""
        return Truth.of(self.relations)

    @property
    def counterexample(self) -> Relation | None:
        """A relation that rigorously fails although the hypotheses rigorously hold."""
        certain = (r for r in self.relations if r.truth is Truth.FALSE and r.worth is not Verdict.SUPPORTED)
        return next(certain, None) if self.met is Truth.TRUE else None

    def __str__(self) -> str:
        failed = [relation for relation in self.relations if relation.truth is Truth.FALSE]
        shown = f"{failed[0]} fails" if failed else " and ".join(map(str, self.relations))
        return f"{self.instance}: {shown}"


def evaluate(claim: Claim, instance: Instance, mutant: Mutant | None = None) -> Outcome:
    """Both sides of the claim, or of its mutant, at an instance."""
    dropped = mutant.without if mutant else None
    with arithmetic("ball", bits=BITS).context():
        met = [
            Truth.of(call(hypothesis, instance.values))
            for name, hypothesis in claim.hypotheses.items()
            if name != dropped
        ]
        if Truth.FALSE in met:
            return Outcome(instance, Truth.FALSE)
        stated = call(claim.relation, instance.values, **(mutant.constants if mutant else {}))
        relations = (stated,) if isinstance(stated, Relation) else tuple(stated)
        if mutant and mutant.reverse:
            relations = tuple(relation.reversed() for relation in relations)
        outcome = Outcome(instance, Truth.UNDECIDED if Truth.UNDECIDED in met else Truth.TRUE, relations)
        _ = outcome.truth  # decided here, at this precision
        return outcome


@dataclass
class Tally:
    """What has been seen so far of one claim."""

    checked: int = 0
    skipped: int = 0
    verdict: Verdict = Verdict.PROVED
    methods: dict[str, None] = field(default_factory=dict)
    tightest: Tightest | None = None
    witness: str = ""

    def add(self, outcome: Outcome) -> bool:
        """Count an outcome; False once the claim is refuted."""
        if outcome.met is Truth.FALSE:
            self.skipped += 1
            return True
        self.checked += 1
        for relation in outcome.relations:
            self.methods.setdefault(relation.method)
            self._see(outcome, relation)
        if outcome.counterexample is not None:
            self._weaken(Verdict.REFUTED, outcome)
        elif outcome.met is Truth.UNDECIDED or outcome.truth is not Truth.TRUE:
            self._weaken(Verdict.UNDECIDED, outcome)
        return self.verdict is not Verdict.REFUTED

    def _see(self, outcome: Outcome, relation: Relation) -> None:
        if relation.worth.strength < self.verdict.strength:
            self.verdict = relation.worth
        ratio = relation.ratio
        if ratio is not None and (self.tightest is None or ratio > self.tightest.ratio):
            self.tightest = Tightest(ratio, str(outcome.instance))

    def _weaken(self, verdict: Verdict, outcome: Outcome) -> None:
        if verdict.strength < self.verdict.strength:
            self.verdict, self.witness = verdict, str(outcome)


def verify(claim: Claim, *, seed: int = 0, examples: int = 100, progress: Progress | None = None) -> Report:
    """Check a claim on its instances, by random search, against Monte Carlo, and through its mutants.

    examples: random instances tried where the claim names search strategies.  Deterministic for a seed.
    """
    started = time.perf_counter()
    instances = list(claim.instances)
    runs = list(claim.observations()) if claim.observations else []
    work = _Work(claim.id, len(instances) + len(claim.mutants) + len(runs) + 2, progress)
    tally = Tally()
    for instance in instances:
        work.done()
        if not tally.add(evaluate(claim, instance)):
            break
    listed = tally.checked
    if claim.search and tally.verdict is not Verdict.REFUTED:
        _search(claim, tally, examples, seed)
    work.done()
    failures = _tightness(claim.tight, claim, tally)
    work.done()
    mutants = tuple(work.of(_attack(claim, mutant, examples, seed)) for mutant in claim.mutants)
    compared = [work.of(run.compare(seed + index)) for index, run in enumerate(runs)]
    verdict = tally.verdict if tally.checked else Verdict.VACUOUS
    if verdict is Verdict.REFUTED:
        failures.append(f"refuted: {tally.witness}")
    failures += [
        f"a mutant survives: {mutant}" for mutant in mutants if mutant.verdict is not Verdict.REFUTED
    ]
    failures += [f"Monte Carlo disagrees: {result.text}" for result in compared if not result.agrees]
    return Report(
        id=claim.id,
        source=str(claim.source),
        statement=claim.statement,
        log_base=claim.log_base,
        hypotheses=tuple(claim.hypotheses),
        domain=_domain(listed, tally),
        verdict=verdict,
        method=", ".join(tally.methods) if tally.checked else "none: no instance meets the hypotheses",
        tightest=tally.tightest,
        mutants=mutants,
        monte_carlo="; ".join(result.text for result in compared),
        error_probability=sum((result.error_probability for result in compared), 0.0),
        witness=tally.witness,
        command=claim.command,
        seconds=time.perf_counter() - started,
        notes=claim.notes,
        failures=tuple(failures),
    )


def verify_all(
    claims: Iterable[Claim], *, seed: int = 0, examples: int = 100, progress: Progress | None = None
) -> list[Report]:
    """Reports on several claims, in their order."""
    return [verify(claim, seed=seed, examples=examples, progress=progress) for claim in claims]


@dataclass
class _Work:
    """Counts pieces of work and tells the caller."""

    id: str
    total: int
    progress: Progress | None
    count: int = 0

    def done(self) -> None:
        self.count += 1
        if self.progress is not None:
            self.progress(self.id, self.count, self.total)

    def of(self, value: Any) -> Any:
        self.done()
        return value


def _search(claim: Claim, tally: Tally, examples: int, seed: int) -> None:
    """Random instances; the smallest violation found, if any, becomes the witness."""

    def violates(instance: Instance) -> bool:
        outcome = evaluate(claim, instance)
        if outcome.counterexample is None:
            tally.add(outcome)
        return outcome.counterexample is not None

    smallest = search.smallest(claim.search, violates, examples=examples, seed=seed)
    if smallest is not None:
        tally.add(evaluate(claim, smallest))


def _tightness(tight: Tight | None, claim: Claim, tally: Tally) -> list[str]:
    """Evaluate the instance that is said to be tight, and say so if it is not."""
    if tight is None:
        return []
    outcome = evaluate(claim, tight.instance)
    tally.add(outcome)
    if outcome.met is not Truth.TRUE:
        return [f"the tight instance does not meet the hypotheses: {tight.instance}"]
    ratios = [relation.ratio for relation in outcome.relations if relation.ratio is not None]
    reached = max(ratios, default=1.0 if outcome.truth is Truth.TRUE else 0.0)
    if reached >= float(tight.ratio) * (1 - 1e-9):
        return []
    return [f"called tight at ratio {tight.ratio}, but {reached:.6g} at {tight.instance}"]


def _attack(claim: Claim, mutant: Mutant, examples: int, seed: int) -> MutantReport:
    """A certified counterexample to a mutant: at its own instances, at the claim's, then at random."""

    def violates(instance: Instance) -> bool:
        return evaluate(claim, instance, mutant).counterexample is not None

    near = () if claim.tight is None else (claim.tight.instance,)
    listed = itertools.chain(mutant.instances, near, claim.instances)
    found = next(filter(violates, listed), None)
    if found is None and claim.search:
        found = search.smallest(claim.search, violates, examples=examples, seed=seed)
    if found is None:
        return MutantReport(mutant.name, Verdict.UNDECIDED, "no counterexample found")
    return MutantReport(mutant.name, Verdict.REFUTED, str(evaluate(claim, found, mutant)))


def _domain(listed: int, tally: Tally) -> str:
    """What was looked at, in words."""
    parts = [f"{listed} listed instance{'s' * (listed != 1)}"]
    if tally.checked > listed:
        parts.append(f"{tally.checked - listed} more by random search")
    if tally.skipped:
        parts.append(f"{tally.skipped} skipped: hypotheses not met")
    return ", ".join(parts)
