"""Monte Carlo beside the exact numbers, with as many draws as the time allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracles import Oracle
from theory.analysis.effort import LEAST_DRAWS, Effort, share_out
from theory.analysis.quantities import Missing
from theory.monte_carlo import Estimate, estimate_expected_kl, estimate_sequence_error_rate
from theory.schedules import Schedule


@dataclass(frozen=True)
class Sampling:
    """The draws for every schedule, by its index: of E KL, and of whole sequences for SER.

    passes: how often one sequence asks for conditionals; wanted: the draws that were asked for.
    """

    law: Oracle
    effort: Effort
    passes: list[int]
    expected_kl_draws: list[int]
    sequence_draws: list[int]
    wanted: int
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
        effort = Effort.of(law)
        passes = [min(schedule.steps, law.length) for schedule in schedules]
        draws = share_out(effort, [2] * len(passes) + passes, 60 * minutes, wanted)
        return cls(law, effort, passes, draws[: len(passes)], draws[len(passes) :], wanted, seed, confidence)

    def expected_kl(self, index: int, schedule: Schedule) -> Estimate | Missing:
        """E KL of a schedule, estimated."""
        n = self.expected_kl_draws[index]
        if n < 2:
            return self._left_out(2)
        return estimate_expected_kl(self.law, schedule, n, confidence=self.confidence, seed=self.seed)

    def sequence_error_rate(self, index: int, schedule: Schedule) -> Estimate | Missing:
        """SER of a schedule, estimated."""
        n = self.sequence_draws[index]
        if n == 0:
            return self._left_out(self.passes[index])
        return estimate_sequence_error_rate(self.law, schedule, n, confidence=self.confidence, seed=self.seed)

    def _left_out(self, passes: int) -> Missing:
        if self.wanted < 2:
            return Missing(f"{self.wanted} draws were asked for")
        least = min(LEAST_DRAWS, self.wanted)
        return Missing(
            f"{least} draws would take about {self.effort.seconds(passes, least) / 60:.2g} minutes"
        )
