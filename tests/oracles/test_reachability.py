"""Which contexts can be occupied, against walking every path."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oracles.reachability import occupied


@given(st.data())
def test_occupied_states_are_the_ends_of_possible_paths(data: st.DataObject) -> None:
    vocab, memory = data.draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (2, 2), (2, 3)]))
    states, steps = vocab**memory, data.draw(st.integers(0, 3))
    start = np.array(data.draw(st.lists(st.booleans(), min_size=states, max_size=states)))
    size = states * vocab
    moves = [
        np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size))).reshape(vocab, -1, vocab)
        for _ in range(steps)
    ]
    contexts = list(itertools.product(range(vocab), repeat=memory))
    alive = {context for context, possible in zip(contexts, start, strict=True) if possible}
    for move, found in zip(moves, occupied(start, moves), strict=True):
        assert [context in alive for context in contexts] == found.tolist()
        by_context = move.reshape(*(vocab,) * memory, vocab)
        alive = {(*c, v)[1:] for c in alive for v in range(vocab) if by_context[(*c, v)]}
