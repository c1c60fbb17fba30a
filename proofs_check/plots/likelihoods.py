"""A plot of likelihood bounds, and of what estimates of them are worth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from proofs_check.commands.elbo_table import estimator_names
from proofs_check.plots.style import BLUE, GREEN, GREY, ORANGE, PINK, finish, save_figure, two_panels
from theory.analysis import Missing
from theory.likelihood.likelihoods import Likelihoods

_COLOURS = (BLUE, ORANGE, GREEN, PINK)


def save_likelihood_plot(found: Likelihoods, title: str, path: Path) -> None:
    """Bounds and estimators as a PNG file that appears whole.  ValueError if it cannot be written."""
    save_figure(likelihood_figure(found, title), path)


def likelihood_figure(found: Likelihoods, title: str) -> Figure:
    """Two panels: the NELBO against the number of steps, and the standard error of estimators against draws."""
    figure, bounds, errors = two_panels(f"{title}: V = {found.vocab_size}, L = {found.length}")
    _plot_bounds(bounds, found)
    _plot_errors(errors, found)
    for axes in (bounds, errors):
        finish(axes)
    return figure


def _plot_bounds(axes: Axes, found: Likelihoods) -> None:
    known = [
        (count, float(number.value) / found.length)
        for count, number in found.discrete
        if not isinstance(number, Missing) and math.isfinite(float(number.value))
    ]
    if known:
        axes.plot(*zip(*known, strict=True), color=BLUE, marker="o", markersize=4, label="NELBO, N steps")
    lines = [
        ("H(q)/L", found.entropy, GREY, "-"),
        ("NELBO, continuous time", found.continuous, BLUE, "--"),
    ]
    for name, number, colour, style in lines:
        if not isinstance(number, Missing) and math.isfinite(float(number.value)):
            axes.axhline(
                float(number.value) / found.length, color=colour, linestyle=style, linewidth=1, label=name
            )
    axes.set_xscale("log", base=2)
    axes.set_xlabel("N, number of steps")
    axes.set_ylabel("bits per token")


def _plot_errors(axes: Axes, found: Likelihoods) -> None:
    draws = np.logspace(0, 6, 7)
    estimators = () if isinstance(found.estimators, Missing) else found.estimators
    for name, each, colour in zip(estimator_names(found), estimators, _COLOURS, strict=False):
        if 0 < each.variance < math.inf:
            axes.plot(
                draws * each.calls, np.sqrt(each.variance / draws) / found.length, color=colour, label=name
            )
    if axes.lines:
        axes.set_xscale("log")
        axes.set_yscale("log")
    axes.set_xlabel("calls of the denoiser")
    axes.set_ylabel("standard error, bits per token")
