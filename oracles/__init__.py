"""Laws of token sequences that are known exactly, and the ideal conditionals they define."""

from oracles import zoo
from oracles.automaton import Automaton
from oracles.formal import FormalLanguage
from oracles.hmm import HMM
from oracles.mixture import Mixture
from oracles.ngram import MarkovChain, NGram
from oracles.oracle import Oracle
from oracles.product import Product
from oracles.readers import default_corpus, fit_hmm, fit_ngram, from_hmmlearn, read_arpa
from oracles.result import Result
from oracles.sparse_chain import SparseMarkovChain
from oracles.storage import load, save
from oracles.support_graph import CommunicatingClass, communicating_classes, support_graph
from oracles.table import Table, uniform_on

__all__ = [
    "HMM",
    "Automaton",
    "CommunicatingClass",
    "FormalLanguage",
    "MarkovChain",
    "Mixture",
    "NGram",
    "Oracle",
    "Product",
    "Result",
    "SparseMarkovChain",
    "Table",
    "communicating_classes",
    "default_corpus",
    "fit_hmm",
    "fit_ngram",
    "from_hmmlearn",
    "load",
    "read_arpa",
    "save",
    "support_graph",
    "uniform_on",
    "zoo",
]
