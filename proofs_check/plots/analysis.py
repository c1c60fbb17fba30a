"""Plots of an analysis."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oracles import Result
from proofs_check.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    POINTS,
    finish,
    range_of,
    save_figure,
    steps_axis,
    two_panels,
    whiskers,
)
from theory.analysis import Analysis, Missing
from theory.monte_carlo import Estimate

_FAMILIES = {"iid": ("iid steps", BLUE, "o"), "sizes": ("equal sizes", ORANGE, "s")}


def save_analysis_plot(analysis: Analysis, title: str, path: Path) -> None:
    """TER with its bounds and SER with its intervals against N, as a PNG file that appears whole.

    ValueError if the path cannot be written.
    """
    save_figure(analysis_figure(analysis, title), path)


def analysis_figure(analysis: Analysis, title: str) -> Figure:
    """Two panels: log2 TER in bits a token, and SER, each against the number of steps on a logarithmic axis."""
    figure, token, sequence = two_panels(f"{title}: V = {analysis.vocab_size}, L = {analysis.length}")
    _plot_token_errors(token, analysis)
    _plot_sequence_errors(sequence, analysis)
    for axes in (token, sequence):
        steps_axis(axes, sorted({row.steps for row in analysis.rows}))
        finish(axes)
    return figure


def _plot_token_errors(axes: Axes, analysis: Analysis) -> None:
    axes.axhline(range_of(analysis.entropy_rate)[0], color=GREY, linewidth=1, label="oracle: H/L")
    for family in _FAMILIES:
        _plot_rates(axes, analysis, family)
    iid = [row for row in analysis.rows if row.family == "iid"]
    for style, name, bounds in (
        ("--", "H/L + SI/(N L)", [(row.steps, row.correlation_bound) for row in iid]),
        (":", "H/L + log2(V)/N", [(row.steps, row.vocabulary_bound) for row in iid]),
    ):
        known = [(steps, float(bound)) for steps, bound in bounds if isinstance(bound, Result)]
        if known:
            axes.plot(
                *zip(*known, strict=True), color=GREY, linestyle=style, linewidth=1, label=f"bound {name}"
            )
    axes.set_ylabel("log2 TER (bits per token)")
    axes.set_title("Token error rate", fontsize=10)


def _plot_rates(axes: Axes, analysis: Analysis, family: str) -> None:
    """log2 TER where it is known, else the range it is in; and the estimate of (H + E KL)/L if that is one."""
    name, colour, marker = _FAMILIES[family]
    rows = [row for row in analysis.rows if row.family == family]
    steps = [row.steps for row in rows]
    low, _, high = zip(*(range_of(row.log2_token_error_rate) for row in rows), strict=True)
    enclosed = any(row.log2_token_error_rate.bounds is not None for row in rows)
    label = f"{name}: TER at most" if enclosed else f"{name}: TER"
    axes.fill_between(steps, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.plot(steps, high, color=colour, marker=marker, label=label, **POINTS)
    sampled = [
        (row.steps, row.expected_kl_sampled)
        for row in rows
        if isinstance(row.expected_kl, Missing) and isinstance(row.expected_kl_sampled, Estimate)
    ]
    if sampled:
        places, estimates = zip(*sampled, strict=True)
        rate, length = range_of(analysis.entropy_rate)[2], analysis.length
        rates = [(rate + e.low / length, rate + e.value / length, rate + e.high / length) for e in estimates]
        label = f"{name}: (H + E KL)/L, estimated"
        whiskers(axes, places, rates, color=colour, linestyle="-.", label=label)


def _plot_sequence_errors(axes: Axes, analysis: Analysis) -> None:
    for family, (name, colour, marker) in _FAMILIES.items():
        rows = [row for row in analysis.rows if row.family == family]
        steps = [row.steps for row in rows]
        if not all(isinstance(row.sequence_error_rate, Missing) for row in rows):
            errors = [range_of(row.sequence_error_rate) for row in rows]
            whiskers(axes, steps, errors, color=colour, marker=marker, label=f"{name}: SER")
        bounds = [row.sequence_error_bound for row in rows if isinstance(row.sequence_error_bound, Result)]
        if len(bounds) == len(rows):  # a line across a gap would be no bound
            label = f"{name}: bound 1 - 2^(-E KL)"
            axes.plot(steps, list(map(float, bounds)), color=colour, linestyle="--", linewidth=1, label=label)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("SER (probability)")
    axes.set_title(f"Sequence error rate ({100 * analysis.confidence:g}% intervals)", fontsize=10)
