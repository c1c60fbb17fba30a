"""Independent oracles side by side."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from oracles.arithmetic import Array
from oracles.oracle import Oracle
from oracles.parts import convert_parts, read_parts, shared_symbols
from oracles.patterns import Tokens
from oracles.result import Result
from oracles.state_space import StateSpace, Transition
from oracles.state_space_oracle import StateSpaceOracle
from oracles.transitions import forgetting


class Product(StateSpaceOracle):
    """q(x) = prod_k parts[k](the k-th stretch of x): independent laws, one after the other.

    The length is the sum of the parts' lengths.  Given a pattern, or at chosen positions, the law is a
    product again.  Raises ValueError without parts, or for parts that differ in vocabulary or arithmetic.
    """

    def __init__(self, parts: Any) -> None:
        self.parts = read_parts(parts)
        self.vocab_size = self.parts[0].vocab_size
        self.length = sum(part.length for part in self.parts)
        self.arithmetic = self.parts[0].arithmetic
        self.symbols = shared_symbols(self.parts)

    def stretches(self, sequence: Any) -> list[tuple[Oracle, Any]]:
        """Each part with its stretch of an array whose last axis is L."""
        ends = itertools.accumulate((part.length for part in self.parts), initial=0)
        return [
            (part, sequence[..., start:end])
            for part, (start, end) in zip(self.parts, itertools.pairwise(ends), strict=True)
        ]

    @cached_property
    def space(self) -> StateSpace:
        """The parts' state spaces in a row; where one part ends, the next state forgets the last."""
        with self.arithmetic.context():
            spaces = {id(part): part.state_space() for part in self.parts}
        joints: dict[tuple[int, int], Transition] = {}
        transitions: list[Transition] = []
        emissions: list[Array] = []
        for part in self.parts:
            space = spaces[id(part)]
            if emissions:
                key = int(emissions[-1].shape[0]), id(space)
                if key not in joints:
                    joints[key] = forgetting(key[0], space.initial, self.arithmetic)
                transitions.append(joints[key])
            transitions.extend(space.transitions)
            emissions.extend(space.emissions)
        return StateSpace(spaces[id(self.parts[0])].initial, tuple(transitions), tuple(emissions))

    def _entropy(self) -> Result:
        different = {id(part): part for part in self.parts}
        results = {key: part._entropy() for key, part in different.items()}
        return _summed([results[id(part)] for part in self.parts])

    def _condition(self, pattern: Tokens) -> Oracle:
        return Product(
            part if (stretch == self.mask).all() else part._condition(stretch)
            for part, stretch in self.stretches(pattern)
        )

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        kept, start = [], 0
        for part in self.parts:
            local = [i - start for i in positions if start <= i < start + part.length]
            if local:
                kept.append(part if len(local) == part.length else part._marginal(local))
            start += part.length
        return Product(kept)

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.parts = convert_parts(self.parts, clone.arithmetic, converted)

    def _check(self) -> None:
        for part in {id(part): part for part in self.parts}.values():
            part._check()


def _summed(results: Sequence[Result]) -> Result:
    """The sum of independent quantities; enclosed as soon as one of them is."""
    methods = " + ".join(dict.fromkeys(result.method for result in results))
    guarantees = " + ".join(dict.fromkeys(result.guarantee for result in results))
    value = sum((result.value for result in results[1:]), results[0].value)
    bounds = None
    if any(result.bounds for result in results):
        ends = [result.bounds or (result.value, result.value) for result in results]
        low, high = (sum(end[1:], end[0]) for end in zip(*ends, strict=True))
        bounds = (low, high)
    return Result(value, results[0].unit, f"sum over independent parts: {methods}", guarantees, bounds)
