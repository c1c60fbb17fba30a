"""Conditionals of state spaces by compiled messages; `SumProduct` is the plain twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oracles.float_rows import with_rows_over_sums
from oracles.kernels.compiled import over_blocks
from oracles.kernels.messages import conditionals_block
from oracles.kernels.path import reads_newest
from oracles.patterns import Tokens
from oracles.state_space import DenseTransition, ShiftTransition, StateSpace, Transition

LANES, MOST_LANES, LANE_STATES = 32, 128, 2**12
"""Patterns a block: enough to fill vectors, more where there are so few states that a step is short, and few
enough for messages to stay in cache."""

PRODUCT = 2**19
"""Largest H H' K of a step's product: beyond, the linear algebra library would start threads of its own."""

KEPT_BYTES = 2**29
"""Room for the beliefs of the blocks at work, one a thread."""

LARGE, FORGETTING = 128, 0.9
"""Messages of a float32 law are float32 from so many states, if no two rows of T differ more than this (in
total variation): rounding errors are then forgotten.  All others are float64, or they would add up."""


@dataclass(frozen=True, eq=False)
class Messages:
    """A state space of dense and shift transitions, packed for the compiled pass."""

    vocab_size: int
    dtype: Any
    initial: NDArray[Any]
    pushes: NDArray[Any]
    pulls: NDArray[Any]
    moves: NDArray[np.int64]
    steps: NDArray[np.int64]
    evidence: NDArray[Any]
    readout: NDArray[Any]
    which: NDArray[np.int64]
    newest: bool

    @classmethod
    def pack(cls, space: StateSpace) -> Messages:
        """Copy every distinct matrix once, in the precision its messages need."""
        law_dtype = space.initial.numpy().dtype
        space = with_rows_over_sums(space)
        weights = {id(t): (t, _weights(t)) for t in space.transitions}
        dtype = _message_dtype(space, law_dtype, [array for _, array in weights.values()])
        number = {key: n for n, key in enumerate(weights)}
        arrays = [array.astype(dtype) for _, array in weights.values()]
        sizes = [array.size for array in arrays]
        offsets = np.cumsum([0, *sizes[:-1]]) if sizes else []
        moves = [(offset, *array.shape) for offset, array in zip(offsets, arrays, strict=True)]
        newest = reads_newest(space)
        emissions = {id(e): (e, e.numpy()) for e in space.emissions}
        kinds = {key: n for n, key in enumerate(emissions)}
        return cls(
            vocab_size=int(space.emissions[0].shape[1]),
            dtype=law_dtype,
            initial=space.initial.numpy().astype(dtype),
            pushes=_flat([array.transpose(1, 2, 0) for array in arrays], dtype),
            pulls=_flat([array.transpose(1, 0, 2) for array in arrays], dtype),
            moves=np.array(moves, dtype=np.int64).reshape(-1, 4),
            steps=np.array([number[id(t)] for t in space.transitions], dtype=np.int64),
            evidence=_evidence([] if newest else [e for _, e in emissions.values()], dtype),
            readout=_readout([] if newest else [e for _, e in emissions.values()], law_dtype),
            which=np.array([kinds[id(e)] for e in space.emissions], dtype=np.int64),
            newest=newest,
        )

    @property
    def widest(self) -> int:
        """The largest number of states at a position."""
        return max([len(self.initial), *(int(r * a) for _, _, r, a in self.moves)])

    def lanes(self, batch: int, wanted: int, kept: Any) -> int:
        """Patterns a block, for so many wanted positions."""
        largest = max([1, *(int(d * a) for _, d, _, a in self.moves)])
        threads = torch.get_num_threads()
        room = KEPT_BYTES // max(1, threads * wanted * self.widest * np.dtype(kept).itemsize)
        lanes = min(MOST_LANES, max(LANES, LANE_STATES // self.widest))
        return max(1, min(lanes, PRODUCT // largest, room, -(-batch // threads)))

    def conditionals(
        self, patterns: Tokens, chosen: NDArray[np.bool_], out: NDArray[Any]
    ) -> NDArray[np.bool_]:
        """Write the chosen entries row by row into `out` `[chosen.sum(), V]`; which patterns are doubtful."""
        bad = self._run(patterns, chosen, out, self.dtype)
        if bad.any() and self.initial.dtype != self.dtype:
            # Beliefs kept in float32 do not reach far enough.
            bad = self._run(patterns, chosen, out, self.initial.dtype)
        return bad

    def _run(
        self, patterns: Tokens, chosen: NDArray[np.bool_], out: NDArray[Any], kept: Any
    ) -> NDArray[np.bool_]:
        """One pass; beliefs are kept, and multiplied with the messages from the right, in precision `kept`."""
        bad = np.zeros(len(patterns), dtype=bool)
        counts = chosen.sum(axis=1)
        first_row = np.cumsum(counts) - counts
        wanted = int(chosen.any(axis=0).sum())

        readout = self.readout.astype(kept, copy=False)
        law = self.initial, self.pushes, self.pulls, self.moves, self.steps
        emitted = self.evidence, self.which, readout, self.newest

        def work(part: slice) -> None:
            rows = patterns[part], chosen[part], first_row[part]
            room = np.empty((wanted, self.widest, len(patterns[part])), kept)
            conditionals_block(*rows, *law, *emitted, room, out, bad[part])

        over_blocks(work, len(patterns), self.lanes(len(patterns), wanted, kept))
        return bad


def _weights(transition: Transition) -> NDArray[Any]:
    """As shift weights `[D, R, A]`; TypeError for other forms."""
    if isinstance(transition, ShiftTransition):
        return transition.weights.numpy()
    if isinstance(transition, DenseTransition):
        return transition.matrix.numpy()[:, None, :]
    raise TypeError(f"no compiled messages for {type(transition).__name__}")


def _message_dtype(space: StateSpace, law_dtype: Any, weights: list[NDArray[Any]]) -> Any:
    if law_dtype == np.float64 or space.emissions[0].shape[0] < LARGE:
        return np.float64
    if len(weights) != 1 or weights[0].shape[1] != 1:
        return np.float64
    return np.float32 if _largest_distance(weights[0][:, 0, :]) <= FORGETTING else np.float64


def _largest_distance(matrix: NDArray[Any]) -> float:
    """The largest total variation between two rows (Dobrushin's coefficient)."""
    return max(float(np.abs(matrix - row).sum(axis=1).max()) / 2 for row in matrix)


def _flat(arrays: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype), *(array.reshape(-1) for array in arrays)])


def _evidence(emissions: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    if not emissions:
        return np.zeros((1, 0, 0), dtype)
    return np.stack([np.concatenate([e, np.ones((len(e), 1))], axis=1) for e in emissions]).astype(dtype)


def _readout(emissions: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    if not emissions:
        return np.zeros((0, 0), dtype)
    return np.stack([e.T.reshape(-1) for e in emissions]).astype(dtype)
