"""Errors of schedules at any length, bounded through windows.

Conditioning on less never lowers an entropy, and given the hidden states at both ends of a window nothing beyond
it matters: both bound H(X_i | X_S).  Windows of a stationary law look alike, so that a few serve every position.
"""

from __future__ import annotations

from collections.abc import Sequence

from oracles import Oracle, Result
from oracles.arithmetic import Scalar
from oracles.entropy import is_unifilar
from oracles.state_space_oracle import StateSpaceOracle
from theory.information.window_averages import mean_entropies
from theory.information.window_entropies import WindowEntropy, Windows, enclosed, narrow, read_hidden
from theory.unmasking.oblivious import Exchangeable


def windowed_expected_kl(
    q: Oracle, schedule: Exchangeable, *, radius: int | None = None, width: float = 1e-3
) -> Result:
    """E KL in bits of an iid schedule or fixed sizes, for any law with a state space, enclosed in `bounds`:

        E KL = sum_i E H(X_i | X_S) - H(X),  S what is revealed before i,

    with every entropy bounded through a window of `radius` positions on a side; by default the radius grows
    until the bounds are `width` apart, or further growth is too much work, which the notes then say.  The upper
    bound is attained for radius >= L-1, and for one step at any radius; both are for a law that forgets its
    hidden state.  Cost: tables of H^2 (V+1)^{2 radius + 1} entries, one for all windows that look alike.
    ValueError for a law without a state space, or a radius that is too much work.
    """
    law = read_hidden(q)
    schedule.check(range(law.length))
    windows = Windows(law)
    least, most = _entropy(law, windows, width / 4)
    found, tried = None, 0 if radius is None else radius
    while True:
        means = mean_entropies(windows, schedule, tried)
        if means is None:
            break
        with windows.system.context():
            found = enclosed(law, _at_least_zero(means[0] - most), means[1] - least, tried, width)
        if radius is not None or not found.notes or tried >= law.length - 1:
            break
        tried += 1
    if found is None:
        raise ValueError(f"radius: expected windows that fit in memory, got {tried} on a side for {law!r}")
    return found


def _entropy(law: StateSpaceOracle, windows: Windows, width: float) -> tuple[Scalar, Scalar]:
    """Bounds on H(X) = sum_i H(X_i | X_{<i}), equal where tokens determine the hidden path."""
    if is_unifilar(law):
        value = law.entropy().value
        return value, value
    entropies = [windows.entropy(i, range(i)) for i in range(law.length)]
    narrow(entropies, width)
    with windows.system.context():
        zero = windows.system.zeros(1)[0]
        return sum((h.low for h in entropies), zero), sum((h.high for h in entropies), zero)


def windowed_partition_kl(q: Oracle, blocks: Sequence[Sequence[int]], *, width: float = 1e-6) -> Result:
    """KL(q||p_pi) in bits of a fixed ordered partition, for any law with a state space, enclosed in `bounds`:

        KL(q||p_pi) = sum over steps and over their positions i, in order, of I(X_i; X_E | X_{S_<k}),

    E the positions before i in its step.  The first of a step costs nothing, so that one token a step gives
    exactly 0; each of the others is a difference of two entropies that windows enclose.  Chains have a
    direct route (`chain_errors_by_step`).
    width: how far apart the bounds may be; where that takes more than a bounded amount of work the notes say
    that it was not reached.  ValueError for a law without a state space.
    """
    law = read_hidden(q)
    windows = Windows(law)
    terms: list[tuple[WindowEntropy, WindowEntropy]] = []
    revealed: list[int] = []
    for block in blocks:
        earlier = revealed
        for place, position in enumerate(sorted(block)):
            if place > 0:
                terms.append((windows.entropy(position, revealed), windows.entropy(position, earlier)))
            earlier = [*earlier, position]
        revealed = earlier
    if not terms:
        logs = law.arithmetic.logs
        return Result(logs.element(logs.zeros(1)[0]), "bits", "one token a step", logs.guarantee)
    entropies = [entropy for term in terms for entropy in term]
    narrow(entropies, width)
    with windows.system.context():
        low = high = windows.system.zeros(1)[0]
        for alone, told in terms:
            low = low + _at_least_zero(alone.low - told.high)
            high = high + alone.high - told.low
    return enclosed(law, low, high, max(entropy.tokens for entropy in entropies), width)


def _at_least_zero(bound: Scalar) -> Scalar:
    """A lower bound on something that is never negative; a ball that is not certainly positive says nothing."""
    return bound if bound > 0 else abs(0 * bound)
