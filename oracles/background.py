"""The transition of large vocabularies: a few successors a state, beside a law that all states share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from oracles.arithmetic import Arithmetic, Array
from oracles.kernels.path import LEAST_WORK, on_cpu
from oracles.state_space import States, Transition

BLOCK_ENTRIES = 2**24
"""Products of messages with entries of a `BackgroundTransition` that are held at a time."""


@dataclass(frozen=True, eq=False)
class BackgroundTransition(Transition):
    """A few listed successors a state, and one law that all states share: sparse plus rank one.

        T[a, b] = left[a] (sum of weights[e] over the entries e of a with targets[e] = b
                           + rest[a] background[b]) right[b]

    The entries of a are starts[a] <= e < starts[a + 1], in `targets` and `weights` `[E]`; rest and left `[H]`,
    background and right `[H']`.  Products with messages take O(E + H + H').  `scaled` changes left and right
    only, so a law given a pattern shares all that is large.
    """

    starts: States
    targets: States
    weights: Array
    rest: Array
    background: Array
    left: Array
    right: Array

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.starts) - 1, int(self.background.shape[0])

    @property
    def sources(self) -> States:
        """The state that each entry leaves, `[E]`."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.starts))

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        if self._compiled(len(messages), number_system):
            return self._product(messages, number_system, forward=True)
        moving = messages * self.left
        shared = number_system.matmul(moving, self.rest[:, None]) * self.background
        return self._routed(moving, shared, self.sources, self.targets, number_system) * self.right

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        if self._compiled(len(messages), number_system):
            return self._product(messages, number_system, forward=False)
        waiting = messages * self.right
        shared = number_system.matmul(waiting, self.background[:, None]) * self.rest
        return self._routed(waiting, shared, self.targets, self.sources, number_system) * self.left

    def _routed(
        self, messages: Array, shared: Array, sources: States, targets: States, number_system: Arithmetic
    ) -> Array:
        """`shared` and, for every entry, weight times the message at its source, added at its target."""
        total = shared.T
        block = max(1, BLOCK_ENTRIES // max(1, len(messages)))
        for start in range(0, len(targets), block):
            part = slice(start, start + block)
            terms = messages[:, number_system.index(sources[part])] * self.weights[part]
            total = number_system.scatter_sum(total, targets[part], terms.T)
        return total.T

    def _compiled(self, batch: int, number_system: Arithmetic) -> bool:
        """Whether a kernel multiplies: for floats on the CPU and Booleans, once it pays to load it."""
        served = on_cpu(number_system) or number_system.name == "boolean"
        return served and batch * len(self.targets) >= LEAST_WORK

    def _product(self, messages: Array, number_system: Arithmetic, *, forward: bool) -> Array:
        from oracles.kernels.background import product

        moved = product(self, np.asarray(messages), forward=forward)
        # Counting paths is exact as a test for 'none'.
        return moved > 0 if number_system.name == "boolean" else messages.new_tensor(moved)

    def entries(self, states: States) -> tuple[States, States]:
        """The entries of the listed states one after the other, and the place in the list of each one's state."""
        counts = np.diff(self.starts)[states]
        owners = np.repeat(np.arange(len(states)), counts)
        before = np.cumsum(counts) - counts
        return self.starts[states][owners] + np.arange(len(owners)) - before[owners], owners

    def rows(self, states: States, number_system: Arithmetic) -> Array:
        """Whole rows, `[n, H']`: a choice is the state it leads to, however many terms lead there."""
        picked, width = number_system.index(states), self.shape[1]
        shared = self.rest[picked][:, None] * self.background
        entries, owners = self.entries(states)
        places = owners * width + self.targets[entries]
        listed = self.weights[number_system.index(entries)]
        whole = number_system.scatter_sum(shared.reshape(-1), places, listed)
        return self.left[picked][:, None] * whole.reshape(len(states), width) * self.right

    def successors(self, states: States, choices: States) -> States:
        return choices

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> BackgroundTransition:
        return replace(self, left=self.left * left, right=self.right * right)

    def map(self, function: Callable[[Array], Array]) -> BackgroundTransition:
        numbers = (self.weights, self.rest, self.background, self.left, self.right)
        return BackgroundTransition(self.starts, self.targets, *(function(array) for array in numbers))
