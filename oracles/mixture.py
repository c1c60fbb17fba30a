"""A random choice among oracles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from oracles.arithmetic import Arithmetic, Array, convert, infer
from oracles.parts import convert_parts, read_parts, same, shared_symbols
from oracles.state_space import StateSpace, Transition
from oracles.state_space_oracle import StateSpaceOracle
from oracles.transitions import BlockTransition
from oracles.validation import check_distributions, check_shape, read_array


class Mixture(StateSpaceOracle):
    """q(x) = sum_k weights[k] * parts[k](x): a part is drawn once, and then the sequence from it.

    weights `[K]`, exact numbers or numbers of the parts' system; some may be zero.  Raises ValueError for
    weights that are not a distribution, and for parts that differ in vocabulary, length or arithmetic.
    """

    def __init__(self, weights: Any, parts: Any) -> None:
        self.parts = read_parts(parts)
        same("length", [part.length for part in self.parts])
        self.vocab_size, self.length = self.parts[0].vocab_size, self.parts[0].length
        self.arithmetic = self.parts[0].arithmetic
        self.symbols = shared_symbols(self.parts)
        self.weights = self._read_weights(weights)

    def _read_weights(self, weights: Any) -> Array:
        given, wanted = infer(weights), self.arithmetic
        if given.name not in ("exact", wanted.name) and not (_is_float(given) and _is_float(wanted)):
            accepted = " or ".join(dict.fromkeys(["exact", wanted.name]))
            raise ValueError(f"weights: expected {accepted} numbers, got {given.name} ones")
        array = read_array("weights", weights, given)
        check_shape("weights", array, (len(self.parts),))
        check_distributions("weights", array, given)
        return convert(array, given, wanted)

    @cached_property
    def space(self) -> StateSpace:
        """The disjoint union of the parts' states; a path stays in the part it starts in."""
        system = self.arithmetic
        with system.context():
            spaces = [part.state_space() for part in self.parts]
            initial = [weight * space.initial for weight, space in zip(self.weights, spaces, strict=True)]
        moves: dict[tuple[int, ...], Transition] = {}
        words: dict[tuple[int, ...], Array] = {}
        transitions = [
            moves.setdefault(_ids(blocks), BlockTransition(blocks))
            for blocks in zip(*(space.transitions for space in spaces), strict=True)
        ]
        emissions = []
        for rows in zip(*(space.emissions for space in spaces), strict=True):
            if _ids(rows) not in words:
                words[_ids(rows)] = system.concat(rows, 0)
            emissions.append(words[_ids(rows)])
        return StateSpace(system.concat(initial, 0), tuple(transitions), tuple(emissions))

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.weights = converted(self.weights)
        clone.parts = convert_parts(self.parts, clone.arithmetic, converted)

    def _check(self) -> None:
        check_distributions("weights", self.weights, self.arithmetic)
        for part in self.parts:
            part._check()


def _is_float(number_system: Arithmetic) -> bool:
    return number_system.name.startswith("float")


def _ids(objects: Sequence[Any]) -> tuple[int, ...]:
    """Homogeneous parts repeat their matrices; so should their union."""
    return tuple(id(item) for item in objects)
