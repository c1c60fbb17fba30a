"""Monte Carlo beside the exact numbers, with as many draws as the time allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracles import Oracle
from theory.analysis.effort import LEAST_DRAWS, Effort, minutes_enough, share_out
from theory.analysis.quantities import Missing
from theory.estimators import estimate_expected_kl, estimate_sequence_error_rate
from theory.monte_carlo import Estimate
from theory.unmasking.oblivious import Schedule


@dataclass(frozen=True)
class Sampling:
    """The draws for every schedule, by its index: of E KL, and of whole sequences for SER.

    left_out: why an estimate without draws has none.
    """

    law: Oracle
    expected_kl_draws: list[int]
    sequence_draws: list[int]
    left_out: str
    seed: int
    confidence: float

    @classmethod
    def of(
        cls,
        law: Oracle,
        schedules: Sequence[Schedule],
        wanted: int,
        seed: int,
        confidence: float,
        minutes: float,
    ) -> Sampling:
        """Share about so many minutes out between all estimates."""
        if wanted < 2:
            none = [0] * len(schedules)
            return cls(law, none, none, f"{wanted} draws were asked for", seed, confidence)
        effort, count = Effort.of(law), len(schedules)
        passes = [2] * count + [_passes(schedule, law.length) for schedule in schedules]
        draws = share_out(effort, passes, 60 * minutes, wanted)
        reason = ""
        if 0 in draws:
            enough = minutes_enough(effort, passes, wanted)
            least = min(LEAST_DRAWS, wanted)
            reason = f"{least} draws do not fit into the time; minutes={enough} would do for all"
        return cls(law, draws[:count], draws[count:], reason, seed, confidence)

    def expected_kl(self, index: int, schedule: Schedule) -> Estimate | Missing:
        """E KL of a schedule, estimated."""
        n = self.expected_kl_draws[index]
        if n == 0:
            return Missing(self.left_out)
        return estimate_expected_kl(self.law, schedule, n, confidence=self.confidence, seed=self.seed)

    def sequence_error_rate(self, index: int, schedule: Schedule) -> Estimate | Missing:
        """SER of a schedule, estimated."""
        n = self.sequence_draws[index]
        if n == 0:
            return Missing(self.left_out)
        return estimate_sequence_error_rate(self.law, schedule, n, confidence=self.confidence, seed=self.seed)


def _passes(schedule: Schedule, length: int) -> int:
    """How many conditionals a draw needs; one token a step needs no draws at all."""
    return 1 if schedule.one_at_a_time(length) else min(schedule.steps, length)
