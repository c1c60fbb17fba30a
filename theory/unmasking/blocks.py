"""Semi-autoregressive decoding: blocks from left to right, each by a sampler of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.unmasking.base import Context, Unmasking, read_inner
from theory.unmasking.draws import EVERY_ROW, Draw, Rows


class Blocks(Unmasking):
    """Blocks of `block_length` positions from left to right, each unmasked by `inner` (LLaDA).

    The last block may be shorter; with a prompt, a block is what is masked of it.  inner: any way of unmasking
    that fits every block, with all its steps spent on each (ValueError where it does not fit).
    """

    def __init__(self, block_length: int, inner: Unmasking) -> None:
        self.block_length, self.inner = read_count("block_length", block_length), read_inner(inner)
        self.oblivious, self.remasks, self.forceable = inner.oblivious, inner.remasks, inner.forceable
        self._masked: tuple[int, ...] | None = None

    def check(self, masked: Sequence[int]) -> None:
        # Once relabelled for a prompt, the positions are only counted from 0.
        for block in self._blocks(masked) if self._masked is None else self._members(len(masked)):
            self.inner.check(range(len(block)))

    def most_steps(self, length: int) -> int:
        return self._starts(length)[-1]

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        positions = np.flatnonzero(scope)
        starts = self._starts(len(positions))
        index = int(np.searchsorted(starts, number, side="right")) - 1
        inside = np.zeros_like(scope)
        inside[positions[self._members(len(positions))[index]]] = True
        if not self.remasks and not (patterns[:, inside] == denoiser.oracle.mask).any():
            return EVERY_ROW, patterns
        return self.inner.step(number - starts[index], patterns, inside, denoiser, draw)

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        # Masked entries of the block at work; its observed ones matter only to samplers that remask.
        within = min(masked, self.block_length)
        return self.inner.outcomes(within, min(observed, self.block_length), vocab_size)

    def transitions(self, vocab_size: int, length: int) -> int:
        done, total = 0, 0
        for block in self._members(length):
            total += vocab_size**done * self.inner.transitions(vocab_size, len(block))
            done += len(block)
        return total

    def one_at_a_time(self, length: int) -> bool:
        return all(self.inner.one_at_a_time(len(block)) for block in self._members(length))

    def expected_calls(self, length: int, number_system: Arithmetic) -> Any:
        calls: list[Any] = [self.inner.expected_calls(len(b), number_system) for b in self._members(length)]
        return None if any(c is None for c in calls) else sum(calls)

    def contexts(self, length: int, number_system: Arithmetic) -> Iterator[Context]:
        before: list[int] = []
        for block in self._members(length):
            for positions, revealed, weight in self.inner.contexts(len(block), number_system):
                known = sorted(before + [block[i] for i in revealed])
                yield Context([block[i] for i in positions], known, weight)
            before += block

    def relabelled(self, masked: Sequence[int]) -> Blocks:
        moved = copy(self)
        moved._masked = tuple(masked)
        return moved

    def with_denoisers(self, move: Callable[[Any], Any]) -> Blocks:
        moved = copy(self)
        moved.inner = self.inner.with_denoisers(move)
        return moved

    def _blocks(self, masked: Sequence[int]) -> list[list[int]]:
        """The masked positions of every block that has any."""
        groups: dict[int, list[int]] = {}
        for position in sorted(masked):
            groups.setdefault(position // self.block_length, []).append(position)
        return list(groups.values())

    def _members(self, length: int) -> list[list[int]]:
        """The blocks as indices into the positions that there are to fill."""
        blocks = self._blocks(range(length) if self._masked is None else self._masked)
        ends = list(accumulate(map(len, blocks)))
        return [list(range(end - len(block), end)) for block, end in zip(blocks, ends, strict=True)]

    def _starts(self, length: int) -> list[int]:
        """The number of the first step of every block, and of all steps."""
        return [0, *accumulate(self.inner.most_steps(len(block)) for block in self._members(length))]

    def __repr__(self) -> str:
        return f"Blocks({self.block_length}, {self.inner!r})"
