"""Laws of token sequences that are known exactly, and the ideal conditionals they define."""

from oracles.hmm import HMM
from oracles.ngram import MarkovChain, NGram
from oracles.oracle import Oracle
from oracles.result import Result
from oracles.table import Table, uniform_on

__all__ = ["HMM", "MarkovChain", "NGram", "Oracle", "Result", "Table", "uniform_on"]
