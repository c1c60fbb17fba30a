"""What a comparison answers: tables, footnotes and sentences for people, a document for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from proofs_check.commands.compare_baseline import baseline_footnote, baseline_reading, baseline_table
from proofs_check.commands.compare_json import report_json
from proofs_check.commands.compare_reading import reading
from proofs_check.commands.compare_tables import (
    calibration_tables,
    context_tables,
    footnotes,
    parts_table,
    rate_tables,
    senses_table,
    visits_table,
)
from theory.learning.report import LearningReport


@dataclass(frozen=True)
class Answer:
    """document: JSON-ready; tables: by title; footnotes: how the numbers came about; reading: what they say."""

    document: dict[str, Any]
    tables: Mapping[str, Sequence[Table]]
    footnotes: Sequence[str]
    reading: Sequence[str]


def denoiser_answer(found: LearningReport, counted: LearningReport | None, sequences: int | None) -> Answer:
    """Of a denoiser; counted: the same of counts of so many sequences, to set beside it."""
    document = report_json(found)
    tables: dict[str, Sequence[Table]] = {
        "Error of learning e = KL(q(x_i | seen) || model), in every sense": [senses_table(found)],
        "Where it errs, in bits": context_tables(found),
        "Samplers of N uniform steps: SER, and log2 TER in bits a token": rate_tables(found),
        "Their KL(q||p), and the two parts of E KL": [parts_table(found)],
        "Where the sampler goes": [visits_table(found)],
        "Calibration: what is predicted and what is true, as probabilities": calibration_tables(found),
    }
    notes, said = footnotes(found), reading(found)
    if counted is not None:
        document["baseline"] = {"sequences": sequences, **report_json(counted)}
        tables[f"Beside it: counts of {sequences:,} sequences"] = [baseline_table(found, counted)]
        notes.append(baseline_footnote())
        said.append(baseline_reading(found, counted))
    return Answer(document, tables, notes, said)
