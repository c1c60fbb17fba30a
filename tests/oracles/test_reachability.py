"""Which contexts can be occupied, against walking every path."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from oracles.reachability import occupied, visited
from oracles.state_space import ShiftTransition


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
    path = [ShiftTransition(move) for move in moves]
    states = occupied(start, path)
    assert len(states) == steps + 1
    for i, found in enumerate(states):
        assert [context in alive for context in contexts] == found.tolist()
        if i < steps:
            by_context = moves[i].reshape(*(vocab,) * memory, vocab)
            alive = {(*c, v)[1:] for c in alive for v in range(vocab) if by_context[(*c, v)]}


def test_visits_of_a_repeated_matrix_add_up() -> None:
    forward, back = np.array([[False, True], [True, True]]), np.array([[True, False], [True, False]])
    there, again = ShiftTransition(forward[:, None]), ShiftTransition(back[:, None])
    steps = [there, again, there, there]
    states = occupied(np.array([True, False]), steps)
    assert [s.tolist() for s in states] == [
        [True, False],
        [False, True],
        [True, False],
        [False, True],
        [True, True],
    ]
    assert states[0] is states[2]
    found = visited(steps, states)
    assert found[id(there)].tolist() == [True, True]
    assert found[id(again)].tolist() == [False, True]


def test_a_long_repetition_costs_one_push_a_state_set() -> None:
    cycle = ShiftTransition(np.roll(np.eye(5, dtype=bool), 1, axis=1)[:, None])
    states = occupied(np.arange(5) == 0, [cycle] * 100_000)
    assert len({id(s) for s in states}) == 5
    assert visited([cycle] * 100_000, states)[id(cycle)].all()
