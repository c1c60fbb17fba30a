"""The best fixed partition of a small law, by search over all ordered partitions at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import Oracle, Result
from oracles.validation import read_count
from theory.information.subset_entropies import subset_entropies
from theory.optimise.integers import Integers, as_integers
from theory.prompts import read_prompt
from theory.unmasking.schedules import Partition

FLOAT_LIMIT, OBJECT_LIMIT = 16, 9
"""Longest law that is searched: 3^L pairs of sets a step, compiled for floats, interpreted for balls."""


@dataclass(frozen=True)
class OptimalPartition:
    """The best fixed partition with at most N steps.

    partition: the schedule, without empty steps.  kl: KL(q || p) in bits.  slack: no partition with N steps has
    a KL lower by more than this many bits.
    """

    partition: Partition
    kl: Result
    slack: float

    @property
    def schedule(self) -> Partition:
        """The schedule that reveals these blocks."""
        return self.partition


def optimal_partition(q: Oracle, steps: int, *, given: Any = None) -> OptimalPartition:
    """The ordered partition of at most N steps with the least KL(q||p) = sum_k TC(X_{S_k} | X_{S_1..S_{k-1}}).

    By dynamic programming over the set T that is revealed: D[k][T] = min over S in T of D[k-1][S] +
    sum_{i in T-S} H(X_i | X_S) - H(X_{T-S} | X_S), 3^L pairs a step; up to L = 16 in floats and 9 in exact laws.
    With a prompt the blocks name positions of the whole sequence.
    ValueError for longer laws, symbols, and as in `sampler_law`.
    """
    steps = read_count("steps", steps)
    law, _, free = read_prompt(q, given)
    system = law.arithmetic.logs
    limit = FLOAT_LIMIT if system.name.startswith("float") else OBJECT_LIMIT
    if law.length > limit:
        raise ValueError(
            f"q: expected at most {limit} positions in {law.arithmetic.name} for a search over 3^L pairs of sets, "
            f"got {law.length}"
        )
    # The first position of an entropy's index is the highest bit: position i is bit L - 1 - i.
    entropies = subset_entropies(law)
    try:
        integers = as_integers(entropies.reshape(-1), system, 2 * law.length + 1)
    except ValueError as error:
        raise ValueError(f"q: {error}") from error
    previous = _best_previous(integers, min(steps, law.length))
    blocks = _blocks(previous, law.length)
    partition = Partition([[int(free[position]) for position in block] for block in blocks])
    with system.context():
        value = system.element(_divergence(entropies, blocks, system))
    kl = Result(value, "bits", "dynamic programming over sets of positions", system.guarantee)
    # Every KL is a sum of at most 2 L + 1 entropies, those of the sets themselves cancelling.
    return OptimalPartition(partition, kl, 2 * (2 * law.length + 1) * integers.error)


def _divergence(entropies: Any, blocks: list[list[int]], system: Any) -> Any:
    """sum_k sum_{i in S_k} H(X_i | X_{S_<k}) - H(X) of an ordered partition.

    A step of one position costs nothing, exactly.
    """
    total = system.zeros(1)[0]
    done = np.zeros(entropies.ndim, dtype=np.int64)
    for block in blocks:
        after = done.copy()
        after[block] = 1
        if len(block) > 1:
            joint = entropies[tuple(after)] - entropies[tuple(done)]
            for position in block:
                one = done.copy()
                one[position] = 1
                total = total + (entropies[tuple(one)] - entropies[tuple(done)])
            total = total - joint
        done = after
    return total


def _best_previous(integers: Integers, steps: int) -> NDArray[np.int32]:
    """`[N, 2^L]`: what was revealed before the last of k + 1 steps, for every set that is then revealed."""
    values, sets = integers.values, len(integers.values)
    previous = np.zeros((steps, sets), dtype=np.int32)
    fill = _compiled() if integers.compiled else _fill
    fill(values, previous, *(np.zeros(sets, dtype=values.dtype) for _ in range(3)))
    return previous


def _fill(entropies: Any, previous: Any, before: Any, best: Any, alone: Any) -> None:
    """Fill `previous`; the arrays after it are work space, one number a set, `before` being zero.

    alone[B] = sum_{i in B} H(X_i | X_S), for the subsets B of what is not in S, smaller ones first.
    """
    sets = len(entropies)
    for k in range(len(previous)):
        for seen in range(sets if k else 1):
            rest = sets - 1 - seen
            block = 0
            while True:
                if block:
                    lowest = block & -block
                    alone[block] = alone[block - lowest] + entropies[seen + lowest] - entropies[seen]
                target = seen + block
                cost = before[seen] + alone[block] - entropies[target] + entropies[seen]
                # The empty set comes first, and leads everywhere.
                if seen == 0 or cost < best[target]:
                    best[target] = cost
                    previous[k, target] = seen
                if block == rest:
                    break
                block = (block - rest) & rest
        before[:] = best


@cache
def _compiled() -> Any:
    from oracles.kernels.compiled import kernel

    return kernel(_fill)


def _blocks(previous: NDArray[np.int32], length: int) -> list[list[int]]:
    """The steps that lead to all positions, in order, without the empty ones."""
    revealed, blocks = previous.shape[1] - 1, []
    for row in previous[::-1]:
        before = int(row[revealed])
        new = revealed - before
        if new:
            blocks.append([i for i in range(length) if new >> (length - 1 - i) & 1])
        revealed = before
    return blocks[::-1]
