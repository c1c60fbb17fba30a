"""Samplers: a law to imitate, a schedule, a denoiser and perhaps a prompt, brought to one problem.

A prompt or template (`given`) is handled once, here: the sampler of the masked positions given the observed
tokens is an ordinary sampler on fewer positions, so no exact law and no metric needs to know about prompts.
(The convention 'marginal' for impossible contexts then answers q(x_i | prompt).)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.patterns import Tokens
from theory.denoisers import Ideal, Prompted
from theory.schedules import Partition, Schedule


@dataclass(frozen=True, eq=False)
class Problem:
    """A sampler on the free positions only.

    law: the target on the free positions (given the prompt); schedule: reveals all of them; denoiser: None
    stands for the ideal one; free: their indices in the original sequence; given: the prompt, or None.
    """

    law: Oracle
    schedule: Schedule
    denoiser: Any
    free: Tokens
    given: Tokens | None

    @property
    def ideal(self) -> bool:
        """Whether the denoiser is the ideal one (under any convention for impossible contexts)."""
        return self.denoiser is None or isinstance(self.denoiser, Ideal)


def read_problem(q: Oracle, schedule: Schedule, denoiser: Any = None, given: Any = None) -> Problem:
    """Check the arguments against each other and reduce a prompt away.

    ValueError if the schedule does not reveal exactly the masked positions, if the denoiser belongs to an
    oracle of another vocabulary or length, or if the prompt is impossible or masks nothing.
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule: expected IID, FixedSizes or Partition, got {schedule!r}")
    _check_denoiser(q, denoiser)
    if given is None:
        schedule.check(range(q.length))
        return Problem(q, schedule, denoiser, np.arange(q.length), None)
    prompt = q._read_single("given", given)
    free = np.flatnonzero(prompt == q.mask)
    if not free.size:
        raise ValueError("given: expected at least one masked position, got none")
    schedule.check(free.tolist())
    if isinstance(schedule, Partition):
        schedule = schedule.relabelled(free.tolist())
    reduced = q.condition(prompt).marginal(free)
    if isinstance(denoiser, Ideal):
        denoiser = Ideal(reduced, denoiser.impossible)
    elif denoiser is not None:
        denoiser = Prompted(denoiser, reduced, prompt)
    return Problem(reduced, schedule, denoiser, free, prompt)


def _check_denoiser(q: Oracle, denoiser: Any) -> None:
    if denoiser is None:
        return
    other = getattr(denoiser, "oracle", None)
    if other is None:
        raise ValueError(
            f"denoiser: expected a denoiser with an `oracle`, got {denoiser!r}; see theory.denoisers"
        )
    if (other.vocab_size, other.length) != (q.vocab_size, q.length):
        raise ValueError(
            f"denoiser: expected V={q.vocab_size}, L={q.length}, got V={other.vocab_size}, L={other.length}"
        )
    if other.arithmetic.name != q.arithmetic.name:
        raise ValueError(f"denoiser: expected one in {q.arithmetic.name}, got one in {other.arithmetic.name}")
