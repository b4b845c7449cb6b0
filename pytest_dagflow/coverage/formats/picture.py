"""The picture of a graph: boxes and arrows with positions, which the package graphlay computes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pytest_dagflow.coverage.formats.graph import CoverageGraph, GraphEdge, GraphNode

MAX_NODES = MAX_EDGES = 2000
"""The largest graph that is drawn: more is no picture for a reader, and takes many seconds."""
_SPACING = {"layer_gap": 48, "node_gap": 16, "dummy_gap": 12, "isolated_gap": 16}
_GOOD = {"effort": "balanced", "spacing": _SPACING}
_FAST = {
    "effort": "fast",
    "spacing": _SPACING,
    # these rounds move single lines a little, and take a minute for a node with 500 readers
    "routing": {"centre_ports": "off"},
    "tuning": {"routing": {"port_relax_rounds": 0, "overlap_repair_rounds": 0}},
}
_GOOD_UP_TO = 100
"""The number of nodes or edges up to which the good layout takes less than half a second."""
_COLUMN, _HEIGHT, _PADDING, _MARGIN = 7.3, 44, 10, 16
"""The width of a character, the height of a box, the space beside its text and around the picture."""
_MIN_COLUMNS, _MAX_COLUMNS = 14, 34


class Box(NamedTuple):
    """A node in the picture.

    Attributes:
        node: The node.
        name: The name of the node, cut to the width of the box.
        x, y, width, height: The rectangle.
        bar: The width of the exercised part of its bar.
    """

    node: GraphNode
    name: str
    x: int
    y: int
    width: int
    height: int
    bar: int


class Arrow(NamedTuple):
    """An edge in the picture: the edge, and its line as the path of SVG."""

    edge: GraphEdge
    path: str


class Picture(NamedTuple):
    """A picture of a graph, from the point (0, 0)."""

    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]


class PictureError(Exception):
    """A graph without a picture. The message is the reason."""


def draw(graph: CoverageGraph) -> Picture:
    """Return the picture of a graph.

    Args:
        graph: The graph, with at least one node.

    Raises:
        PictureError: graphlay is not installed or has no layout for the graph, or the graph is too large.
    """
    for name, found, limit in (("nodes", graph.nodes, MAX_NODES), ("edges", graph.edges, MAX_EDGES)):
        if len(found) > limit:
            raise PictureError(f"The graph has {len(found)} {name}, and a picture has at most {limit}.")
    try:
        import graphlay
    except ImportError:
        raise PictureError("The picture needs graphlay: pip install 'pytest-dagflow[report]'.") from None
    names = [_cut(_name(node)) for node in graph.nodes]
    request = graphlay.Graph()
    for node, name in zip(graph.nodes, names, strict=True):
        columns = max(_columns(name), _MIN_COLUMNS)
        request.node(node.number, width=round(columns * _COLUMN) + 2 * _PADDING, height=_HEIGHT)
    for edge in graph.edges:
        request.edge(edge.source, edge.target)
    options = _GOOD if max(len(graph.nodes), len(graph.edges)) <= _GOOD_UP_TO else _FAST
    try:
        layout = graphlay.layout(request, options=options)
    except graphlay.GraphlayError as error:
        raise PictureError(f"graphlay has no layout for this graph: {error}") from error
    left, top = layout.bounds["min"]["x"] - _MARGIN, layout.bounds["min"]["y"] - _MARGIN
    boxes = [
        _box(node, name, placed, left, top)
        for node, name, placed in zip(graph.nodes, names, layout.nodes, strict=True)
    ]
    arrows = [
        Arrow(edge, _path(placed["points"], left, top))
        for edge, placed in zip(graph.edges, layout.edges, strict=True)
    ]
    right, bottom = layout.bounds["max"]["x"], layout.bounds["max"]["y"]
    return Picture(round(right - left) + _MARGIN, round(bottom - top) + _MARGIN, boxes, arrows)


def _name(node: GraphNode) -> str:
    return node.label.partition(" ")[2]


def _cut(name: str) -> str:
    """Return a name without its middle, if it is too long: names often differ only at their ends."""
    if _columns(name) <= _MAX_COLUMNS:
        return name
    return f"{_fitting(name, _MAX_COLUMNS // 2 - 4)}…{_fitting(name[::-1], _MAX_COLUMNS // 2 + 3)[::-1]}"


def _fitting(text: str, columns: int) -> str:
    """Return the start of a text that has a number of columns at most."""
    used = 0
    for end, one in enumerate(text):
        used += _columns(one)
        if used > columns:
            return text[:end]
    return text


def _columns(text: str) -> int:
    """Return the width of a text in a font of fixed width."""
    return sum(2 if unicodedata.east_asian_width(one) in "WFA" else 1 for one in text)


def _box(node: GraphNode, name: str, placed: Mapping[str, Any], left: float, top: float) -> Box:
    width, height = placed["size"]["width"], placed["size"]["height"]
    x, y = placed["center"]["x"] - width / 2 - left, placed["center"]["y"] - height / 2 - top
    count = node.covered.count if node.covered is not None else None
    share = count.covered / count.total if count is not None and count.total else 0
    bar = round((width - 2 * _PADDING) * share)
    return Box(node, name, round(x), round(y), round(width), round(height), bar)


def _path(points: Iterable[Mapping[str, float]], left: float, top: float) -> str:
    """Return the line through points."""
    return "M" + " ".join(f"{point['x'] - left:.0f},{point['y'] - top:.0f}" for point in points)
