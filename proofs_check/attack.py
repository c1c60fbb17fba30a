"""Looking for a counterexample to a claim as long as time allows; what comes nearest is kept."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from proofs_check.backends import local_search, search
from proofs_check.claims import Claim, NotCheckable
from proofs_check.evaluation import Outcome, OverBox, attempt
from proofs_check.instances import Instance
from proofs_check.relation import Truth
from proofs_check.spaces import Point

EXAMPLES = 200
"""Random instances drawn with one seed, towards the tightest of them, before the next seed."""

Watch = Callable[[int, float | None], None]
"""Called with the number of instances looked at, and the largest ratio so far."""


@dataclass
class Way:
    """One way of looking: how many instances it tried, and the largest ratio among them."""

    looked: int = 0
    ratio: float | None = None

    def see(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.looked += 1
        if outcome.ratio is not None and outcome.ratio > (-1 if self.ratio is None else self.ratio):
            self.ratio = outcome.ratio


@dataclass
class Attack:
    """What an attack found, and how hard it looked.

    refuted: the counterexample, simplified; tightest: the outcome of largest ratio; looked: instances that meet the
    hypotheses, evaluated exactly; skipped: those that do not; out_of_reach: those that cannot be computed; ways: what
    each way of looking tried and reached; gradients: points in floats at which a gradient was taken; flat: why none
    was, where there are spaces.
    """

    claim: Claim
    refuted: Outcome | None = None
    tightest: Outcome | None = None
    looked: int = 0
    skipped: int = 0
    out_of_reach: int = 0
    seconds: float = 0.0
    ways: dict[str, Way] = field(default_factory=dict)
    gradients: int = 0
    flat: str = ""

    @property
    def best(self) -> Outcome | None:
        """The counterexample, or else the tightest outcome."""
        return self.refuted or self.tightest

    def see(self, outcome: Outcome) -> None:
        """Count an outcome; a later counterexample is a simpler one."""
        if outcome.out_of_reach is not None:
            self.out_of_reach += 1
            return
        if outcome.met is not Truth.TRUE:
            self.skipped += 1
            return
        self.looked += 1
        if outcome.counterexample:
            self.refuted = outcome
        if outcome.ratio is not None and outcome.ratio > (_ratio(self.tightest) or -1):
            self.tightest = outcome


def attack(claim: Claim, *, minutes: float = 1.0, seed: int = 0, watch: Watch | None = None) -> Attack:
    """Try the listed instances, then search the spaces and strategies that the claim names, until the time is up.

    Spaces are searched along gradients first, then in small exact steps from the best point that these found.  Every
    outcome is exact or certified, so a counterexample is confirmed as soon as it is found.  The order of instances
    depends on the seed alone; how many of them there is time for depends on the machine.
    """
    run = _Run(Attack(claim), time.monotonic(), 60 * minutes, watch)
    run.listed()
    run.over_box()
    if claim.attack:
        nearest = run.gradients(seed, share=0.5)
        run.spaces(seed, nearest, share=0.75 if claim.search else 1.0)
    if claim.search:
        run.strategies(seed)
    if run.found.out_of_reach and not run.found.looked:
        raise NotCheckable(run.reason)
    run.found.seconds = time.monotonic() - run.started
    return run.found


@dataclass
class _Run:
    """An attack under way."""

    found: Attack
    started: float
    budget: float
    watch: Watch | None
    way: str = ""
    reason: str = ""

    def takes(self, way: str) -> bool:
        """Whether there is time left for a way of looking, which is then counted."""
        self.way = way
        if not self.over():
            self.found.ways[way] = Way()
        return way in self.found.ways

    def over(self, share: float = 1.0) -> bool:
        """Whether a counterexample is found, or this share of the time has passed."""
        return self.found.refuted is not None or time.monotonic() > self.started + share * self.budget

    def outcome_at(self, instance: Instance) -> Outcome:
        """Evaluate the claim and count it; nothing once the time has passed."""
        if time.monotonic() > self.started + self.budget:
            return Outcome(instance, Truth.FALSE)
        outcome = self.saw(attempt(self.found.claim, instance))
        if outcome.out_of_reach is not None:
            self.reason = outcome.out_of_reach
        return outcome

    def saw(self, outcome: Outcome) -> Outcome:
        """Count an outcome, and tell who watches."""
        self.found.see(outcome)
        self.found.ways[self.way].see(outcome)
        if self.watch is not None:
            self.watch(self.found.looked, _ratio(self.found.tightest))
        return outcome

    def listed(self) -> None:
        """The tight instance, and those that the claim lists."""
        claim = self.found.claim
        near = [] if claim.tight is None else [claim.tight.instance]
        instances = [*near, *(() if claim.box is not None else claim.instances)]
        if instances and self.takes("listed instances"):
            for instance in instances:
                if self.over() or self.outcome_at(instance).counterexample:
                    break

    def over_box(self) -> None:
        """Points of the box of a claim that has one, and the middle of a sub-box on which it fails."""
        claim = self.found.claim
        if claim.box is None or not self.takes("points of its box"):
            return
        for instance in claim.instances:
            stated = OverBox.of(claim, instance)
            refuted = (
                stated.at(one.midpoint(one.refuted)) for one in stated.coverings() if one.refuted is not None
            )
            for outcome in itertools.chain(stated.points(), refuted):
                if self.over():
                    return
                self.saw(outcome)

    def gradients(self, seed: int, share: float) -> Point | None:
        """Ascent along gradients, where the claim has any; the point of largest ratio."""
        from proofs_check.backends.gradient import (  # on demand: it brings torch
            GradientAscent,
            NotDifferentiable,
        )

        ascent = GradientAscent(self.found.claim, self.outcome_at, seed)
        if self.takes("ascent along gradients"):
            try:
                for _ in ascent.steps():
                    self.found.gradients = ascent.taken
                    if self.over(share):
                        ascent.confirms()
                        break
            except NotDifferentiable as reason:
                self.found.flat = str(reason)
                del self.found.ways[self.way]
        return ascent.nearest

    def spaces(self, seed: int, start: Point | None, share: float) -> None:
        """Ascent in small exact steps; a counterexample is yielded twice, the second time simplified."""
        if self.takes("ascent in exact steps"):
            for _ in local_search.ascend(self.found.claim.attack, self.outcome_at, seed=seed, start=start):
                if self.found.refuted is None and self.over(share):
                    break

    def strategies(self, seed: int) -> None:
        """Random instances, with one seed after the other."""
        if self.takes("random instances drawn towards tight ones"):
            while not self.over():
                search.smallest(self.found.claim.search, self.outcome_at, examples=EXAMPLES, seed=seed)
                seed += 1


def _ratio(outcome: Outcome | None) -> float | None:
    return None if outcome is None else outcome.ratio
