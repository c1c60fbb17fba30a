"""A comparison of orders in plain words: what is exact, what collapses, what an order loses and why."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from oracles import Result
from proofs_check.commands.digits import fixed
from proofs_check.commands.numbers import probability
from proofs_check.commands.order_table import shown
from theory.comparison import Comparison, Number, OrderRow
from theory.monte_carlo import Estimate

NOTHING = 1e-9
"""Bits that are taken for rounding."""

DIGITS = 1e-3
"""The widest enclosure, in bits, that sentences take for a number."""

COLLAPSE = 0.05
"""Share of H(q) that H(p) must lack to be called a collapse."""


@dataclass(frozen=True)
class Setting:
    """What all orders have in common.  steps: N; temperature: None for 1; perturb: a, 0 for the ideal denoiser."""

    steps: int
    temperature: str | None
    perturb: str

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken always."""
        return self.temperature is not None and Fraction(self.temperature) == 0

    def describe(self, comparison: Comparison) -> str:
        """One line on the sampler."""
        denoiser = "ideal denoiser" if float(self.perturb) == 0 else f"denoiser (1 - {self.perturb}) ideal + "
        denoiser += "" if float(self.perturb) == 0 else f"{self.perturb} uniform"
        temperature = "" if self.temperature is None else f", temperature {self.temperature}"
        return f"N = {self.steps} steps for {comparison.length} tokens; {denoiser}{temperature}"


def reading(comparison: Comparison, setting: Setting) -> list[str]:
    """The sentences, each on what the numbers show here."""
    rows = comparison.rows
    return [
        *_exact(rows, setting),
        *_same_laws(rows, setting),
        *_ranking(rows),
        *_against_random(rows, setting),
        *_kept_draws(comparison, setting),
        *_collapsed(comparison, setting),
        *_blocks(rows),
    ]


def _value(number: Number) -> float:
    """A number to the digits that sentences show; NaN where it is not known so well."""
    if not isinstance(number, Result):
        return math.nan
    if number.bounds is not None and float(number.bounds[1] - number.bounds[0]) > DIGITS:
        return math.nan
    return float(number.value)


def _bits(value: float) -> str:
    return f"{0 if abs(value) < NOTHING else fixed(value, 3)} bits"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _exact_rows(rows: tuple[OrderRow, ...]) -> list[OrderRow]:
    """Those whose KL is zero, not just enclosed near it."""
    return [
        row
        for row in rows
        if isinstance(row.divergence, Result)
        and row.divergence.bounds is None
        and abs(_value(row.divergence)) < NOTHING
    ]


def _exact(rows: tuple[OrderRow, ...], setting: Setting) -> list[str]:
    """Orders that generate q itself."""
    exact = _exact_rows(rows)
    if not exact:
        return []
    steps = ", ".join(f"{row.name} ({fixed(_value(row.steps), 2)} steps)" for row in exact)
    return [f"Exact, p = q: {steps}."]


def _same_laws(rows: tuple[OrderRow, ...], setting: Setting) -> list[str]:
    """Different orders that generate the same law, where it is not q itself."""
    groups: list[list[OrderRow]] = []
    for row in rows:
        if row.law is None or abs(_value(row.divergence)) < NOTHING:
            continue
        for group in groups:
            if _table(group[0]).shape == _table(row).shape and np.allclose(
                _table(group[0]), _table(row), rtol=0, atol=1e-12
            ):
                group.append(row)
                break
        else:
            groups.append([row])
    lines = [f"The same law: {_listed([row.name for row in group])}." for group in groups if len(group) > 1]
    left = next((group for group in groups if any(row.name == "left" for row in group)), [])
    by_confidence = [
        row.name for row in left if row.name in ("confidence", "margin", "entropy", "lowconfidence")
    ]
    if setting.greedy and by_confidence:
        lines.append(
            f"At temperature 0 every confidence is 1, and ties are taken from the left: {_listed(by_confidence)} "
            "are no order but left to right. Confidences are to be read before the temperature ('plain')."
        )
    return lines


def _table(row: OrderRow) -> np.ndarray:
    assert row.law is not None
    return np.asarray(row.law.table(), dtype=float)


