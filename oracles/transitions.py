"""Transitions with structure: few rows of few entries (automata, products), and blocks (mixtures)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.state_space import States, Transition

NONE = -1
"""The target of an entry that only pads its row."""


@dataclass(frozen=True, eq=False)
class SparseTransition(Transition):
    """States that carry the same label move alike, each to at most D states.

        T[h, h'] = scale[h] * sum over d with targets[labels[h], d] = h' of weights[labels[h], d]

    labels `[H]`, targets `[G, D]` (`NONE`, with weight zero, where a row is shorter), weights `[G, D]`,
    scale `[H]`, width H'.  An automaton's state after reading is a label of the edge that led there; with
    one label for all, the future forgets the past.
    """

    labels: States
    targets: States
    weights: Array
    scale: Array
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.labels), self.width

    @cached_property
    def _members(self) -> States:
        """The states of every label, `[G, K]`, padded with H."""
        return _positions_of(self.labels, len(self.targets))

    @cached_property
    def _incoming(self) -> States:
        """The entries, counted along `weights`, that lead to every state, `[H', K']`, padded with G D."""
        return _positions_of(self.targets.reshape(-1), self.width)

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        groups, choices = self.targets.shape
        members, incoming = number_system.index(self._members), number_system.index(self._incoming)
        moving = _with_zero(messages * self.scale, number_system)
        by_label = number_system.sum(moving[:, members], 2)
        sources = number_system.index(np.minimum(self._incoming // choices, groups - 1))
        weights = _with_zero(self.weights.reshape(1, -1), number_system)[0, incoming]
        return number_system.sum(by_label[:, sources] * weights, 2)

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        reached = messages[:, number_system.index(self.targets)] * self.weights
        by_label = number_system.sum(reached, 2)
        return by_label[:, number_system.index(self.labels)] * self.scale

    def rows(self, states: States, number_system: Arithmetic) -> Array:
        weights = self.weights[number_system.index(self.labels[states])]
        return weights * self.scale[number_system.index(states)][:, None]

    def successors(self, states: States, choices: States) -> States:
        return self.targets[self.labels[states], choices]

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> SparseTransition:
        weights = self.weights * right[number_system.index(self.targets)]
        return SparseTransition(self.labels, self.targets, weights, self.scale * left, self.width)

    def map(self, function: Callable[[Array], Array]) -> SparseTransition:
        weights, scale = function(self.weights), function(self.scale)
        return SparseTransition(self.labels, self.targets, weights, scale, self.width)


def forgetting(states: int, law: Array, number_system: Arithmetic) -> SparseTransition:
    """The transition of rank one: from each of so many states to the law `[H']`, whatever the state."""
    width = int(law.shape[0])
    labels = np.zeros(states, dtype=np.int64)
    targets = np.arange(width)[None]
    return SparseTransition(labels, targets, law[None], number_system.ones(states), width)


@dataclass(frozen=True, eq=False)
class BlockTransition(Transition):
    """A block-diagonal transition: disjoint sets of states that never mix."""

    blocks: tuple[Transition, ...]

    @property
    def shape(self) -> tuple[int, int]:
        return sum(block.shape[0] for block in self.blocks), sum(block.shape[1] for block in self.blocks)

    @cached_property
    def _starts(self) -> tuple[list[int], list[int]]:
        """Where the states of every block begin, before and after the transition, and where the last end."""
        before, after = zip(*(block.shape for block in self.blocks), strict=True)
        return list(itertools.accumulate(before, initial=0)), list(itertools.accumulate(after, initial=0))

    def push(self, messages: Array, number_system: Arithmetic) -> Array:
        parts = zip(self.blocks, _split(messages, self._starts[0]), strict=True)
        return number_system.concat([block.push(part, number_system) for block, part in parts], 1)

    def pull(self, messages: Array, number_system: Arithmetic) -> Array:
        parts = zip(self.blocks, _split(messages, self._starts[1]), strict=True)
        return number_system.concat([block.pull(part, number_system) for block, part in parts], 1)

    def rows(self, states: States, number_system: Arithmetic) -> Array:
        pieces = [
            (chosen, block.rows(states[chosen] - before, number_system))
            for chosen, block, before, _ in self._located(states)
        ]
        out = number_system.zeros(len(states), max(piece.shape[1] for _, piece in pieces))
        for chosen, piece in pieces:
            out[number_system.index(chosen), : piece.shape[1]] = piece
        return out

    def successors(self, states: States, choices: States) -> States:
        out = np.empty_like(states)
        for chosen, block, before, after in self._located(states):
            out[chosen] = block.successors(states[chosen] - before, choices[chosen]) + after
        return out

    def _located(self, states: States) -> list[tuple[States, Transition, int, int]]:
        """For every block: the places in the list that hold its states, and where its states begin."""
        before, after = self._starts
        return [
            (np.flatnonzero((states >= low) & (states < high)), block, low, start)
            for block, low, high, start in zip(self.blocks, before, before[1:], after, strict=False)
        ]

    def scaled(self, left: Array, right: Array, number_system: Arithmetic) -> BlockTransition:
        lefts, rights = _split(left[None], self._starts[0]), _split(right[None], self._starts[1])
        return BlockTransition(
            tuple(
                block.scaled(a[0], b[0], number_system)
                for block, a, b in zip(self.blocks, lefts, rights, strict=True)
            )
        )

    def map(self, function: Callable[[Array], Array]) -> BlockTransition:
        return BlockTransition(tuple(block.map(function) for block in self.blocks))


def _split(messages: Array, starts: list[int]) -> list[Array]:
    return [messages[:, low:high] for low, high in itertools.pairwise(starts)]


def _with_zero(messages: Array, number_system: Arithmetic) -> Array:
    return number_system.concat([messages, number_system.zeros(messages.shape[0], 1)], 1)


def _positions_of(keys: NDArray[np.int64], count: int) -> States:
    """Where each of 0..count-1 occurs among the keys, one row each, padded with the number of keys."""
    places = np.flatnonzero(keys != NONE)
    order = places[np.argsort(keys[places], kind="stable")]
    sizes = np.bincount(keys[places], minlength=count)
    starts = np.cumsum(sizes) - sizes
    table = np.full((count, max(int(sizes.max(initial=0)), 1)), len(keys), dtype=np.int64)
    table[keys[order], np.arange(len(order)) - np.repeat(starts, sizes)] = order
    return table
