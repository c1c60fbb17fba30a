"""One claim under examination: its instances, random ones, the tight one, its mutants, and the real sampler."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from proofs_check.backends import local_search, search
from proofs_check.certificates.writing import refutation
from proofs_check.claims import Claim, Mutant, NotCheckable
from proofs_check.evaluation import Outcome, OverBox, attempt, evaluate
from proofs_check.evidence import MutantReport, Verdict
from proofs_check.instances import Grid, Instance
from proofs_check.progress import Work
from proofs_check.relation import Truth
from proofs_check.tally import Tally

NUMBERS = ("exact", "certified", "floating", "symbolic", "boxes")
BACKENDS = (*NUMBERS, "search", "monte_carlo")
"""What a claim is checked by: numbers of four kinds, boxes of parameters, random instances, the real sampler."""

UNSTEADY = "it does not always answer the same"
"""The method of a report on a function that depends on more than its parameters, and so states nothing."""

MOST_POINTS = 400
"""About how many instances keep both sides, for a plot."""


@dataclass
class Examination:
    """One claim under examination."""

    claim: Claim
    seed: int
    examples: int
    backends: frozenset[str]
    work: Work
    tally: Tally = field(init=False)
    random: int = 0
    """Instances that were counted and are on no list: by themselves they certify nothing about others."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.backends & set(NUMBERS) or NUMBERS)  # random instances alone are of any kind

    def findings(self) -> dict[str, Any]:
        """What goes into the report."""
        claim, work, tally = self.claim, self.work, self.tally
        domain = [self._listed(tally), *work.done(self._search(tally))]
        failures = work.done(self._tightness(tally))
        if tally.out_of_reach and not (tally.checked or tally.passed_over):
            raise NotCheckable(next(iter(tally.out_of_reach.values())))
        domain += tally.left_out
        numbers = self.backends - {"monte_carlo"}
        mutants = tuple(work.done(self._attack(mutant)) for mutant in claim.mutants if numbers)
        sampled = claim.observations if "monte_carlo" in self.backends else ()
        compared = [work.done(run.compare(self.seed + number)) for number, run in enumerate(sampled)]
        verdict, method = self._verdict(bool(compared))
        unsteady = self._unsteady(tally)
        if unsteady:
            verdict, method = Verdict.UNDECIDED, UNSTEADY
        failures += unsteady
        failures += [f"refuted: {tally.witness}"] if verdict is Verdict.REFUTED else []
        failures += [f"a mutant survives: {m}" for m in mutants if m.verdict is not Verdict.REFUTED]
        failures += [f"Monte Carlo disagrees: {result.text}" for result in compared if not result.agrees]
        return {
            "verdict": verdict,
            "method": method,
            "domain": ", ".join(domain),
            "tightest": tally.tightest,
            "mutants": mutants,
            "monte_carlo": "; ".join(result.text for result in compared),
            "error_probability": sum((result.error_probability for result in compared), 0.0),
            "witness": tally.witness if not unsteady else "",
            "failures": tuple(failures),
            "points": tuple(tally.points[:: 1 + len(tally.points) // MOST_POINTS]),
        }

    def cut_short(self, verdict: Verdict, why: str, domain: str) -> dict[str, Any]:
        """The same where the work came to no end: this verdict, unless a counterexample was found before."""
        findings: dict[str, Any] = {"verdict": verdict, "method": why, "domain": domain}
        if self.tally.verdict is Verdict.REFUTED:
            witness = self.tally.witness
            findings |= {"verdict": Verdict.REFUTED, "witness": witness, "failures": (f"refuted: {witness}",)}
        return findings

    def _verdict(self, sampled: bool) -> tuple[Verdict, str]:
        tally = self.tally
        methods = ", ".join(tally.methods) + ", where it can be checked" * bool(tally.out_of_reach)
        if tally.checked == self.random > 0 and tally.verdict.strength > Verdict.SUPPORTED.strength:
            return Verdict.SUPPORTED, f"{methods} at random"
        if tally.verdict is Verdict.PROVED and self.claim.box is None and tally.checked > 1:
            return Verdict.PROVED, f"{methods}, at each instance"  # not, say, for all lengths at once
        if tally.checked:
            return tally.verdict, methods
        if not tally.passed_over and (
            tally.skipped or tally.doubtful or self.backends == frozenset(BACKENDS)
        ):
            return Verdict.VACUOUS, "no instance meets the hypotheses"
        if sampled:
            return Verdict.SUPPORTED, "Monte Carlo"
        return Verdict.NOT_CHECKABLE, f"nothing here for {', '.join(sorted(self.backends))}"

    def _listed(self, tally: Tally) -> str:
        """Evaluate the claim at its instances, or over its box at each of them, until it is refuted."""
        examine = self._at if self.claim.box is None else self._over_box
        listed = self.claim.instances if self.backends & set(NUMBERS) else ()
        for instance in itertools.takewhile(lambda _: tally.verdict is not Verdict.REFUTED, listed):
            try:
                examine(instance, tally)
            except NotCheckable as reason:
                tally.out_of_reach[str(instance)] = str(reason)
            self.work.done(None)
        if self.claim.box is not None:
            return f"all {self.claim.box}, by {tally.sub_boxes} sub-boxes"
        instances = self.claim.instances
        said = f"{tally.checked} listed instance{'s' * (tally.checked != 1)}"
        if tally.verdict is not Verdict.REFUTED and isinstance(instances, Grid) and instances.families:
            return f"{said} over {' and '.join(instances.families)}"
        return said

    def _at(self, instance: Instance, tally: Tally) -> None:
        tally.add(evaluate(self.claim, instance))

    def _over_box(self, instance: Instance, tally: Tally) -> None:
        """Prove the relations over the box; where one fails, the middle of that sub-box is a counterexample."""
        if "boxes" not in self.backends:
            return
        stated = OverBox.of(self.claim, instance)
        for covering in stated.coverings():
            tally.cover(covering, instance.label)
            if covering.refuted is not None:
                tally.add(stated.at(covering.midpoint(covering.refuted)))
            elif covering.root is not None:
                tally.add(stated.equality_at(covering))
        for outcome in stated.points():
            self._look(outcome, tally)

    def _look(self, outcome: Outcome, tally: Tally) -> None:
        """Count a point of a box only against the claim: it is no evidence for what holds on all of the box."""
        if outcome.counterexample:
            tally.add(outcome)
        elif outcome.met is Truth.TRUE:
            tally.see(outcome)

    def _search(self, tally: Tally) -> list[str]:
        """Try random instances; the smallest counterexample, if there is one, becomes the witness."""
        able = self.claim.search or self._climbs
        if not able or tally.verdict is Verdict.REFUTED or "search" not in self.backends:
            return []
        before = tally.checked

        def outcome_at(instance: Instance) -> Outcome:
            outcome = self._outcome(instance)
            if not outcome.counterexample:
                tally.add(outcome)
            return outcome

        smallest = self._wander(outcome_at)
        if smallest is not None:
            tally.add(evaluate(self.claim, smallest))
        self.random = tally.checked - before
        return [f"{self.random} by random search"]

    def _tightness(self, tally: Tally) -> list[str]:
        """Evaluate the instance that is said to be tight, and say so if it is not."""
        if self.claim.tight is None or not self.backends & set(NUMBERS):
            return []
        instance, wanted = self.claim.tight.instance, float(self.claim.tight.ratio)
        outcome = attempt(self.claim, instance)
        if self.claim.box is None:
            tally.add(outcome)
        else:
            self._look(outcome, tally)
        if outcome.out_of_reach is not None:
            return [f"the tight instance is not checkable: {instance}: {outcome.out_of_reach}"]
        if outcome.met is not Truth.TRUE:
            return [f"the tight instance does not meet the hypotheses: {instance}"]
        reached = outcome.relations[0].ratio
        if reached is not None and reached >= wanted * (1 - 1e-9):
            return []
        return [f"called tight at ratio {wanted:.6g}, but {reached} at {instance}"]

    def _unsteady(self, tally: Tally) -> list[str]:
        """Ask again at the first instance, at the tightest and at a counterexample; say so if an answer differs."""
        for before in tally.remembered:
            if self.claim.box is None or before.instance.values.keys() >= self.claim.box.sides.keys():
                again = attempt(self.claim, before.instance)
                if not before.repeats(again):
                    return [f"asked again, it answers differently: {before}; then {again}"]
        return []

    def _attack(self, mutant: Mutant) -> MutantReport:
        """A certified counterexample to a mutant: at its own instances, at the claim's, then at random."""

        def outcome_at(instance: Instance) -> Outcome:
            return self._outcome(instance, mutant)

        candidates = self._candidates(mutant)
        found = next((instance for instance in candidates if outcome_at(instance).counterexample), None)
        if found is None:
            found = self._wander(outcome_at)
        if found is None:
            return MutantReport(mutant.name, Verdict.UNDECIDED, "no counterexample found")
        refuting = evaluate(self.claim, found, mutant)
        certificate = refutation(self.claim, mutant, refuting)
        return MutantReport(mutant.name, Verdict.REFUTED, str(refuting), certificate)

    def _wander(self, outcome_at: Callable[[Instance], Outcome]) -> Instance | None:
        """A small counterexample among random instances, or met while climbing; None if there is none."""
        found = None
        if self.claim.search:
            found = search.smallest(self.claim.search, outcome_at, examples=self.examples, seed=self.seed)
        elif self._climbs:
            climb = local_search.ascend(self.claim.attack, outcome_at, seed=self.seed)
            for number, outcome in enumerate(climb):
                if outcome.counterexample:
                    found = outcome.instance
                elif number >= self.examples or self.work.late:
                    break
        return found

    @property
    def _climbs(self) -> bool:
        """Whether there is nothing but spaces to take instances from."""
        return bool(self.claim.attack) and not (self.claim.search or self.claim.instances)

    def _outcome(self, instance: Instance, mutant: Mutant | None = None) -> Outcome:
        """Both sides at an instance; nothing once the deadline has passed."""
        return Outcome(instance, Truth.FALSE) if self.work.late else attempt(self.claim, instance, mutant)

    def _candidates(self, mutant: Mutant) -> Iterator[Instance]:
        """Where to look for a counterexample, likely ones first."""
        yield from mutant.instances
        if self.claim.tight is not None:
            yield self.claim.tight.instance
        if self.claim.box is None:
            yield from self.claim.instances
            return
        over = list[OverBox]()
        for instance in self.claim.instances:
            with suppress(NotCheckable):
                over.append(OverBox.of(self.claim, instance, mutant))
        for stated in over:
            yield from (outcome.instance for outcome in stated.points() if outcome.counterexample)
        for stated in over:
            refuted = ((one, one.refuted) for one in stated.coverings() if one.refuted is not None)
            yield from (stated.at(covering.midpoint(sub)).instance for covering, sub in refuted)
