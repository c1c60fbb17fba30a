"""A learned denoiser against the ideal one as JSON: every number with its kind, in bits."""

from __future__ import annotations

from typing import Any

from proofs_check.commands.analysis_json import number_json
from theory.learning.calibration import Bin, Calibration
from theory.learning.report import LearningReport
from theory.learning.rows import StepRow
from theory.learning.step_curves import CurvePoint, Number
from theory.learning.visited import VisitedErrors
from theory.monte_carlo import Estimate


def report_json(found: LearningReport) -> dict[str, Any]:
    """Everything as JSON-ready dictionaries; what JSON lacks is null, with `infinite` beside it."""
    worst: dict[str, Any] = _number(found.worst)
    if found.worst_context is not None:
        worst |= {"pattern": list(found.worst_context[0]), "position": found.worst_context[1]}
    largest = found.largest_rate and ({"t": float(found.largest_rate[0])} | _number(found.largest_rate[1]))
    return {
        "vocab_size": found.vocab_size,
        "length": found.length,
        "exact": found.exact,
        "entropy": number_json(found.entropy),
        "nelbo": _number(found.nelbo),
        "learning_error": {
            "largest": worst,
            "largest_over_rates": largest,
            "mean": _number(found.average),
            "by_rate": [{"t": float(rate)} | _number(number) for rate, number in found.by_rate],
            "by_revealed": [
                {"revealed": each.revealed, "mean": _number(each.mean), "largest": _worst(each.worst)}
                for each in found.by_revealed
            ],
            "by_position": [{"position": i} | _number(number) for i, number in found.by_position],
        },
        "calibration": [_calibration(curve) for curve in found.calibrations],
        "steps": [_row(row) for row in found.rows],
    }


def _number(number: Number) -> dict[str, Any]:
    """`number_json` for estimates, too, that are infinite or have an infinite end; with notes, if there are any."""
    document = number_json(number) | ({"notes": list(number.notes)} if number.notes else {})
    if not isinstance(number, Estimate):
        return document
    ends = {name: document[name] for name in ("value", "low", "high")}
    missing = {name: None for name, value in ends.items() if value in (float("inf"), float("-inf"))}
    return document | missing | ({"infinite": True} if "value" in missing else {})


def _worst(number: Number | None) -> dict[str, Any] | None:
    return None if number is None else _number(number)


def _row(row: StepRow) -> dict[str, Any]:
    return {
        "steps": row.steps,
        "learned": _point(row.learned) | {"kl": _number(row.divergence)},
        "ideal": _point(row.ideal) | {"kl": _number(row.ideal_divergence)},
        "learning": _number(row.learning),
        "visited": _visits(row.visited),
        "visited_by_ideal": _visits(row.visited_by_ideal),
        "log2_ter_bound": _number(row.token_bound),
        "ser_bound": _number(row.error_bound),
        "ser_range": _number(row.error_range),
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    return {
        "ser": _number(point.sequence_error_rate),
        "log2_ter": _number(point.log2_token_error_rate),
        "expected_kl": _number(point.expected_kl),
    }


def _visits(visited: VisitedErrors) -> dict[str, Any]:
    return {
        "mean": _number(visited.mean),
        "total": _number(visited.total),
        "impossible": _number(visited.impossible),
    }


def _calibration(curve: Calibration) -> dict[str, Any]:
    return {
        "events": curve.events,
        "ece": _number(curve.ece),
        "ece_at_equal_predictions": _number(curve.level_error),
        "largest_ece": _number(curve.error),
        "bins": [_bin(each) for each in curve.bins],
    }


def _bin(each: Bin) -> dict[str, Any]:
    means = {"predicted": each.prediction, "true": each.chance}
    return {
        "low": float(each.low),
        "high": float(each.high),
        "mass": float(each.mass),
        **{name: None if value is None else float(value) for name, value in means.items()},
        "gap": float(each.gap),
        "spread": float(each.spread),
    }
