"""Fixed ordered partitions of the positions 0..L-1 into steps."""

from __future__ import annotations

from oracles.validation import read_count
from theory.unmasking.schedules import Partition


def equal_sizes(length: int, steps: int) -> list[int]:
    """N sizes that sum to L and differ by at most 1, the smaller ones first (best for every Markov chain)."""
    size, larger = divmod(length, steps)
    return [size + (step >= steps - larger) for step in range(steps)]


def contiguous(length: int, steps: int) -> Partition:
    """N blocks of neighbours from left to right, of equal sizes or nearly (the smaller first)."""
    length, steps = _read(length, steps)
    places = iter(range(length))
    return Partition([[next(places) for _ in range(size)] for size in equal_sizes(length, steps)])


def strided(length: int, steps: int) -> Partition:
    """Step k reveals k, k+N, k+2N, ..

    A first-order Markov chain pays for the first step only: in the others a single token is missing between two
    revealed neighbours.  If it is stationary and N divides L, KL = (L/N - 1) I(X_0; X_N).
    """
    length, steps = _read(length, steps)
    return Partition([range(step, length, steps) for step in range(steps)])


def bisection(length: int, memory: int = 1) -> Partition:
    """The middle first, then the middles of what is left on both sides, and so on: exact for every chain.

    memory: m, so that m neighbouring tokens separate what is left of them from what is right of them: 1 for a
    first-order Markov chain, n - 1 for an n-gram of order n.  The middle is then m tokens, one a step, and the
    stretches between revealed tokens, which are independent, go on side by side: at most
    m ceil(log2(L/m + 1)) steps, one token a stretch and step, so that p = q.
    For m = 1 no exact order is faster in general: k tokens leave at most k + 1 stretches, so N steps of one
    token a stretch reveal at most 2^N - 1.  Source: derived for this project.
    """
    length, memory = read_count("length", length), read_count("memory", memory)
    stretches, steps = [(0, length)], []
    while stretches:
        middles = [_middle(start, stop, memory) for start, stop in stretches]
        steps += [[first + step for first, last in middles if first + step < last] for step in range(memory)]
        left = [(start, first) for (start, _), (first, _) in zip(stretches, middles, strict=True)]
        right = [(last, stop) for (_, stop), (_, last) in zip(stretches, middles, strict=True)]
        stretches = [(start, stop) for start, stop in [*left, *right] if start < stop]
    return Partition([step for step in steps if step])


def _middle(start: int, stop: int, memory: int) -> tuple[int, int]:
    """The middle `memory` positions of a stretch, all of it if it has no more."""
    if stop - start <= memory:
        return start, stop
    first = start + (stop - start - memory) // 2
    return first, first + memory


def _read(length: int, steps: int) -> tuple[int, int]:
    length, steps = read_count("length", length), read_count("steps", steps)
    if steps > length:
        raise ValueError(f"steps: expected at most {length}, one for each position, got {steps}")
    return length, steps
