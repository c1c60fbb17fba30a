"""The most probable completion of a pattern: max-product where tokens show the state, else best-first search."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.entropy import is_unifilar
from oracles.memory import check_bytes, entry_bytes
from oracles.oracle import Oracle
from oracles.patterns import Tokens
from oracles.product import Product
from oracles.state_space import Transition
from oracles.state_space_oracle import StateSpaceOracle
from oracles.table import Table

NODE_LIMIT = 10**5
"""Largest number of prefixes that the search extends before it gives up."""

Values = NDArray[Any]
"""Probabilities that are only multiplied and compared: their logarithms for floats, themselves otherwise."""


def most_probable(law: Oracle, pattern: Tokens) -> tuple[Tokens, Scalar]:
    """The most probable completion of a pattern and its probability under the law.

    Among equals the lexicographically smallest; in floats, what rounding makes of equals.  pattern: `[L]`.
    Where the tokens determine the hidden path (chains, n-grams, deterministic automata) by max-product; in a
    law with hidden states by best-first search over prefixes, each bounded by the probability of the prefix
    with the rest of the pattern.  A Boolean law answers with its smallest possible completion.
    ValueError if the pattern is impossible or the search extends more than `NODE_LIMIT` prefixes;
    ArithmeticError if balls leave the order of two candidates open; TypeError for symbols.
    """
    if law.arithmetic.name == "symbolic":
        raise TypeError("symbols have no order: substitute numbers and ask the exact law")
    if not law.in_support(pattern):
        raise ValueError(f"pattern: expected a possible pattern, got {pattern.tolist()} of probability zero")
    with law.arithmetic.context():
        tokens = _completion(law, pattern)
    return tokens, law.probability(tokens)


def _completion(law: Oracle, pattern: Tokens) -> Tokens:
    if isinstance(law, Table):
        return _scan(law, pattern)
    if isinstance(law, Product):
        return np.concatenate([_completion(part, stretch) for part, stretch in law.stretches(pattern)])
    if not isinstance(law, StateSpaceOracle):
        law = StateSpaceOracle(law.state_space(), law.arithmetic)
    return _max_product(law, pattern) if is_unifilar(law) else _search(law, pattern)


# ---------------------------------------------------------------------- multiplying and comparing


def _read(probabilities: Array, system: Arithmetic) -> Values:
    """Probabilities as `Values`: floats as base-2 logarithms, which do not underflow at any length."""
    if not system.name.startswith("float"):
        return probabilities
    with np.errstate(divide="ignore"):
        return np.log2(probabilities.double().cpu().numpy())


def _times(left: Values, right: Values | Scalar) -> Values:
    return left + right if left.dtype == np.float64 else left * right


_larger_ball = np.frompyfunc(lambda a, b: a.max(b), 2, 1)


def _largest(values: Values, axis: int, system: Arithmetic) -> Values:
    """The maximum along an axis; of balls an enclosure, whichever is the largest."""
    return _larger_ball.reduce(values, axis) if system.name == "ball" else values.max(axis)


def _first_largest(values: Values, system: Arithmetic) -> int:
    """The first index of the maximum.  ArithmeticError if balls leave it open."""
    if system.name != "ball":
        return int(np.argmax(values))
    best = 0
    for index, value in enumerate(values):
        best = index if value > values[best] else best
    for index, value in enumerate(values):
        if index != best and not _certainly_behind((value, index), (values[best], best)):
            raise _undecided(value, values[best])
    return best


def _certainly_behind(one: tuple[Scalar, Any], other: tuple[Scalar, Any]) -> bool:
    """Whether one candidate (value, rank) surely loses: a smaller value, or the same one at a later rank."""
    return bool(one[0] < other[0]) or (bool(one[0] == other[0]) and one[1] > other[1])


def _undecided(one: Scalar, other: Scalar) -> ArithmeticError:
    return ArithmeticError(
        f"the balls {one} and {other} do not decide which completion is the most probable; "
        "use more bits, or the exact law"
    )


# ---------------------------------------------------------------------- the three routes


def _scan(law: Table, pattern: Tokens) -> Tokens:
    masked = pattern == law.mask
    agreeing = law.probabilities[tuple(slice(None) if t == law.mask else slice(t, t + 1) for t in pattern)]
    first = _first_largest(_read(agreeing.reshape(-1), law.arithmetic), law.arithmetic)
    tokens = pattern.copy()
    tokens[masked] = np.unravel_index(first, (law.vocab_size,) * int(masked.sum()))
    return tokens


class _Moves:
    """A transition as `Values`: the choices of every state, `[H, K]`, and the states they lead to."""

    def __init__(self, transition: Transition, system: Arithmetic) -> None:
        rows = transition.rows(np.arange(transition.shape[0]), system)
        self.rows = _read(rows, system)
        self.reached = np.zeros(self.rows.shape, dtype=np.int64)
        states, choices = np.nonzero(~system.is_zero(rows))
        self.reached[states, choices] = transition.successors(states, choices)


def _max_product(law: StateSpaceOracle, pattern: Tokens) -> Tokens:
    """Best continuations from the right, then the first best token from the left; one path a sequence."""
    system, space = law.arithmetic, law.space
    different = {id(transition): transition for transition in space.transitions}.values()
    entries = sum(len(t.rows(np.zeros(1, dtype=np.int64), system)[0]) * t.shape[0] for t in different)
    check_bytes("pattern", 3.0 * entries * max(8, entry_bytes(system)), "a search over pairs of states")
    moves = {id(transition): _Moves(transition, system) for transition in space.transitions}
    steps = [moves[id(transition)] for transition in space.transitions]
    emissions = {id(emission): _read(emission, system) for emission in space.emissions}
    emitted = [emissions[id(emission)] for emission in space.emissions]
    allowed = [slice(None) if t == law.mask else slice(t, t + 1) for t in pattern]

    following = [_read(system.ones(len(emitted[-1])), system)]
    for step, emission, tokens in zip(steps[::-1], emitted[:0:-1], allowed[:0:-1], strict=True):
        here = _times(_largest(emission[:, tokens], 1, system), following[-1])
        following.append(_largest(_times(step.rows, here[step.reached]), 1, system))
    following.reverse()

    completion = pattern.copy()
    weights, states = _read(space.initial, system), np.arange(len(space.initial))
    for i, emission in enumerate(emitted):
        paths = _times(_times(weights, following[i][states])[:, None], emission[states][:, allowed[i]])
        best = _first_largest(_largest(paths, 0, system), system)
        if pattern[i] == law.mask:
            completion[i] = best
        state = states[_first_largest(paths[:, best], system)]
        if i + 1 < law.length:
            weights, states = steps[i].rows[state], steps[i].reached[state]
    return completion


class _Node(NamedTuple):
    """A prefix in the search; the smallest node is the most promising, then the first in the alphabet."""

    key: Any
    prefix: tuple[int, ...]
    bound: Scalar
    prediction: Array


def _search(law: StateSpaceOracle, pattern: Tokens) -> Tokens:
    """Extend the prefix that promises most, until no other can do better than a finished one."""
    system = law.arithmetic
    future = dict(law.sum_product.backward(pattern[None]))
    one = _read(system.ones(1), system)[0]
    waiting = [_Node(_key(one, system), (), one, law.space.initial[None])]
    best: _Node | None = None
    extended = 0
    while waiting:
        node = heapq.heappop(waiting)
        if len(node.prefix) < law.length:
            extended += 1
            if extended > NODE_LIMIT:
                raise ValueError(
                    f"pattern: the states are hidden and {NODE_LIMIT} prefixes did not settle the most probable "
                    "completion; reveal more tokens or take a shorter law"
                )
            for child in _extensions(law, pattern, node, future[len(node.prefix)]):
                if best is None or not _behind(child, best):
                    heapq.heappush(waiting, child)
            continue
        if best is not None and not _behind(best, node):
            raise _undecided(node.bound, best.bound)
        best = node
        waiting = [other for other in waiting if not _behind(other, best)]
        heapq.heapify(waiting)
    assert best is not None
    return np.array(best.prefix, dtype=np.int64)


def _behind(one: _Node, other: _Node) -> bool:
    return _certainly_behind((one.bound, one.prefix), (other.bound, other.prefix))


def _key(bound: Scalar, system: Arithmetic) -> Any:
    if system.name == "boolean":
        return not bound
    return -bound.mid() if system.name == "ball" else -bound


def _extensions(law: StateSpaceOracle, pattern: Tokens, node: _Node, future: Array) -> list[_Node]:
    """The prefix with each token that can follow.  Bounds are conditional on the pattern, beliefs rescaled."""
    system, position = law.arithmetic, len(node.prefix)
    beliefs = node.prediction * law.space.emissions[position].T
    masses = system.matmul(beliefs, future.T)[:, 0]
    tokens = np.arange(law.vocab_size) if pattern[position] == law.mask else pattern[position : position + 1]
    tokens = tokens[~system.is_zero(masses)[tokens]]
    if not len(tokens):
        raise ArithmeticError("a possible prefix underflows in floats: use to('exact') or to('ball')")
    masses, beliefs = masses[system.index(tokens)], beliefs[system.index(tokens)]
    shares = _read(system.divide(masses, system.sum(masses, 0)), system)
    predictions, _ = system.rescale(beliefs)
    if position + 1 < law.length:
        predictions = law.space.transitions[position].push(predictions, system)
    return [
        _Node(_key(bound, system), (*node.prefix, token), bound, predictions[k : k + 1])
        for k, (token, bound) in enumerate(zip(tokens.tolist(), _times(shares, node.bound), strict=True))
    ]
