"""Plots of the best schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from proofs_check.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    finish,
    save_figure,
    steps_axis,
    two_panels,
)
from theory.optimise.survey import Survey

MOST_CURVES = 4
"""Numbers of steps whose sizes are drawn: the largest."""

SMALLEST = 1e-9
"""Bits that a logarithmic axis still shows."""

_COLOURS = (BLUE, ORANGE, GREEN, PINK)
_STYLES = {
    "equal": ("equal sizes", ORANGE, "-", "s"),
    "cosine-sizes": ("cosine sizes", GREEN, "-", "^"),
    "square-sizes": ("square sizes", PINK, "-", "v"),
    "uniform": ("uniform iid", ORANGE, "--", "s"),
    "cosine": ("cosine iid", GREEN, "--", "^"),
    "square": ("square iid", PINK, "--", "v"),
}
"""Name, colour, line and marker: sizes in solid lines, iid weights in dashed ones."""


def save_schedule_plot(survey: Survey, title: str, path: Path) -> None:
    """The best sizes by step, and E KL against N, as a PNG file that appears whole.

    ValueError if the path cannot be written.
    """
    save_figure(schedule_figure(survey, title), path)


def schedule_figure(survey: Survey, title: str) -> Figure:
    """Two panels: the best sizes by step for the largest N, and E KL in bits against N on logarithmic axes."""
    figure, sizes, divergence = two_panels(f"{title}: V = {survey.vocab_size}, L = {survey.length}")
    _plot_sizes(sizes, survey)
    _plot_divergence(divergence, survey)
    for axes in (sizes, divergence):
        finish(axes)
    return figure


def _plot_sizes(axes: Axes, survey: Survey) -> None:
    """Against the share of steps done, so that all N have one axis; a size times N/L is 1 for equal sizes."""
    for colour, row in zip(_COLOURS, survey.rows[-MOST_CURVES:], strict=False):
        places = [(step + 0.5) / row.steps for step in range(row.steps)]
        heights = [size * row.steps / survey.length for size in row.sizes.sizes]
        axes.plot(
            places, heights, color=colour, marker="o", markersize=3, linewidth=1.2, label=f"N = {row.steps}"
        )
    axes.axhline(1, color=GREY, linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("k/N, share of steps done")
    axes.set_ylabel("size of a step over L/N (equal sizes: 1)")
    axes.set_title("Best sizes", fontsize=10)


def _plot_divergence(axes: Axes, survey: Survey) -> None:
    steps = [row.steps for row in survey.rows]
    curves = {
        name: [float(row.gaps[index].expected_kl) for row in survey.rows]
        for index, name in enumerate(gap.family for gap in survey.rows[0].gaps)
    }
    for name, values in curves.items():
        label, colour, line, marker = _STYLES[name]
        _curve(axes, steps, values, label=label, color=colour, linestyle=line, marker=marker)
    best = [float(row.weights.expected_kl) for row in survey.rows]
    _curve(axes, steps, best, label="best iid", color="0.3", linestyle="--", marker="o")
    least = [float(row.sizes.expected_kl) for row in survey.rows]
    _curve(axes, steps, least, label="best sizes", color="0", linestyle="-", marker="o")
    steps_axis(axes, steps)
    if any(value > SMALLEST for values in (least, best, *curves.values()) for value in values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda value, position: f"{value:g}")
    axes.set_ylabel("E KL (bits)")
    axes.set_title("Expected KL", fontsize=10)


def _curve(axes: Axes, steps: list[int], values: list[float], **style: Any) -> None:
    """A curve with a gap where a value is 0, or as good as, which a logarithmic axis cannot show."""
    shown = [value if value > SMALLEST else float("nan") for value in values]
    axes.plot(steps, shown, linewidth=1.3, markersize=3.5, **style)
