"""Plots of learned models against the ideal one: TER, SER and speed against the number of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oracles import Oracle, Result
from proofs_check.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    POINTS,
    range_of,
    save_figure,
    steps_axis,
    whiskers,
    without_frame,
)
from theory.learning.step_curves import CurvePoint, Number, interval_ends

_IDEAL, _LEARNED, _AUTOREGRESSIVE = BLUE, ORANGE, GREEN
_ACROSS: dict[str, Any] = {"color": _AUTOREGRESSIVE, "linestyle": "--", "linewidth": 1}


@dataclass(frozen=True)
class Panel:
    """A language, and what generates it: one column of the figure.

    ideal, learned: points of masked diffusion; autoregressive: the point of a model of L steps.
    speeds: tokens per second of the points of `learned`, and autoregressive_speed of the other one.
    """

    title: str
    law: Oracle
    ideal: Sequence[CurvePoint]
    learned: Sequence[CurvePoint] = ()
    autoregressive: CurvePoint | None = None
    speeds: Sequence[float] = field(default=())
    autoregressive_speed: float | None = None


def save_step_curves(panels: Sequence[Panel], title: str, path: Path) -> None:
    """The figure as a PNG file that appears whole.  ValueError if the path cannot be written."""
    save_figure(step_curve_figure(panels, title), path)


def step_curve_figure(panels: Sequence[Panel], title: str) -> Figure:
    """A column a language: log2 TER in bits a token, SER, and tokens per second where any were measured.

    Where TER is not known, its line is at the most that it can be, (H + E KL)/L, and the shade reaches down to the
    least; where it is, it has no shade but that of an interval.
    """
    timed = any(panel.speeds for panel in panels)
    rows = 3 if timed else 2
    figure = Figure(figsize=(1.6 + 3.1 * len(panels), 2.6 * rows), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(rows, len(panels), sharex="col", sharey="row", squeeze=False)
    for panel, column in zip(panels, grid.T, strict=True):
        column[0].set_title(panel.title, fontsize=9)
        _plot_token_errors(column[0], panel)
        _plot_sequence_errors(column[1], panel)
        if timed:
            _plot_speeds(column[2], panel)
        for axes in column:
            _finish(axes, panel)
    names = ("log2 TER (bits per token), at most", "SER", "tokens per second")
    for axes, label in zip(grid[:, 0], names, strict=False):
        axes.set_ylabel(label)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8, frameon=False)
    return figure


def _plot_token_errors(axes: Axes, panel: Panel) -> None:
    law = panel.law
    rate = float(law.entropy()) / law.length
    axes.axhline(rate, color=GREY, linewidth=1, label="oracle: H/L")
    for points, colour, marker, name in (
        (panel.ideal, _IDEAL, "", "ideal denoiser"),
        (panel.learned, _LEARNED, "o", "learned denoiser"),
    ):
        if not points:
            continue
        steps = [point.steps for point in points]
        values = [_line_at(point.log2_token_error_rate) for point in points]
        ends = [interval_ends(point.log2_token_error_rate) for point in points]
        most = [max(value, high) for value, (_, high) in zip(values, ends, strict=True)]
        axes.fill_between(steps, [low for low, _ in ends], most, color=colour, alpha=0.12, linewidth=0)
        axes.plot(steps, values, color=colour, marker=marker, label=name, **POINTS)
    if panel.autoregressive is not None:
        _plot_level(axes, panel.autoregressive.log2_token_error_rate, "autoregressive")


def _line_at(number: Number) -> float:
    """What is known to be the most, or is estimated to be: the value itself where there are no bounds."""
    return interval_ends(number)[1] if isinstance(number, Result) else number.value


def _plot_sequence_errors(axes: Axes, panel: Panel) -> None:
    for points, colour, marker in ((panel.ideal, _IDEAL, ""), (panel.learned, _LEARNED, "o")):
        if not points:
            continue
        steps = [point.steps for point in points]
        whiskers(
            axes,
            steps,
            [range_of(point.sequence_error_rate) for point in points],
            color=colour,
            marker=marker,
        )
    if panel.autoregressive is not None:
        _plot_level(axes, panel.autoregressive.sequence_error_rate)
    axes.set_ylim(-0.03, 1.03)


def _plot_speeds(axes: Axes, panel: Panel) -> None:
    if panel.speeds:
        steps = [point.steps for point in panel.learned]
        axes.plot(steps, panel.speeds, color=_LEARNED, marker="o", **POINTS)
    if panel.autoregressive_speed is not None:
        axes.axhline(panel.autoregressive_speed, **_ACROSS)
    axes.set_yscale("log")


def _plot_level(axes: Axes, number: Number, name: str | None = None) -> None:
    """What the autoregressive model reaches in its L steps, drawn across."""
    axes.axhspan(*interval_ends(number), color=_AUTOREGRESSIVE, alpha=0.12, linewidth=0)
    axes.axhline(float(number.value), label=name, **_ACROSS)


def _finish(axes: Axes, panel: Panel) -> None:
    axes.axvline(panel.law.length, color=GREY, linestyle=":", linewidth=1)
    steps = sorted({point.steps for point in (*panel.ideal, *panel.learned)})
    steps_axis(axes, steps[:: -(-len(steps) // 9)])
    axes.label_outer()  # numbers of steps below the column only
    without_frame(axes)
