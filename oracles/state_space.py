"""One representation under n-grams, HMMs and automata: a hidden path that emits a token at every position.

    q(x) = sum over z of initial[z_0] E_0[z_0, x_0] T_0[z_0, z_1] E_1[z_1, x_1] ... E_{L-1}[z_{L-1}, x_{L-1}]

The state set may differ from position to position (an n-gram's context grows at the start).  Matrices that
repeat are the same object, so a homogeneous family of any length holds one transition.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array

States = NDArray[np.int64]
"""Indices of states, `[n]`."""


class Transition(ABC):
    """A matrix T `[H, H']` from z_i to z_{i+1}, stored in whatever form is small."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(H, H')."""

    @abstractmethod
    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        """`[B, H]` over z_i -> `[B, H']` over z_{i+1}: m T."""

    @abstractmethod
    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        """`[B, H']` over z_{i+1} -> `[B, H]` over z_i: T m."""

    def dense(self, number_system: Arithmetic) -> Array:
        """The matrix `[H, H']` itself."""
        return self.push(number_system.array(np.eye(self.shape[0], dtype=np.int64)), number_system)

    @abstractmethod
    def rows(self, states: States, number_system: Arithmetic) -> Array:
        """One row a listed state over its K choices, `[n, K]`; what each choice leads to: `successors`."""

    @abstractmethod
    def successors(self, states: States, choices: States) -> States:
        """The state reached from each listed state by a choice that its row does not make zero, `[n]`."""

    @abstractmethod
    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> Transition:
        """`left[h] T[h, h'] right[h']`."""

    @abstractmethod
    def map(self, function: Callable[[Array], Array]) -> Transition:
        """The same form with every array of numbers passed through `function`."""

    def arrays(self) -> list[Array]:
        """Every array that `map` visits, in its order."""
        return _visited(self.map)


@dataclass(frozen=True, eq=False)
class DenseTransition(Transition):
    """A transition given by its matrix `[H, H']`."""

    matrix: Array

    @property
    def shape(self) -> tuple[int, int]:
        return tuple(self.matrix.shape)

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        return number_system.matmul(messages, self.matrix)

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        return number_system.matmul(messages, self.matrix.T)

    def dense(self, number_system: Arithmetic) -> Array:
        return self.matrix

    def rows(self, states: States, number_system: Arithmetic) -> Array:
        return self.matrix[number_system.index(states)]

    def successors(self, states: States, choices: States) -> States:
        return choices

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> DenseTransition:
        return DenseTransition(left[:, None] * self.matrix * right[None, :])

    def map(self, function: Callable[[Array], Array]) -> DenseTransition:
        return DenseTransition(function(self.matrix))


@dataclass(frozen=True, eq=False)
class ShiftTransition(Transition):
    """An n-gram's transition: drop the oldest token, append a new one.

    weights `[D, R, V]`: the state (d, r) goes to (r, v) with probability weights[d, r, v].  D = 1 while the
    context still grows.  Only V successors a state are stored, where a dense matrix would hold R V of them.
    """

    weights: Array

    @property
    def shape(self) -> tuple[int, int]:
        dropped, kept, added = self.weights.shape
        return dropped * kept, kept * added

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        # A matrix product over d for every r.
        dropped, kept, _ = self.weights.shape
        if kept == 1:
            return number_system.matmul(messages, self.weights[:, 0, :])
        by_kept = messages.reshape(-1, dropped, kept).swapaxes(0, 2).swapaxes(1, 2)
        moved = number_system.matmul(by_kept, self.weights.swapaxes(0, 1))
        return moved.swapaxes(0, 1).reshape(messages.shape[0], self.shape[1])

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        _, kept, added = self.weights.shape
        if kept == 1:
            return number_system.matmul(messages, self.weights[:, 0, :].T)
        by_kept = messages.reshape(-1, kept, added).swapaxes(0, 1)
        moved = number_system.matmul(by_kept, self.weights.swapaxes(0, 1).swapaxes(1, 2))
        return moved.swapaxes(0, 1).swapaxes(1, 2).reshape(messages.shape[0], self.shape[0])

    def dense(self, number_system: Arithmetic) -> Array:
        dropped, kept, added = self.weights.shape
        matrix = number_system.zeros(dropped, kept, kept, added)
        for r in range(kept):
            matrix[:, r, r, :] = self.weights[:, r, :]
        return matrix.reshape(*self.shape)

    def rows(self, states: States, number_system: Arithmetic) -> Array:
        # The choices are the V tokens that may be appended.
        return self.weights.reshape(self.shape[0], -1)[number_system.index(states)]

    def successors(self, states: States, choices: States) -> States:
        _, kept, added = self.weights.shape
        return (states % kept) * added + choices

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> ShiftTransition:
        dropped, kept, added = self.weights.shape
        scaled = left.reshape(dropped, kept, 1) * self.weights * right.reshape(1, kept, added)
        return ShiftTransition(scaled)

    def map(self, function: Callable[[Array], Array]) -> ShiftTransition:
        return ShiftTransition(function(self.weights))


