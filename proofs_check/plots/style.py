"""What all plots share: colours, panels, axes, whiskers, and how a figure becomes a file."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from oracles import Result
from oracles.files import write_bytes
from theory.analysis import Missing
from theory.monte_carlo import Estimate

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
"""Okabe & Ito's colours, which the colour-blind tell apart."""

GREY = "0.45"
"""What curves are compared with: the oracle, bounds."""

POINTS: dict[str, Any] = {"markersize": 4, "linewidth": 1.5}
"""A line through the few places at which something is known."""

Range = tuple[float, float, float]
"""A value between the ends of its enclosure or interval: low, value, high."""


def two_panels(title: str) -> tuple[Figure, Axes, Axes]:
    """A figure with two plots side by side under a title."""
    figure = Figure(figsize=(10, 4.2), dpi=150, layout="constrained")
    figure.suptitle(title, fontsize=10)
    left, right = figure.subplots(1, 2)
    return figure, left, right


def without_frame(axes: Axes) -> None:
    """A light grid in place of a frame."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2)


def finish(axes: Axes) -> None:
    """A light grid in place of a frame, and a legend if anything has a name."""
    without_frame(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)


def steps_axis(axes: Axes, steps: Sequence[int]) -> None:
    """The horizontal axis: numbers of steps, on a logarithmic scale that names exactly these."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(steps))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, position: f"{value:.0f}")
    axes.set_xlabel("N, number of steps")


def range_of(number: Result | Estimate | Missing) -> Range:
    """The ends are the value itself where it is exact; all are NaN, a gap in a line, where there is no number."""
    if isinstance(number, Missing):
        return math.nan, math.nan, math.nan
    value = float(number.value)
    if isinstance(number, Estimate):
        return number.low, value, number.high
    low, high = number.bounds or (value, value)
    return float(low), value, float(high)


def whiskers(axes: Axes, places: Sequence[float], ranges: Sequence[Range], **style: Any) -> None:
    """Values joined by a line, with whiskers to the ends of their ranges where any has a width."""
    below = [value - low for low, value, _ in ranges]
    above = [high - value for _, value, high in ranges]
    reach = (below, above) if any(length > 0 for length in (*below, *above)) else None
    values = [value for _, value, _ in ranges]
    axes.errorbar(places, values, yerr=reach, elinewidth=1, capsize=2, **POINTS, **style)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG file that appears whole.  ValueError if it cannot be written."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    write_bytes(path, stream.getvalue())
