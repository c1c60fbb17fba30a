"""What a sampler is asked to imitate is looked at before anything else."""

import pytest

from oracles import zoo
from theory import IID, expected_kl, sequence_error_rate, simulate


@pytest.mark.parametrize("q", [None, [0.5, 0.5], zoo, "zoo:golden_mean"])
def test_only_an_oracle_can_be_imitated(q: object) -> None:
    for quantity in (sequence_error_rate, expected_kl):
        with pytest.raises(ValueError, match="^q: expected an oracle, got"):
            quantity(q, IID.uniform(2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^q: expected an oracle, got"):
        simulate(q, IID.uniform(2), 1, seed=0)  # type: ignore[arg-type]
