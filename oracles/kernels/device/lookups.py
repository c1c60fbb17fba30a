"""Conditionals of a homogeneous chain on a device, read off tables of transition powers.

Between two revealed tokens a chain is independent of the rest, so an entry takes two rows and their product, as
in `oracles.kernels.gaps`.  The tables reach as far as memory allows: with V in the thousands most gaps between
revealed tokens are still within reach, and a pattern with a longer one is doubtful, so that the plain path answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from oracles.kernels.device.requests import DeviceKernel, slots_of
from oracles.kernels.device.selection import fused
from oracles.kernels.gaps import GapTables

ENTRIES = 2**24
"""Entries of the answer that the pass in plain torch works on at a time."""

FUSED_LENGTH = 2**14
"""Longest patterns of the pass in Triton, where one program holds a whole one."""


@dataclass(frozen=True, eq=False)
class DeviceLookups(DeviceKernel):
    """Tables of the powers P^0..P^(reach - 1), on the device of its requests."""

    tables: GapTables

    def conditionals(
        self, tokens: torch.Tensor, chosen: torch.Tensor | None, out: torch.Tensor
    ) -> torch.Tensor:
        slots = slots_of(tokens, chosen)
        passes = fused(tokens.device) if tokens.shape[1] <= FUSED_LENGTH else None
        if passes is not None:
            return passes.look_up(self.tables, tokens, slots, out, self.safe)
        source, target, far = neighbours(self.tables, tokens)
        doubtful = far.any(1) | (self._chances(tokens, source) < self.safe).any(1)
        rows, places = (slots >= 0).nonzero(as_tuple=True)
        block = max(1, ENTRIES // self.tables.vocab_size)
        for start in range(0, len(rows), block):
            row, place = rows[start : start + block], places[start : start + block]
            law, total = self._laws(tokens[row, place], source[row, place], target[row, place])
            out[start : start + len(row)] = law
            doubtful = doubtful.index_fill(0, row[total < self.safe], True)
        return doubtful

    @property
    def safe(self) -> float:
        """Probabilities below this may be sums of numbers that have lost digits."""
        return self.tables.smallest_normal * 2**10

    def _chances(self, tokens: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """P(an observed token | what is revealed before it), 1 where it is masked."""
        masked = tokens == self.tables.vocab_size
        return self.tables.before[source, tokens.where(~masked, 0)].where(~masked, 1.0)

    def _laws(
        self, tokens: torch.Tensor, source: torch.Tensor, target: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The law of each of N entries `[N, V]`, and the probability that it was divided by (1 if observed)."""
        masses = self.tables.before[source] * self.tables.after[target]
        total = masses.sum(1)
        masked = tokens == self.tables.vocab_size
        one_hot = torch.eye(
            self.tables.vocab_size + 1, self.tables.vocab_size, dtype=masses.dtype, device=masses.device
        )
        law = masses / total.where(total >= self.safe, 1.0)[:, None]
        return torch.where(masked[:, None], law, one_hot[tokens]), total.where(masked, 1.0)


def neighbours(tables: GapTables, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For every entry the row of `before` and of `after` that its nearest revealed neighbours name, each `[B, L]`.

    Third, where one of them is out of reach.  A token is no neighbour of itself.
    """
    (_, length), vocab, reach = tokens.shape, tables.vocab_size, tables.reach
    place = torch.arange(length, device=tokens.device)
    revealed = tokens != vocab
    left = torch.where(revealed, place, -1).cummax(1).values
    right = torch.where(revealed, place, length).flip(1).cummin(1).values.flip(1)
    pad = torch.nn.functional.pad
    left, right = pad(left[:, :-1], (1, 0), value=-1), pad(right[:, 1:], (0, 1), value=length)
    behind, ahead = place - left, right - place
    far = ((left >= 0) & (behind >= reach)) | ((right < length) & (ahead >= reach))
    source = behind.clamp(max=reach - 1) * vocab + tokens.gather(1, left.clamp(min=0))
    target = ahead.clamp(max=reach - 1) * vocab + tokens.gather(1, right.clamp(max=length - 1))
    source = torch.where(left < 0, reach * vocab + place, source)
    return source, torch.where(right < length, target, reach * vocab), far
