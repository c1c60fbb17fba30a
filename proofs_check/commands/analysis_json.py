"""An analysis as JSON: every number with its kind."""

from __future__ import annotations

from typing import Any

from proofs_check.commands.numbers import number_json
from theory.analysis import Analysis, Row


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
