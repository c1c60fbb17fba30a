"""Samplers: a law to imitate, a way of unmasking, a denoiser and perhaps a prompt, brought to one problem.

A prompt or template (`given`) is handled once, here: the sampler of the masked positions given the observed
tokens is an ordinary sampler on fewer positions, so no exact law and no metric needs to know about prompts.
(The ideal denoiser's convention 'marginal' for impossible contexts then answers q(x_i | prompt).)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oracles import Oracle, Table
from oracles.patterns import Tokens
from theory.denoisers import Function, Ideal, Prompted
from theory.prompts import read_prompt
from theory.unmasking.base import Unmasking
from theory.unmasking.schedules import FixedSizes


@dataclass(frozen=True, eq=False)
class Problem:
    """A sampler on the free positions only.

    law: the target on the free positions (given the prompt); schedule: reveals all of them; denoiser: fills
    them in; free: their indices in the original sequence; given: the prompt, or None.
    """

    law: Oracle
    schedule: Unmasking
    denoiser: Any
    free: Tokens
    given: Tokens | None

    @property
    def ideal(self) -> bool:
        """Whether the denoiser is the ideal one of the target (under any convention for impossible contexts)."""
        return isinstance(self.denoiser, Ideal) and self.denoiser.oracle is self.law

    def tabulated(self) -> Problem:
        """The same problem with the law as a table, which answers many patterns fastest.

        ValueError if it would be too large, ArithmeticError if it underflows in floats.
        """
        table = Table.of(self.law)
        table.tabulate_patterns()

        def move(denoiser: Any) -> Any:
            return _of_table(denoiser, self.law, table)

        return replace(
            self, law=table, denoiser=move(self.denoiser), schedule=self.schedule.with_denoisers(move)
        )


def read_problem(q: Oracle, schedule: Unmasking, denoiser: Any = None, given: Any = None) -> Problem:
    """Check the arguments against each other and reduce a prompt away.

    No denoiser stands for the ideal one, a plain function of a batch of patterns for `denoisers.Function`.

    ValueError if q is no oracle or over Booleans, if the schedule does not reveal exactly the masked
    positions, if the denoiser belongs to an oracle of another vocabulary, length or arithmetic, or if the
    prompt is impossible or masks nothing.
    """
    if not isinstance(q, Oracle):
        raise ValueError(f"q: expected an oracle, got {q!r}")
    if not isinstance(schedule, Unmasking):
        raise ValueError(f"schedule: expected a schedule or planner, as in IID.uniform(8), got {schedule!r}")
    denoiser = read_denoiser(q, Ideal(q) if denoiser is None else denoiser)
    schedule = schedule.with_denoisers(lambda inner: read_denoiser(q, inner, "scores"))
    law, prompt, free = read_prompt(q, given)
    schedule.check(free.tolist())
    if prompt is None:
        return Problem(q, schedule, denoiser, free, None)

    def move(inner: Any) -> Any:
        return _prompted(inner, q, law, prompt)

    reduced = schedule.relabelled(free.tolist()).with_denoisers(move)
    return Problem(law, reduced, move(denoiser), free, prompt)


def one_by_one(q: Oracle, denoiser: Any = None, given: Any = None) -> Problem:
    """The sampler of one token a step in uniformly random order.  Errors as in `read_problem`."""
    masked = q.length if given is None else int((np.asarray(given) == q.mask).sum())
    return read_problem(q, FixedSizes([1] * max(masked, 1)), denoiser, given)


def read_denoiser(q: Oracle, denoiser: Any, name: str = "denoiser") -> Any:
    """A denoiser of the oracle; a plain function of a batch of patterns becomes one.

    ValueError if it belongs to an oracle of another vocabulary, length or arithmetic.
    """
    if callable(denoiser) and not hasattr(denoiser, "oracle"):
        denoiser = Function(q, denoiser)
    _check_denoiser(q, denoiser, name)
    return denoiser


def _of_table(denoiser: Any, old: Oracle, table: Table) -> Any:
    """The same denoiser, of the table where it is made from the law."""
    moved = denoiser.of(table) if denoiser.oracle is old and hasattr(denoiser, "of") else None
    return moved or denoiser


def _prompted(denoiser: Any, old: Oracle, law: Oracle, prompt: Tokens) -> Any:
    """The denoiser seen from the free positions of the prompt."""
    known = denoiser.oracle is old and hasattr(denoiser, "conditioned")
    return (known and denoiser.conditioned(law)) or Prompted(denoiser, law, prompt)


def _check_denoiser(q: Oracle, denoiser: Any, name: str) -> None:
    other = getattr(denoiser, "oracle", None)
    if other is None:
        raise ValueError(
            f"{name}: expected a denoiser with an `oracle`, got {denoiser!r}; see theory.denoisers"
        )
    if (other.vocab_size, other.length) != (q.vocab_size, q.length):
        raise ValueError(
            f"{name}: expected V={q.vocab_size}, L={q.length}, got V={other.vocab_size}, L={other.length}"
        )
    expected, got = _numbers_of(q), _numbers_of(other)
    if expected != got:
        raise ValueError(f"{name}: expected one in {expected}, got one in {got}")


def _numbers_of(oracle: Oracle) -> str:
    device = getattr(oracle.arithmetic, "device", None)
    return oracle.arithmetic.name + (f" on {device.type}" if device else "")
