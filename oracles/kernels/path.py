"""Which way `conditionals` goes, chosen by the form and the size of a request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from oracles.arithmetic import Arithmetic
from oracles.state_space import DenseTransition, ShiftTransition, StateSpace, Transition

LEAST_WORK = 2**17
"""Fewest multiplications for which it pays to load a kernel (half a second, once a process)."""

PACKED_ENTRIES = 2**25
"""Most entries of distinct matrices that are copied for compiled messages (512 MiB)."""


@dataclass(frozen=True)
class Path:
    """The way taken, the reason, and an estimate of its multiplications (None: not estimated)."""

    name: Literal["plain", "transition powers", "compiled messages"]
    reason: str
    multiplications: float | None = None

    def __str__(self) -> str:
        cost = "" if self.multiplications is None else f" (about {self.multiplications:.1e} multiplications)"
        return f"{self.name}: {self.reason}{cost}"


def messages_path(space: StateSpace, number_system: Arithmetic, batch: int) -> Path:
    """The way of a state space: compiled messages where they serve and are worth it."""
    products = multiplications(space, batch)
    if not on_cpu(number_system):
        return Path("plain", f"kernels are compiled for floats on the CPU, not {number_system!r}", products)
    if not _served(space):
        return Path(
            "plain", "kernels take dense transitions, and shifts whose states name their token", products
        )
    if products < LEAST_WORK:
        return Path("plain", f"fewer than {LEAST_WORK} multiplications", products)
    if stored_entries(space) > PACKED_ENTRIES:
        return Path("plain", f"copies for a kernel would exceed {PACKED_ENTRIES} entries", products)
    return Path("compiled messages", "a state space of dense transitions or shifts of tokens", products)


def _served(space: StateSpace) -> bool:
    if not all(isinstance(t, DenseTransition | ShiftTransition) for t in space.transitions):
        return False
    shifted = any(isinstance(t, ShiftTransition) and t.weights.shape[1] > 1 for t in space.transitions)
    one_shape = len({tuple(e.shape) for e in space.emissions}) == 1
    return (one_shape and not shifted) or reads_newest(space)


def reads_newest(space: StateSpace) -> bool:
    """Whether every emission says: the token is the state's number modulo V."""
    distinct = {id(e): np.asarray(e) for e in space.emissions}
    return all(
        len(e) % e.shape[1] == 0 and np.array_equal(e, np.tile(np.eye(e.shape[1]), (len(e) // e.shape[1], 1)))
        for e in distinct.values()
    )


def on_cpu(number_system: Arithmetic) -> bool:
    """Whether the numbers are floats in this machine's memory."""
    device = getattr(number_system, "device", None)
    return device is not None and device.type == "cpu"


def multiplications(space: StateSpace, batch: int) -> float:
    """Both passes over so many patterns, and the step from states to tokens."""
    moves = sum(_entries(t) for t in space.transitions)
    return float(batch) * (2 * moves + sum(int(e.shape[0] * e.shape[1]) for e in space.emissions))


def stored_entries(space: StateSpace) -> int:
    """Entries of the distinct matrices."""
    transitions = {id(t): t for t in space.transitions}.values()
    emissions = {id(e): e for e in space.emissions}.values()
    return sum(_entries(t) for t in transitions) + sum(int(e.shape[0] * e.shape[1]) for e in emissions)


def _entries(transition: Transition) -> int:
    if isinstance(transition, ShiftTransition):
        return math.prod(transition.weights.shape)
    return math.prod(transition.shape)
