"""Hypothesis strategies: random oracles, patterns of an oracle, and the numbers that make up a schedule.

Laws are drawn in exact rationals with small numerators, then moved to the arithmetic that is asked for.
Everything shrinks towards one token, length 1, deterministic rows and small denominators, so a failing
example is readable; the degenerate laws where algorithms go wrong (one token, one position, zeros, states
that are never reached, all-zero rows of contexts that never occur) are drawn often.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from oracles.hmm import HMM
from oracles.ngram import MarkovChain, NGram
from oracles.oracle import Oracle
from oracles.table import Table

LARGEST_WEIGHT = 5
"""Probabilities are ratios of integers up to this one."""

MAX_ENTRIES = 128
"""Largest number of entries drawn for one array; vocabularies and lengths are kept within it."""

Draw = Callable[..., Any]
"""Hypothesis' `draw`; its own type cannot be checked while running."""

Row = list[Fraction]


@st.composite
def distributions(draw: Draw, size: int, *, zeros: bool = True) -> Row:
    """A list of `size` fractions that sum to 1; some may be 0 unless `zeros` is False."""
    if zeros and draw(st.integers(0, 4)) == 0:
        # Certainty takes the fewest choices, so it is what laws shrink to.
        certain = draw(st.integers(0, size - 1))
        return [Fraction(int(index == certain)) for index in range(size)]
    smallest = 0 if zeros else 1
    counts = draw(st.lists(st.integers(smallest, LARGEST_WEIGHT), min_size=size, max_size=size))
    counts[0] += not any(counts)
    return [Fraction(count, sum(counts)) for count in counts]


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
    transition = _steps(draw, (hidden, hidden), length - 1, "transition" in changing, zeros)
    emission = _steps(draw, (hidden, vocab), length, "emission" in changing, zeros)
    initial = draw(distributions(hidden, zeros=zeros))
    return HMM(initial, transition, emission, length).to(arithmetic)


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
    law = draw(distributions(vocab**length, zeros=zeros))
    return Table(np.array(law, dtype=object).reshape((vocab,) * length)).to(arithmetic)


def oracles(
    *,
    max_vocab: int = 3,
    max_length: int = 4,
    arithmetic: str = "exact",
    zeros: bool = True,
) -> st.SearchStrategy[Oracle]:
    """An oracle of any family; options as `markov_chains`."""
    families = (markov_chains, ngrams, hmms, tables)
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


def weights(steps: int, *, zeros: bool = True) -> st.SearchStrategy[Row]:
    """Weights of `steps` steps: fractions that sum to 1."""
    return distributions(steps, zeros=zeros)


@st.composite
def size_vectors(draw: Draw, length: int, steps: int) -> list[int]:
    """How many positions each of `steps` steps reveals: sizes, some of them 0, that sum to `length`."""
    cuts = sorted(draw(st.lists(st.integers(0, length), min_size=steps - 1, max_size=steps - 1)))
    return [after - before for before, after in itertools.pairwise([0, *cuts, length])]


@st.composite
def compositions(draw: Draw, length: int) -> list[int]:
    """Positive sizes that sum to `length`, in any number of steps."""
    cut_after = draw(st.lists(st.booleans(), min_size=length - 1, max_size=length - 1))
    cuts = [position for position, cut in enumerate(cut_after, start=1) if cut]
    return [after - before for before, after in itertools.pairwise([0, *cuts, length])]


@st.composite
def ordered_partitions(draw: Draw, length: int) -> list[list[int]]:
    """Non-empty blocks of positions that together cover 0..length-1, in the order they are revealed."""
    order = iter(draw(st.permutations(range(length))))
    return [sorted(itertools.islice(order, size)) for size in draw(compositions(length))]


def _largest_side(wanted: int, axes: int) -> int:
    """The largest side, up to the one wanted, of an array with so many axes and `MAX_ENTRIES` entries."""
    return max(side for side in range(1, wanted + 1) if side == 1 or side**axes <= MAX_ENTRIES)


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
