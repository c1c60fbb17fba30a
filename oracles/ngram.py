"""n-grams of any order and their most used member, the Markov chain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array, infer
from oracles.kernels.path import Path, on_cpu, on_device
from oracles.oracle import Oracle
from oracles.patterns import Tokens
from oracles.reachability import occupied, visited
from oracles.state_space import ShiftTransition, StateSpace
from oracles.state_space_oracle import StateSpaceOracle
from oracles.steps import distinct, read_steps
from oracles.validation import check_distributions, check_shape, read_array, read_count

if TYPE_CHECKING:  # torch is imported when the first float array is made
    from oracles.kernels.gaps import GapTables, SupportTables

POWER_ENTRIES = 2**25
"""Largest L * V**2 for which a chain keeps its transition powers (256 MiB in float64, twice)."""


class NGram(StateSpaceOracle):
    """q(x) = initial[x_0..x_{n-2}] * prod_i transition[x_{i-n+1}, .., x_{i-1}, x_i].

    initial: joint law of the first n-1 tokens, shape `(V,)*(n-1)` (the number 1 for order 1).
    transition: shape `(V,)*n`, or a list of L-n+1 such arrays, one a step.  The order is read off `initial`.
    For L < n-1 the initial law is summed out to L tokens.
    Numbers: fractions, ints and "1/3" strings are exact, floats float64, sympy expressions symbolic.
    Raises ValueError for wrong shapes, negative entries or rows that do not sum to 1; the row of a context
    that is never visited may be all zero.
    """

    def __init__(self, initial: Any, transition: Any, length: int) -> None:
        self.length = read_count("length", length)
        self.arithmetic = infer(initial, transition)
        self.initial = read_array("initial", initial, self.arithmetic)
        self.transitions = read_steps("transition", transition, self.order, self._steps, self.arithmetic)
        self.vocab_size = (
            int(self.transitions[0].shape[-1]) if self.transitions else int(self.initial.shape[0])
        )
        self._check()

    @property
    def order(self) -> int:
        """n: a token depends on the n-1 before it."""
        return self.initial.ndim + 1

    @property
    def _steps(self) -> int:
        """Number of tokens drawn from a transition."""
        return max(self.length - self.order + 1, 0)

    @cached_property
    def homogeneous(self) -> bool:
        """Whether one transition serves every step."""
        return len({id(transition) for transition in self.transitions}) <= 1

    def _check(self) -> None:
        vocab, order = self.vocab_size, self.order
        if vocab < 1:
            raise ValueError("transition: expected at least one token, got an empty array")
        check_shape("initial", self.initial, (vocab,) * (order - 1))
        axes = tuple(range(order - 1))
        if axes:
            check_distributions("initial", self.initial, self.arithmetic, axes)
        elif not bool(self.arithmetic.element(self.initial.reshape(())) == 1):
            raise ValueError(f"initial: expected the number 1 for an n-gram of order 1, got {self.initial}")
        named = [
            ("transition" if self.homogeneous else f"transition[{step}]", transition)
            for step, transition in distinct(self.transitions)
        ]
        for name, transition in named:
            check_shape(name, transition, (vocab,) * order)
        idle = self._idle_contexts()
        for name, transition in named:
            check_distributions(name, transition, self.arithmetic, may_vanish=idle.get(id(transition)))

    def _idle_contexts(self) -> dict[int, NDArray[np.bool_]]:
        """For each transition the contexts it is never applied in: their rows may be all zero."""
        shape = (self.vocab_size, -1, self.vocab_size)
        possible = {id(t): np.logical_not(self.arithmetic.is_zero(t)) for _, t in distinct(self.transitions)}
        if self.order == 1 or all(array.any(axis=-1).all() for array in possible.values()):
            return {}
        start = np.logical_not(self.arithmetic.is_zero(self.initial)).reshape(-1)
        moves = {key: ShiftTransition(array.reshape(shape)) for key, array in possible.items()}
        states = occupied(start, [moves[id(transition)] for transition in self.transitions])
        contexts = (self.vocab_size,) * (self.order - 1)
        return {key: ~seen.reshape(contexts) for key, seen in visited(self.transitions, states).items()}

    @cached_property
    def space(self) -> StateSpace:
        """States are the last min(i+1, n-1) tokens; the emission reads off the newest."""
        vocab, memory = self.vocab_size, max(self.order - 1, 1)
        with self.arithmetic.context():
            prefixes = self._prefix_laws(min(memory, self.length))
            growing = [
                ShiftTransition(_next_token_law(short, long, vocab, self.arithmetic))
                for short, long in itertools.pairwise(prefixes)
            ]
        shifts = {id(t): ShiftTransition(self._shift_weights(t)) for t in self.transitions}
        moving = [shifts[id(t)] for t in self._steps_after_first_states()]
        widths = [vocab ** min(i + 1, memory) for i in range(self.length)]
        emission = {width: _newest_token(width, vocab, self.arithmetic) for width in set(widths)}
        return StateSpace(
            prefixes[0].reshape(-1), (*growing, *moving), tuple(emission[width] for width in widths)
        )

    def _prefix_laws(self, longest: int) -> list[Array]:
        """Joint laws of the first 1, 2, .., `longest` tokens, flattened."""
        if self.order == 1:
            return [self.transitions[0].reshape(-1)]
        laws = []
        law = self.initial
        for size in range(self.order - 1, 0, -1):
            if size <= longest:
                laws.append(law.reshape(-1))
            law = self.arithmetic.sum(law, size - 1)
        return laws[::-1]

    def _steps_after_first_states(self) -> tuple[Array, ...]:
        # An order-1 law spends its first transition on the start law: its states are single tokens too.
        return self.transitions[1:] if self.order == 1 else self.transitions[: self._steps]

    def _shift_weights(self, transition: Array) -> Array:
        vocab = self.vocab_size
        if self.order == 1:
            return transition.reshape(1, 1, vocab) + self.arithmetic.zeros(vocab, 1, 1)
        return transition.reshape(vocab, -1, vocab)

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.initial = converted(self.initial)
        clone.transitions = tuple(converted(transition) for transition in self.transitions)


class MarkovChain(NGram):
    """q(x) = initial[x_0] * prod_i transition[x_i, x_{i+1}]: the n-gram of order 2.

    initial `[V]`; transition `[V, V]`, or a list of L-1 such matrices.  Errors and numbers as in `NGram`.
    """

    def __init__(self, initial: Any, transition: Any, length: int) -> None:
        start = read_array("initial", initial, infer(initial, transition))
        if start.ndim != 1:
            raise ValueError(f"initial: expected one probability a token, got shape {tuple(start.shape)}")
        super().__init__(initial, transition, length)

    def _tabulated(self) -> bool:
        """Whether tables of transition powers serve this chain (see oracles.kernels.gaps)."""
        entries = self.length * self.vocab_size**2
        return self.homogeneous and bool(self.transitions) and entries <= POWER_ENTRIES

    @cached_property
    def _gap_tables(self) -> GapTables:
        from oracles.kernels.gaps import GapTables

        return GapTables.build(self.initial, self.transitions[0], self.length)

    @cached_property
    def _support_tables(self) -> SupportTables:
        from oracles.kernels.gaps import SupportTables

        return SupportTables.build(self.initial, self.transitions[0], self.length)

    def _probability(self, patterns: Tokens) -> Array:
        if self.arithmetic.name == "boolean" and self._tabulated():
            return self._support_tables.possible(patterns)
        return super()._probability(patterns)

    def explain(self, batch: int = 1) -> Path:
        if not self.arithmetic.name.startswith("float") or not self._tabulated():
            return super().explain(batch)
        reason = "a homogeneous chain, whose tables of powers fit in memory"
        return Path("transition powers", reason, float(2 * batch * self.length * self.vocab_size))

    def _compiled_conditionals(
        self, patterns: Tokens, chosen: NDArray[np.bool_], out: Array | None = None
    ) -> Array | None:
        if self.explain(len(patterns)).name != "transition powers":
            return super()._compiled_conditionals(patterns, chosen, out)
        if not on_cpu(self.arithmetic):
            return None
        return self._filled(self._gap_tables.conditionals, patterns, chosen, out)

    @cached_property
    def _device_kernel(self) -> Any:
        if not on_device(self.arithmetic) or not self._tabulated():
            return super()._device_kernel
        from oracles.kernels.device.lookups import DeviceLookups

        return DeviceLookups(self._gap_tables)

    def _condition(self, pattern: Tokens) -> Oracle:
        return chain_of_space(self._conditioned_space(pattern), self.arithmetic)

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        return chain_of_space(self._marginal_space(positions), self.arithmetic)


def chain_of_space(space: StateSpace, number_system: Arithmetic) -> MarkovChain:
    """The chain of a state space whose states are the tokens: what conditioning and marginalising chains gives."""
    chain = object.__new__(MarkovChain)
    chain.vocab_size, chain.length, chain.arithmetic = len(space.initial), space.length, number_system
    chain.initial = space.initial
    dense = {id(t): t.dense(number_system) for t in space.transitions}
    chain.transitions = tuple(dense[id(t)] for t in space.transitions)
    return chain


def _next_token_law(short: Array, long: Array, vocab: int, number_system: Arithmetic) -> Array:
    """P(next token | prefix) from two prefix laws, as shift weights `[1, prefixes, V]`; 0 off the support."""
    joint = long.reshape(-1, vocab)
    return number_system.quotient_or_zero(joint, short[:, None]).reshape(1, -1, vocab)


def _newest_token(width: int, vocab: int, number_system: Arithmetic) -> Array:
    labels = np.arange(width) % vocab
    return number_system.array((labels[:, None] == np.arange(vocab)).astype(np.int64))
