"""Plots of error profiles: at which step, and where in the sequence, a schedule errs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from proofs_check.plots.style import BLUE, GREEN, ORANGE, PINK, finish, two_panels
from theory.errors.profiles import ErrorProfile

_STYLES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PINK, ":"))
"""A line style each as well, for print in grey."""


def error_figure(
    by_step: Mapping[str, ErrorProfile], by_position: Mapping[str, ErrorProfile], title: str
) -> Figure:
    """Two panels: the bits of E KL that every step costs, and every position, one line a schedule, by name.

    ValueError for more schedules than can be told apart.
    """
    figure, steps, positions = two_panels(title)
    _plot(steps, by_step, "step", first=1)
    _plot(positions, by_position, "position", first=0)
    return figure


def _plot(axes: Axes, profiles: Mapping[str, ErrorProfile], place: str, *, first: int) -> None:
    """first: what the first step or position is called."""
    if len(profiles) > len(_STYLES):
        raise ValueError(f"by_{place}: expected at most {len(_STYLES)} schedules, got {len(profiles)}")
    for (name, profile), (colour, style) in zip(profiles.items(), _STYLES, strict=False):
        axes.plot(
            np.array(profile.places) + first,
            np.asarray(profile),
            label=f"{name}: {float(profile.total):.3g} bits in all",
            color=colour,
            linestyle=style,
            marker="o",
            markersize=3,
            linewidth=1.5,
        )
    axes.set_xlabel(place)
    axes.set_ylabel(f"E KL (bits per {place})")
    axes.set_title(f"Error by {place}", fontsize=10)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes)
