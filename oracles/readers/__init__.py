"""Laws read from data: texts fitted by n-grams, and n-grams in ARPA files."""

from oracles.readers.arpa import read_arpa
from oracles.readers.corpus import default_corpus
from oracles.readers.ngrams import fit_ngram

__all__ = ["default_corpus", "fit_ngram", "read_arpa"]
