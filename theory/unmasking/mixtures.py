"""A sampler that first picks, at random, one of several ways of unmasking: randomised sizes among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, infer
from oracles.patterns import Tokens
from oracles.validation import check_distributions, read_array
from theory.unmasking.base import Context, Unmasking
from theory.unmasking.draws import Draw, Rows
from theory.unmasking.schedules import FixedSizes, weights_in


class OneOf(Unmasking):
    """One of `choices`, picked with these `weights` before the first step.

    weights: probabilities that sum to 1 (ValueError otherwise).
    """

    mixes = True

    def __init__(self, choices: Sequence[Unmasking], weights: Any) -> None:
        self.choices: tuple[Unmasking, ...] = tuple(choices) if isinstance(choices, Iterable) else ()
        if not self.choices or not all(isinstance(choice, Unmasking) for choice in self.choices):
            raise ValueError(f"choices: expected one or more schedules or planners, got {choices!r}")
        self._system = infer(weights)
        self.weights = read_array("weights", weights, self._system)
        if tuple(self.weights.shape) != (len(self.choices),):
            raise ValueError(
                f"weights: expected {len(self.choices)}, one a choice, got shape {tuple(self.weights.shape)}"
            )
        check_distributions("weights", self.weights, self._system)
        self.oblivious = all(choice.oblivious for choice in self.choices)
        self.remasks = any(choice.remasks for choice in self.choices)
        self.forceable = all(choice.forceable for choice in self.choices)

    def check(self, masked: Sequence[int]) -> None:
        for choice in self.choices:
            choice.check(masked)

    def most_steps(self, length: int) -> int:
        return max(choice.most_steps(length) for choice in self.choices)

    def parts(self, number_system: Arithmetic) -> list[tuple[Any, Unmasking]]:
        weights = number_system.tolist(weights_in(number_system, self.weights, self._system))
        chosen = [(w, choice) for w, choice in zip(weights, self.choices, strict=True) if w != 0]
        return [(w * share, part) for w, choice in chosen for share, part in choice.parts(number_system)]

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        raise TypeError("a mixture takes no step of its own: follow its parts")

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return max(choice.outcomes(masked, observed, vocab_size) for choice in self.choices)

    def transitions(self, vocab_size: int, length: int) -> int:
        return sum(choice.transitions(vocab_size, length) for choice in self.choices)

    def one_at_a_time(self, length: int) -> bool:
        return all(choice.one_at_a_time(length) for choice in self.choices)

    def expected_calls(self, length: int, number_system: Arithmetic) -> Any:
        calls = [
            (share, part.expected_calls(length, number_system)) for share, part in self.parts(number_system)
        ]
        return None if any(c is None for _, c in calls) else sum(share * c for share, c in calls)

    def contexts(self, length: int, number_system: Arithmetic) -> Iterator[Context]:
        for share, part in self.parts(number_system):
            for positions, revealed, weight in part.contexts(length, number_system):
                yield Context(positions, revealed, share * weight)

    def relabelled(self, masked: Sequence[int]) -> OneOf:
        return self._of([choice.relabelled(masked) for choice in self.choices])

    def with_denoisers(self, move: Callable[[Any], Any]) -> OneOf:
        return self._of([choice.with_denoisers(move) for choice in self.choices])

    def _of(self, choices: list[Unmasking]) -> OneOf:
        return OneOf(choices, self.weights)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.choices)} choices, the first {self.choices[0]!r})"


class RandomSizes(OneOf):
    """A uniformly random ordered partition whose sizes are themselves random (Zhao & Cai 2026).

    sizes: vectors of sizes, each of which sums to the number of masked positions; weights: their probabilities.
    """

    def __init__(self, sizes: Sequence[Any], weights: Any) -> None:
        vectors = list(sizes) if isinstance(sizes, Iterable) else []
        if not vectors:
            raise ValueError(f"sizes: expected one or more vectors of sizes, got {sizes!r}")
        super().__init__([FixedSizes(vector) for vector in vectors], weights)

    def relabelled(self, masked: Sequence[int]) -> RandomSizes:
        return self

    def with_denoisers(self, move: Callable[[Any], Any]) -> RandomSizes:
        return self
