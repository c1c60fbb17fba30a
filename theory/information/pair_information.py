"""I(X_l; X_r) between the tokens of a first-order Markov chain: all that its conditional entropies are made of.

Between two revealed tokens a chain is independent of the rest.  With l < i < r the nearest revealed neighbours,
    H(X_i | X_S) = H(X_i) - I(X_l; X_i) - I(X_i; X_r) + I(X_l; X_r),
where a term vanishes if one of its ends does not exist: position -1 stands for the begin, L for the end.
"""

from __future__ import annotations

from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.entropy import in_logs
from oracles.state_space import Transition
from oracles.state_space_oracle import StateSpaceOracle
from theory.information.chain_entropies import is_homogeneous


class PairInformation:
    """I(X_l; X_r) in bits of a law that `is_chain`, in its log arithmetic, computed gap by gap as asked for.

    O(V^3 + L V) a gap if homogeneous; otherwise O(L V^3) for each of the gaps up to the longest asked for.
    """

    def __init__(self, chain: StateSpaceOracle) -> None:
        law = in_logs(chain)
        self.system, self.length = law.arithmetic, law.length
        self._by_gap: dict[int, Array] = {}
        with self.system.context():
            self._marginals = self.system.stack(law.sum_product.state_marginals())
            self._entropies = self.system.sum(self.system.plogp(self._marginals), 1)
            transitions = law.space.transitions
            if is_homogeneous(law) and transitions:
                self._rows: _Powers | _Products = _Powers(transitions[0].dense(self.system), self.system)
            else:
                self._rows = _Products(transitions, self.system)

    def between(self, left: int, right: int) -> Scalar:
        """I(X_left; X_right), left < right; exactly 0 where one of them is the begin (-1) or the end (L)."""
        if left < 0 or right >= self.length:
            return self.system.element(self.system.zeros(1)[0])
        return self.system.element(self.at_gap(right - left)[left])

    def at_gap(self, gap: int) -> Array:
        """I(X_l; X_{l+gap}) for l = 0, 1, .., `[L - gap]`."""
        if gap not in self._by_gap:
            with self.system.context():
                conditional = self._marginals[: self.length - gap] * self._rows.entropies(gap)
                self._by_gap[gap] = self._entropies[gap:] - self.system.sum(conditional, 1)
        return self._by_gap[gap]


class _Powers:
    """The entropies of the rows of P^gap, `[V]`, by halving."""

    def __init__(self, transition: Array, system: Arithmetic) -> None:
        self.system, self._powers = system, {1: transition}

    def entropies(self, gap: int) -> Array:
        return self.system.sum(self.system.plogp(self._power(gap)), 1)

    def _power(self, gap: int) -> Array:
        if gap not in self._powers:
            half = gap - 1 if gap - 1 in self._powers else gap // 2
            self._powers[gap] = self.system.matmul(self._power(half), self._power(gap - half))
        return self._powers[gap]


class _Products:
    """The entropies of the rows of the transitions over a gap, `[L - gap, V]`, each gap from the one before."""

    def __init__(self, transitions: tuple[Transition, ...], system: Arithmetic) -> None:
        self.system, self._known = system, []
        dense = {id(transition): transition.dense(system) for transition in transitions}
        self._steps = [dense[id(transition)] for transition in transitions]
        self._across: list[Array] = []

    def entropies(self, gap: int) -> Array:
        while len(self._known) < gap:
            reached = len(self._known)
            if reached:
                pairs = zip(self._across, self._steps[reached:], strict=False)
                self._across = [self.system.matmul(across, step) for across, step in pairs]
            else:
                self._across = self._steps
            self._known.append(self.system.sum(self.system.plogp(self.system.stack(self._across)), 2))
        return self._known[gap - 1]
