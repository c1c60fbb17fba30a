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
    worst: dict[str, Any] = finite_json(found.worst)
    if found.worst_context is not None:
        worst |= {"pattern": list(found.worst_context[0]), "position": found.worst_context[1]}
    largest = found.largest_rate and (
        {"t": float(found.largest_rate[0])} | finite_json(found.largest_rate[1])
    )
    return {
        "vocab_size": found.vocab_size,
        "length": found.length,
        "exact": found.exact,
        "entropy": number_json(found.entropy),
        "nelbo": finite_json(found.nelbo),
        "learning_error": {
            "largest": worst,
            "largest_over_rates": largest,
            "mean": finite_json(found.average),
            "by_rate": [{"t": float(rate)} | finite_json(number) for rate, number in found.by_rate],
            "by_revealed": [
                {"revealed": each.revealed, "mean": finite_json(each.mean), "largest": _worst(each.worst)}
                for each in found.by_revealed
            ],
            "by_position": [{"position": i} | finite_json(number) for i, number in found.by_position],
        },
        "calibration": [_calibration(curve) for curve in found.calibrations],
        "steps": [_row(row) for row in found.rows],
    }


def finite_json(number: Number) -> dict[str, Any]:
    """`number_json` for estimates, too, that are infinite or have an infinite end; with notes, if there are any."""
    document = number_json(number) | ({"notes": list(number.notes)} if number.notes else {})
    if not isinstance(number, Estimate):
        return document
    ends = {name: document[name] for name in ("value", "low", "high")}
    missing = {name: None for name, value in ends.items() if value in (float("inf"), float("-inf"))}
    return document | missing | ({"infinite": True} if "value" in missing else {})


def _worst(number: Number | None) -> dict[str, Any] | None:
    return None if number is None else finite_json(number)


def _row(row: StepRow) -> dict[str, Any]:
    return {
        "steps": row.steps,
        "learned": _point(row.learned) | {"kl": finite_json(row.divergence)},
        "ideal": _point(row.ideal) | {"kl": finite_json(row.ideal_divergence)},
        "learning": finite_json(row.learning),
        "visited": _visits(row.visited),
        "visited_by_ideal": _visits(row.visited_by_ideal),
        "log2_ter_bound": finite_json(row.token_bound),
        "ser_bound": finite_json(row.error_bound),
        "ser_range": finite_json(row.error_range),
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    return {
        "ser": finite_json(point.sequence_error_rate),
        "log2_ter": finite_json(point.log2_token_error_rate),
        "expected_kl": finite_json(point.expected_kl),
    }


def _visits(visited: VisitedErrors) -> dict[str, Any]:
    return {
        "mean": finite_json(visited.mean),
        "total": finite_json(visited.total),
        "impossible": finite_json(visited.impossible),
    }


def _calibration(curve: Calibration) -> dict[str, Any]:
    return {
        "events": curve.events,
        "ece": finite_json(curve.ece),
        "ece_at_equal_predictions": finite_json(curve.level_error),
        "largest_ece": finite_json(curve.error),
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