def _ranking(rows: tuple[OrderRow, ...]) -> list[str]:
    """The least and the most bits lost, among those that lose any."""
    known = [row for row in rows if NOTHING < _value(row.divergence) < math.inf]
    lines = []
    if len(known) > 1:
        best, worst = (choose(known, key=lambda row: _value(row.divergence)) for choose in (min, max))
        these = "Of the others" if _exact_rows(rows) else "Of those that are known"
        lines.append(
            f"{these} {best.name} loses least, {_bits(_value(best.divergence))} in "
            f"{fixed(_value(best.steps), 2)} steps, and {worst.name} most, {_bits(_value(worst.divergence))} in "
            f"{fixed(_value(worst.steps), 2)}."
        )
    lost = [row.name for row in rows if math.isinf(_value(row.divergence))]
    if lost:
        lines.append(f"KL is infinite: {_listed(lost)} never generate some sequence that is possible.")
    return lines


def _against_random(rows: tuple[OrderRow, ...], setting: Setting) -> list[str]:
    """Confidence against random order: what the tokens of a step cost, and what mixing orders wins."""
    random = next((row for row in rows if row.name == "random"), None)
    planner = next((row for row in rows if row.name in ("confidence", "margin", "entropy")), None)
    if random is None or planner is None:
        return []
    errors = random.sequence_error_rate, planner.sequence_error_rate
    if all(isinstance(number, Estimate) for number in errors):
        name, costs = planner.name.capitalize(), [shown(row.divergence) for row in (planner, random)]
        words = f"SER is {probability(errors[1])} and {probability(errors[0])}, estimated"
        return [f"{name} order loses {costs[0]} bits, random order {costs[1]}; {words}."]
    lost, base, path = (
        _value(n) for n in (planner.divergence, random.divergence, random.expected_divergence)
    )
    if (
        not (math.isfinite(lost) and math.isfinite(base) and math.isfinite(path))
        or abs(lost - base) < NOTHING
    ):
        return []
    cause = "what it reveals" if _value(planner.steps) == setting.steps else "its errors"
    words = (
        f"{planner.name.capitalize()} order loses {_bits(lost)}, random order {_bits(base)}: along one order at a "
        f"time {cause} costs {_bits(lost)} against {_bits(path)} on average"
    )
    if path - base > NOTHING:
        words += (
            f", and random order wins {_bits(path - base)} back because its errors differ from order to order"
        )
    if lost > path + NOTHING and setting.perturb == "0" and setting.temperature is None:
        words += (
            ". Confidence says how sure each token is by itself, not how little the tokens of a step depend on "
            "each other"
        )
    return [words + "."]


def _kept_draws(comparison: Comparison, setting: Setting) -> list[str]:
    """Low-confidence remasking with the ideal denoiser, one token a step."""
    row = next((row for row in comparison.rows if row.name == "lowconfidence"), None)
    if row is None or not comparison.ideal or setting.steps != comparison.length:
        return []
    if not _value(row.divergence) > NOTHING:
        return []
    words = (
        f"lowconfidence is not exact even at one token a step ({_bits(_value(row.divergence))}): it draws every "
        "token and keeps the most probable draw, so that what is kept is more probable than it should be. Orders "
        "that choose the position before they draw its token are exact."
    )
    return [words]


def _collapsed(comparison: Comparison, setting: Setting) -> list[str]:
    """Orders that generate less entropy than q has, while their generative perplexity looks good."""
    whole = float(comparison.entropy.value)
    low = [row for row in comparison.rows if _value(row.entropy) < (1 - COLLAPSE) * whole]
    if not low:
        return []
    least = min(low, key=lambda row: _value(row.entropy))
    words = (
        f"Mode collapse: {least.name} generates {_bits(max(_value(least.entropy), 0.0))} of entropy where the law "
        f"has {_bits(whole)}"
    )
    if len(low) > 1:
        words += f"; so, to a lesser or equal degree, do {len(low) - 1} others"
    flattered = [row for row in low if _value(row.cross_entropy) < whole]
    if flattered:
        words += (
            f". The generative perplexity of {_listed([row.name for row in flattered])} is better than that of the "
            "law itself: it rewards saying the same again"
        )
    return [words + "."]


def _blocks(rows: tuple[OrderRow, ...]) -> list[str]:
    """Every order that is there both whole and by blocks."""
    whole = {row.name: row for row in rows}
    lines = []
    for row in rows:
        name, at, block = row.name.partition("@")
        other = whole.get(name)
        if not at or other is None or not block.isdigit():
            continue
        values = [_value(number) for number in (row.divergence, other.divergence, row.steps, other.steps)]
        if all(map(math.isfinite, values)):
            lines.append(
                f"{name} by blocks of {block}: {_bits(abs(values[0]))} in {fixed(values[2], 2)} steps; over the "
                f"whole sequence: {_bits(abs(values[1]))} in {fixed(values[3], 2)}."
            )
    return lines
