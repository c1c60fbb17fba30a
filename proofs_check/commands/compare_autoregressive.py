"""An autoregressive model against the law that it was to learn."""

from __future__ import annotations

import math
from typing import Any

from rich.table import Table

from oracles import Oracle, Result
from proofs_check.commands.analysis_json import number_json
from proofs_check.commands.analysis_table import probability
from proofs_check.commands.compare_answer import Answer
from proofs_check.commands.compare_json import finite_json
from proofs_check.commands.compare_numbers import bits, kind, nats
from theory.learning.step_curves import (
    CurvePoint,
    Number,
    autoregressive_point,
    exact_autoregressive_point,
)
from theory.neural import AutoregressiveLaw
from theory.neural.shortfalls import NUMBERS

TITLE = "What it generates, p, one token a step"

NOTES = [
    "KL(q||p) = L log2 TER - H(q) is the sum over positions of the errors given what was generated before",
]


def autoregressive_answer(
    q: Oracle,
    model: Any,
    *,
    given: Any,
    sequences: float,
    draws: int,
    confidence: float,
    seed: int,
) -> Answer:
    """KL(q||p), TER and SER of what a model generates one token at a time.

    sequences: up to how many prefixes, V**(L-1), all are looked at, so that nothing is estimated, if they give no
    more numbers than `NUMBERS`.
    """
    law = AutoregressiveLaw(q, model, given=given)
    length, prefixes = law.law.length, float(q.vocab_size) ** (law.law.length - 1)
    if prefixes <= sequences and prefixes * length * q.vocab_size <= NUMBERS:
        point = exact_autoregressive_point(law)
    else:
        point = autoregressive_point(law, draws=draws, confidence=confidence, seed=seed)
    entropy = law.law.entropy()
    return Answer(_document(point, law.law, entropy), {TITLE: [_table(point, entropy)]}, NOTES, _said(point))


def _document(point: CurvePoint, law: Oracle, entropy: Result) -> dict[str, Any]:
    return {
        "vocab_size": law.vocab_size,
        "length": law.length,
        "exact": isinstance(point.expected_kl, Result),
        "entropy": number_json(entropy),
        "autoregressive": {
            "kl": finite_json(point.expected_kl),
            "log2_ter": finite_json(point.log2_token_error_rate),
            "ser": finite_json(point.sequence_error_rate),
        },
    }


def _table(point: CurvePoint, entropy: Result) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    for name in ("bits", "nats"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("kind", overflow="fold")
    rows: list[tuple[str, Number]] = [
        ("KL(q||p), a sequence", point.expected_kl),
        ("H(q), a sequence", entropy),
        ("log2 TER, a token", point.log2_token_error_rate),
    ]
    for name, number in rows:
        table.add_row(name, bits(number), nats(number), kind(number))
    rate = point.sequence_error_rate
    table.add_row("SER, a probability", probability(rate), "", kind(rate))
    return table


def _said(point: CurvePoint) -> list[str]:
    if math.isinf(float(point.expected_kl.value)):
        return ["KL(q||p) is infinite: the model gives a possible sequence probability zero."]
    loss, rate = point.expected_kl, point.sequence_error_rate
    lost = f"The model loses {bits(loss)} bits a sequence, {bits(loss, point.steps)} a token"
    if rate.value == 0 and isinstance(rate, Result):
        return [f"{lost}, and makes no errors."]
    return [f"{lost}; a share of {probability(rate)} of its sequences is impossible under q."]
