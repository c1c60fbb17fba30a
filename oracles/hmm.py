"""Hidden Markov models."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from oracles.arithmetic import Array, infer
from oracles.state_space import DenseTransition, StateSpace
from oracles.state_space_oracle import StateSpaceOracle
from oracles.steps import distinct, read_steps
from oracles.validation import check_distributions, check_shape, read_array, read_count


class HMM(StateSpaceOracle):
    """z is a Markov chain on H hidden states, x_i is drawn from emission[z_i].

    initial `[H]`; transition `[H, H]` or a list of L-1 of them; emission `[H, V]` or a list of L of them.
    Numbers as in `NGram`.  Raises ValueError for wrong shapes, negative entries or rows that do not sum to 1.
    """

    def __init__(self, initial: Any, transition: Any, emission: Any, length: int) -> None:
        self.length = read_count("length", length)
        self.arithmetic = infer(initial, transition, emission)
        self.initial = read_array("initial", initial, self.arithmetic)
        self.transitions = read_steps("transition", transition, 2, self.length - 1, self.arithmetic)
        self.emissions = read_steps("emission", emission, 2, self.length, self.arithmetic)
        self.vocab_size = int(self.emissions[0].shape[1])
        self._check()

    @property
    def hidden_size(self) -> int:
        """H, the number of hidden states."""
        return int(self.initial.shape[0])

    def _check(self) -> None:
        hidden = self.hidden_size if self.initial.ndim == 1 else 0
        if hidden < 1:
            raise ValueError(
                f"initial: expected one probability a hidden state, got shape {tuple(self.initial.shape)}"
            )
        if self.vocab_size < 1:
            raise ValueError(
                f"emission: expected at least one token, got shape {tuple(self.emissions[0].shape)}"
            )
        check_distributions("initial", self.initial, self.arithmetic)
        for name, arrays, shape in (
            ("transition", self.transitions, (hidden, hidden)),
            ("emission", self.emissions, (hidden, self.vocab_size)),
        ):
            for step, array in distinct(arrays):
                label = name if len(distinct(arrays)) == 1 else f"{name}[{step}]"
                check_shape(label, array, shape)
                check_distributions(label, array, self.arithmetic)

    @cached_property
    def space(self) -> StateSpace:
        """The hidden states themselves."""
        steps = {id(matrix): DenseTransition(matrix) for matrix in self.transitions}
        transitions = tuple(steps[id(matrix)] for matrix in self.transitions[: self.length - 1])
        return StateSpace(self.initial, transitions, self.emissions)

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.initial = converted(self.initial)
        clone.transitions = tuple(converted(matrix) for matrix in self.transitions)
        clone.emissions = tuple(converted(matrix) for matrix in self.emissions)
