"""Laws read from data: texts fitted by n-grams and HMMs, ARPA files, models that hmmlearn has fitted."""

from oracles.readers.arpa import read_arpa
from oracles.readers.corpus import default_corpus
from oracles.readers.hmms import fit_hmm, from_hmmlearn
from oracles.readers.ngrams import fit_ngram

__all__ = ["default_corpus", "fit_hmm", "fit_ngram", "from_hmmlearn", "read_arpa"]
