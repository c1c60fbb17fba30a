"""Hypothesis strategies: random oracles and patterns of an oracle.

Laws are drawn in exact rationals with small numerators, then moved to the arithmetic that is asked for.
Everything shrinks towards one token, length 1, deterministic rows and small denominators, so a failing
example is readable; the degenerate laws where algorithms go wrong (one token, one position, zeros, states
that are never reached, all-zero rows of contexts that never occur) are drawn often.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from oracles.automaton import Automaton
from oracles.formal import FormalLanguage
from oracles.hmm import HMM
from oracles.mixture import Mixture
from oracles.ngram import MarkovChain, NGram
from oracles.oracle import Oracle
from oracles.product import Product
from oracles.sparse_chain import SparseMarkovChain
from oracles.table import Table
from oracles.testing.numbers import Draw, compositions, distributions

MAX_ENTRIES = 128
"""Largest number of entries drawn for one array; vocabularies and lengths are kept within it."""


@st.composite
def markov_chains(
    draw: Draw,
    *,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
    position_dependent: bool | None = None,
) -> MarkovChain:
    """Markov chains on up to `max_vocab` tokens and `max_length` positions.

    arithmetic: as `Oracle.to` names it.  zeros: whether probabilities may be 0.  position_dependent: whether
    every step has its own transition (None: either).
    """
    vocab = draw(st.integers(1, max_vocab))
    length = draw(st.integers(1, max_length))
    initial, transition = _ngram(draw, vocab, 2, length, zeros, position_dependent)
    return MarkovChain(initial, transition, length).to(arithmetic)


@st.composite
def ngrams(
    draw: Draw,
    *,
    max_order: int = 4,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
    position_dependent: bool | None = None,
) -> NGram:
    """n-grams of order 1 to `max_order`, longer orders than the law included; options as `markov_chains`."""
    order = draw(st.integers(1, max_order))
    vocab = draw(st.integers(1, _largest_side(max_vocab, order)))
    length = draw(st.integers(1, max_length))
    initial, transition = _ngram(draw, vocab, order, length, zeros, position_dependent)
    return NGram(initial, transition, length).to(arithmetic)


@st.composite
def sparse_chains(
    draw: Draw, *, max_vocab: int = 3, max_length: int = 4, arithmetic: str = "exact", zeros: bool = True
) -> SparseMarkovChain:
    """Markov chains of listed successors (some of them twice) and a shared background, perhaps of zeros."""
    vocab, choices = draw(st.integers(1, max_vocab)), draw(st.integers(0, 3))
    tokens = st.lists(st.integers(0, vocab - 1), min_size=choices, max_size=choices)
    rows = draw(st.lists(tokens, min_size=vocab, max_size=vocab))
    # The last share is the background's.
    shares = np.array([draw(distributions(choices + 1, zeros=zeros)) for _ in range(vocab)], dtype=object)
    background = np.array(draw(distributions(vocab, zeros=zeros)), dtype=object)
    if zeros and not shares[:, -1].any() and draw(st.booleans()):
        background *= 0
    successors = np.array(rows, dtype=np.int64).reshape(vocab, choices)
    initial = draw(distributions(vocab, zeros=zeros))
    length = draw(st.integers(1, max_length))
    return SparseMarkovChain(initial, successors, shares[:, :-1], background, length).to(arithmetic)


@st.composite
def hmms(
    draw: Draw,
    *,
    max_hidden: int = 3,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
    position_dependent: bool | None = None,
) -> HMM:
    """Hidden Markov models on up to `max_hidden` states; options as `markov_chains`.

    Position-dependent ones have their own transition, emission or both at every step.
    """
    hidden, vocab = draw(st.integers(1, max_hidden)), draw(st.integers(1, max_vocab))
    length = draw(st.integers(1, max_length))
    changing = ["transition", "emission"] if _either(draw, position_dependent) else []
    if changing and position_dependent is None:
        changing = draw(st.sampled_from([["transition"], ["emission"], changing]))
    return _hmm(draw, hidden, vocab, length, zeros, changing).to(arithmetic)


@st.composite
def tables(
    draw: Draw,
    *,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
) -> Table:
    """Explicit joint tables, of no structure at all."""
    length = draw(st.integers(1, max_length))
    vocab = draw(st.integers(1, _largest_side(max_vocab, length)))
    return _table(draw, vocab, length, zeros).to(arithmetic)


@st.composite
def products(
    draw: Draw, *, max_vocab: int = 3, max_length: int = 4, arithmetic: str = "exact", zeros: bool = True
) -> Product:
    """Independent laws of several families, one after the other."""
    vocab, length = draw(st.integers(1, max_vocab)), draw(st.integers(1, max_length))
    return Product([_part(draw, vocab, size, zeros) for size in draw(compositions(length))]).to(arithmetic)


@st.composite
def mixtures(
    draw: Draw, *, max_vocab: int = 3, max_length: int = 4, arithmetic: str = "exact", zeros: bool = True
) -> Mixture:
    """A random choice among up to three laws of several families, some never chosen."""
    vocab, length = draw(st.integers(1, max_vocab)), draw(st.integers(1, max_length))
    count = draw(st.integers(1, 3))
    parts = [_part(draw, vocab, length, zeros) for _ in range(count)]
    return Mixture(draw(distributions(count, zeros=zeros)), parts).to(arithmetic)


@st.composite
def languages(
    draw: Draw, *, max_vocab: int = 3, max_length: int = 4, arithmetic: str = "exact", zeros: bool = True
) -> FormalLanguage:
    """The words of automata of up to three states, uniform or weighted; without zeros, all words."""
    vocab, states = draw(st.integers(1, max_vocab)), draw(st.integers(1, 3))
    edges = []
    for state, token in itertools.product(range(states), range(vocab)):
        # Every state can read the first token, so there are words of every length.
        if token == 0 or not zeros or draw(st.booleans()):
            weight = Fraction(draw(st.integers(1, 3)), draw(st.integers(1, 3)))
            edges.append((state, token, draw(st.integers(0, states - 1)), weight))
    used = {0, *(edge[2] for edge in edges)}
    automaton = Automaton(0, used, edges, vocab)
    return FormalLanguage(automaton, draw(st.integers(1, max_length)), draw(st.booleans())).to(arithmetic)


def oracles(
    *,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
) -> st.SearchStrategy[Oracle]:
    """An oracle of any family; options as `markov_chains`."""
    families = (markov_chains, ngrams, sparse_chains, hmms, tables, products, mixtures, languages)
    return st.one_of(
        *(
            family(max_vocab=max_vocab, max_length=max_length, arithmetic=arithmetic, zeros=zeros)
            for family in families
        )
    )


@st.composite
def patterns(draw: Draw, q: Oracle, *, possible: bool | None = None) -> list[int]:
    """A pattern of the oracle, as a list; with `possible=True` one of positive probability."""
    if not possible:
        # The mask comes first, so patterns shrink towards nothing revealed.
        entries = st.sampled_from([q.mask, *range(q.vocab_size)])
        return draw(st.lists(entries, min_size=q.length, max_size=q.length))
    pattern = q.all_masked()
    for position in draw(st.permutations(range(q.length))):
        if draw(st.booleans()):
            row = np.asarray(q.support().conditionals(pattern, positions=[position]))[0]
            pattern[position] = draw(st.sampled_from(np.flatnonzero(row).tolist()))
    return pattern.tolist()


def _largest_side(wanted: int, axes: int) -> int:
    """The largest side, up to the one wanted, of an array with so many axes and `MAX_ENTRIES` entries."""
    return max(side for side in range(1, wanted + 1) if side == 1 or side**axes <= MAX_ENTRIES)


def _part(draw: Draw, vocab: int, length: int, zeros: bool) -> Oracle:
    """A law of one of the simple families, of a given size."""
    kind = draw(st.sampled_from(["chain", "hmm", "table"]))
    if kind == "chain":
        return MarkovChain(*_ngram(draw, vocab, 2, length, zeros, None), length)
    if kind == "hmm":
        return _hmm(draw, draw(st.integers(1, 2)), vocab, length, zeros, [])
    return _table(draw, vocab, length, zeros)


def _either(draw: Draw, choice: bool | None) -> bool:
    return draw(st.booleans()) if choice is None else choice


def _rows(draw: Draw, shape: tuple[int, ...], zeros: bool) -> np.ndarray:
    """An array of fractions whose last axis sums to 1."""
    count = int(np.prod(shape[:-1]))
    rows = draw(st.lists(distributions(shape[-1], zeros=zeros), min_size=count, max_size=count))
    return np.array(rows, dtype=object).reshape(shape)


def _steps(
    draw: Draw, shape: tuple[int, ...], steps: int, changing: bool, zeros: bool
) -> np.ndarray | list[np.ndarray]:
    return [_rows(draw, shape, zeros) for _ in range(steps)] if changing else _rows(draw, shape, zeros)


def _hmm(draw: Draw, hidden: int, vocab: int, length: int, zeros: bool, changing: list[str]) -> HMM:
    """An HMM with its own matrices at every step for those named in `changing`."""
    transition = _steps(draw, (hidden, hidden), length - 1, "transition" in changing, zeros)
    emission = _steps(draw, (hidden, vocab), length, "emission" in changing, zeros)
    return HMM(draw(distributions(hidden, zeros=zeros)), transition, emission, length)


def _table(draw: Draw, vocab: int, length: int, zeros: bool) -> Table:
    law = draw(distributions(vocab**length, zeros=zeros))
    return Table(np.array(law, dtype=object).reshape((vocab,) * length))


def _ngram(
    draw: Draw, vocab: int, order: int, length: int, zeros: bool, position_dependent: bool | None
) -> tuple[np.ndarray, np.ndarray | list[np.ndarray]]:
    """(initial, transition) of an n-gram; rows of contexts that never occur are sometimes all zero."""
    steps = max(length - order + 1, 0)
    initial = np.array(draw(distributions(vocab ** (order - 1), zeros=zeros)), dtype=object)
    initial = initial.reshape((vocab,) * (order - 1))
    changing = _either(draw, position_dependent)
    transition = _steps(draw, (vocab,) * order, steps, changing, zeros)
    if zeros and draw(st.booleans()):
        each = transition if isinstance(transition, list) else [transition] * max(steps, 1)
        _erase_unvisited(initial, each)
    return initial, transition


def _erase_unvisited(initial: np.ndarray, transitions: list[np.ndarray]) -> None:
    """Set to zero the rows of contexts in which a transition is never applied, here by listing contexts."""
    contexts = {tuple(index) for index in np.argwhere(initial != 0).tolist()}
    used: set[tuple[int, tuple[int, ...]]] = set()
    for transition in transitions:
        used |= {(id(transition), context) for context in contexts}
        contexts = {
            (*context, token)[1:]
            for context in contexts
            for token in np.flatnonzero(transition[context] != 0).tolist()
        }
    for transition in transitions:
        for context in np.ndindex(transition.shape[:-1]):
            if (id(transition), context) not in used:
                transition[context] = Fraction(0)
