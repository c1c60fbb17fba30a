"""How far the work on one claim has come: counted piece by piece, told to the caller, and stopped at a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sized
from typing import Any

from proofs_check.claims import Claim

Progress = Callable[[str, int, int], None]
"""Called with a claim's id, the number of pieces of work done, and their number in all."""


class OutOfTime(Exception):
    """Ends the work on a claim at its deadline."""


class Work:
    """Counts pieces of work, tells the caller, and stops at the deadline."""

    def __init__(self, claim: Claim, progress: Progress | None, deadline: float | None) -> None:
        listed = claim.instances if isinstance(claim.instances, Sized) else list(claim.instances)
        self.id = claim.id
        self.total = len(listed) + 2 + len(claim.mutants) + len(claim.observations)
        self.count = 0
        self._progress, self._deadline = progress, deadline

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self._deadline is not None and time.time() > self._deadline

    def done(self, result: Any) -> Any:
        """Pass on the result of a piece of work."""
        self.count += 1
        if self._progress is not None:
            self._progress(self.id, self.count, self.total)
        if self.late:
            raise OutOfTime
        return result
