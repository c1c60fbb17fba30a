"""Windows around a position against enumeration, and at lengths where only windows reach."""

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, Oracle, Table, uniform_on, zoo
from oracles.state_space_oracle import StateSpaceOracle
from oracles.testing import hmms, languages, mixtures, ngrams, products
from theory.information.window_entropies import WINDOW_ENTRIES, Windows, conditional_entropy, narrow

LAWS = st.one_of(*(family(max_length=5) for family in (hmms, ngrams, languages, mixtures, products)))


def exact_entropy(q: Oracle, position: int, observed: list[int]) -> arb:
    table = Table.of(q)
    both = table.marginal(sorted([position, *observed])).entropy().value
    with q.arithmetic.logs.context():
        return both - table.marginal(sorted(observed)).entropy().value if observed else both


def contexts(q: Oracle) -> st.SearchStrategy[list[int]]:
    """A position, and others that are observed."""
    return st.lists(st.integers(0, q.length - 1), min_size=1, max_size=q.length, unique=True)


@settings(max_examples=100)
@given(data=st.data(), q=LAWS)
def test_every_window_encloses_and_wider_ones_more_tightly(data: st.DataObject, q: StateSpaceOracle) -> None:
    position, *observed = data.draw(contexts(q))
    exact = exact_entropy(q, position, observed)
    entropy = Windows(q).entropy(position, observed)
    low, high = entropy.low, entropy.high
    while not entropy.exact:
        assert entropy.widen()
        with q.arithmetic.logs.context():
            assert not entropy.low > exact
            assert not entropy.high < exact
            assert not entropy.low < low
            assert not entropy.high > high
            low, high = entropy.low, entropy.high
    assert entropy.width == 0
    assert low.overlaps(exact)
    assert high.overlaps(exact)


@settings(max_examples=50)
@given(data=st.data(), q=LAWS)
def test_the_whole_context_is_seen_where_that_is_asked_for(data: st.DataObject, q: StateSpaceOracle) -> None:
    position, *observed = data.draw(contexts(q))
    result = conditional_entropy(q, position, observed, width=0)
    low, high = result.bounds
    exact = exact_entropy(q, position, observed)
    assert low <= float(exact) + 1e-15
    assert high >= float(exact) - 1e-15
    assert float(high - low) < 1e-30
    rounded = conditional_entropy(q.to("float64"), position, observed)
    assert float(rounded) == pytest.approx(float(exact), abs=2e-9)


def test_windows_that_look_alike_are_computed_once() -> None:
    """Stationary: the middle of a pattern that repeats. Not stationary: the start law differs everywhere."""
    transition = [["9/10", "1/10"], ["2/5", "3/5"]]
    emission = [["3/4", "1/4"], ["1/3", "2/3"]]
    for initial, alike in ((["4/5", "1/5"], True), (["1/2", "1/2"], False)):
        windows = Windows(HMM(initial, transition, emission, 60))
        entropies = [windows.entropy(i, range(0, 60, 3)) for i in (28, 31, 34)]
        for entropy in entropies:
            entropy.widen(), entropy.widen()
        different = {(str(entropy.low), str(entropy.high)) for entropy in entropies}
        assert (len(windows._known) == 2) is alike
        assert len(different) == 1 or not alike


def test_a_width_that_is_reached_at_real_lengths() -> None:
    q = zoo.topic_hmm(301, 3, 1)
    narrow_, wide = (conditional_entropy(q, 151, range(0, 301, 2), width=w) for w in (1e-4, 1e-2))
    for result, width in ((narrow_, 1e-4), (wide, 1e-2)):
        low, high = result.bounds
        assert 0 < high - low <= width
        assert result.notes == ()
        assert result.guarantee == "enclosure, enclosure at 128 bits"
    assert wide.bounds[0] <= narrow_.bounds[0] <= narrow_.bounds[1] <= wide.bounds[1]
    assert narrow_.method == "two-sided windows of 3 tokens on a side"


def test_a_width_that_is_not_reached_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle that never forgets its state: .646 bits given the state, however far away it is taken."""
    monkeypatch.setitem(WINDOW_ENTRIES, "float64", 2**14)
    q = zoo.deterministic_cycle_hmm(301).to("float64")
    result = conditional_entropy(q, 151, range(0, 301, 2), width=1e-6)
    low, high = result.bounds
    assert low == pytest.approx(0.646, abs=5e-4)
    assert high - low > 1e-3
    assert result.notes == ("the requested width 1e-06 was not reached",)


def test_narrowing_stops_at_the_sum_of_the_widths() -> None:
    windows = Windows(zoo.topic_hmm(40, 2, 1))
    entropies = [windows.entropy(i, range(0, 40, 2)) for i in range(1, 40, 2)]
    narrow(entropies, 1e-2)
    assert 0 < sum(entropy.width for entropy in entropies) <= 1e-2


def test_bad_input() -> None:
    q = zoo.topic_hmm(5)
    with pytest.raises(
        ValueError, match=r"observed: expected other positions than 2, each once, got \[1, 2\]"
    ):
        conditional_entropy(q, 2, [2, 1])
    with pytest.raises(ValueError, match=r"positions: expected indices in 0..4, got \[5\]"):
        conditional_entropy(q, 5, [2, 1])
    for law in (q.to("boolean"), uniform_on(["01"], 2)):
        with pytest.raises(ValueError, match="q: expected a law with a state space and probabilities"):
            conditional_entropy(law, 1, [0])
