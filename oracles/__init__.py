"""Laws of token sequences that are known exactly, and the ideal conditionals they define.

The families: `ngram`, `hmm`, `sparse_chain`, `formal`, `table`, `product` and `mixture`, all of them an `Oracle`
(`oracle`).  Under all but tables lies one hidden path that emits tokens (`state_space`, `transitions`), one
forward-backward pass over it (`sum_product`), and the operations built on that (`state_space_oracle`).

    arithmetic/   number systems: floats, rationals, balls, symbols, Booleans, numbers with derivatives
    kernels/      the same answers in floats, compiled, for the CPU and for other devices
    readers/      laws fitted to texts, and those of ARPA and hmmlearn models
    storage/      laws as JSON files
    zoo/          small named laws
    testing/      hypothesis strategies, and the laws that every oracle must obey
"""

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
