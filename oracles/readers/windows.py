"""The windows of n tokens in a text, and how often each occurs: what n-grams are fitted to."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from oracles.patterns import Tokens
from oracles.readers.corpus import Corpus


@dataclass
class Windows:
    """How often each window of n tokens occurs in a text.

    codes: the different windows as numbers in base V, increasing (a window's context is the quotient by V);
    times: how often each occurs.  last: the last windows in order, as many as could ever be left out.
    first: the first token of the text.
    """

    vocab: int
    order: int
    codes: Tokens
    times: Tokens
    last: Tokens
    first: int = 0

    @classmethod
    def of(cls, corpus: Corpus, order: int) -> Windows:
        """Those of a corpus, counted a piece at a time.  ValueError for one shorter than a window."""
        nothing = np.zeros(0, dtype=np.int64)
        counts = cls(len(corpus.symbols), order, nothing, nothing, nothing)
        carried, total = nothing, 0  # the tokens that a window may share with the next piece
        for tokens in corpus.tokens():
            if not total and len(tokens):
                counts.first = int(tokens[0])
            total += len(tokens)
            carried = np.concatenate([carried, tokens])
            if len(carried) >= order:
                counts.add(_codes(carried, counts.vocab, order))
                carried = carried[len(carried) - order + 1 :]
        if total < order:
            raise ValueError(f"text_or_path: expected at least {order} {corpus.level}s, got {total}")
        return counts

    @property
    def contexts(self) -> int:
        """V^(n-1), how many there may be."""
        return self.vocab ** (self.order - 1)

    def add(self, windows: Tokens) -> None:
        """Count more windows, given as numbers, which come after those so far."""
        codes, times = np.unique(windows, return_counts=True)
        self.codes, places = np.unique(np.concatenate([self.codes, codes]), return_inverse=True)
        both = np.concatenate([self.times, times])
        self.times = np.zeros(len(self.codes), dtype=np.int64)
        np.add.at(self.times, places, both)
        self.last = np.concatenate([self.last, windows])[-self.contexts - 1 :]

    def uses(self) -> Tokens:
        """How many windows begin with each context."""
        uses = np.zeros(self.contexts, dtype=np.int64)
        np.add.at(uses, self.codes // self.vocab, self.times)
        return uses

    def occurrences(self) -> Tokens:
        """How often each token occurs as the last of a window, or begins the text."""
        counted = np.zeros(self.vocab, dtype=np.int64)
        np.add.at(counted, self.codes % self.vocab, self.times)
        counted[self.first] += 1
        return counted

    def drop_dead_end(self) -> None:
        """Drop windows at the end until the last one leads to a context that begins another.

        Each that goes after the first was the only one to begin with its context: there are few enough.
        """
        uses, kept, total = self.uses(), len(self.last), int(self.times.sum())
        while kept and not uses[self.last[kept - 1] % self.contexts]:
            kept -= 1
            uses[self.last[kept] // self.vocab] -= 1
        dropped = self.last[kept:]
        if len(dropped) == total:
            raise ValueError(
                "text_or_path: expected a text in which some context comes again, got one in which every window "
                "leads to a dead end; take a longer text, a lower order or some smoothing"
            )
        if len(dropped):
            np.subtract.at(self.times, np.searchsorted(self.codes, dropped), 1)
            self.codes, self.times = self.codes[self.times > 0], self.times[self.times > 0]
            warnings.warn(
                f"nothing follows the end of the text: its last {len(dropped)} of {total} windows are left out",
                stacklevel=3,
            )


def _codes(tokens: Tokens, vocab: int, order: int) -> Tokens:
    """Every window of n tokens as a number in base V."""
    count = len(tokens) - order + 1
    codes = np.zeros(count, dtype=np.int64)
    for offset in range(order):
        codes = codes * vocab + tokens[offset : offset + count]
    return codes
