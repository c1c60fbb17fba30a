"""What a first-order Markov chain says about a gap: how likely its right end is, given its left end.

A gap is a stretch of masked positions between two revealed tokens.  The nodes are the tokens that may stand at
its ends: a begin node, V nodes a position (or one, if the sequence is known), and an end node.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array
from oracles.patterns import Tokens
from oracles.state_space_oracle import StateSpaceOracle


@dataclass(frozen=True, eq=False)
class Links:
    """Between all nodes, in the order of their positions, for a batch of B node sets.

    chances: K[u, w] = P(w | u), `[B, n, n]`, 0 where u is not before w; possible: where it is positive, decided
    over Booleans; starts: the first node of every place (begin, L positions, end), and n.
    """

    chances: Array
    possible: NDArray[np.bool_]
    starts: tuple[int, ...]

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of every node, `[n]`; the begin node is at 0."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def nodes(self, first: int, last: int) -> slice:
        """The nodes of the places first..last-1."""
        return slice(self.starts[first], self.starts[last])


def chain_links(chain: StateSpaceOracle) -> Links:
    """The links between all tokens at all positions, n = L V + 2.  ArithmeticError if one underflows."""
    law = _all_tokens(*step_matrices(chain), chain.arithmetic)
    support = chain.support()
    assert isinstance(support, StateSpaceOracle)
    possible = np.asarray(_all_tokens(*step_matrices(support), support.arithmetic))
    refuse_small(law, possible, chain.arithmetic)
    return Links(law[None], possible[None], _starts(chain.vocab_size, chain.length))


def sequence_links(chain: StateSpaceOracle, tokens: Tokens) -> Links:
    """The links between the tokens of each of B possible sequences `[B, L]`, n = L + 2.

    ArithmeticError if one underflows.
    """
    law = _given_tokens(*step_matrices(chain), tokens, chain.arithmetic)
    # A possible sequence links all its tokens.
    possible = np.broadcast_to(np.triu(np.ones((chain.length + 2,) * 2, dtype=bool), 1), tuple(law.shape))
    refuse_small(law, possible, chain.arithmetic)
    return Links(law, possible, _starts(1, chain.length))


def step_matrices(chain: StateSpaceOracle) -> tuple[Array, list[Array]]:
    """P(x_0) `[V]` and P(x_{i+1} | x_i), L-1 matrices `[V, V]`; equal steps are the same object."""
    system, space = chain.arithmetic, chain.space
    # The emission of an observed position keeps only its token.
    emitted = {id(e): e.diagonal() for e in space.emissions}
    seen: dict[tuple[int, int], Array] = {}
    steps = []
    for transition, emission in zip(space.transitions, space.emissions[1:], strict=True):
        key = id(transition), id(emission)
        if key not in seen:
            seen[key] = transition.dense(system) * emitted[id(emission)]
        steps.append(seen[key])
    return space.initial * emitted[id(space.emissions[0])], steps


def refuse_small(values: Array, possible: NDArray[np.bool_], system: Arithmetic) -> None:
    """ArithmeticError if products of two of these floats may lose digits below the smallest normal number."""
    if not system.name.startswith("float"):
        return
    smallest = float(np.finfo(system.name).tiny) ** 0.5
    if ((values < smallest).cpu().numpy() & possible).any():
        raise ArithmeticError(
            f"some tokens of the chain follow others with probabilities below {smallest:.0e}, whose products "
            f"underflow in {system.name}: use to('exact') or to('ball')"
        )


def _starts(width: int, length: int) -> tuple[int, ...]:
    return tuple(accumulate([1, *[width] * length, 1], initial=0))


def _all_tokens(initial: Array, steps: list[Array], system: Arithmetic) -> Array:
    """K between all nodes `[n, n]`, one column of positions after the other."""
    vocab, length = int(initial.shape[0]), len(steps) + 1
    nodes = vocab * length + 2
    links = system.zeros(nodes, nodes)
    links[0, 1 : vocab + 1] = initial
    itself = system.array(np.eye(vocab, dtype=np.int64))
    for i, step in enumerate(steps):
        here = slice(1 + i * vocab, 1 + (i + 1) * vocab)
        before = system.concat([links[: here.start, here], itself], 0)
        links[: here.stop, here.stop : here.stop + vocab] = system.matmul(before, step)
    links[:-1, -1] = system.ones(nodes - 1)
    return links


def _given_tokens(initial: Array, steps: list[Array], tokens: Tokens, system: Arithmetic) -> Array:
    """K between the tokens of every sequence `[B, L+2, L+2]`, one column after the other."""
    batch, length = tokens.shape
    vocab = int(initial.shape[0])
    links = system.zeros(batch, length + 2, length + 2)
    rows, itself = system.index(np.arange(batch)), system.array(np.eye(vocab, dtype=np.int64))
    laws = initial[None, None] + system.zeros(batch, 1, 1)  # of the next token, given each one before
    for i in range(length):
        token = system.index(tokens[:, i])
        links[:, : i + 1, i + 1] = laws[rows, :, token]
        if i + 1 < length:
            laws = system.matmul(system.concat([laws, itself[token][:, None]], 1), steps[i])
    links[:, :-1, -1] = system.ones(batch, length + 1)
    return links
