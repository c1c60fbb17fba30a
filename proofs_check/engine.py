"""The engine: a claim goes in, a report comes out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from oracles.arithmetic import arithmetic
from proofs_check.backends import search
from proofs_check.claims import Claim, Mutant, NotCheckable
from proofs_check.evidence import MutantReport, Point, Report, Tightest, Verdict
from proofs_check.instances import Instance, call
from proofs_check.relation import Relation, Truth

LEAST_BITS, MOST_BITS = 128, 512
"""Precisions of the balls in which a claim is evaluated: more where fewer leave it undecided."""

MOST_POINTS = 400
"""Of so many instances both sides are kept, for a plot."""

Progress = Callable[[str, int, int], None]
"""Called with a claim's id, the number of pieces of work done, and their number in all."""


def verify(claim: Claim, *, seed: int = 0, examples: int = 100, progress: Progress | None = None) -> Report:
    """Check a claim on its instances, by random search, against Monte Carlo, and through its mutants.

    examples: random instances tried where the claim names search strategies.  Deterministic for a seed.
    """
    started = time.perf_counter()
    try:
        findings = _examine(claim, seed, examples, progress)
    except NotCheckable as reason:
        findings = {"verdict": Verdict.NOT_CHECKABLE, "method": str(reason), "domain": "none"}
    return Report(
        id=claim.id,
        source=str(claim.source),
        statement=claim.statement,
        log_base=claim.log_base,
        hypotheses=tuple(claim.hypotheses),
        command=claim.command,
        notes=tuple(claim.notes),
        seconds=time.perf_counter() - started,
        **findings,
    )


def verify_all(
    claims: Iterable[Claim], *, seed: int = 0, examples: int = 100, progress: Progress | None = None
) -> list[Report]:
    """Reports on several claims, in their order."""
    return [verify(claim, seed=seed, examples=examples, progress=progress) for claim in claims]


@dataclass(frozen=True)
class Outcome:
    """A claim, or a mutant of it, evaluated at one instance."""

    instance: Instance
    met: Truth
    relations: tuple[Relation, ...] = ()

    @property
    def truth(self) -> Truth:
        """Whether all relations hold; of no interest where the hypotheses are not met."""
        return Truth.of(self.relations)

    @property
    def counterexample(self) -> bool:
        """Whether a relation rigorously fails although the hypotheses rigorously hold."""
        fails = (r.truth is Truth.FALSE and r.worth is not Verdict.SUPPORTED for r in self.relations)
        return self.met is Truth.TRUE and any(fails)

    def __str__(self) -> str:
        failed = [relation for relation in self.relations if relation.truth is Truth.FALSE]
        shown = f"{failed[0]} fails" if failed else " and ".join(map(str, self.relations))
        return f"{self.instance}: {shown}"


def evaluate(
    claim: Claim, instance: Instance, mutant: Mutant | None = None, *, bits: int = LEAST_BITS
) -> Outcome:
    """Both sides of the claim, or of its mutant, at an instance, with as many bits as it takes to decide it."""
    with arithmetic("ball", bits=bits).context():
        outcome = _evaluate(claim, instance, mutant)
        open_question = outcome.met is not Truth.FALSE and Truth.UNDECIDED in (outcome.met, outcome.truth)
    if open_question and bits < MOST_BITS:
        return evaluate(claim, instance, mutant, bits=MOST_BITS)
    return outcome


def _evaluate(claim: Claim, instance: Instance, mutant: Mutant | None) -> Outcome:
    constants = mutant.constants if mutant else {}
    hypotheses = [h for name, h in claim.hypotheses.items() if not (mutant and name == mutant.without)]
    met = [Truth.of(call(hypothesis, instance.values, **constants)) for hypothesis in hypotheses]
    if Truth.FALSE in met:
        return Outcome(instance, Truth.FALSE)
    stated = call(claim.relation, instance.values, **constants)
    relations = (stated,) if isinstance(stated, Relation) else tuple(stated)
    if mutant and mutant.reverse:
        relations = tuple(relation.reversed() for relation in relations)
    return Outcome(instance, Truth.UNDECIDED if Truth.UNDECIDED in met else Truth.TRUE, relations)


