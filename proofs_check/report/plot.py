"""Both sides of a claim over its instances, as an SVG drawing whose colours the page sets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape
from matplotlib.ticker import MaxNLocator

from proofs_check.evidence import Point

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 76, 12, 12, 40
MOST_NAMED = 60
"""With more instances than this none has a name to point at."""

_SINGLE = re.compile(r"(\w+)=(-?\d+(?:/\d+)?)")


def sides_plot(points: Sequence[Point]) -> Markup:
    """The left sides filled, the right sides hollow; empty if there is nothing to draw.

    Lines against the parameter where it is a single number, else one place for each instance, in their order.
    """
    if not points:
        return Markup()
    name, places = _places(points)
    across = _linear(min(places), max(places), LEFT + 8, WIDTH - RIGHT - 8)
    values = [value for point in points for value in (point.lhs, point.rhs)]
    height = _heights(values)
    dots = [
        (across(x), height.at(point.lhs), height.at(point.rhs))
        for x, point in zip(places, points, strict=True)
    ]
    parts = [_axis(height), _caption(name, places, across)]
    parts += [_lines(dots)] if name else [_path("stem", [f"M{x:.1f} {a:.1f}V{b:.1f}" for x, a, b in dots])]
    small = " small" if len(dots) > MOST_NAMED else ""
    for side in (2, 1):  # the left side on top
        marks = [f"M{dot[0]:.1f} {dot[side]:.1f}h0" for dot in dots]
        parts.append(_path(f"dot {'lhs' if side == 1 else 'rhs'}{small}", marks))
    if len(points) <= MOST_NAMED:
        parts += [_name(point, x, WIDTH / len(points)) for point, (x, _, _) in zip(points, dots, strict=True)]
    words = f"Both sides at {len(points)} instance{'s' * (len(points) != 1)}"
    return Markup(
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True)
class _Heights:
    """The vertical axis."""

    at: Callable[[float], float]
    ticks: list[float]


def _heights(values: Sequence[float]) -> _Heights:
    """Logarithmic where all values are positive and three powers of ten apart."""
    low, high = min(values), max(values)
    if low > 0 and high / low > 1000:
        scale = _linear(math.log(low), math.log(high), HEIGHT - BOTTOM, TOP)
        decades = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
        ticks = [10.0**decade for decade in decades[:: 1 + len(decades) // 6]]
        return _Heights(lambda value: scale(math.log(value)), ticks)
    if 0 < low < high / 2:  # near enough to 0 to show it
        low = 0.0
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    ticks = [float(tick) for tick in MaxNLocator(5).tick_values(low, high)]
    return _Heights(_linear(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP), ticks)


def _linear(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    if low == high:
        return lambda _: (first + last) / 2
    return lambda value: first + (last - first) * (value - low) / (high - low)


def _places(points: Sequence[Point]) -> tuple[str, list[float]]:
    """The name and values of the only parameter, if it is a number that grows; else '' and 0, 1, .."""
    found = [_SINGLE.fullmatch(point.where) for point in points]
    names = {match[1] if match else None for match in found}
    if len(names) == 1 and None not in names and len(points) > 2:
        places = [_number(match[2]) for match in found if match]
        if all(a < b for a, b in pairwise(places)):
            return names.pop() or "", places
    return "", [float(index) for index in range(len(points))]


def _number(text: str) -> float:
    over, _, under = text.partition("/")
    return int(over) / int(under or 1)  # a float, also of integers


def _axis(height: _Heights) -> str:
    lines = [
        f'<path class="grid" d="M{LEFT} {height.at(tick):.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{height.at(tick) + 4:.1f}" text-anchor="end">{_shown(tick)}</text>'
        for tick in height.ticks
    ]
    return "".join(lines)


def _caption(name: str, places: Sequence[float], across: Callable[[float], float]) -> str:
    if not name:
        words = f"{len(places)} instance{'s' * (len(places) != 1)}, in the order checked"
        return f'<text class="tick" x="{(LEFT + WIDTH) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{words}</text>'
    locator = MaxNLocator(6, integer=all(place.is_integer() for place in places))
    ticks = [tick for tick in locator.tick_values(places[0], places[-1]) if places[0] <= tick <= places[-1]]
    marks = [
        f'<text class="tick" x="{across(tick):.1f}" y="{HEIGHT - 22}" text-anchor="middle">{_shown(tick)}</text>'
        for tick in ticks
    ]
    middle = (LEFT + WIDTH) / 2
    return (
        f'{"".join(marks)}<text class="tick" x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">{name}</text>'
    )


def _lines(dots: Sequence[tuple[float, float, float]]) -> str:
    return "".join(
        _path(f"line {name}", ["M" + "L".join(f"{dot[0]:.1f} {dot[side]:.1f}" for dot in dots)])
        for side, name in ((2, "rhs"), (1, "lhs"))
    )


def _path(kind: str, pieces: Sequence[str]) -> str:
    return f'<path class="{kind}" d="{"".join(pieces)}"/>'


def _name(point: Point, x: float, width: float) -> str:
    """An invisible column that tells the instance and both its sides."""
    where = point.where if len(point.where) <= 120 else f"{point.where[:119]}…"
    words = escape(f"{where}: {point.lhs:.6g} {point.op} {point.rhs:.6g}")
    return (
        f'<rect class="name" x="{x - width / 2:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}">'
        f"<title>{words}</title></rect>"
    )


def _shown(tick: float) -> str:
    return f"{tick:.4g}".replace("-", "−")
