"""Requests for conditionals that are read, answered and, where digits may be lost, answered anew on the device."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from oracles.patterns import impossible, read_patterns
from oracles.validation import check_buffer

if TYPE_CHECKING:
    from oracles.state_space_oracle import StateSpaceOracle


class DeviceKernel(ABC):
    """What answers requests about one law."""

    @abstractmethod
    def conditionals(
        self, tokens: torch.Tensor, chosen: torch.Tensor | None, out: torch.Tensor
    ) -> torch.Tensor:
        """Write the chosen entries (all, for None) of `tokens` `[B, L]` row by row into `out` `[N, V]`.

        Returns which patterns are doubtful, `[B]`: impossible, or to be computed with more care.
        """


def conditionals(
    law: StateSpaceOracle, kernel: DeviceKernel, patterns: Any, positions: Any, out: torch.Tensor | None
) -> torch.Tensor:
    """`Oracle.conditionals` of a law on a device; patterns that are there already stay there.

    The host waits twice, for whether they are patterns and whether any is doubtful, so this cannot be captured in a
    CUDA graph; `DeviceKernel.conditionals` can.
    """
    system: Any = law.arithmetic
    tokens, shape = read_tokens("patterns", patterns, law.length, law.mask, system.device)
    wanted = _read_wanted(law, positions, shape)
    columns = sorted(set(wanted)) if isinstance(wanted, list) else []
    chosen = _chosen(wanted, columns, len(tokens), law.length, system.device)
    count = len(tokens) * len(columns) if isinstance(wanted, list) else int(wanted.sum())
    law._check_conditionals_memory(len(tokens), count)
    answer_shape = (
        (*shape, len(wanted), law.vocab_size) if isinstance(wanted, list) else (count, law.vocab_size)
    )
    if out is not None:
        check_buffer("out", out, answer_shape, system)
    in_order = not isinstance(wanted, list) or columns == wanted
    if out is not None and in_order:
        rows = out.reshape(-1, law.vocab_size)
    else:
        rows = system.zeros(0).new_empty(count, law.vocab_size)
    doubtful = kernel.conditionals(tokens, chosen, rows)
    if bool(doubtful.any()):
        _answer_anew(law, tokens, chosen, doubtful, rows)
    if out is not None and in_order:
        return out
    if not in_order:
        table = rows.reshape(len(tokens), len(columns), law.vocab_size)
        rows = table[:, system.index(np.searchsorted(columns, wanted))]
    answer = rows.reshape(answer_shape)
    return answer if out is None else out.copy_(answer)


def read_tokens(
    name: str, patterns: Any, length: int, mask: int, device: torch.device
) -> tuple[torch.Tensor, tuple[int, ...]]:
    """Patterns `[..., L]` as int64 `[B, L]` on the device, and the leading shape; errors as in `read_patterns`."""
    there = isinstance(patterns, torch.Tensor) and patterns.device.type == device.type
    if there and patterns.ndim and patterns.shape[-1] == length and _are_integers(patterns):
        tokens = patterns.detach().to(device, torch.int64).reshape(-1, length)
        if _within(tokens, mask):
            return tokens, tuple(patterns.shape[:-1])
    read, shape = read_patterns(name, patterns, length, mask)
    return torch.as_tensor(read, device=device), shape


def _are_integers(patterns: torch.Tensor) -> bool:
    return patterns.dtype != torch.bool and not (patterns.is_floating_point() or patterns.is_complex())


def _within(tokens: torch.Tensor, mask: int) -> bool:
    if not tokens.numel():
        return True
    least, most = torch.aminmax(tokens)
    return not bool((least < 0) | (most > mask))


def _read_wanted(
    law: StateSpaceOracle, positions: Any, shape: tuple[int, ...]
) -> list[int] | NDArray[np.bool_] | torch.Tensor:
    """As `Oracle._read_chosen`; what is chosen by a tensor stays where it is."""
    by_tensor = isinstance(positions, torch.Tensor) and positions.dtype == torch.bool
    if by_tensor and positions.shape == (*shape, law.length):
        return positions.reshape(-1, law.length)
    return law._read_chosen(positions, shape)


def _chosen(
    wanted: list[int] | NDArray[np.bool_] | torch.Tensor,
    columns: list[int],
    batch: int,
    length: int,
    device: torch.device,
) -> torch.Tensor | None:
    if not isinstance(wanted, list):
        return torch.as_tensor(wanted, device=device)
    if len(columns) == length:
        return None
    chosen = torch.zeros(batch, length, dtype=torch.bool, device=device)
    chosen[:, torch.as_tensor(columns, dtype=torch.int64, device=device)] = True
    return chosen


def slots_of(tokens: torch.Tensor, chosen: torch.Tensor | None) -> torch.Tensor:
    """The row of the answer that every entry goes to, -1 for none: int64 `[B, L]`."""
    if chosen is None:
        return torch.arange(tokens.numel(), device=tokens.device).reshape(tokens.shape)
    return torch.where(chosen, chosen.reshape(-1).cumsum(0).reshape(chosen.shape) - 1, -1)


def _answer_anew(
    law: StateSpaceOracle,
    tokens: torch.Tensor,
    chosen: torch.Tensor | None,
    doubtful: torch.Tensor,
    rows: torch.Tensor,
) -> None:
    """The doubtful patterns by the plain path; ValueError if one of them is impossible."""
    places = doubtful.cpu().numpy()
    patterns = tokens.cpu().numpy()
    possible = np.ones(len(patterns), dtype=bool)
    possible[places] = np.asarray(law.support()._probability(patterns[places]))
    if not possible.all():
        raise impossible(patterns, ~possible, structurally=~possible)
    slots = slots_of(tokens, chosen)[doubtful]
    asked = slots >= 0
    rows[slots[asked]] = law._gathered(law._plain_conditionals, patterns[places], asked.cpu().numpy())
