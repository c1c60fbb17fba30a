"""One representation under n-grams, HMMs and automata: a hidden path that emits a token at every position.

    q(x) = sum over z of initial[z_0] E_0[z_0, x_0] T_0[z_0, z_1] E_1[z_1, x_1] ... E_{L-1}[z_{L-1}, x_{L-1}]

The state set may differ from position to position (an n-gram's context grows at the start).  Matrices that
repeat are the same object, so a homogeneous family of any length holds one transition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array


@dataclass(frozen=True, eq=False)
class DenseTransition:
    """A transition given by its matrix `[H, H']`."""

    matrix: Array

    @property
    def shape(self) -> tuple[int, int]:
        return tuple(self.matrix.shape)

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        """`[B, H]` over z_i -> `[B, H']` over z_{i+1}: m T."""
        return number_system.matmul(messages, self.matrix)

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        """`[B, H']` over z_{i+1} -> `[B, H]` over z_i: T m."""
        return number_system.matmul(messages, self.matrix.T)

    def dense(self, number_system: Arithmetic) -> Array:
        """The matrix."""
        return self.matrix

    def rows(self, states: Any) -> Array:
        """Rows of the matrix, one a listed state, over `successors`."""
        return self.matrix[states]

    def successors(self, states: np.ndarray, choices: np.ndarray) -> np.ndarray:
        """The state reached from each listed state by its choice among `rows`."""
        return choices

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> DenseTransition:
        """`left[h] T[h, h'] right[h']`."""
        return DenseTransition(left[:, None] * self.matrix * right[None, :])

    def map(self, function: Callable[[Array], Array]) -> DenseTransition:
        return DenseTransition(function(self.matrix))


@dataclass(frozen=True, eq=False)
class ShiftTransition:
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
        """`[B, D R]` -> `[B, R V]`: a matrix product over d for every r."""
        dropped, kept, _ = self.weights.shape
        if kept == 1:
            return number_system.matmul(messages, self.weights[:, 0, :])
        by_kept = messages.reshape(-1, dropped, kept).swapaxes(0, 2).swapaxes(1, 2)
        moved = number_system.matmul(by_kept, self.weights.swapaxes(0, 1))
        return moved.swapaxes(0, 1).reshape(messages.shape[0], self.shape[1])

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        """`[B, R V]` -> `[B, D R]`."""
        _, kept, added = self.weights.shape
        if kept == 1:
            return number_system.matmul(messages, self.weights[:, 0, :].T)
        by_kept = messages.reshape(-1, kept, added).swapaxes(0, 1)
        moved = number_system.matmul(by_kept, self.weights.swapaxes(0, 1).swapaxes(1, 2))
        return moved.swapaxes(0, 1).swapaxes(1, 2).reshape(messages.shape[0], self.shape[0])

    def dense(self, number_system: Arithmetic) -> Array:
        """The matrix `[D R, R V]`, mostly zeros."""
        dropped, kept, added = self.weights.shape
        matrix = number_system.zeros(dropped, kept, kept, added)
        for r in range(kept):
            matrix[:, r, r, :] = self.weights[:, r, :]
        return matrix.reshape(*self.shape)

    def rows(self, states: Any) -> Array:
        """Rows over the V possible new tokens, one a listed state."""
        return self.weights.reshape(self.shape[0], -1)[states]

    def successors(self, states: np.ndarray, choices: np.ndarray) -> np.ndarray:
        """The state reached from each listed state by appending its chosen token."""
        _, kept, added = self.weights.shape
        return (states % kept) * added + choices

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> ShiftTransition:
        """`left[h] T[h, h'] right[h']`."""
        dropped, kept, added = self.weights.shape
        scaled = left.reshape(dropped, kept, 1) * self.weights * right.reshape(1, kept, added)
        return ShiftTransition(scaled)

    def map(self, function: Callable[[Array], Array]) -> ShiftTransition:
        return ShiftTransition(function(self.weights))


Transition = DenseTransition | ShiftTransition


@dataclass(frozen=True, eq=False)
class StateSpace:
    """initial `[H_0]`, transitions (L-1 of them) `[H_i, H_{i+1}]`, emissions (L of them) `[H_i, V]`."""

    initial: Array
    transitions: tuple[Transition, ...]
    emissions: tuple[Array, ...]

    @property
    def length(self) -> int:
        return len(self.emissions)

    def map(self, function: Callable[[Array], Array]) -> StateSpace:
        """Apply a conversion to every array, once to each distinct one."""
        moved: dict[int, Transition] = {}
        for transition in self.transitions:
            if id(transition) not in moved:
                moved[id(transition)] = transition.map(function)
        return StateSpace(
            function(self.initial),
            tuple(moved[id(transition)] for transition in self.transitions),
            tuple(function(emission) for emission in self.emissions),
        )
