"""The Oracle: a law of token sequences of one length that is known exactly.

Conventions.  Tokens are 0..V-1, positions 0..L-1.  A *pattern* is an integer array of length L in which the
value V (`oracle.mask`) means masked; its probability sums the masked positions out, so every conditional
is a ratio of two pattern probabilities and the (V+1)**L patterns are the states of masked diffusion.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, Array, Scalar, arithmetic, convert
from oracles.kernels.path import Path
from oracles.memory import check_batch, check_table_size, entry_bytes, room_for
from oracles.patterns import Tokens, read_integers, read_patterns
from oracles.result import Result
from oracles.state_space import StateSpace
from oracles.validation import check_buffer, read_count

BLOCK_ENTRIES = 2**23
"""Entries of a conditional table `[B, L, V]` that are held at a time when only some of them are wanted."""


class Oracle(ABC):
    """A known law on V**L.  Subclasses implement the underscored hooks on validated `[B, L]` batches."""

    vocab_size: int
    length: int
    arithmetic: Arithmetic
    symbols: tuple[str, ...] | None = None
    """What the tokens stand for (characters, words), where the law was read from a text."""

    @property
    def mask(self) -> int:
        """The value that means 'masked' in a pattern: V."""
        return self.vocab_size

    # ------------------------------------------------------------------ what a user asks for

    def probability(self, pattern: Any) -> Any:
        """P(X agrees with the pattern), masked positions summed out.

        pattern: `[L]` or any batch `[..., L]` of integers in 0..V.  Returns one number for a single pattern,
        else an array of the leading shape in the oracle's arithmetic.  ValueError on a malformed pattern.
        """
        patterns, shape = self._read("pattern", pattern)
        with self.arithmetic.context():
            check_batch("pattern", len(patterns), self._mass_bytes(), "patterns")
            return self._shaped(self._probability(patterns), shape, self.arithmetic)

    def log_prob(self, pattern: Any) -> Any:
        """Natural logarithm of `probability` (nats), -inf where it is zero; shapes as there.

        It does not underflow at any length.  An exact law answers in balls.
        """
        patterns, shape = self._read("pattern", pattern)
        with self.arithmetic.logs.context():
            check_batch("pattern", len(patterns), self._mass_bytes(), "patterns")
            return self._shaped(self._log_prob(patterns), shape, self.arithmetic.logs)

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Array | None = None) -> Array:
        """q(x_i = v | the observed tokens of the pattern), the ideal denoiser.

        patterns: `[..., L]`, for a law on a GPU best a tensor there; positions: P indices, all of them by default.
        Returns `[..., P, V]`; observed positions are one-hot.  With a Boolean array or tensor of the shape of
        `patterns` in place of indices, returns only the chosen entries, `[M, V]`: what a sampler that reveals
        other positions in every row needs.
        out: a contiguous tensor of the answer's shape, dtype and device, for laws in floats only.  The answer is
        written there and `out` returned; a buffer used again and again saves what fresh memory costs, often
        more than the arithmetic.  Its content is undefined after an error.
        ValueError on a pattern of probability zero, for an `out` that does not fit, and for more patterns than
        the answer has memory for (`oracles.memory`).
        """
        batch, shape = self._read("patterns", patterns)
        chosen = self._read_chosen(positions, shape)
        if isinstance(chosen, list):
            answer_shape = (*shape, len(chosen), self.vocab_size)
        else:
            answer_shape = (int(chosen.sum()), self.vocab_size)
        with self.arithmetic.context():
            self._check_conditionals_memory(len(batch), math.prod(answer_shape[:-1]))
            if out is not None:
                check_buffer("out", out, answer_shape, self.arithmetic)
                self._write_conditionals(batch, chosen, out)
                return out
            if not isinstance(chosen, list):
                return self._conditionals_at(batch, chosen)
            return self._conditionals(batch, chosen).reshape(answer_shape)

    def _write_conditionals(
        self, patterns: Tokens, chosen: list[int] | NDArray[np.bool_], out: Array
    ) -> None:
        """Write what `conditionals` answers into `out`, of that shape."""
        if isinstance(chosen, list) and any(a >= b for a, b in itertools.pairwise(chosen)):
            out.copy_(self._conditionals(patterns, chosen).reshape(out.shape))
            return
        if isinstance(chosen, list):
            chosen = self._chosen_columns(chosen, len(patterns))
        self._conditionals_into(out.reshape(-1, self.vocab_size), patterns, chosen)

    def _chosen_columns(self, positions: Sequence[int], batch: int) -> NDArray[np.bool_]:
        """Every pattern's entries at these positions, `[B, L]`."""
        wanted = np.zeros((1, self.length), dtype=bool)
        wanted[:, positions] = True
        return np.repeat(wanted, batch, axis=0)

    def _check_conditionals_memory(self, batch: int, rows: int) -> None:
        positions = rows / max(1, batch)
        each = self._conditionals_bytes(batch, positions)
        # Fewer patterns may go another way, which takes more.
        room = room_for(self.arithmetic)
        each = max(each, self._conditionals_bytes(min(batch, int(room // each)), positions))
        check_batch("patterns", batch, each, f"patterns (at {round(positions)} positions each)", room)

    def explain(self, batch: int = 1) -> Path:
        """Which way `conditionals` goes for a batch of so many patterns, why, and what it costs."""
        return Path("plain", "no kernel is compiled for this family")

    def in_support(self, tokens: Any) -> Any:
        """Whether the tokens (or the pattern: some completion of it) have positive probability.

        Decided over the zero pattern, not by comparing a float with zero.  `[..., L]` -> bool array `[...]`.
        """
        return self.support().probability(tokens)

    def support(self) -> Oracle:
        """The same law over Booleans: 'probability' is whether a pattern can occur.  Cached."""
        return self._support

    @cached_property
    def _support(self) -> Oracle:
        return self if self.arithmetic.name == "boolean" else self.to("boolean")

    def sample(self, n: int, seed: int = 0, given: Any = None) -> Tokens:
        """Independent draws from the law, or from the law given a pattern: `[n, L]`.

        Rational laws are sampled by integer draws, with no rounding.  ValueError if `given` is impossible.
        """
        n, seed = read_count("n", n, minimum=0), read_count("seed", seed, minimum=0)
        check_batch("n", n, 8 * self.length + self._mass_bytes(), "samples")
        law = self if given is None else self.condition(given)
        return law._sample(n, np.random.default_rng(seed))

    def entropy(self) -> Result:
        """H(X) in bits.  The result says whether it is exact, rounded or an enclosure."""
        with self.arithmetic.logs.context():
            return self._entropy()

    def most_probable(self, pattern: Any = None) -> tuple[Tokens, Scalar]:
        """The most probable completion of a pattern (of nothing, by default) and its probability.

        Ties go to the lexicographically smallest.  The probability is the joint one, q(completion).
        ValueError if the pattern is impossible.
        """
        single = self._read_single("pattern", self.all_masked() if pattern is None else pattern)
        from oracles.most_probable import most_probable

        return most_probable(self, single)

    def condition(self, pattern: Any) -> Oracle:
        """The law given a pattern, on all L positions; observed positions become deterministic.

        ValueError if the pattern has probability zero.
        """
        single = self._read_single("pattern", pattern)
        if not self.in_support(single):
            raise ValueError(
                f"pattern: expected a possible pattern, got {single.tolist()} of probability zero"
            )
        with self.arithmetic.context():
            return self._kept(self._condition(single))

    def marginal(self, positions: Any) -> Oracle:
        """The law of the tokens at these positions, which must increase strictly."""
        chosen = self._read_positions(positions)
        if not chosen or any(a >= b for a, b in itertools.pairwise(chosen)):
            raise ValueError(f"positions: expected at least one, strictly increasing, got {chosen}")
        with self.arithmetic.context():
            return self._kept(self._marginal(chosen))

    def joint(self) -> Array:
        """The table of all V**L probabilities, shape `(V,)*L`.  ValueError if it would be too large."""
        check_table_size("joint", self.vocab_size, self.length, self.arithmetic)
        with self.arithmetic.context():
            return self._joint().reshape((self.vocab_size,) * self.length)

    def pattern_table(self) -> Array:
        """The table of all (V+1)**L pattern probabilities, shape `(V+1,)*L`; index V is 'masked'."""
        check_table_size("pattern_table", self.vocab_size + 1, self.length, self.arithmetic)
        table = self.joint()
        with self.arithmetic.context():
            for axis in range(self.length):
                masked = self.arithmetic.sum(table, axis)
                shape = (*table.shape[:axis], 1, *table.shape[axis + 1 :])
                table = self.arithmetic.concat([table, masked.reshape(shape)], axis)
        return table

    def all_masked(self) -> Tokens:
        """The pattern in which nothing is revealed."""
        return np.full(self.length, self.mask, dtype=np.int64)

    def to(
        self,
        name: str,
        *,
        device: str | None = None,
        bits: int | None = None,
        rationalise: int | None = None,
    ) -> Self:
        """The same law in another number system.

        name: "float32", "float64", "exact", "ball", "symbolic" or "boolean".
        device: for floats; bits: precision of balls, or of the logarithms of an exact law.  A float law
        becomes exact only with `rationalise`, the largest denominator, and only if the rows then sum to
        exactly 1.  ValueError otherwise.
        """
        target = arithmetic(name, device=device, bits=bits)
        if rationalise is not None and name not in ("exact", "symbolic"):
            raise ValueError(f"rationalise: only exact and symbolic laws have denominators, got {name!r}")
        memo: dict[int, tuple[Array, Array]] = {}
        clone = self._converted(
            target, lambda array: _memoised(memo, array, self.arithmetic, target, rationalise)
        )
        if rationalise is not None:
            clone._check()
        return clone

    def _converted(self, target: Arithmetic, converted: Callable[[Array], Array]) -> Self:
        """The law in another number system, given what takes an array there."""
        clone = object.__new__(type(self))
        clone.vocab_size, clone.length, clone.arithmetic = self.vocab_size, self.length, target
        clone.symbols = self.symbols
        self._copy_converted(clone, converted)
        return clone

    # ------------------------------------------------------------------ what a family provides

    @abstractmethod
    def state_space(self) -> StateSpace:
        """The law as a hidden path that emits tokens: what products and mixtures of oracles build on."""

    @abstractmethod
    def _probability(self, patterns: Tokens) -> Array:
        """`[B, L]` -> `[B]`."""

    @abstractmethod
    def _log_prob(self, patterns: Tokens) -> Array:
        """`[B, L]` -> `[B]`, nats, in `arithmetic.logs`."""

    @abstractmethod
    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        """`[B, L]` -> `[B, P, V]`."""

    def _conditionals_at(self, patterns: Tokens, chosen: NDArray[np.bool_]) -> Array:
        """Only the chosen entries, row by row: `[B, L]` -> `[chosen.sum(), V]`; in blocks that bound memory."""
        return self._gathered(self._conditionals, patterns, chosen)

    def _conditionals_into(self, out: Array, patterns: Tokens, chosen: NDArray[np.bool_]) -> None:
        """What `_conditionals_at` answers, written into `out`."""
        out.copy_(self._conditionals_at(patterns, chosen))

    def _gathered(
        self,
        conditionals: Callable[[Tokens, Sequence[int]], Array],
        patterns: Tokens,
        chosen: NDArray[np.bool_],
    ) -> Array:
        """The chosen entries out of whole columns, block by block."""
        block = max(1, BLOCK_ENTRIES // (self.length * self.vocab_size))
        parts = [self.arithmetic.zeros(0, self.vocab_size)]
        for start in range(0, len(patterns), block):
            part = chosen[start : start + block]
            columns = np.flatnonzero(part.any(axis=0))
            rows, places = np.nonzero(part[:, columns])
            answers = conditionals(patterns[start : start + block], columns.tolist())
            parts.append(answers[self.arithmetic.index(rows), self.arithmetic.index(places)])
        return self.arithmetic.concat(parts, 0)

    def _mass_bytes(self) -> float:
        """About what `_probability` takes a pattern."""
        return 8.0 * self.length

    def _conditionals_bytes(self, batch: int, positions: float) -> float:
        """About what `conditionals` takes a pattern, at so many positions of each of so many patterns."""
        return 8.0 * self.length + 3 * positions * self.vocab_size * entry_bytes(self.arithmetic)

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        """`[n, L]`."""

    @abstractmethod
    def _entropy(self) -> Result: ...

    @abstractmethod
    def _condition(self, pattern: Tokens) -> Oracle:
        """The law given a pattern known to be possible."""

    @abstractmethod
    def _marginal(self, positions: Sequence[int]) -> Oracle: ...

    @abstractmethod
    def _joint(self) -> Array:
        """All V**L probabilities, lexicographically, in any shape."""

    @abstractmethod
    def _copy_converted(self, clone: Any, converted: Any) -> None:
        """Set the parameters on `clone`, each array passed through `converted`."""

    @abstractmethod
    def _check(self) -> None:
        """ValueError unless the parameters are probability distributions."""

    # ------------------------------------------------------------------ reading arguments

    def _read(self, name: str, patterns: Any) -> tuple[Tokens, tuple[int, ...]]:
        return read_patterns(name, patterns, self.length, self.mask)

    def _read_single(self, name: str, pattern: Any) -> Tokens:
        batch, shape = self._read(name, pattern)
        if shape:
            raise ValueError(f"{name}: expected one pattern of length {self.length}, got a batch {shape}")
        return batch[0]

    def _read_chosen(self, positions: Any, shape: tuple[int, ...]) -> list[int] | NDArray[np.bool_]:
        """Positions as indices, or which entries of a batch of patterns of this leading shape, `[B, L]`."""
        if str(getattr(positions, "dtype", None)) not in ("bool", "torch.bool"):
            return self._read_positions(positions)
        if tuple(positions.shape) != (*shape, self.length):
            raise ValueError(
                f"positions: expected a Boolean array of shape {(*shape, self.length)}, "
                f"got {tuple(positions.shape)}"
            )
        array = positions if isinstance(positions, np.ndarray) else positions.cpu().numpy()
        return array.reshape(-1, self.length)

    def _read_positions(self, positions: Any) -> list[int]:
        if positions is None:
            return list(range(self.length))
        chosen = np.atleast_1d(read_integers("positions", positions))
        if chosen.ndim != 1 or (chosen.size and not (chosen.min() >= 0 and chosen.max() < self.length)):
            raise ValueError(f"positions: expected indices in 0..{self.length - 1}, got {chosen.tolist()}")
        return chosen.tolist()

    def _kept(self, other: Oracle) -> Oracle:
        other.symbols = self.symbols
        return other

    def _shaped(self, values: Array, shape: tuple[int, ...], number_system: Arithmetic) -> Any:
        return values.reshape(shape) if shape else number_system.element(values.reshape(()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} V={self.vocab_size} L={self.length} {self.arithmetic.name}>"


def _memoised(
    memo: dict[int, tuple[Array, Array]],
    array: Array,
    source: Arithmetic,
    target: Arithmetic,
    rationalise: int | None,
) -> Array:
    # Homogeneous families repeat one matrix object; converting it once keeps it shared.  The memo holds the
    # original too, so that its id is not given to another array meanwhile.
    if id(array) not in memo:
        memo[id(array)] = array, convert(array, source, target, rationalise)
    return memo[id(array)][1]
