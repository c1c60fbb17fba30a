"""The compiled recursion against the plain one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import MarkovChain
from oracles.testing import weights
from oracles.testing.strategies import markov_chains
from theory import IID
from theory.laws.gap_probability import sequence_ratios

SCHEDULES = st.integers(1, 4).flatmap(weights).map(IID)


@settings(max_examples=10)
@given(q=markov_chains(max_length=12), schedule=SCHEDULES)
def test_the_compiled_recursion(q: MarkovChain, schedule: IID) -> None:
    """Compiled, in floats, against plain, in balls: the same sums in another order."""
    tokens = q.sample(5, seed=1)
    plain = [float(ratio) for ratio in sequence_ratios(q.to("ball"), schedule, tokens)]
    np.testing.assert_allclose(sequence_ratios(q.to("float64"), schedule, tokens), plain, rtol=1e-13)
    np.testing.assert_allclose(sequence_ratios(q.to("float32"), schedule, tokens), plain, rtol=1e-4)
