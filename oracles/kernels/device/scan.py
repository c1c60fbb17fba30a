"""Conditionals of a hidden chain on a device: messages from both ends at a time, then what they say together.

Messages are float64, `[2, B, H]`, for float32 laws too: their rounding errors would add up, and a GPU for computing
multiplies matrices of float64 as fast as it does those of float32 without rounding to fewer digits.  The t-th step
from the left and the t-th from the right depend on nothing of each other, so they are one batched product.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from oracles.float_rows import with_rows_over_sums
from oracles.kernels.device.requests import DeviceKernel, slots_of
from oracles.kernels.device.selection import fused
from oracles.state_space import StateSpace

KEPT_BYTES = 2**31
"""Room for what waits for the pass from the right; more patterns go in blocks."""

SAFE = {torch.float32: 1e-30, torch.float64: 1e-290}
"""A law of a token or a state that sums to less may have lost digits to underflow."""

FUSED_STATES = 64
"""Most states, and most tokens, of a pass in Triton: a program shares 58 kB then, with 128 of them 180 kB."""


@dataclass(frozen=True, eq=False)
class HiddenChain(DeviceKernel):
    """A state space of dense transitions between H states, packed for a device in float64.

    starts `[2, H]`: the messages that enter at the two ends.  moves `[D, 2, H, H]`: the different pairs of moves
    onward from the left and from the right; steps: for each of L-1 steps the index of its pair.  evidence
    `[E, V+1, H]`: P(token | state), with ones for the mask; which: for each position the index of its table.
    dtype: that of the law.
    """

    starts: torch.Tensor
    moves: torch.Tensor
    steps: tuple[int, ...]
    evidence: torch.Tensor
    which: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def pack(cls, space: StateSpace) -> HiddenChain:
        """Copy every distinct matrix once; rows are read as `oracles.float_rows` says."""
        dtype, space = space.initial.dtype, with_rows_over_sums(space)
        states, onward = len(space.initial), space.transitions
        pairs: dict[Any, Any] = {(id(a), id(b)): (a, b) for a, b in zip(onward, onward[::-1], strict=True)}
        words = {id(e): e for e in space.emissions}
        pair, word = list(pairs).index, list(words).index
        moves = [torch.stack([a.matrix, b.matrix.T]) for a, b in pairs.values()]
        return cls(
            torch.stack([space.initial, torch.ones_like(space.initial)]),
            torch.stack(moves) if moves else space.initial.new_zeros(1, 2, states, states),
            tuple(pair((id(a), id(b))) for a, b in zip(onward, onward[::-1], strict=True)),
            torch.stack([torch.concat([e.T, e.new_ones(1, states)]) for e in words.values()]),
            tuple(word(id(e)) for e in space.emissions),
            dtype,
        )

    @property
    def states(self) -> int:
        """H."""
        return self.starts.shape[1]

    @property
    def vocab_size(self) -> int:
        """V."""
        return self.evidence.shape[1] - 1

    @property
    def same(self) -> bool:
        """Whether every step moves, and every position emits, by the same matrix."""
        return len(self.moves) == len(self.evidence) == 1

    def conditionals(
        self, tokens: torch.Tensor, chosen: torch.Tensor | None, out: torch.Tensor
    ) -> torch.Tensor:
        batch, length = tokens.shape
        fits = max(self.states, self.vocab_size) <= FUSED_STATES
        passes, slots = fused(tokens.device) if fits else None, slots_of(tokens, chosen)
        # Two messages, and in plain torch the answers to everything.
        numbers = 2 * power_of_two(self.states) if passes else 2 * self.states + self.vocab_size
        block = max(1, KEPT_BYTES // (length * numbers * out.element_size()))
        lost = torch.zeros(batch, dtype=torch.bool, device=tokens.device)
        for start in range(0, batch, block):
            part = slice(start, start + block)
            if passes is None:
                asked = slots[part] >= 0
                table, lost[part] = self.scan(tokens[part])
                out[slots[part][asked]] = table[asked]
            else:
                lost[part] = passes.scan(self, tokens[part], slots[part], out, SAFE[self.dtype])
        return lost

    def scan(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The conditionals `[B, L, V]` of one block and what is lost `[B]`, in plain torch."""
        # Few operations a position, as each takes a launch: what can wait is done for all positions at the end,
        # and a pattern whose messages vanish divides by zero and goes on as NaN.
        (batch, length), vocab = tokens.shape, self.vocab_size
        kept, totals = self._messages(tokens)
        table = torch.empty(batch, length, vocab, dtype=self.dtype, device=tokens.device)
        for i, word in enumerate(self.which):
            states = kept[i, 0].double() * kept[length - 1 - i, 1]
            table[:, i] = states @ self.evidence[word, :vocab].T
        masked, sums = (tokens == vocab)[..., None], table.sum(2, keepdim=True)
        fine = ((sums >= SAFE[self.dtype]) | ~masked).all(1)[:, 0] & (totals >= SAFE[self.dtype]).all(0).all(
            0
        )
        one_hot = torch.eye(vocab + 1, vocab, dtype=self.dtype, device=tokens.device)
        return torch.where(masked, table / sums, one_hot[tokens]), ~fine

    def _messages(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The messages before every token `[L, 2, B, H]`, in the law's precision, and their sums after `[L, 2, B]`.

        At index t those from the left at position t, and those from the right at position L-1-t.
        """
        batch, length = tokens.shape
        rows = (tokens + self._tables).T
        rows = torch.stack([rows, rows.flip(0)], 1)
        evidence = self.evidence.reshape(-1, self.states)
        kept = torch.empty(length, 2, batch, self.states, dtype=self.dtype, device=tokens.device)
        totals = self.starts.new_empty(length, 2, batch)
        messages = self.starts[:, None].expand(-1, batch, -1)
        for t in range(length):
            kept[t] = messages
            beliefs = messages * evidence[rows[t]]
            torch.sum(beliefs, 2, out=totals[t])
            if t + 1 < length:
                messages = (beliefs / totals[t, ..., None]) @ self.moves[self.steps[t]]
        return kept, totals

    @cached_property
    def _tables(self) -> torch.Tensor:
        """For every position the first row of its table among those of all tables `[L]`."""
        return torch.tensor(self.which, device=self.starts.device) * (self.vocab_size + 1)

    @cached_property
    def padded(self) -> Padded:
        """The same for a pass in Triton."""
        return Padded.of(self)


@dataclass(frozen=True, eq=False)
class Padded:
    """A `HiddenChain` whose axes of states and tokens are powers of two, filled up with zeros.

    steps, which: L indices each; the last step, which leads nowhere, takes any pair of moves.
    readout `[E, H, V]`: P(token | state) the other way round.
    """

    starts: torch.Tensor
    moves: torch.Tensor
    steps: torch.Tensor
    evidence: torch.Tensor
    readout: torch.Tensor
    which: torch.Tensor

    @classmethod
    def of(cls, chain: HiddenChain) -> Padded:
        """Both axes as long as `power_of_two` says."""
        more, words = (power_of_two(n) - n for n in (chain.states, chain.vocab_size))
        pad = torch.nn.functional.pad
        where = {"dtype": torch.int32, "device": chain.starts.device}
        return cls(
            pad(chain.starts, (0, more)),
            pad(chain.moves, (0, more, 0, more)),
            torch.tensor((*chain.steps, 0), **where),
            pad(chain.evidence, (0, more)),
            pad(chain.evidence[:, :-1].mT, (0, words, 0, more)).contiguous(),
            torch.tensor(chain.which, **where),
        )


def power_of_two(size: int) -> int:
    """The next one, at least 16: so many rows and columns take the units that multiply matrices."""
    return max(16, 1 << (size - 1).bit_length())
