"""Ascent along gradients: the claim's own function is evaluated on tracked numbers, at many points at once.

Torch moves what is continuous uphill (`terrain`); what is discrete, and which entries are 0, is drawn anew for every
round.  Floats only guide: the best point of a round is rounded to fractions, small denominators first, and evaluated
in exact numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from proofs_check.backends.local_search import simplified
from proofs_check.backends.terrain import LevelError, Terrain, is_predicate
from proofs_check.claims import Claim, NotCheckable
from proofs_check.evaluation import Outcome
from proofs_check.instances import Instance, call
from proofs_check.relation import Truth
from proofs_check.spaces import Point, Space, instance_at

STEPS, RATE = 200, 0.15
"""The most steps of Adam that a round takes, and how far one step moves a logit."""

PATIENCE, GAIN = 20, 1e-4
"""A round ends after so many steps in which no point has risen by more than this."""

FAILS = 1e-5
"""A height that no rounding of floats explains."""

FAILURES, LEVEL = 5, 50
"""Rounds that may fail, or find both sides the same everywhere, before the claim counts as without derivatives."""

DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 60, 100, 1000, 10**4, 10**6)
"""To which the entries of a row are rounded, one after the other."""

_NO_NUMBERS = (ArithmeticError, AttributeError, NotCheckable, TypeError, ValueError)
"""What a function raises that is not made for tracked numbers."""


class NotDifferentiable(Exception):
    """Raised with the reason for a claim whose function cannot be evaluated on tracked numbers."""


@dataclass
class GradientAscent:
    """An ascent under way.

    points: how many climb at once, which costs little more than one of them; taken: at how many a gradient was
    taken, all steps together; nearest: the point of largest exact ratio.
    """

    claim: Claim
    outcome_at: Callable[[Instance], Outcome]
    seed: int
    points: int = 64
    taken: int = 0
    nearest: Point | None = None
    _ratio: float = -1.0
    _climb: _Climb | None = None

    def steps(self) -> Iterator[None]:
        """Yields after every step of all points; only a confirmed counterexample, which is then simplified, ends it.

        A round whose points cannot be evaluated is given up; NotDifferentiable is raised if the first rounds all
        are.  Deterministic for a seed.
        """
        rng, failed, level = random.Random(self.seed), 0, 0
        generator = torch.Generator().manual_seed(self.seed)
        while True:
            self._climb = _Climb(Terrain(self.claim, self._support(rng)), self.points, generator)
            try:
                for _ in self._climb.steps():
                    self.taken += self.points
                    yield
            except _NO_NUMBERS as error:
                failed += 1
                if not self.taken and failed >= FAILURES:
                    raise NotDifferentiable(f"{type(error).__name__}: {error}") from error
            except LevelError:
                level += 1
                if not self.taken and level >= LEVEL:
                    raise NotDifferentiable("neither side varies with the parameters") from None
            if self.confirms():
                return
            yield

    def _support(self, rng: random.Random) -> Point:
        """Where rows may be positive, as counts 0 and 1, so that the predicates among the hypotheses hold there."""
        spaces = self.claim.attack
        for _ in range(1000):
            point = {
                name: [_support(width, space, rng) for width in space.widths]
                for name, space in spaces.items()
            }
            if _admitted(self.claim, instance_at(spaces, point)):
                return point
        raise NotDifferentiable("no choice of what is discrete meets the hypotheses")

    def confirms(self) -> bool:
        """Whether the best point of this round, whose end it is, is a counterexample, which is then simplified."""
        climb, self._climb = self._climb, None
        if climb is None or climb.best is None:
            return False
        spaces, known = self.claim.attack, []
        for denominator in DENOMINATORS:
            point = climb.terrain.rounded(climb.best, denominator)
            if point is None or point in known:
                continue
            known.append(point)
            outcome = self.outcome_at(instance_at(spaces, point))
            if outcome.counterexample:
                simplified(spaces, point, outcome, self.outcome_at)
                return True
            if outcome.ratio is not None and outcome.ratio > self._ratio:
                self._ratio, self.nearest = outcome.ratio, point
        return False


class _Climb:
    """One round: Adam from random points.  best: the highest point met."""

    def __init__(self, terrain: Terrain, points: int, generator: torch.Generator) -> None:
        self.terrain = terrain
        self.best: torch.Tensor | None = None
        self.logits = 2 * torch.randn(points, terrain.size, generator=generator, dtype=torch.float64)
        self._highest = torch.full((points,), -math.inf, dtype=torch.float64)

    def steps(self) -> Iterator[None]:
        """One step after the other, until none of the points rises any more, or one seems to be a counterexample."""
        if not self.terrain.free:
            self.best = self.logits[0]
            return
        logits, idle = self.logits.requires_grad_(), 0
        adam = torch.optim.Adam([logits], lr=RATE, maximize=True)
        for _ in range(STEPS):
            probabilities = self.terrain.probabilities(logits)
            heights = self.terrain.heights(probabilities)
            idle = 0 if self._rise(probabilities.detach(), heights.detach()) else idle + 1
            yield
            if idle >= PATIENCE or self._highest.max() > FAILS:
                return
            adam.zero_grad()
            heights.sum().backward()
            assert logits.grad is not None
            logits.grad.nan_to_num_(0.0, 0.0, 0.0)
            adam.step()

    def _rise(self, probabilities: torch.Tensor, heights: torch.Tensor) -> bool:
        """Keep the best point; whether any rose."""
        heights = heights.nan_to_num(-math.inf)
        if heights.max() > self._highest.max() or self.best is None:
            self.best = probabilities[heights.argmax()]
        rose = bool((heights > self._highest + GAIN).any())
        self._highest = torch.maximum(self._highest, heights)
        return rose


def _support(width: int, space: Space, rng: random.Random) -> list[int]:
    """One place for what is discrete; else every place, or most, or half of them, but one at least."""
    always = rng.randrange(width)
    share = 0.0 if space.discrete else rng.choice((1.0, 1.0, 0.8, 0.5))
    return [int(place == always or rng.random() < share) for place in range(width)]


def _admitted(claim: Claim, instance: Instance) -> bool:
    """Whether the hypotheses that are plain predicates hold."""
    found = (call(hypothesis, instance.values) for hypothesis in claim.hypotheses.values())
    return all(Truth.of(holds) is not Truth.FALSE for holds in found if is_predicate(holds))
