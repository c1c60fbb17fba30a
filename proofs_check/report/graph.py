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


def lemma_drawing(graph: nx.DiGraph, verdicts: Mapping[str, Verdict]) -> Markup:
    """Claims that rest on others or carry them, each a link to its place on the page; empty if there are none."""
    drawn = graph.subgraph(node for node in graph if graph.degree(node) > 0)
    if not drawn:
        return Markup()
    places: dict[Hashable, Place] = {}
    lines: list[list[Hashable]] = []
    top = float(MARGIN)
    for part in sorted(nx.weakly_connected_components(drawn), key=lambda part: (-len(part), min(part))):
        rows, routes = _layers(drawn.subgraph(part))
        places |= _places(rows, top)
        lines += routes
        top += len(rows) * ROW
    width = max(x + _width(node) for node, (x, _) in places.items()) + MARGIN
    height = top - ROW + HEIGHT + MARGIN
    parts = [_line([(node, places[node]) for node in line]) for line in lines]
    parts += [_box(node, *places[node], verdicts.get(node)) for node in sorted(drawn)]
    return Markup(
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="Which claim rests on which">{"".join(parts)}</svg>'
    )


def _layers(graph: nx.DiGraph) -> tuple[list[list[Hashable]], list[list[Hashable]]]:
    """Rows from top to bottom, and each edge as what it passes: itself where it crosses a row, so that no box is in
    its way.
    """
    row_of: dict[str, int] = {}
    for generation in map(sorted, nx.topological_generations(graph)):
        first = max(row_of.values(), default=-1) + 1
        row_of |= {node: first + index // MOST_IN_A_ROW for index, node in enumerate(generation)}
    rows: list[list[Hashable]] = [[] for _ in range(max(row_of.values()) + 1)]
    for node, row in row_of.items():
        rows[row].append(node)
    routes: list[list[Hashable]] = []
    for upper, lower in sorted(graph.edges):
        crossed = [(upper, lower, row) for row in range(row_of[upper] + 1, row_of[lower])]
        for crossing in crossed:
            rows[crossing[2]].append(crossing)
        routes.append([upper, *crossed, lower])
    return _ordered(rows, routes), routes


def _ordered(rows: list[list[Hashable]], routes: list[list[Hashable]]) -> list[list[Hashable]]:
    """Each row in the order of the middles of what is joined to it from above."""
    above: dict[Hashable, list[Hashable]] = {}
    for route in routes:
        for upper, lower in pairwise(route):
            above.setdefault(lower, []).append(upper)
    place: dict[Hashable, float] = {}
    ordered = []
    for row in rows:
        middle = {
            node: sum(place[other] for other in above[node]) / len(above[node]) if node in above else 0.5
            for node in row
        }
        ordered.append(sorted(row, key=lambda node: (middle[node], str(node))))
        place |= {node: (index + 0.5) / len(row) for index, node in enumerate(ordered[-1])}
    return ordered


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


def _line(stops: list[tuple[Hashable, Place]]) -> str:
    """A smooth line from the bottom of the first box to the top of the last, straight down where it crosses a row."""
    (first, (left, top)), *others = stops
    x, y = left + _width(first) / 2, top + HEIGHT
    path = f"M{x:.0f} {y:.0f}"
    for node, (left, top) in others:
        u = left + _width(node) / 2
        path += f"C{x:.0f} {y + 22:.0f} {u:.0f} {top - 22:.0f} {u:.0f} {top:.0f}"
        path += "" if isinstance(node, str) else f"v{HEIGHT}"
        x, y = u, top + HEIGHT
    return f'<path class="edge" d="{path}"/>'


def _box(node: str, x: float, y: float, verdict: Verdict | None) -> str:
    file, _, name = node.rpartition(".")
    middle, kind = x + _width(node) / 2, str(verdict or "unknown").lower()
    return (
        f'<a href="#{escape(node)}"><rect class="box {kind}" x="{x:.0f}" y="{y:.0f}" rx="6" '
        f'width="{_width(node):.0f}" height="{HEIGHT}"/><text class="file" x="{middle:.0f}" y="{y + 15:.0f}">'
        f'{escape(file)}</text><text class="label" x="{middle:.0f}" y="{y + 31:.0f}">{escape(name)}</text></a>'
    )
