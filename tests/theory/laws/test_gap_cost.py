"""The estimates grow with what they count."""

from oracles import MarkovChain
from theory import IID, FixedSizes
from theory.laws.gap_cost import gap_cost, sequence_cost


def test_costs_grow_with_what_they_count() -> None:
    short, long = (MarkovChain(["1/2", "1/2"], [["1/2", "1/2"], [1, 0]], length) for length in (20, 40))
    apart = MarkovChain(["1/2", "1/2"], [[["1/2", "1/2"], [1, 0]] for _ in range(39)], 40)
    schedule = IID.uniform(8)
    assert 6 < gap_cost(long, schedule).work / gap_cost(short, schedule).work < 10
    assert gap_cost(long.to("float64"), schedule).work < gap_cost(long, schedule).work
    assert gap_cost(apart, schedule).work > gap_cost(long, schedule).work
    assert gap_cost(long, FixedSizes([20, 10, 10])).work < gap_cost(long, FixedSizes([10, 10, 10, 10])).work
    assert sequence_cost(long, schedule, 20).work == 2 * sequence_cost(long, schedule, 10).work
    assert sequence_cost(long, FixedSizes([20, 20]), 2).work > 0
