"""For users' own property-based tests: random oracles, patterns and schedules, and the laws of oracles."""

from oracles.testing.conformance import LAWS, ConformanceError, check_oracle
from oracles.testing.strategies import (
    compositions,
    distributions,
    hmms,
    markov_chains,
    ngrams,
    oracles,
    ordered_partitions,
    patterns,
    size_vectors,
    tables,
    weights,
)

__all__ = [
    "LAWS",
    "ConformanceError",
    "check_oracle",
    "compositions",
    "distributions",
    "hmms",
    "markov_chains",
    "ngrams",
    "oracles",
    "ordered_partitions",
    "patterns",
    "size_vectors",
    "tables",
    "weights",
]
