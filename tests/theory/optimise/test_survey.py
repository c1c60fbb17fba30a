"""A survey is what its parts say."""

import pytest

from oracles import Table, zoo
from theory import IID, expected_kl, sequence_error_rate
from theory.analysis import Missing
from theory.optimise import StepsNeeded, optimal_sizes, optimal_weights
from theory.optimise.survey import NEEDING, USUAL, survey


def test_rows_and_needs() -> None:
    q = zoo.golden_mean(6).to("float64")
    found = survey(q, [2, 3], {"ser": "1/4", "expected_kl": 0.2})
    assert (found.vocab_size, found.length, [row.steps for row in found.rows]) == (2, 6, [2, 3])
    for row in found.rows:
        assert row.sizes == optimal_sizes(q, row.steps)
        assert row.weights == optimal_weights(q, row.steps)
        assert tuple(gap.family for gap in row.gaps) == USUAL
    assert [(need.target.kind, need.family) for need in found.needs] == [
        (kind, family) for kind in ("ser", "expected_kl") for family in NEEDING
    ]
    for need in found.needs:
        assert isinstance(need.found, StepsNeeded)
        assert not need.enough
    metrics = {"ser": sequence_error_rate, "expected_kl": expected_kl}
    for need in found.needs:
        if need.family == "uniform" and isinstance(need.found, StepsNeeded):
            steps, metric = need.found.steps, metrics[need.target.kind]
            assert float(metric(q, IID.uniform(steps))) <= need.target.most
            assert float(metric(q, IID.uniform(steps - 1))) > need.target.most


def test_a_bound_stands_in_where_there_is_no_exact_route() -> None:
    found = survey(zoo.golden_mean(200).to("float64"), [8], {"kl": 5})
    assert all(need.enough and isinstance(need.found, StepsNeeded) for need in found.needs)


def test_a_target_out_of_reach_says_so() -> None:
    found = survey(zoo.parity(4).to("float64"), [1], {"expected_kl": 0})
    reasons = {need.family: need.found.reason for need in found.needs if isinstance(need.found, Missing)}
    # Rounded cosine sizes end in two tokens even where there is a step for each.
    assert reasons == {
        "cosine-sizes": "not reached by N = 4",
        "uniform": "not reached by N = 16",
        "cosine": "not reached by N = 16",
    }


def test_a_prompt_shortens_the_law() -> None:
    q = zoo.sticky_chain(8).to("float64")
    found = survey(q, [2], {"ter": 1.9}, given=[0, 2, 2, 2, 1, 2, 2, 2])
    assert found.length == 6
    assert sum(found.rows[0].sizes.sizes) == 6


def test_progress_ends_at_the_whole() -> None:
    seen: list[tuple[str, int, int]] = []
    survey(Table(["1/3", "2/3"]).to("float64"), [1], {"ser": 0.5}, progress=lambda *each: seen.append(each))
    assert all(0 <= done < total for _, done, total in seen)
    assert [what for what, _, _ in seen][:2] == ["information profile", "N = 1"]


def test_bad_requests_are_refused() -> None:
    q = zoo.golden_mean(5).to("float64")
    with pytest.raises(
        ValueError, match="steps: expected at most 5, one for each token, which is exact, got 6"
    ):
        survey(q, [2, 6], {})
    with pytest.raises(ValueError, match="steps: expected an integer of at least 1, got 0"):
        survey(q, [0], {})
    with pytest.raises(ValueError, match="ter: expected at least TER"):
        survey(q, [2], {"ter": 1.01})
    with pytest.raises(ValueError, match="is too large"):
        survey(zoo.pair_hmm(12).to("float64"), [2], {"ser": 0.5})
