"""The schedules: iid steps, steps of fixed sizes, and a fixed ordered partition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, combinations
from math import comb
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, convert, infer
from oracles.validation import check_distributions, read_array, read_count
from theory.unmasking.base import Context
from theory.unmasking.oblivious import Exchangeable, Schedule
from theory.unmasking.reveals import Chosen, EachWith, UniformSubset


class IID(Exchangeable):
    """Every position falls in step k with probability w_k, independently of the others.

    This is ancestral sampling of a masked diffusion model on a time grid, with
    w_k = alpha(t_{k-1}) - alpha(t_k) read from t = 1 (all masked) down to t = 0.
    weights: N probabilities that sum to 1 (ValueError otherwise).  Any N is allowed, also N > L.
    """

    def __init__(self, weights: Any) -> None:
        self._system = infer(weights)
        self.weights = read_array("weights", weights, self._system)
        if self.weights.ndim != 1 or self.weights.shape[0] == 0:
            raise ValueError(
                f"weights: expected one probability a step, got shape {tuple(self.weights.shape)}"
            )
        check_distributions("weights", self.weights, self._system)

    @classmethod
    def uniform(cls, steps: int) -> IID:
        """N equal weights 1/N, exact."""
        steps = read_count("steps", steps)
        return cls([Fraction(1, steps)] * steps)

    @classmethod
    def from_alpha(cls, alpha: Callable[[Any], Any], steps: int) -> IID:
        """Weights of the uniform time grid t = k/N under a masking schedule alpha.

        alpha(t) is the probability that a token is still unmasked at time t; it must fall from 1 at t = 0 to
        0 at t = 1 (ValueError if it does not, or is not monotone).  It is called with exact fractions: an
        alpha that stays rational gives exact weights.
        """
        steps = read_count("steps", steps)
        if not callable(alpha):
            raise ValueError(f"alpha: expected a function of time, got {alpha!r}")
        values = [alpha(Fraction(k, steps)) for k in range(steps + 1)]
        if abs(values[0] - 1) > 1e-12 or abs(values[-1]) > 1e-12:
            raise ValueError(
                f"alpha: expected alpha(0) = 1 and alpha(1) = 0, got {values[0]} and {values[-1]}"
            )
        weights = [values[k - 1] - values[k] for k in range(steps, 0, -1)]
        if any(weight < 0 for weight in weights):
            raise ValueError("alpha: expected a nonincreasing function of time, got one that rises")
        return cls(weights)

    @property
    def steps(self) -> int:
        return int(self.weights.shape[0])

    def check(self, masked: Sequence[int]) -> None:
        """Any number of positions is fine."""

    def checked_weights(self, number_system: Arithmetic) -> Array:
        """The weights as given.  ValueError if a law in this number system cannot use them."""
        weights_in(number_system, self.weights, self._system)
        return self.weights

    def weights_in(self, number_system: Arithmetic) -> Array:
        """The weights as numbers of another system.  ValueError as in `checked_weights`."""
        return weights_in(number_system, self.weights, self._system)

    @cached_property
    def _chances(self) -> list[Array]:
        """For every step, `[2]`: the chances that what is still masked is revealed now, or stays.

        They are w_k and w_{k+1} + .. + w_N over their sum, in the numbers of the weights.  What comes after
        the last positive weight reveals all that is left: exactly 1, so that no rounding leaves a mask.
        """
        system = self._system
        later, chances = system.zeros(1), []
        with system.context():
            for step in reversed(range(self.steps)):
                now = self.weights[step : step + 1]
                if np.all(system.is_zero(later)):
                    chances.append(system.concat([system.ones(1), system.zeros(1)]))
                else:
                    chances.append(system.divide(system.concat([now, later]), now + later))
                later = now + later
        return chances[::-1]

    def reveal(self, step: int, number_system: Arithmetic) -> EachWith:
        rate, stay = weights_in(number_system, self._chances[step], self._system)
        return EachWith(number_system.element(rate), number_system.element(stay))

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return (vocab_size + 1) ** masked

    def expected_calls(self, length: int, number_system: Arithmetic) -> Any:
        weights = number_system.tolist(self.weights_in(number_system))
        return sum(1 - (1 - weight) ** length for weight in weights)

    def context_sizes(self, length: int, number_system: Arithmetic) -> Array:
        weights = self.weights_in(number_system)
        system, total = number_system, number_system.zeros(length)
        done = system.zeros(1)
        for step in range(self.steps):
            left = system.sum(weights[step:], 0).reshape(1)
            total = total + weights[step] * _binomial_law(length - 1, done, left, system)
            done = done + weights[step : step + 1]
        return total

    def __repr__(self) -> str:
        shown = ", ".join(str(weight) for weight in self._system.tolist(self.weights)[:4])
        return f"IID({self.steps} steps: {shown}{', ...' if self.steps > 4 else ''})"


class FixedSizes(Exchangeable):
    """A uniformly random ordered partition with these sizes.

    sizes: n_1, .., n_N >= 0 that sum to the number of masked positions (checked against the oracle, ValueError).
    """

    def __init__(self, sizes: Any) -> None:
        self.sizes = _read_counts("sizes", sizes)
        if not self.sizes:
            raise ValueError("sizes: expected at least one step, got none")

    @property
    def steps(self) -> int:
        return len(self.sizes)

    def check(self, masked: Sequence[int]) -> None:
        if sum(self.sizes) != len(masked):
            raise ValueError(
                f"sizes: expected a sum of {len(masked)} (the masked positions), got {sum(self.sizes)}"
            )

    def reveal(self, step: int, number_system: Arithmetic) -> UniformSubset:
        return UniformSubset(self.sizes[step])

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return max(comb(masked, size) * vocab_size**size for size in self.sizes)

    def masked_sets(self, length: int, size: int) -> Iterable[tuple[int, ...]]:
        met = length - size in accumulate(self.sizes, initial=0)
        return combinations(range(length), size) if met else ()

    def one_at_a_time(self, length: int) -> bool:
        return max(self.sizes) <= 1

    def expected_calls(self, length: int, number_system: Arithmetic) -> int:
        return sum(size > 0 for size in self.sizes)

    def transitions(self, vocab_size: int, length: int) -> int:
        done, total = 0, 0
        for size in self.sizes:
            sets = comb(length, done) * comb(length - done, size)
            done += size
            total += sets * vocab_size**done
        return total

    def context_sizes(self, length: int, number_system: Arithmetic) -> Array:
        total = [Fraction(0)] * length
        done = 0
        for size in self.sizes:
            if size:
                total[done] += Fraction(size, length)
            done += size
        return number_system.array(total)

    def __repr__(self) -> str:
        return f"FixedSizes({_listed(self.sizes)})"


class Partition(Schedule):
    """A fixed ordered partition: step k reveals the positions of block k.

    blocks: lists of positions that together name every masked position once (checked, ValueError).
    """

    def __init__(self, blocks: Any) -> None:
        self.blocks = tuple(_read_counts("blocks", block) for block in _read_list("blocks", blocks))
        if not self.blocks:
            raise ValueError("blocks: expected at least one step, got none")

    @property
    def steps(self) -> int:
        return len(self.blocks)

    def check(self, masked: Sequence[int]) -> None:
        named = [position for block in self.blocks for position in block]
        missing, extra = set(masked) - set(named), set(named) - set(masked)
        if missing or extra or len(named) != len(set(named)):
            twice = {position for position in named if named.count(position) > 1}
            raise ValueError(
                "blocks: expected every masked position once, got "
                f"missing {sorted(missing)}, not masked {sorted(extra)}, repeated {sorted(twice)}"
            )

    def reveal(self, step: int, number_system: Arithmetic) -> Chosen:
        return Chosen(self.blocks[step])

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return vocab_size ** min(masked, max(map(len, self.blocks)))

    def masked_sets(self, length: int, size: int) -> Iterable[tuple[int, ...]]:
        left = set(range(length))
        stages = [tuple(sorted(left := left - set(block))) for block in ((), *self.blocks)]
        return sorted({stage for stage in stages if len(stage) == size})

    def one_at_a_time(self, length: int) -> bool:
        return max(map(len, self.blocks)) <= 1

    def expected_calls(self, length: int, number_system: Arithmetic) -> int:
        return sum(len(block) > 0 for block in self.blocks)

    def transitions(self, vocab_size: int, length: int) -> int:
        return sum(vocab_size**done for done in accumulate(len(block) for block in self.blocks))

    def contexts(self, length: int, number_system: Arithmetic) -> Iterator[Context]:
        revealed: list[int] = []
        for block in self.blocks:
            if block:
                yield Context(list(block), sorted(revealed), number_system.element(number_system.ones(1)[0]))
            revealed.extend(block)

    def relabelled(self, masked: Sequence[int]) -> Partition:
        """The same partition with the masked positions numbered 0, 1, .. in order."""
        rank = {position: index for index, position in enumerate(masked)}
        return Partition([[rank[position] for position in block] for block in self.blocks])

    def __repr__(self) -> str:
        return f"Partition({_listed([list(block) for block in self.blocks])})"


def _listed(items: Sequence[Any]) -> str:
    """The items, only the first four of many."""
    return (
        f"{list(items)}"
        if len(items) <= 16
        else f"[{', '.join(map(str, items[:4]))}, ...: {len(items)} steps]"
    )


def weights_in(number_system: Arithmetic, weights: Array, own: Arithmetic) -> Array:
    """Weights in their own numbers as those of another system; ValueError if a law in it cannot use them."""
    try:
        if own.name.startswith("float") and not number_system.name.startswith("float"):
            raise ValueError("write them as fractions, or use q.to('float64')")
        return convert(weights, own, number_system)
    except ValueError as error:
        raise ValueError(
            f"weights: expected numbers that a law in {number_system.name} can use, got {own.name}: {error}"
        ) from error


def _binomial_law(trials: int, success: Array, failure: Array, number_system: Arithmetic) -> Array:
    """Binomial probabilities of 0..trials successes, `[trials + 1]`, by adding one trial at a time.

    Repeated convolution only adds non-negative terms: no cancellation, no factorials that overflow.
    """
    law = number_system.ones(1)
    for _ in range(trials):
        grown = number_system.concat([law * failure, number_system.zeros(1)], 0)
        law = grown + number_system.concat([number_system.zeros(1), law * success], 0)
    return law


def _read_counts(name: str, values: Any) -> tuple[int, ...]:
    return tuple(read_count(name, value, minimum=0) for value in _read_list(name, values))


def _read_list(name: str, values: Any) -> list[Any]:
    if not isinstance(values, Iterable):
        raise ValueError(f"{name}: expected a list, got {values!r}")
    return list(values)
