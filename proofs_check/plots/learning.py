"""A plot of a learned denoiser against the ideal one."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from proofs_check.plots.style import (
    BLUE,
    GREY,
    ORANGE,
    POINTS,
    finish,
    range_of,
    save_figure,
    steps_axis,
    whiskers,
)
from theory.learning.report import LearningReport
from theory.learning.step_curves import CurvePoint, interval_ends

_LEARNED, _IDEAL = ORANGE, BLUE


def save_compare_plot(found: LearningReport, title: str, path: Path) -> None:
    """The figure as a PNG file that appears whole.  ValueError if it cannot be written."""
    save_figure(compare_figure(found, title), path)


def compare_figure(found: LearningReport, title: str) -> Figure:
    """Four panels: SER and log2 TER against N, the error by number of revealed tokens, and calibration."""
    figure = Figure(figsize=(10, 7.4), dpi=150, layout="constrained")
    figure.suptitle(f"{title}: V = {found.vocab_size}, L = {found.length}", fontsize=10)
    panels = figure.subplots(2, 2).reshape(-1)
    plots = (_sequence_errors, _token_errors, _by_revealed, _calibration)
    for axes, plot in zip(panels, plots, strict=True):
        plot(axes, found)
        finish(axes)
    return figure


def _sequence_errors(axes: Axes, found: LearningReport) -> None:
    steps = [row.steps for row in found.rows]
    low, high = zip(*(interval_ends(row.error_range) for row in found.rows), strict=True)
    axes.fill_between(steps, low, high, color=GREY, alpha=0.15, linewidth=0, label="allowed by its error")
    for name, colour, points in _samplers(found):
        errors = [range_of(point.sequence_error_rate) for point in points]
        whiskers(axes, steps, errors, color=colour, marker="o", label=name)
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("SER (probability)")
    steps_axis(axes, steps)


def _token_errors(axes: Axes, found: LearningReport) -> None:
    steps = [row.steps for row in found.rows]
    floor = interval_ends(found.entropy)[0] / found.length
    axes.axhline(floor, color=GREY, linewidth=1, label="oracle: H/L")
    for name, colour, points in _samplers(found):
        low, high = zip(*(interval_ends(point.log2_token_error_rate) for point in points), strict=True)
        axes.fill_between(steps, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.plot(steps, high, color=colour, marker="o", label=name, **POINTS)
    bounds = [float(row.token_bound) for row in found.rows]
    method = found.rows[0].token_bound.method
    axes.plot(steps, bounds, color=GREY, linestyle="--", linewidth=1, label=f"bound {method}")
    axes.set_ylabel("log2 TER (bits per token), at most")
    steps_axis(axes, steps)


def _by_revealed(axes: Axes, found: LearningReport) -> None:
    revealed = [each.revealed for each in found.by_revealed]
    means = [range_of(each.mean) for each in found.by_revealed]
    whiskers(axes, revealed, means, color=_LEARNED, marker="o", label="mean")
    worst = [float(each.worst.value) for each in found.by_revealed if each.worst is not None]
    if worst:
        axes.plot(revealed, worst, color=GREY, linestyle=":", marker="s", markersize=3, label="largest")
    axes.axhline(
        float(found.average.value), color=_LEARNED, linestyle="--", linewidth=1, label="(NELBO - H)/L"
    )
    axes.set_xlabel("revealed tokens")
    axes.set_ylabel("error of learning (bits per token)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _calibration(axes: Axes, found: LearningReport) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    styles = (("tokens", _LEARNED, "o"), ("top token", _IDEAL, "s"))
    for curve, (name, colour, marker) in zip(found.calibrations, styles, strict=True):
        met = [each for each in curve.bins if each.prediction is not None and each.chance is not None]
        axes.plot(
            [float(each.prediction or 0) for each in met],
            [float(each.chance or 0) for each in met],
            color=colour,
            marker=marker,
            markersize=4,
            linewidth=1,
            label=f"{name}: ECE {float(curve.ece):.2g}, at most {float(curve.error.value):.2g}",
        )
    axes.set_xlabel("predicted probability, mean of a bin")
    axes.set_ylabel("true conditional probability")


def _samplers(found: LearningReport) -> list[tuple[str, str, list[CurvePoint]]]:
    learned = [row.learned for row in found.rows]
    return [("learned", _LEARNED, learned), ("ideal", _IDEAL, [row.ideal for row in found.rows])]
