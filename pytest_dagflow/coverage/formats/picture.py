"""The picture of the graph of a coverage: boxes with a bar, and arrows."""

from __future__ import annotations

from typing import NamedTuple

from pytest_dagflow.coverage.formats.graph import CoverageGraph, GraphEdge, GraphNode
from pytest_dagflow.pages.picture import PADDING, draw_graph


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


def draw(graph: CoverageGraph) -> Picture:
    """Return the picture of a graph.

    Args:
        graph: The graph, with at least one node.

    Raises:
        PictureError: graphlay is not installed or has no layout for the graph, or the graph is too large.
    """
    names = [node.label.partition(" ")[2] for node in graph.nodes]
    drawn = draw_graph(names, [(edge.source, edge.target) for edge in graph.edges])
    boxes = [
        Box(node, *box, bar=_bar(node, box.width)) for node, box in zip(graph.nodes, drawn.boxes, strict=True)
    ]
    arrows = [Arrow(edge, line) for edge, line in zip(graph.edges, drawn.lines, strict=True)]
    return Picture(drawn.width, drawn.height, boxes, arrows)


def _bar(node: GraphNode, width: int) -> int:
    """Return the width of the exercised part of the bar."""
    count = node.covered.count if node.covered is not None else None
    share = count.covered / count.total if count is not None and count.total else 0
    return round((width - 2 * PADDING) * share)
