"""The picture of a graph: boxes and lines with positions, which the package graphlay computes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

MAX_NODES = MAX_EDGES = 2000
"""The largest graph that is drawn: more is no picture for a reader, and takes many seconds."""
PADDING = 10
"""The space beside the text of a box."""
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
_COLUMN, _HEIGHT, _MARGIN = 7.3, 44, 16
"""The width of a character, the height of a box, and the space around the picture."""
_MIN_COLUMNS, _MAX_COLUMNS = 14, 34


class Box(NamedTuple):
    """A node in the picture.

    Attributes:
        name: The name of the node, cut to the width of the box.
        x, y, width, height: The rectangle.
    """

    name: str
    x: int
    y: int
    width: int
    height: int


class Picture(NamedTuple):
    """A picture of a graph, from the point (0, 0).

    Attributes:
        width, height: Its size.
        boxes: The nodes, in the order of the graph.
        lines: The edges as paths of SVG, in the order of the graph.
    """

    width: int
    height: int
    boxes: list[Box]
    lines: list[str]


class PictureError(Exception):
    """A graph without a picture. The message is the reason."""


def draw_graph(
    names: Sequence[str], edges: Sequence[tuple[int, int]], *, min_columns: int = _MIN_COLUMNS
) -> Picture:
    """Return the picture of a graph.

    Args:
        names: The name of each node, at least one.
        edges: The edges between nodes, which are numbered from 0.
        min_columns: The width of the smallest box, in characters.

    Raises:
        PictureError: graphlay is not installed or has no layout for the graph, or the graph is too large.
    """
    for title, number, limit in (("nodes", len(names), MAX_NODES), ("edges", len(edges), MAX_EDGES)):
        if number > limit:
            raise PictureError(f"The graph has {number} {title}, and a picture has at most {limit}.")
    try:
        import graphlay
    except ImportError:
        raise PictureError("The picture needs graphlay: pip install 'pytest-dagflow[report]'.") from None
    shown = list(map(_cut, names))
    request = graphlay.Graph()
    for number, name in enumerate(shown):
        columns = max(_columns(name), min_columns)
        request.node(number, width=round(columns * _COLUMN) + 2 * PADDING, height=_HEIGHT)
    for source, target in edges:
        request.edge(source, target)
    options = _GOOD if max(len(names), len(edges)) <= _GOOD_UP_TO else _FAST
    try:
        layout = graphlay.layout(request, options=options)
    except graphlay.GraphlayError as error:
        raise PictureError(f"graphlay has no layout for this graph: {error}") from error
    left, top = layout.bounds["min"]["x"] - _MARGIN, layout.bounds["min"]["y"] - _MARGIN
    right, bottom = layout.bounds["max"]["x"], layout.bounds["max"]["y"]
    return Picture(
        width=round(right - left) + _MARGIN,
        height=round(bottom - top) + _MARGIN,
        boxes=[_box(name, placed, left, top) for name, placed in zip(shown, layout.nodes, strict=True)],
        lines=[_path(placed["points"], left, top) for placed in layout.edges],
    )


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


def _box(name: str, placed: Mapping[str, Any], left: float, top: float) -> Box:
    width, height = placed["size"]["width"], placed["size"]["height"]
    x, y = placed["center"]["x"] - width / 2 - left, placed["center"]["y"] - height / 2 - top
    return Box(name, round(x), round(y), round(width), round(height))


def _path(points: Iterable[Mapping[str, float]], left: float, top: float) -> str:
    """Return the line through points."""
    return "M" + " ".join(f"{point['x'] - left:.0f},{point['y'] - top:.0f}" for point in points)
