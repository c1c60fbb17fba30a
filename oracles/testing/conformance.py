"""The laws every oracle must obey, as one test for any oracle: `check_oracle(q)`.

Each law is a function from an `Examination` to the faults it finds; `LAWS` lists them from the most specific
to the most derived, so the first fault names the broken promise rather than a consequence of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from oracles.oracle import Oracle
from oracles.testing import laws as exact
from oracles.testing import sampling_laws as sampling
from oracles.testing.examination import Examination, Fault, examine


class ConformanceError(AssertionError):
    """An oracle broke a law: `law` is its name, `pattern` where it broke (None if nowhere in particular)."""

    def __init__(self, oracle: Oracle, law: str, fault: Fault) -> None:
        self.law, self.pattern = law, fault.pattern
        place = "" if fault.pattern is None else f" at pattern {fault.pattern}"
        super().__init__(f"{oracle!r} breaks the law {law}{place}: {fault.message}")


Law = Callable[[Examination], Iterator[Fault]]

LAWS: tuple[Law, ...] = (
    exact.normalisation,
    exact.marginal_consistency,
    exact.support_is_positive_probability,
    exact.log_prob_is_the_logarithm,
    exact.conditionals_sum_to_one,
    exact.observed_is_one_hot,
    exact.conditionals_are_ratios,
    exact.batches_agree,
    exact.positions_select,
    exact.out_is_filled,
    exact.chain_rule,
    exact.impossible_is_refused,
    exact.tables_list_the_probabilities,
    exact.condition_is_the_conditional_law,
    exact.marginal_is_the_marginal_law,
    exact.entropy_is_the_sum,
    exact.most_probable_is_a_maximum,
    sampling.samples_match,
    sampling.given_samples_match,
)
"""Every law, in the order in which they are checked."""


def check_oracle(
    q: Oracle,
    seed: int = 0,
    *,
    samples: int = 2000,
    limit: int = 1000,
    tolerance: float | None = None,
    laws: Sequence[Law] | None = None,
) -> None:
    """Raise `ConformanceError` unless the oracle obeys every law (or each of `laws`).

    An oracle of at most `limit` patterns is examined on all of them, a larger one on random ones made from
    its own samples.  samples: draws for the laws on samples, each of which fails a correct sampler with
    probability at most `ERROR_PROBABILITY`.  tolerance: relative error allowed to floats (by default what
    rows that miss 1 by the constructors' tolerance add up to) and to balls (by default none; a law in balls
    that came from floats needs some).  Exact, symbolic and Boolean laws are compared without any.
    """
    examination = examine(q, seed, samples, limit, tolerance)
    with examination.context():
        for law in LAWS if laws is None else laws:
            for fault in law(examination):
                raise ConformanceError(q, law.__name__, fault)
