"""A survey of schedules as JSON: every number with its kind."""

from __future__ import annotations

from typing import Any

from proofs_check.commands.numbers import number_json
from theory.analysis import Missing
from theory.optimise.survey import Need, Row, Survey


def survey_json(survey: Survey) -> dict[str, Any]:
    """The survey as JSON-ready dictionaries."""
    return {
        "vocab_size": survey.vocab_size,
        "length": survey.length,
        "entropy": number_json(survey.entropy),
        "rows": [_row_json(row) for row in survey.rows],
        "needed": [_need_json(need) for need in survey.needs],
    }


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "steps": row.steps,
        "optimal_sizes": {
            "sizes": list(row.sizes.sizes),
            "expected_kl": number_json(row.sizes.expected_kl),
            "slack": row.sizes.slack,
        },
        "optimal_weights": {
            "weights": [float(weight) for weight in row.weights.weights],
            "expected_kl": number_json(row.weights.expected_kl),
            "slack": row.weights.slack,
        },
        "schedules": [
            {"schedule": gap.family, "expected_kl": number_json(gap.expected_kl), "ratio": gap.ratio}
            for gap in row.gaps
        ],
    }


def _need_json(need: Need) -> dict[str, Any]:
    document = {"target": need.target.kind, "most": float(need.target.most), "schedule": need.family}
    if isinstance(need.found, Missing):
        return document | {"steps": None, "reason": need.found.reason}
    before = need.found.before
    return document | {
        "steps": need.found.steps,
        "least": not need.enough,
        "reached": number_json(need.found.reached),
        "before": None if before is None else number_json(before),
        "method": need.found.method,
    }
