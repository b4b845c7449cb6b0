"""The picture of the graphs of two revisions: boxes by state, and arrows that are new, gone or of both."""

from __future__ import annotations

from typing import NamedTuple

from pytest_dagflow.against.formats.words import name_of
from pytest_dagflow.against.result import EXPECTED, AgainstResult, NodeChange
from pytest_dagflow.pages.picture import draw_graph
from pytest_dagflow.report_files import visible

WHOLE_UP_TO = 60
"""The number of nodes up to which the whole graph is drawn."""
_COLUMNS = 21
"""The width of the smallest box in characters, so that each of the words below fits."""
WORDS = {
    "changed": "code changed",
    "changed-equal": "code changed, equal",
    "not-compared": "not compared",
}
"""The words about a state, if they are not its name."""


class Box(NamedTuple):
    """A node in the picture.

    Attributes:
        node: The node.
        name: The name of the node, cut to the width of the box.
        x, y, width, height: The rectangle.
        words: The state in words.
    """

    node: NodeChange
    name: str
    x: int
    y: int
    width: int
    height: int
    words: str


class Arrow(NamedTuple):
    """An edge in the picture: its line as the path of SVG, and "new", "gone" or "both"."""

    path: str
    state: str


class Picture(NamedTuple):
    """A picture of a graph, from the point (0, 0).

    Attributes:
        width, height: Its size.
        boxes: The nodes.
        arrows: The edges.
        left_out: The number of equal nodes that are left out of a large graph.
    """

    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]
    left_out: int


def draw(result: AgainstResult) -> Picture:
    """Return the picture of both graphs; of a large graph only the nodes near to one that is not equal.

    Args:
        result: The comparison, with at least one node. An end of an edge that is no node gets a box.

    Raises:
        PictureError: graphlay is not installed or has no layout for the graph, or the graph is too large.
    """
    known = {node.label: node for node in result.nodes}
    for edge in result.edges:
        for label in edge:
            known.setdefault(label, NodeChange(label))
    nodes = known if len(known) <= WHOLE_UP_TO else _near_changes(known, result.edges) or known
    edges = [edge for edge in dict.fromkeys(result.edges) if set(edge) <= nodes.keys()]
    numbers = {label: number for number, label in enumerate(nodes)}
    drawn = draw_graph(
        [visible(name_of(label)) for label in nodes],
        [(numbers[source], numbers[target]) for source, target in edges],
        min_columns=_COLUMNS,
    )
    boxes = [
        Box(node, *box, words=words_of(node)) for node, box in zip(nodes.values(), drawn.boxes, strict=True)
    ]
    states = edge_states(result)
    arrows = [Arrow(line, states[edge]) for edge, line in zip(edges, drawn.lines, strict=True)]
    return Picture(drawn.width, drawn.height, boxes, arrows, len(known) - len(nodes))


def _near_changes(nodes: dict[str, NodeChange], edges: list[tuple[str, str]]) -> dict[str, NodeChange]:
    """Return the nodes that are not equal, and the nodes that share an edge with one."""
    changed = {label for label, node in nodes.items() if node.state not in ("equal", "not-compared")}
    near = {label for edge in edges if changed.intersection(edge) for label in edge}
    return {label: node for label, node in nodes.items() if label in changed | near}


def edge_states(result: AgainstResult) -> dict[tuple[str, str], str]:
    """Return "new", "gone" or "both" by edge. The edges of a new or gone node are as the node."""
    new, gone = set(result.new_edges), set(result.gone_edges)
    new_nodes, gone_nodes = ({node.label for node in result.in_state(state)} for state in ("new", "gone"))
    found = {}
    for edge in result.edges:
        is_new = edge in new or new_nodes.intersection(edge)
        is_gone = edge in gone or gone_nodes.intersection(edge)
        found[edge] = "new" if is_new else "gone" if is_gone else "both"
    return found


def words_of(node: NodeChange) -> str:
    """Return the state of a node in a few words, also whether all its differences are expected."""
    words = WORDS.get(node.state, node.state)
    if node.code and "code" not in node.code:  # but another part of its definition
        words = words.removeprefix("code ")
    is_expected = bool(node.differences) and all(one.verdict == EXPECTED for one in node.differences)
    return f"{words}, expected" if is_expected else words
