"""Ways of unmasking by name, all brought to the same number of steps, so that they can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from oracles.validation import read_count
from theory.unmasking.base import Unmasking
from theory.unmasking.blocks import Blocks
from theory.unmasking.entropy_planners import EntropyBounded, EntropySum
from theory.unmasking.partitions import bisection, contiguous, equal_sizes, strided
from theory.unmasking.planners import (
    LowConfidence,
    LowestEntropy,
    Margin,
    Planner,
    Threshold,
    TopK,
)
from theory.unmasking.remasking import Corrected, Remasking
from theory.unmasking.schedules import IID, FixedSizes, Partition


@dataclass(frozen=True)
class Order:
    """A way of unmasking and what it is called."""

    name: str
    unmasking: Unmasking


@dataclass(frozen=True)
class Space:
    """What is to be unmasked: positions in increasing order, in so many steps.

    memory: how many neighbouring tokens separate what is left of them from what is right of them (`bisection`);
    scores: the denoiser that planners look at, by default that of the sampler.
    """

    positions: Sequence[int]
    steps: int
    memory: int = 1
    scores: Any = None

    @property
    def length(self) -> int:
        """The number of positions."""
        return len(self.positions)

    @property
    def sizes(self) -> list[int]:
        """Sizes of the steps, as equal as can be, the smaller first."""
        return equal_sizes(self.length, self.steps)


@dataclass(frozen=True)
class _Kind:
    """How a named way is made of a space and its parameter.

    parameter: what it is, if it has one; own_pace: whether it takes as many steps as it likes.
    """

    build: Callable[[Space, Any], Unmasking]
    parameter: str = ""
    own_pace: bool = False


KINDS: dict[str, _Kind] = {
    "random": _Kind(lambda space, _: FixedSizes(space.sizes)),
    "iid": _Kind(lambda space, _: IID.uniform(space.steps)),
    "left": _Kind(lambda space, _: contiguous(space.length, space.steps)),
    "strided": _Kind(lambda space, _: strided(space.length, space.steps)),
    "bisection": _Kind(lambda space, _: bisection(space.length, space.memory), own_pace=True),
    "confidence": _Kind(lambda space, _: TopK(space.sizes, space.scores)),
    "margin": _Kind(lambda space, _: Margin(space.sizes, space.scores)),
    "entropy": _Kind(lambda space, _: LowestEntropy(space.sizes, space.scores)),
    "lowconfidence": _Kind(lambda space, _: LowConfidence(space.sizes, space.scores)),
    "threshold": _Kind(lambda space, p: Threshold(p, space.scores), "probability", own_pace=True),
    "eb": _Kind(lambda space, bits: EntropyBounded(bits, scores=space.scores), "bits", own_pace=True),
    "es": _Kind(lambda space, bits: EntropySum(bits, scores=space.scores), "bits", own_pace=True),
    "remask": _Kind(
        lambda space, eta: Remasking.capped([Fraction(1, space.steps)] * space.steps, eta), "probability"
    ),
    "correct": _Kind(lambda space, sweeps: Corrected(FixedSizes(space.sizes), 1, int(sweeps)), "sweeps"),
}
"""random: uniformly random positions, as many in each step; iid: each position in a uniformly random step; left:
from left to right; lowconfidence: LLaDA's; eb, es: entropy-bounded and entropy-sum; remask: ReMDM, capped;
correct: random, with sweeps of resampling one token after every step."""

PLANNERS = frozenset({"confidence", "margin", "entropy", "lowconfidence", "threshold", "eb", "es"})
"""Those that look at a denoiser."""


def read_order(text: str, space: Space) -> Order:
    """The way of unmasking that a text such as `confidence`, `threshold:0.9` or `margin@4` names.

    `@B`: by blocks of B positions from left to right, the steps shared equally between them.  ValueError for an
    unknown name, a parameter that is missing, not wanted or not a number, and steps that do not fit.
    """
    whole, at, block = text.partition("@")
    name, colon, parameter = whole.partition(":")
    if name not in KINDS:
        raise ValueError(f"orders: expected {', '.join(KINDS)}, got {text!r}")
    kind = KINDS[name]
    if bool(colon) != bool(kind.parameter):
        wanted = f"{name}:{kind.parameter.upper()}" if kind.parameter else name
        raise ValueError(f"orders: expected {wanted!r}, got {text!r}")
    value = _number(parameter, text) if colon else None
    if kind.parameter == "sweeps" and (value is None or value.denominator != 1):
        raise ValueError(f"orders: expected a whole number of sweeps, got {text!r}")
    if not kind.own_pace and space.steps > space.length and name != "iid" and name != "remask":
        raise ValueError(f"steps: expected at most {space.length}, one for each position, got {space.steps}")
    if at:
        return Order(text, _in_blocks(kind, value, _block_length(block, text), space, text))
    return Order(text, _placed(kind.build(space, value), space.positions))


def fixed_path(unmasking: Unmasking) -> bool:
    """Whether it reveals, given the sequence that comes out, one certain set after the other.

    KL(q || p) is then the expected KL of the sets on the way, as for a fixed partition.
    """
    if isinstance(unmasking, Blocks):
        return fixed_path(unmasking.inner)
    return isinstance(unmasking, Partition) or (isinstance(unmasking, Planner) and unmasking.forceable)


def _in_blocks(kind: _Kind, value: Any, block_length: int, space: Space, text: str) -> Blocks:
    groups: dict[int, int] = {}
    for position in space.positions:
        groups[position // block_length] = groups.get(position // block_length, 0) + 1
    (size, *others), count = sorted(set(groups.values())), len(groups)
    if others:
        raise ValueError(
            f"orders: expected blocks with equally many masked positions, got {text!r} with "
            f"{', '.join(map(str, groups.values()))}"
        )
    steps, left = divmod(space.steps, count)
    if left and not kind.own_pace:
        raise ValueError(
            f"steps: expected a multiple of {count}, the number of blocks of {text!r}, got {space.steps}"
        )
    inner = Space(range(size), max(steps, 1), space.memory, space.scores)
    return Blocks(block_length, kind.build(inner, value))


def _placed(unmasking: Unmasking, positions: Sequence[int]) -> Unmasking:
    """A partition of 0, 1, .. moved to the positions; nothing else names any."""
    if not isinstance(unmasking, Partition):
        return unmasking
    return Partition([[positions[i] for i in block] for block in unmasking.blocks])


def _number(parameter: str, text: str) -> Fraction:
    try:
        return Fraction(parameter)
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"orders: expected a number after the colon, got {text!r}") from error


def _block_length(block: str, text: str) -> int:
    if not (block.isascii() and block.isdigit()):
        raise ValueError(f"orders: expected a number of positions after the @, got {text!r}")
    return read_count("orders", int(block))
