"""Baum-Welch: the parameters of an HMM that make a text likelier and likelier (Baum et al. 1970)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]

BLOCK_ENTRIES = 2**22
"""Entries of the messages `[steps, windows, H]` that are held at a time."""


@dataclass(frozen=True)
class Parameters:
    """initial `[H]`, transition `[H, H]`, emission `[H, V]`."""

    initial: Floats
    transition: Floats
    emission: Floats


@dataclass(frozen=True)
class Windows:
    """A text cut into windows as equal as can be.

    steps: `[w, n]`, the i-th token of every window; longer: `[k]`, one token more for the first k of them.
    """

    steps: Integers
    longer: Integers

    @classmethod
    def of(cls, tokens: Integers, size: int) -> Windows:
        """Windows of at most `size` tokens, and as many of them as that takes: every token is in one."""
        count = -(-len(tokens) // size)
        width, longer = divmod(len(tokens), count)
        ends = np.arange(longer) * (width + 1) + width
        rest = np.delete(tokens, ends)
        return cls(rest.reshape(count, width).T, tokens[ends])

    def blocks(self, states: int) -> Iterator[Windows]:
        """Some windows at a time, so that the messages of a block fit in `BLOCK_ENTRIES`."""
        width, count = self.steps.shape
        block = max(1, BLOCK_ENTRIES // ((width + 1) * states))
        for start in range(0, count, block):
            part = slice(start, start + block)
            yield Windows(self.steps[:, part], self.longer[part])


@dataclass
class Expectations:
    """Expected counts given the text: starts in a state `[H]`, moves `[H, H]`, tokens emitted `[H, V]`.

    log_likelihood: of the windows, in nats.
    """

    starts: Floats
    moves: Floats
    emitted: Floats
    log_likelihood: float = 0.0


def expectations(parameters: Parameters, windows: Windows) -> Expectations:
    """The E-step: every window is an independent draw of the HMM, and all go forward and back as one batch."""
    states, vocab = parameters.emission.shape
    total = Expectations(np.zeros(states), np.zeros((states, states)), np.zeros((states, vocab)))
    for block in windows.blocks(states):
        _add_block(total, parameters, block)
    return total


def _add_block(total: Expectations, parameters: Parameters, block: Windows) -> None:
    """Add a block's counts.  Messages are `[steps, windows, H]`, each forward one scaled to sum 1."""
    transition, by_token = parameters.transition, np.ascontiguousarray(parameters.emission.T)
    count, longer = block.steps.shape[1], len(block.longer)
    tokens = list(block.steps) + ([block.longer] if longer else [])
    evidence = [by_token[row] for row in tokens]
    forward = np.zeros((len(tokens), count, parameters.initial.size))
    scales = np.ones((len(tokens), count))
    for i, seen in enumerate(evidence):
        rows = slice(None, len(seen))
        ahead = forward[i - 1, rows] @ transition if i else parameters.initial
        np.multiply(ahead, seen, out=forward[i, rows])
        scales[i, rows] = forward[i, rows].sum(axis=1)
        if not scales[i].all():
            raise ArithmeticError("the text became impossible under the fitted HMM: probabilities underflow")
        forward[i, rows] /= scales[i, rows, None]
    total.log_likelihood += float(np.log(scales).sum())
    backward = np.ones((count, parameters.initial.size))
    for i in range(len(tokens) - 1, -1, -1):
        rows = slice(None, len(evidence[i]))
        posterior = forward[i, rows] * backward[rows]
        _add_emitted(total.emitted, tokens[i], posterior)
        if i == 0:
            total.starts += posterior.sum(axis=0)
            break
        carried = evidence[i] * backward[rows] / scales[i, rows, None]
        total.moves += transition * (forward[i - 1, rows].T @ carried)
        backward[rows] = carried @ transition.T


def _add_emitted(emitted: Floats, tokens: Integers, posterior: Floats) -> None:
    for state, weights in enumerate(posterior.T):
        emitted[state] += np.bincount(tokens, weights, minlength=emitted.shape[1])


def updated(parameters: Parameters, counts: Expectations) -> Parameters:
    """The M-step: expected relative frequencies; the rows of a state that is never visited stay as they are."""
    return Parameters(
        counts.starts / counts.starts.sum(),
        _frequencies(counts.moves, parameters.transition),
        _frequencies(counts.emitted, parameters.emission),
    )


def _frequencies(counts: Floats, before: Floats) -> Floats:
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=before.copy(), where=totals > 0)


def random_start(frequencies: Floats, states: int, rng: np.random.Generator) -> Parameters:
    """Rows drawn uniformly from the simplex; emissions are the tokens' frequencies, each shaken by a factor."""
    emission = frequencies * rng.uniform(0.5, 1.5, size=(states, len(frequencies)))
    return Parameters(
        rng.dirichlet(np.ones(states)),
        rng.dirichlet(np.ones(states), size=states),
        emission / emission.sum(axis=1, keepdims=True),
    )
