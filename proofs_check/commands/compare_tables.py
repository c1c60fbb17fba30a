"""A learned denoiser against the ideal one, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from proofs_check.commands.compare_numbers import at_most, bits, divergence, kind, nats, rate, short
from proofs_check.commands.digits import DOWN, UP, fixed
from proofs_check.commands.numbers import probability
from theory.learning.calibration import Bin, Calibration
from theory.learning.report import LearningReport, spread
from theory.learning.step_curves import Number, interval_ends

Column = tuple[str, str]
"""What a column holds, and its unit."""

CALIBRATED = {"tokens": "p of a token", "top": "p of the top one"}
"""What is predicted, for every kind of events of a calibration curve."""


def senses_table(found: LearningReport) -> Table:
    """Every sense of the error with its kind, and the NELBO that training sees."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("", overflow="fold")
    for name in ("bits", "nats"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("kind", overflow="fold")
    for name, number in senses(found):
        table.add_row(name, bits(number), nats(number), kind(number))
    return table


def senses(found: LearningReport) -> list[tuple[str, Number]]:
    """What the error is called in every sense, and the bounds of the likelihood beside it."""
    where = "in any possible context"
    if found.worst_context is not None:
        pattern, position = found.worst_context
        where += f": token {position} of {written(pattern, found.vocab_size)}"
    rates = []
    if found.largest_rate is not None:
        rate, number = found.largest_rate
        rates = [(f"largest mean over masking rates t, at {float(rate):.3g}", number)]
    return [
        (f"largest {where}", found.worst),
        *rates,
        ("mean over t, (NELBO - H)/L, a token", found.average),
        ("NELBO in continuous time, a sequence", found.nelbo),
        ("H(q), a sequence", found.entropy),
    ]


def written(pattern: Sequence[int], vocab_size: int) -> str:
    """A pattern as people read it: `_` for what is masked."""
    parts = ["_" if token == vocab_size else str(token) for token in pattern]
    return ("" if vocab_size <= 10 else " ").join(parts)


def context_tables(found: LearningReport) -> list[Table]:
    """The mean error by masking rate, by number of revealed tokens and by position, each from left to right."""
    chosen = spread(found.length)
    positions = dict(found.by_position)
    places = [list(positions)[k] for k in spread(len(positions))]
    revealed = {each.revealed: each for each in found.by_revealed}
    seen = [revealed[m] for m in chosen]
    rows = [("mean", [each.mean for each in seen])]
    worst = [each.worst for each in seen if each.worst is not None]
    if worst:
        rows.append(("largest", worst))
    rates = [each for k, each in enumerate(found.by_rate) if k % 2 or not k]
    return [
        _across(
            "masked share t", [f"{float(rate):g}" for rate, _ in rates], [("mean", [n for _, n in rates])]
        ),
        _across("revealed tokens", [str(m) for m in chosen], rows),
        _across("position", [str(i) for i in places], [("of NELBO - H", [positions[i] for i in places])]),
    ]


def _across(name: str, heads: list[str], rows: Sequence[tuple[str, Sequence[Number]]]) -> Table:
    """Numbers from left to right."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(name, no_wrap=True, min_width=15)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for label, numbers in rows:
        table.add_row(label, *(short(number) for number in numbers))
    return table


def rate_tables(found: LearningReport) -> list[Table]:
    """SER, then TER, of both samplers against N, and what the measured error says that they may be."""
    errors = _stepped(("SER", "learned"), ("", "ideal"), ("", "within"), ("", "at most"))
    perplexities = _stepped(("log2 TER", "learned"), ("", "ideal"), ("", "at most"))
    for row in found.rows:
        low, high = interval_ends(row.error_range)
        errors.add_row(
            str(row.steps),
            probability(row.learned.sequence_error_rate),
            probability(row.ideal.sequence_error_rate),
            f"{fixed(low, 3, DOWN)}–{fixed(high, 3, UP)}" if low < high else fixed(low, 3),
            fixed(row.error_bound, 3, UP),
        )
        perplexities.add_row(
            str(row.steps),
            rate(row.learned.log2_token_error_rate),
            rate(row.ideal.log2_token_error_rate),
            at_most(row.token_bound),
        )
    return [errors, perplexities]


def parts_table(found: LearningReport) -> Table:
    """KL(q||p) of both samplers against N, and the two parts of E KL."""
    table = _stepped(
        ("KL, bits", "learned"),
        ("", "ideal"),
        ("E KL, bits", "in all"),
        ("", "factorised"),
        ("", "learning"),
    )
    for row in found.rows:
        table.add_row(
            str(row.steps),
            divergence(row.divergence),
            divergence(row.ideal_divergence),
            bits(row.learned.expected_kl),
            bits(row.ideal.expected_kl),
            bits(row.learning),
        )
    return table


def visits_table(found: LearningReport) -> Table:
    """The mean error in contexts of q that N steps reveal from, and in those that the sampler meets itself."""
    table = _stepped(
        ("e, bits/token", "revealed"),
        ("", "visited"),
        ("visits", "impossible"),
    )
    for row in found.rows:
        table.add_row(
            str(row.steps),
            bits(row.learning, found.length),
            bits(row.visited.mean),
            probability(row.visited.impossible),
        )
    return table


def calibration_tables(found: LearningReport) -> list[Table]:
    """Reliability by bins, of all tokens and of the most probable ones; what a bin hides is in the last column."""
    return [_calibration(curve) for curve in found.calibrations]


def _calibration(curve: Calibration) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(CALIBRATED[curve.events], no_wrap=True, min_width=15)
    for name in ("share", "predicted", "true", "gap", "hidden"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in curve.bins:
        if each.mass:
            table.add_row(f"{float(each.low):g}–{float(each.high):g}", *_bin(each, curve))
    return table


def _bin(each: Bin, curve: Calibration) -> list[str]:
    whole = sum(float(one.mass) for one in curve.bins)
    numbers = (float(each.mass) / whole, each.prediction, each.chance, each.gap)
    return [*(fixed(number, 4) for number in numbers), fixed(max(each.spread - each.gap, 0.0), 4)]


def _stepped(*columns: Column) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("\nN", justify="right", no_wrap=True)
    for name, unit in columns:
        table.add_column(f"{name}\n{unit}", justify="right", no_wrap=True)
    return table


# ---------------------------------------------------------------------- what the numbers are worth


def footnotes(found: LearningReport) -> list[str]:
    """What the columns mean, and how each was computed."""
    rows = found.rows
    tokens, top = found.calibrations
    return [
        "e: bits by which the model's law of a token is worse than q's, in contexts that are possible under q",
        *_kinds("by t, revealed, position", [each.mean for each in found.by_revealed]),
        "  of NELBO - H: what each position adds to it",
        *_kinds("SER, learned", [row.learned.sequence_error_rate for row in rows]),
        *_kinds("SER, ideal", [row.ideal.sequence_error_rate for row in rows]),
        *_kinds("  within", [row.error_range for row in rows]),
        *_kinds("  at most", [row.error_bound for row in rows]),
        *_kinds("log2 TER, learned", [row.learned.log2_token_error_rate for row in rows]),
        *_kinds("log2 TER, ideal", [row.ideal.log2_token_error_rate for row in rows]),
        *_kinds("  at most", [row.token_bound for row in rows]),
        "KL: KL(q||p) = L log2 TER - H; E KL = factorised + learning: its mean over partitions, which mixing lowers",
        *_kinds("factorised, that of the ideal denoiser", [row.ideal.expected_kl for row in rows]),
        *_kinds("learning", [row.learning for row in rows]),
        "  e revealed: learning / L, the mean over the contexts of q that N steps reveal from",
        *_kinds("e visited: where its own sampler goes and q does", [row.visited.mean for row in rows]),
        *_kinds("  impossible under q", [row.visited.impossible for row in rows]),
        *_kinds("calibration", [tokens.ece]),
        "  gap: what a bin adds to the ECE, share * |predicted - true| (tokens: times V/2); hidden: cancelled in it",
        f"  tokens: ECE {_ece(tokens)}; top token: ECE {_ece(top)}",
    ]


def _ece(curve: Calibration) -> str:
    whole, level, bins = bits(curve.error), bits(curve.level_error), len(curve.bins)
    return f"{bits(curve.ece)} in {bins} bins, {level} at equal p, at most {whole} however binned"


def _kinds(column: str, numbers: Sequence[Number]) -> list[str]:
    """The different pedigrees in a column."""
    return [f"{column}: {each}" for each in dict.fromkeys(kind(number) for number in numbers)]