@dataclass
class _Tally:
    """What has been seen so far of one claim."""

    checked: int = 0
    skipped: int = 0
    verdict: Verdict = Verdict.PROVED
    methods: dict[str, None] = field(default_factory=dict)
    tightest: Tightest | None = None
    witness: str = ""
    points: list[Point] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome; one whose hypotheses are in doubt counts only if it would be a counterexample."""
        if outcome.met is Truth.FALSE or (outcome.met is Truth.UNDECIDED and outcome.truth is Truth.TRUE):
            self.skipped += 1
            return
        self.checked += 1
        worth = min((relation.worth for relation in outcome.relations), key=lambda worth: worth.strength)
        if outcome.counterexample:
            worth = Verdict.REFUTED
        elif outcome.truth is not Truth.TRUE:
            worth = Verdict.UNDECIDED
        if worth.strength < self.verdict.strength:
            self.verdict = worth
            self.witness = str(outcome) if worth in (Verdict.REFUTED, Verdict.UNDECIDED) else ""
        self.methods |= dict.fromkeys(relation.method for relation in outcome.relations)
        ratio = outcome.relations[0].ratio
        if ratio is not None and (self.tightest is None or ratio > self.tightest.ratio):
            self.tightest = Tightest(ratio, str(outcome.instance))
        self._plot(outcome)

    def _plot(self, outcome: Outcome) -> None:
        relation = outcome.relations[0]
        if (sides := relation.floats) is not None:
            self.points.append(Point(str(outcome.instance), sides[0], relation.op, sides[1]))


def _examine(claim: Claim, seed: int, examples: int, progress: Progress | None) -> dict[str, Any]:
    """The findings of a report."""
    instances = list(claim.instances)
    pieces = len(instances) + 2 + len(claim.mutants) + len(claim.observations)
    work = _Work(claim.id, pieces, progress)
    tally = _Tally()
    for instance in itertools.takewhile(lambda _: tally.verdict is not Verdict.REFUTED, instances):
        tally.add(work.done(evaluate(claim, instance)))
    domain = [f"{tally.checked} listed instances"]
    domain += work.done(_search(claim, tally, examples, seed))
    failures = work.done(_tightness(claim, tally))
    domain += [f"{tally.skipped} skipped, hypotheses not met"] if tally.skipped else []
    mutants = tuple(work.done(_attack(claim, mutant, examples, seed)) for mutant in claim.mutants)
    compared = [work.done(run.compare(seed + number)) for number, run in enumerate(claim.observations)]
    verdict = tally.verdict if tally.checked else Verdict.VACUOUS
    failures += [f"refuted: {tally.witness}"] if verdict is Verdict.REFUTED else []
    failures += [f"a mutant survives: {m}" for m in mutants if m.verdict is not Verdict.REFUTED]
    failures += [f"Monte Carlo disagrees: {result.text}" for result in compared if not result.agrees]
    return {
        "verdict": verdict,
        "method": ", ".join(tally.methods) or "no instance meets the hypotheses",
        "domain": ", ".join(domain),
        "tightest": tally.tightest,
        "mutants": mutants,
        "monte_carlo": "; ".join(result.text for result in compared),
        "error_probability": sum((result.error_probability for result in compared), 0.0),
        "witness": tally.witness,
        "failures": tuple(failures),
        "points": tuple(tally.points[:: 1 + len(tally.points) // MOST_POINTS]),
    }


@dataclass
class _Work:
    """Counts pieces of work, and tells the caller."""

    id: str
    total: int
    progress: Progress | None
    count: int = 0

    def done(self, result: Any) -> Any:
        """Pass on the result of a piece of work."""
        self.count += 1
        if self.progress is not None:
            self.progress(self.id, self.count, self.total)
        return result


def _search(claim: Claim, tally: _Tally, examples: int, seed: int) -> list[str]:
    """Try random instances; the smallest counterexample, if there is one, becomes the witness."""
    if not claim.search or tally.verdict is Verdict.REFUTED:
        return []
    before = tally.checked

    def refutes(instance: Instance) -> bool:
        outcome = evaluate(claim, instance)
        if not outcome.counterexample:
            tally.add(outcome)
        return outcome.counterexample

    smallest = search.smallest(claim.search, refutes, examples=examples, seed=seed)
    if smallest is not None:
        tally.add(evaluate(claim, smallest))
    return [f"{tally.checked - before} by random search"]


def _tightness(claim: Claim, tally: _Tally) -> list[str]:
    """Evaluate the instance that is said to be tight, and say so if it is not."""
    if claim.tight is None:
        return []
    instance, wanted = claim.tight.instance, float(claim.tight.ratio)
    outcome = evaluate(claim, instance)
    tally.add(outcome)
    if outcome.met is not Truth.TRUE:
        return [f"the tight instance does not meet the hypotheses: {instance}"]
    reached = outcome.relations[0].ratio
    if reached is not None and reached >= wanted * (1 - 1e-9):
        return []
    return [f"called tight at ratio {wanted:.6g}, but {reached} at {instance}"]


def _attack(claim: Claim, mutant: Mutant, examples: int, seed: int) -> MutantReport:
    """A certified counterexample to a mutant: at its own instances, at the claim's, then at random."""

    def refutes(instance: Instance) -> bool:
        return evaluate(claim, instance, mutant).counterexample

    near = () if claim.tight is None else (claim.tight.instance,)
    listed = itertools.chain(mutant.instances, near, claim.instances)
    found = next(filter(refutes, listed), None)
    if found is None and claim.search:
        found = search.smallest(claim.search, refutes, examples=examples, seed=seed)
    if found is None:
        return MutantReport(mutant.name, Verdict.UNDECIDED, "no counterexample found")
    return MutantReport(mutant.name, Verdict.REFUTED, str(evaluate(claim, found, mutant)))
