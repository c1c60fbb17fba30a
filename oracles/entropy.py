"""Entropy of a state-space law: exact where a token determines the next state, else a sum or an enclosure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oracles.arithmetic import Arithmetic, Array, arithmetic
from oracles.result import Result
from oracles.state_space import TokenEmissions

if TYPE_CHECKING:
    from oracles.state_space_oracle import StateSpaceOracle

SUM_LIMIT = 2**18
"""Largest V**L for which the entropy of a law with hidden states is summed over all sequences."""

WINDOW_WORK = 2**26
"""Largest L * H**2 * V**w spent on all windows of the entropy enclosure: a few seconds."""

OBJECT_WINDOW_WORK = 2**22
"""The same where a number is an object: balls and symbols."""


def state_space_entropy(law: StateSpaceOracle) -> Result:
    """H(X) in bits by the cheapest route.

    Unifilar laws (a state and a token lead to one next state; chains and n-grams are):
        H(X) = H(X_0) + sum_i sum_h P(z_i = h) H(X_{i+1} | z_i = h),
    exactly.  Otherwise the sum over all sequences if V**L <= `SUM_LIMIT`, else the enclosure
        sum_i H(X_i | X_{i-w..i-1}, Z_{i-w}) <= H(X) <= sum_i H(X_i | X_{i-w..i-1}).
    An exact law is computed in balls: its logarithms are enclosures in any case.
    """
    logs = law.arithmetic.logs
    if is_unifilar(law):
        return Result(_unifilar(in_logs(law)), "bits", "chain rule over states", logs.guarantee)
    if law.vocab_size**law.length <= SUM_LIMIT:
        total = logs.sum(law.arithmetic.plogp(law._joint()), 0)
        return Result(logs.element(total), "bits", "sum over all sequences", logs.guarantee)
    return _windowed(in_logs(law))


def is_unifilar(law: StateSpaceOracle) -> bool:
    """Whether tokens determine the hidden path: one start state a token, one next state a pair."""
    if isinstance(law.space.emissions, TokenEmissions):
        return True
    counting = arithmetic("float32")
    space = law.support().state_space().map(lambda possible: counting.array(possible.astype(np.int64)))
    if bool((counting.matmul(space.initial[None], space.emissions[0]) > 1).any()):
        return False
    pairs = {(id(t), id(e)): (t, e) for t, e in zip(space.transitions, space.emissions[1:], strict=True)}
    return not any(bool((t.pull(e.T, counting) > 1).any()) for t, e in pairs.values())


def in_logs(law: StateSpaceOracle) -> StateSpaceOracle:
    """The law in the arithmetic of its logarithms."""
    logs = law.arithmetic.logs
    return law if logs is law.arithmetic else law.to(logs.name, bits=getattr(logs, "bits", None))


def _unifilar(law: StateSpaceOracle) -> Array:
    system, space = law.arithmetic, law.space
    entropies: dict[tuple[int, int], Array] = {}
    first = system.matmul(space.initial[None], space.emissions[0])
    total = system.sum(system.plogp(first), (0, 1))
    states = space.initial[None]
    for transition, emission in zip(space.transitions, space.emissions[1:], strict=True):
        key = (id(transition), id(emission))
        if key not in entropies:
            next_token = transition.pull(emission.T, system)
            entropies[key] = system.sum(system.plogp(next_token), 0)
        total = total + system.matmul(states, entropies[key][:, None])[0, 0]
        states = transition.push(states, system)
    return system.element(total)


def _windowed(law: StateSpaceOracle) -> Result:
    system, length = law.arithmetic, law.length
    width = _window(law)
    marginals = law.sum_product.state_marginals()
    lower = upper = system.zeros(1)[0]
    for last in range(length):
        above, below = _conditional_entropies(
            law, marginals[max(0, last - width)], max(0, last - width), last
        )
        upper = upper + above
        # With nothing cut off on the left the conditional entropy is exact; the state would only loosen it.
        lower = lower + (above if last <= width else below)
    low, high = system.element(lower), system.element(upper)
    if system.name == "ball":
        low, high = low.lower(), high.upper()
    return Result(
        (low + high) / 2,
        "bits",
        f"two-sided windows of {width} tokens",
        f"enclosure, {system.guarantee}",
        (low, high),
    )


def _window(law: StateSpaceOracle) -> int:
    hidden = max(int(emission.shape[0]) for emission in law.space.emissions)
    work = WINDOW_WORK if law.arithmetic.name.startswith("float") else OBJECT_WINDOW_WORK
    width = 0
    while width + 1 < law.length and law.length * hidden**2 * law.vocab_size ** (width + 2) <= work:
        width += 1
    return width


def _conditional_entropies(law: StateSpaceOracle, start: Array, first: int, last: int) -> tuple[Array, Array]:
    """H(X_last | X_first..X_{last-1}) and the same given the state at `first` too."""
    system, space = law.arithmetic, law.space
    hidden = start.shape[0]
    # messages[h, prefix, z]: P(prefix, z_i = z | z_first = h)
    messages = system.array([[int(a == b) for b in range(hidden)] for a in range(hidden)])[:, None, :]
    before = system.ones(hidden, 1)
    for position in range(first, last + 1):
        if position > first:
            pushed = space.transitions[position - 1].push(messages.reshape(-1, messages.shape[2]), system)
            messages = pushed.reshape(hidden, -1, pushed.shape[1])
            before = system.sum(messages, 2)
        emission = space.emissions[position]
        messages = (messages[:, :, None, :] * emission.T[None, None]).reshape(hidden, -1, emission.shape[0])
    after = system.sum(messages, 2)
    above = _entropy(system, system.matmul(start[None], after)) - _entropy(
        system, system.matmul(start[None], before)
    )
    gain = system.sum(system.plogp(after), 1) - system.sum(system.plogp(before), 1)
    return above, system.sum(start * gain, 0)


def _entropy(system: Arithmetic, law: Array) -> Array:
    return system.sum(system.plogp(law), (0, 1))
