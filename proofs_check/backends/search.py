"""Random instances from hypothesis strategies, drawn towards tight ones and shrunk to a smallest violation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.strategies import SearchStrategy

from proofs_check.evaluation import Outcome
from proofs_check.instances import Instance, at


class _Violated(Exception):
    """Carries the instance out of hypothesis, which raises it last for the smallest one."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(str(instance))
        self.instance = instance


def smallest(
    strategies: Mapping[str, SearchStrategy],
    outcome_at: Callable[[Instance], Outcome],
    *,
    examples: int,
    seed: int,
) -> Instance | None:
    """The simplest counterexample found, None if `examples` random instances are none.  Deterministic.

    New instances are drawn near those where the ratio of the two sides is largest.
    """

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=False,
        deadline=None,
        phases=(Phase.generate, Phase.target, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )
    @hypothesis.given(st.fixed_dictionaries(dict(strategies)))
    def trial(values: Mapping[str, object]) -> None:
        outcome = outcome_at(at(**values))
        if outcome.counterexample:
            raise _Violated(outcome.instance)
        if (ratio := outcome.ratio) is not None:
            hypothesis.target(ratio)

    try:
        with _no_folder_left():
            trial()
    except _Violated as found:
        return found.instance
    return None


@contextmanager
def _no_folder_left() -> Iterator[None]:
    """What hypothesis remembers goes to a folder that is thrown away, not to one where the user happens to be."""
    with TemporaryDirectory(prefix="maskproof-") as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)
