"""An analysis as JSON: every number with its kind."""

from __future__ import annotations

import math
from typing import Any

from oracles import Result
from theory.analysis import Analysis, Missing, Row
from theory.monte_carlo import Estimate


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """The analysis as JSON-ready dictionaries; a number that is missing is null, with the reason beside it."""
    return {
        "vocab_size": analysis.vocab_size,
        "length": analysis.length,
        "entropy": number_json(analysis.entropy),
        "entropy_rate": number_json(analysis.entropy_rate),
        "correlation": number_json(analysis.correlation),
        "everything_possible": analysis.everything_possible,
        "samples": analysis.samples,
        "seed": analysis.seed,
        "confidence": analysis.confidence,
        "rows": [_row_json(row) for row in analysis.rows],
    }


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "schedule": row.family,
        "steps": row.steps,
        "expected_kl": number_json(row.expected_kl),
        "expected_kl_sampled": number_json(row.expected_kl_sampled),
        "log2_ter": number_json(row.log2_token_error_rate),
        "log2_ter_bound_correlation": number_json(row.correlation_bound),
        "log2_ter_bound_vocabulary": number_json(row.vocabulary_bound),
        "ser": number_json(row.sequence_error_rate),
        "ser_bound": number_json(row.sequence_error_bound),
    }


def number_json(number: Result | Estimate | Missing) -> dict[str, Any]:
    """value, unit, kind and method; low and high where there is an interval; the fraction if it is one.

    What JSON lacks is null with `"infinite"`: true for infinity, false for what is undefined.
    """
    if isinstance(number, Missing):
        return {"value": None, "kind": "missing", "reason": number.reason}
    if isinstance(number, Estimate):
        return {
            "value": number.value,
            "low": number.low,
            "high": number.high,
            "unit": number.unit,
            "kind": "estimate",
            "method": number.method,
            "confidence": number.confidence,
            "n": number.n,
        }
    finite = math.isfinite(float(number.value))
    document = {
        "value": float(number.value) if finite else None,
        "unit": number.unit,
        "kind": number.guarantee,
        "method": number.method,
    }
    if not finite:
        return document | {"infinite": math.isinf(float(number.value))}
    if number.guarantee == "exact rational":
        document["exact"] = str(number.value)
    if number.bounds is not None:
        document["low"], document["high"] = map(float, number.bounds)
    return document
