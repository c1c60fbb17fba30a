"""The Oracle operations of every family that has a state space: n-grams, HMMs, automata, mixtures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles import entropy
from oracles.arithmetic import Arithmetic, Array, arithmetic
from oracles.float_rows import with_rows_over_sums
from oracles.kernels.path import Path, messages_path, on_device
from oracles.memory import check_bytes, entry_bytes
from oracles.oracle import Oracle
from oracles.patterns import Tokens, impossible
from oracles.result import Result
from oracles.state_space import DenseTransition, StateSpace, Transition
from oracles.state_space_check import check_state_space
from oracles.sum_product import SumProduct
from oracles.validation import read_count

BELIEF_ENTRIES = 2**24
"""Beliefs over states that the plain conditionals hold at a time."""


class StateSpaceOracle(Oracle):
    """A law given by a :class:`StateSpace`; families derive from it and add readable parameters."""

    def __init__(self, space: StateSpace, number_system: Arithmetic) -> None:
        self.vocab_size = space.vocab_size
        self.length = space.length
        self.arithmetic = number_system
        self._given_space = space

    @cached_property
    def space(self) -> StateSpace:
        """The state space of the law in its own arithmetic."""
        return self._given_space

    @cached_property
    def sum_product(self) -> SumProduct:
        """Forward and backward messages of this law."""
        return SumProduct(self.space, self.arithmetic)

    @cached_property
    def _probabilities(self) -> SumProduct:
        """The messages that probabilities are made of: for floats in float64, as `oracles.float_rows` reads rows."""
        if not self.arithmetic.name.startswith("float"):
            return self.sum_product
        space = with_rows_over_sums(self.space)
        return SumProduct(space, arithmetic("float64", device=str(space.initial.device)))

    def _rounded(self, values: Array) -> Array:
        """What `_probabilities` computed, in the law's own precision."""
        return values.float() if self.arithmetic.name == "float32" else values

    def state_space(self) -> StateSpace:
        """The state space (the interface that products and mixtures of oracles build on)."""
        return self.space

    def _probability(self, patterns: Tokens) -> Array:
        product = self._probabilities
        return self._rounded(product.number_system.unscale(*product.mass(patterns)))

    def _log_prob(self, patterns: Tokens) -> Array:
        number_system = self._probabilities.number_system
        mass, exponent = self._probabilities.mass(patterns)
        scaled, step = number_system.rescale(mass[:, None])
        mass, exponent = scaled[:, 0], exponent + step
        zero = np.asarray(number_system.is_zero(mass))
        if zero.any():
            self._refuse_underflow(patterns[zero])
        logs = number_system.ln(mass)
        if isinstance(exponent, int):
            return logs
        return self._rounded(logs + number_system.array(exponent) * np.log(2.0))

    def _mass_bytes(self) -> float:
        # Prediction, evidence, belief and what they become; float32 laws compute in float64.
        return 4.0 * self._most_states * max(8, entry_bytes(self.arithmetic))

    @cached_property
    def _most_states(self) -> int:
        return max(self.space.sizes)

    def _conditionals_bytes(self, batch: int, positions: float) -> float:
        entry = entry_bytes(self.arithmetic)
        if self.explain(batch).name != "plain":
            return positions * self.vocab_size * entry + self._mass_bytes()
        # The beliefs that wait, then the masses, what is consistent of them, and the answer.
        return positions * (self._most_states + 3 * self.vocab_size) * max(8, entry) + self._mass_bytes()

    def _refuse_underflow(self, patterns: Tokens) -> None:
        """ArithmeticError if one of these patterns, whose mass came out as zero, is possible."""
        possible = np.asarray(self.support()._probability(patterns))
        if possible.any():
            raise impossible(patterns, possible, structurally=~possible)

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Array | None = None) -> Array:
        if self._device_kernel is None:
            return super().conditionals(patterns, positions, out=out)
        from oracles.kernels.device.requests import conditionals

        return conditionals(self, self._device_kernel, patterns, positions, out)

    @cached_property
    def _device_kernel(self) -> Any:
        """What answers requests on another device than the CPU; None where only the plain path does."""
        if not on_device(self.arithmetic) or self.explain().name != "messages on the device":
            return None
        from oracles.kernels.device.scan import HiddenChain

        return HiddenChain.pack(self.space)

    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        columns = sorted(set(positions))
        rows = self._compiled_conditionals(patterns, self._chosen_columns(columns, len(patterns)))
        if rows is None:
            return self._plain_conditionals(patterns, positions)
        table = rows.reshape(len(patterns), len(columns), self.vocab_size)
        return table if columns == list(positions) else table[:, np.searchsorted(columns, positions)]

    def _conditionals_at(self, patterns: Tokens, chosen: NDArray[np.bool_]) -> Array:
        rows = self._compiled_conditionals(patterns, chosen)
        return self._gathered(self._plain_conditionals, patterns, chosen) if rows is None else rows

    def _conditionals_into(self, out: Array, patterns: Tokens, chosen: NDArray[np.bool_]) -> None:
        rows = self._compiled_conditionals(patterns, chosen, out)
        if rows is None:
            rows = self._gathered(self._plain_conditionals, patterns, chosen)
        if rows is not out:
            out.copy_(rows)

    def explain(self, batch: int = 1) -> Path:
        return self._messages_paths(read_count("batch", batch, minimum=0))

    @cached_property
    def _messages_paths(self) -> Callable[[int], Path]:
        return messages_path(self.space, self.arithmetic)

    def _compiled_conditionals(
        self, patterns: Tokens, chosen: NDArray[np.bool_], out: Array | None = None
    ) -> Array | None:
        """The chosen entries, row by row, by the kernel that `explain` names; None if it names none.

        In `out` if it is given and the kernel writes them in place.
        """
        if self._messages_paths(len(patterns)).name != "compiled messages":
            return None
        return self._filled(self._messages.conditionals, patterns, chosen, out)

    def _filled(self, fill: Any, patterns: Tokens, chosen: NDArray[np.bool_], out: Array | None) -> Array:
        """The chosen entries by a kernel, and by the plain path where it is not sure of its digits."""
        from oracles.kernels.compiled import fill_rows, fresh

        shape = int(chosen.sum()), self.vocab_size
        rows = fresh(shape, self.space.initial.dtype) if out is None else out
        doubtful = fill_rows(fill, patterns, chosen, rows)
        if doubtful.any():
            possible = np.asarray(self.support()._probability(patterns))
            if not possible.all():
                raise impossible(patterns, ~possible, structurally=~possible)
            places = self.arithmetic.index(np.flatnonzero(np.repeat(doubtful, chosen.sum(axis=1))))
            rows[places] = self._gathered(self._plain_conditionals, patterns[doubtful], chosen[doubtful])
        return rows

    @cached_property
    def _messages(self) -> Any:
        """The kernel that `explain` calls compiled messages, packed."""
        from oracles.kernels.forward_backward import Messages

        return Messages.pack(self.space)

    def _plain_conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        """`[B, P, V]`, in blocks of patterns whose beliefs at the positions fit in memory."""
        block = max(1, BELIEF_ENTRIES // (self._widest * max(1, len(positions))))
        if len(patterns) <= block:
            return self._plain_block(patterns, positions)
        starts = range(0, len(patterns), block)
        parts = [self._plain_block(patterns[start : start + block], positions) for start in starts]
        return self.arithmetic.concat(parts, 0)

    @cached_property
    def _widest(self) -> int:
        """The largest number of states at a position."""
        return max([int(self.space.initial.shape[0]), *(t.shape[1] for t in self.space.transitions)])

    def _plain_block(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        number_system = self._probabilities.number_system
        masses = self._probabilities.token_masses(patterns, positions)
        observed = patterns[:, positions]
        one_hot = np.arange(self.vocab_size) == observed[..., None]
        masked = (observed == self.mask)[..., None]
        consistent = number_system.where(masked | one_hot, masses, number_system.zeros(1))
        total = number_system.sum(consistent, 2)
        zero = np.any(number_system.is_zero(total), axis=1)
        if zero.any() or not positions:
            structurally = ~np.asarray(self.support()._probability(patterns))
            if (zero | structurally).any():
                raise impossible(patterns, zero | structurally, structurally=structurally)
        return self._rounded(number_system.divide(consistent, total[..., None]))

    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        tokens = np.empty((n, self.length), dtype=np.int64)
        index = self.arithmetic.index
        starts = self.space.initial.reshape(1, -1)[index(np.zeros(n, dtype=np.int64))]
        states = self.arithmetic.draw(starts, rng)
        for position, emission in enumerate(self.space.emissions):
            tokens[:, position] = self.arithmetic.draw(emission[index(states)], rng)
            if position + 1 < self.length:
                transition = self.space.transitions[position]
                choices = self.arithmetic.draw(transition.rows(states, self.arithmetic), rng)
                states = transition.successors(states, choices)
        return tokens

    def _entropy(self) -> Result:
        return entropy.state_space_entropy(self)

    def _condition(self, pattern: Tokens) -> Oracle:
        return StateSpaceOracle(self._conditioned_space(pattern), self.arithmetic)

    def _conditioned_space(self, pattern: Tokens) -> StateSpace:
        """The state space of the law given a pattern."""
        return self._whole(self._doob_transform(pattern), lambda twin: twin._doob_transform(pattern))

    def _whole(self, space: StateSpace, of: Callable[[StateSpaceOracle], StateSpace]) -> StateSpace:
        """A space derived from this law; ArithmeticError if floats lost a part that Booleans keep."""
        twin = self.support()
        if self.arithmetic.name.startswith("float") and isinstance(twin, StateSpaceOracle):
            for array, possible in zip(space.arrays(), of(twin).arrays(), strict=True):
                if (self.arithmetic.is_zero(array) & possible).any() or not array.isfinite().all():
                    raise ArithmeticError(
                        "the derived law has probabilities that underflow in floats: "
                        "use to('exact') or to('ball')"
                    )
        return space

    def _doob_transform(self, pattern: Tokens) -> StateSpace:
        """Every row reweighted by the probability of the evidence that follows."""
        batch = pattern[None]
        number_system, product = self.arithmetic, self._probabilities
        weight = [number_system.zeros(0)] * self.length
        for i, message in product.backward(batch):
            scaled, _ = product.number_system.rescale(product.evidence(batch, i) * message)
            weight[i] = self._rounded(scaled[0])
        # After the last observation nothing is reweighted, so a homogeneous law stays so after a prompt.
        last = max(np.flatnonzero(pattern != self.mask), default=0)
        if last:
            self._check_reweighted(self.space.transitions[last - 1], weight[last], int(last))
        transitions = tuple(
            self._reweighted(transition, weight[i + 1]) if i < last else transition
            for i, transition in enumerate(self.space.transitions)
        )
        initial = self.space.initial * weight[0]
        emissions = self._observed_emissions(pattern)
        total = number_system.sum(initial, 0).reshape(1)
        return StateSpace(number_system.quotient_or_zero(initial, total), transitions, emissions)

    def _check_reweighted(self, transition: Transition, weight: Array, steps: int) -> None:
        """ValueError if so many transitions like this one, reweighted, would not fit into memory."""
        known = {id(array) for array in transition.arrays()}
        new = [array for array in self._reweighted(transition, weight).arrays() if id(array) not in known]
        entries = sum(math.prod(array.shape) for array in new)
        needed = float(steps) * entries * entry_bytes(self.arithmetic)
        check_bytes("pattern", needed, "a law given the pattern, with a transition of its own at every step,")

    def _reweighted(self, transition: Transition, weight: Array) -> Transition:
        totals = transition.pull(weight[None], self.arithmetic)[0]
        inverse = self.arithmetic.quotient_or_zero(self.arithmetic.ones(1), totals)
        return transition.scaled(inverse, weight, self.arithmetic)

    def _observed_emissions(self, pattern: Tokens) -> Sequence[Array]:
        return tuple(self._observed(i, int(token)) for i, token in enumerate(pattern))

    def _observed(self, position: int, token: int) -> Array:
        """The emission at a position once its token is observed (unchanged where masked)."""
        emission = self.space.emissions[position]
        if token == self.mask:
            return emission
        kept = self.arithmetic.where(np.arange(self.vocab_size) == token, emission, self.arithmetic.zeros(1))
        return self.arithmetic.quotient_or_zero(kept, self.arithmetic.sum(kept, 1)[:, None])

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        return StateSpaceOracle(self._marginal_space(positions), self.arithmetic)

    def _marginal_space(self, positions: Sequence[int]) -> StateSpace:
        """The state space of the law of the tokens at these positions."""
        return self._whole(self._thinned(positions), lambda twin: twin._thinned(positions))

    def _thinned(self, positions: Sequence[int]) -> StateSpace:
        """States at these positions only, with the transitions in between multiplied out."""
        self._check_composed(itertools.pairwise(positions))
        initial = self.space.initial.reshape(1, -1)
        for transition in self.space.transitions[: positions[0]]:
            initial = transition.push(initial, self.arithmetic)
        gaps = itertools.pairwise(positions)
        return StateSpace(
            initial[0],
            tuple(self._composed(left, right) for left, right in gaps),
            tuple(self.space.emissions[i] for i in positions),
        )

    def _check_composed(self, gaps: Iterable[tuple[int, int]]) -> None:
        """ValueError if the matrices between positions that are not neighbours would not fit into memory."""
        sizes = self.space.sizes
        entries = sum(float(sizes[left]) * sizes[right] for left, right in gaps if right > left + 1)
        needed = entries * entry_bytes(self.arithmetic)
        check_bytes("positions", needed, "a marginal law, with a matrix for every gap,")

    def _composed(self, left: int, right: int) -> Transition:
        """The transition from the state at one position to the state at a later one."""
        first, *others = self.space.transitions[left:right]
        if not others:
            return first
        matrix = first.dense(self.arithmetic)
        for transition in others:
            matrix = transition.push(matrix, self.arithmetic)
        return DenseTransition(matrix)

    def _joint(self) -> Array:
        return self._rounded(self._probabilities.joint())

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone._given_space = self._given_space.map(converted)

    def _check(self) -> None:
        """Derived laws are built from checked ones; only rationalised or stored parameters need a look."""
        check_state_space(self.space, self.arithmetic)
