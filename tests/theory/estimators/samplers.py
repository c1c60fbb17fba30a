"""Samplers for the tests of estimators: those whose path follows from x, those that leave sets to chance."""

from collections.abc import Callable

from oracles import Oracle, zoo
from theory import (
    IID,
    Blocks,
    EntropyBounded,
    EntropySum,
    FixedSizes,
    OneOf,
    Partition,
    RandomSizes,
    Threshold,
    TopK,
    Unmasking,
)

LAWS: dict[str, Oracle] = {
    "golden mean": zoo.golden_mean(4).to("float64"),
    "ABAB": zoo.ababbaba(4).to("float64"),
    "hidden": zoo.non_unifilar_hmm(4).to("float64"),
    "trigram": zoo.trigram(4).to("float64"),
}

DETERMINED: dict[str, Callable[[], Unmasking]] = {
    "partition": lambda: Partition([[3, 1], [0], [2]]),
    "all at once": lambda: IID.uniform(1),
    "top k": lambda: TopK(2),
    "threshold": lambda: Threshold("3/4"),
    "entropy bounded": lambda: EntropyBounded("1/2"),
    "blocks": lambda: Blocks(2, EntropySum(1)),
    "mixture": lambda: OneOf([TopK(2), Partition([[0, 2], [1, 3]])], ["1/4", "3/4"]),
}

BY_CHANCE: dict[str, Callable[[], Unmasking]] = {
    "iid": lambda: IID(["1/2", "1/3", "1/6"]),
    "sizes": lambda: FixedSizes([1, 0, 2, 1]),
    "random sizes": lambda: RandomSizes([[4], [2, 2]], ["1/4", "3/4"]),
    "mixture with a planner": lambda: OneOf([TopK(2), IID.uniform(2)], ["1/3", "2/3"]),
}
