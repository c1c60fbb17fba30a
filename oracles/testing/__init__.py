"""For users' own property-based tests: random oracles, patterns and schedules, and the laws of oracles."""

from oracles.testing.conformance import LAWS, ConformanceError, check_oracle
from oracles.testing.numbers import compositions, distributions, ordered_partitions, size_vectors, weights
from oracles.testing.strategies import (
    hmms,
    languages,
    markov_chains,
    mixtures,
    ngrams,
    oracles,
    patterns,
    products,
    sparse_chains,
    tables,
)

__all__ = [
    "LAWS",
    "ConformanceError",
    "check_oracle",
    "compositions",
    "distributions",
    "hmms",
    "languages",
    "markov_chains",
    "mixtures",
    "ngrams",
    "oracles",
    "ordered_partitions",
    "patterns",
    "products",
    "size_vectors",
    "sparse_chains",
    "tables",
    "weights",
]
