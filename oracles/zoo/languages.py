"""Uniform laws on the words of a language or a code."""

from __future__ import annotations

import math

from oracles.automaton import Automaton
from oracles.formal import FormalLanguage
from oracles.product import Product
from oracles.validation import read_count
from oracles.zoo.chains import all_equal
from oracles.zoo.reading import read_even

EDGE_LIMIT = 10**5
"""Largest number of edges at one position of a code's trellis that is built."""


def equal_pairs(length: int, vocab_size: int = 2) -> Product:
    """L/2 independent pairs of equal uniform tokens (positions 0 and 1, 2 and 3, ..): V^(L/2) words, uniform.

    H = (L/2) log2 V bits = total correlation.  `pair_hmm` is the same law as a homogeneous HMM.
    """
    return Product([all_equal(2, vocab_size)] * (read_even("length", length) // 2))


def golden_mean_words(length: int) -> FormalLanguage:
    """Uniform on the F(L+2) binary words without two 1s in a row: H = log2 F(L+2) bits."""
    return FormalLanguage(Automaton(0, [0, 1], [(0, 0, 0), (0, 1, 1), (1, 0, 0)], 2), length)


def parity(length: int, vocab_size: int = 2) -> FormalLanguage:
    """Uniform on the V^(L-1) words whose tokens sum to 0 modulo V.

    Any L-1 tokens are independent and uniform, and decide the last: H = (L-1) log2 V, total correlation log2 V.
    """
    vocab = read_count("vocab_size", vocab_size)
    edges = [(total, token, (total + token) % vocab) for total in range(vocab) for token in range(vocab)]
    return FormalLanguage(Automaton(0, [0], edges, vocab), length)


def dyck(length: int) -> FormalLanguage:
    """Uniform on the balanced words of L brackets, 0 opening and 1 closing: Catalan(L/2) words."""
    heights = range(read_even("length", length) // 2)
    opening = [(height, 0, height + 1) for height in heights]
    closing = [(height + 1, 1, height) for height in heights]
    return FormalLanguage(Automaton(0, [0], opening + closing, 2), length)


def tetracode() -> FormalLanguage:
    """Uniform on the nine words of the [4, 2, 3] ternary code: any two tokens decide the other two."""
    return mds_code(4, 2, 3)


def mds_code(length: int, dimension: int, vocab_size: int) -> FormalLanguage:
    """Uniform on a Reed-Solomon code [L, k] over p = V tokens, p prime, extended where L = p + 1.

    The words x with sum_i x_i a_i^j = 0 for j < L-k, over different a_i in F_p and, last, infinity (which
    counts for j = L-k-1 only).  V^k words; any k tokens are independent and uniform and decide the rest
    (maximum distance separable: two words differ in at least L-k+1 places).
    """
    prime = read_count("vocab_size", vocab_size, minimum=2)
    if any(prime % divisor == 0 for divisor in range(2, math.isqrt(prime) + 1)):
        raise ValueError(f"vocab_size: expected a prime, got {prime}")
    if not read_count("length", length) <= prime + 1:
        raise ValueError(f"length: expected at most {prime + 1} = V + 1 symbols, got {length}")
    if not read_count("dimension", dimension) <= length:
        raise ValueError(f"dimension: expected at most {length}, the length, got {dimension}")
    checks = length - dimension
    if prime ** (min(length - 1, checks) + 1) > EDGE_LIMIT:
        raise ValueError(
            f"length: the trellis of a [{length}, {dimension}] code over {prime} tokens has more than "
            f"{EDGE_LIMIT} edges at one position"
        )
    columns = [tuple(pow(point, power, prime) for power in range(checks)) for point in range(prime)]
    infinity = (0,) * (checks - 1) + (1,) * min(checks, 1)
    return _linear_code([*columns, infinity][:length], prime)


def _linear_code(columns: list[tuple[int, ...]], prime: int) -> FormalLanguage:
    """The words whose checks vanish, by their trellis: the state is the checks' sum so far."""
    zero = (0,) * len(columns[0])
    layers, reached = [], {zero: None}
    for column in columns:
        layer = [
            (state, token, tuple((s + token * c) % prime for s, c in zip(state, column, strict=True)))
            for state in reached
            for token in range(prime)
        ]
        layers.append(layer)
        reached = dict.fromkeys(target for _, _, target in layer)
    return FormalLanguage(Automaton(zero, [zero], layers, prime), len(columns))
