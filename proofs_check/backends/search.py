"""Random instances from hypothesis strategies, shrunk to a smallest one that violates a claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.strategies import SearchStrategy

from proofs_check.instances import Instance, at


class _Violated(Exception):
    """Carries the instance out of hypothesis, which raises it last for the smallest one."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(str(instance))
        self.instance = instance


def smallest(
    strategies: Mapping[str, SearchStrategy],
    violates: Callable[[Instance], bool],
    *,
    examples: int,
    seed: int,
) -> Instance | None:
    """The simplest instance found that violates, None if `examples` random ones do not.  Deterministic."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=False,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )
    @hypothesis.given(st.fixed_dictionaries(dict(strategies)))
    def trial(values: Mapping[str, object]) -> None:
        instance = at(**values)
        if violates(instance):
            raise _Violated(instance)

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
