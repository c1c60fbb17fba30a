"""A plot of orders side by side."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from proofs_check.plots.style import BLUE, GREY, ORANGE, range_of, save_figure
from theory.comparison import Comparison, Number
from theory.monte_carlo import Estimate


def save_order_plot(comparison: Comparison, title: str, path: Path) -> None:
    """KL, SER and entropy of every order as a PNG file that appears whole.  ValueError if it cannot be written."""
    save_figure(order_figure(comparison, title), path)


def order_figure(comparison: Comparison, title: str) -> Figure:
    """Three panels of bars, one bar an order: KL(q||p), SER with its interval, and H(p) beside H(q)."""
    rows = comparison.rows
    figure = Figure(figsize=(11, 1.6 + 0.3 * len(rows)), dpi=150, layout="constrained")
    figure.suptitle(f"{title}: V = {comparison.vocab_size}, L = {comparison.length}", fontsize=10)
    divergence, error, entropy = figure.subplots(1, 3, sharey=True)
    names = [row.name for row in rows]
    _bars(divergence, names, [row.divergence for row in rows], "KL(q||p), bits", BLUE)
    _bars(error, names, [row.sequence_error_rate for row in rows], "SER, probability", ORANGE)
    _bars(entropy, names, [row.entropy for row in rows], "H(p), bits; dashed: H(q)", GREY)
    entropy.axvline(float(comparison.entropy.value), color="black", linewidth=1, linestyle="--")
    divergence.invert_yaxis()
    return figure


def _bars(axes: Axes, names: list[str], numbers: list[Number], label: str, colour: str) -> None:
    ranges = [range_of(number) for number in numbers]
    values = [value if math.isfinite(value) else 0.0 for _, value, _ in ranges]
    reach = [value - low for low, value, _ in ranges], [high - value for _, value, high in ranges]
    estimated = any(isinstance(number, Estimate) for number in numbers)
    axes.barh(names, values, color=colour, alpha=0.8, xerr=reach if estimated else None, capsize=2)
    for place, (_, value, _) in enumerate(ranges):
        if not math.isfinite(value):
            axes.text(0, place, " infinite" if math.isinf(value) else " not known", fontsize=8, va="center")
    axes.set_xlabel(label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
