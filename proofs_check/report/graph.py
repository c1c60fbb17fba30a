"""What rests on what, as an SVG drawing: a claim stands above those that its proof uses."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import pairwise

import networkx as nx
from markupsafe import Markup, escape

from proofs_check.evidence import Verdict

ROW, HEIGHT, GAP, LETTER, MARGIN = 76, 40, 18, 7.4, 10
MOST_IN_A_ROW = 5

Place = tuple[float, float]
"""Left end and top of a box."""

Line = tuple[Hashable, Hashable]
"""Two boxes or crossings that are joined, the upper one first."""


def lemma_drawing(graph: nx.DiGraph, verdicts: Mapping[str, Verdict]) -> Markup:
    """Claims that rest on others or carry them, each a link to its place on the page; empty if there are none.

    What a claim rests on through another one as well has no line of its own.
    """
    drawn = nx.transitive_reduction(graph.subgraph(node for node in graph if graph.degree(node) > 0))
    if not drawn:
        return Markup()
    places: dict[Hashable, Place] = {}
    lines: set[Line] = set()
    top = float(MARGIN)
    for part in sorted(nx.weakly_connected_components(drawn), key=lambda part: (-len(part), min(part))):
        rows, joined = _layers(drawn.subgraph(part))
        places |= _places(rows, top)
        lines |= joined
        top += len(rows) * ROW
    width = max(x + _width(node) for node, (x, _) in places.items()) + MARGIN
    height = top - ROW + HEIGHT + MARGIN
    parts = [_curve(upper, places[upper], lower, places[lower]) for upper, lower in sorted(lines, key=str)]
    parts += [_through(*place) for node, place in places.items() if not isinstance(node, str)]
    parts += [_box(node, *places[node], verdicts.get(node)) for node in sorted(drawn)]
    return Markup(
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="Which claim rests on which">{"".join(parts)}</svg>'
    )


def _layers(graph: nx.DiGraph) -> tuple[list[list[Hashable]], set[Line]]:
    """Rows from top to bottom, and what is joined.

    An edge passes through a crossing (where it leads, the row) in every row between its ends, which it shares with
    the others that lead there: so no box is in its way.
    """
    row_of: dict[str, int] = {}
    for generation in map(sorted, nx.topological_generations(graph.reverse())):
        first = max(row_of.values(), default=-1) + 1
        row_of |= {node: first + index // MOST_IN_A_ROW for index, node in enumerate(generation)}
    last = max(row_of.values())
    rows: list[dict[Hashable, None]] = [{} for _ in range(last + 1)]
    for node, row in row_of.items():
        rows[last - row][node] = None
    lines: set[Line] = set()
    for upper, lower in sorted(graph.edges):
        between = range(last - row_of[upper] + 1, last - row_of[lower])
        for row in between:
            rows[row][lower, row] = None
        lines |= set(pairwise([upper, *((lower, row) for row in between), lower]))
    return _ordered([list(row) for row in rows], lines), lines


def _ordered(rows: list[list[Hashable]], lines: set[Line]) -> list[list[Hashable]]:
    """Each row in the order of the middles of what is joined to it from below."""
    below: dict[Hashable, list[Hashable]] = {}
    for upper, lower in lines:
        below.setdefault(upper, []).append(lower)
    place: dict[Hashable, float] = {}
    ordered = []
    for row in reversed(rows):
        middle = {
            node: sum(place[other] for other in below[node]) / len(below[node]) if node in below else 0.5
            for node in row
        }
        ordered.append(sorted(row, key=lambda node: (middle[node], str(node))))
        place |= {node: (index + 0.5) / len(row) for index, node in enumerate(ordered[-1])}
    return ordered[::-1]


def _places(rows: list[list[Hashable]], top: float) -> dict[Hashable, Place]:
    """Rows centred under one another."""
    lengths = [sum(_width(node) + GAP for node in row) - GAP for row in rows]
    places: dict[Hashable, Place] = {}
    for number, (row, length) in enumerate(zip(rows, lengths, strict=True)):
        left = MARGIN + (max(lengths) - length) / 2
        for node in row:
            places[node] = (left, top + number * ROW)
            left += _width(node) + GAP
    return places


def _width(node: Hashable) -> float:
    return max(map(len, node.split("."))) * LETTER + 20 if isinstance(node, str) else 0


def _curve(upper: Hashable, start: Place, lower: Hashable, end: Place) -> str:
    """From the middle of the bottom of one to that of the top of the other."""
    x, y = start[0] + _width(upper) / 2, start[1] + HEIGHT
    u, v = end[0] + _width(lower) / 2, end[1]
    return (
        f'<path class="edge" d="M{x:.0f} {y:.0f}C{x:.0f} {y + 22:.0f} {u:.0f} {v - 22:.0f} {u:.0f} {v:.0f}"/>'
    )


def _through(x: float, y: float) -> str:
    return f'<path class="edge" d="M{x:.0f} {y:.0f}v{HEIGHT}"/>'


def _box(node: str, x: float, y: float, verdict: Verdict | None) -> str:
    file, _, name = node.rpartition(".")
    middle, kind = x + _width(node) / 2, str(verdict or "unknown").lower()
    return (
        f'<a href="#{escape(node)}"><rect class="box {kind}" x="{x:.0f}" y="{y:.0f}" rx="6" '
        f'width="{_width(node):.0f}" height="{HEIGHT}"/><text class="file" x="{middle:.0f}" y="{y + 15:.0f}">'
        f'{escape(file)}</text><text class="label" x="{middle:.0f}" y="{y + 31:.0f}">{escape(name)}</text></a>'
    )
