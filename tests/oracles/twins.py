"""What the tests of composed laws share: random parts, and equality with a table on every pattern."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, NGram, Oracle, Table
from oracles.patterns import all_patterns
from oracles.testing import distributions
from oracles.testing.comparison import Comparison

ARITHMETICS = ("exact", "float64", "float32", "ball", "boolean")
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}

Draw = Callable[..., Any]


@st.composite
def laws(draw: Draw, vocab: int, length: int) -> Oracle:
    """A law of any simple family over so many tokens, of this length, in exact rationals."""

    def rows(count: int, size: int) -> Any:
        return draw(st.lists(distributions(size), min_size=count, max_size=count))

    family = draw(st.sampled_from(["table", "chain", "independent", "hmm"]))
    if family == "table":
        law = draw(distributions(vocab**length))
        return Table(np.array(law, dtype=object).reshape((vocab,) * length))
    if family == "chain":
        return MarkovChain(draw(distributions(vocab)), rows(vocab, vocab), length)
    if family == "independent":
        return NGram(1, draw(distributions(vocab)), length)
    hidden = draw(st.integers(1, 3))
    return HMM(draw(distributions(hidden)), rows(hidden, hidden), rows(hidden, vocab), length)


def assert_same_law(law: Oracle, twin: Oracle) -> None:
    """Equal on every pattern: probabilities, conditionals, support, and the joint table."""
    assert (law.vocab_size, law.length, law.arithmetic.name) == (
        twin.vocab_size,
        twin.length,
        twin.arithmetic.name,
    )
    same = Comparison(law.arithmetic, TOLERANCE.get(law.arithmetic.name, 0.0))
    patterns = all_patterns(law.vocab_size, law.length)
    possible = np.asarray(twin.in_support(patterns))
    np.testing.assert_array_equal(law.in_support(patterns), possible)
    assert same.equal(law.probability(patterns), twin.probability(patterns)).all()
    assert same.equal(law.joint(), twin.joint()).all()
    assert same.equal(law.conditionals(patterns[possible]), twin.conditionals(patterns[possible])).all()