@dataclass(frozen=True, eq=False)
class TokenEmissions(Sequence[Array]):
    """The emissions of a law whose states are its tokens: so many times the identity `[V, V]`.

    The matrix is made only for those who look at it: with thousands of tokens it is larger than the law.
    zero_one: the numbers 0 and 1 of the law's arithmetic, `[2]`.
    """

    zero_one: Array
    vocab_size: int
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: Any) -> Any:
        chosen = range(self.length)[index]
        return self.matrix if isinstance(chosen, int) else (self.matrix,) * len(chosen)

    @cached_property
    def matrix(self) -> Array:
        """The identity."""
        return self.zero_one[np.eye(self.vocab_size, dtype=np.int64)]

    def map(self, function: Callable[[Array], Array]) -> TokenEmissions:
        """The same in another arithmetic."""
        return TokenEmissions(function(self.zero_one), self.vocab_size, self.length)


@dataclass(frozen=True, eq=False)
class StateSpace:
    """initial `[H_0]`, transitions (L-1 of them) `[H_i, H_{i+1}]`, emissions (L of them) `[H_i, V]`."""

    initial: Array
    transitions: tuple[Transition, ...]
    emissions: Sequence[Array]

    @property
    def length(self) -> int:
        return len(self.emissions)

    @property
    def vocab_size(self) -> int:
        """V."""
        if isinstance(self.emissions, TokenEmissions):
            return self.emissions.vocab_size
        return int(self.emissions[0].shape[1])

    @property
    def sizes(self) -> list[int]:
        """The number of states at every position."""
        return [int(self.initial.shape[0]), *(transition.shape[1] for transition in self.transitions)]

    def map(self, function: Callable[[Array], Array]) -> StateSpace:
        """Apply a conversion to every array, once to each: what repeats or is shared stays so."""
        function = _once(function)
        moved = {id(transition): transition for transition in self.transitions}
        moved = {key: transition.map(function) for key, transition in moved.items()}
        return StateSpace(
            function(self.initial),
            tuple(moved[id(transition)] for transition in self.transitions),
            _mapped(self.emissions, function),
        )

    def arrays(self) -> list[Array]:
        """Every array that `map` visits, in its order."""
        return _visited(self.map)


def _visited(mapping: Callable[[Callable[[Array], Array]], Any]) -> list[Array]:
    arrays: list[Array] = []

    def visit(array: Array) -> Array:
        arrays.append(array)
        return array

    mapping(visit)
    return arrays


def _mapped(emissions: Sequence[Array], function: Callable[[Array], Array]) -> Sequence[Array]:
    if isinstance(emissions, TokenEmissions):
        return emissions.map(function)
    emitted = {id(emission): emission for emission in emissions}
    emitted = {key: function(emission) for key, emission in emitted.items()}
    return tuple(emitted[id(emission)] for emission in emissions)


def _once(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """The function, called once for each array object."""
    # The originals are kept too, so that no id is given to another array meanwhile.
    known: dict[int, tuple[Array, Array]] = {}

    def converted(array: Array) -> Array:
        if id(array) not in known:
            known[id(array)] = array, function(array)
        return known[id(array)][1]

    return converted
