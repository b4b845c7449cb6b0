"""The graph of a coverage for pictures: its nodes with numbers, their states, and the edges between them.

Numbers are the ids in pages, because the name of a node can have any character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_dagflow.report_files import visible

if TYPE_CHECKING:
    from dagflow.testing import Coverage, CoveredNode

STATES = {
    "none": "no item exercised",
    "some": "some items exercised",
    "all": "all items exercised",
    "outside": "not measured",
}
"""The name and the meaning of each state of a node."""


class GraphNode(NamedTuple):
    """A node of the graph.

    Attributes:
        number: The number, from 0.
        label: The kind and the name, without characters that have no picture.
        state: A key of STATES. "outside" is a node without items, from which another one reads.
        covered: The coverage of the node, None for a node outside.
    """

    number: int
    label: str
    state: str
    covered: CoveredNode | None


class GraphEdge(NamedTuple):
    """An edge of the graph.

    Attributes:
        source: The number of the node from which it comes.
        target: The number of the node that reads.
        label: The label of the item of the reading node.
        is_covered: Whether a run exercised it.
    """

    source: int
    target: int
    label: str
    is_covered: bool


class CoverageGraph(NamedTuple):
    """The graph of a coverage.

    Attributes:
        nodes: The nodes by number: those with items by file and line, then those outside.
        edges: The edges.
    """

    nodes: list[GraphNode]
    edges: list[GraphEdge]


def graph_of_coverage(coverage: Coverage) -> CoverageGraph:
    """Return the graph of a coverage.

    Args:
        coverage: The coverage.
    """
    nodes = [
        GraphNode(number, visible(node.label), _state(node), node)
        for number, node in enumerate(coverage.ordered())
    ]
    numbers = {node.covered.id: node.number for node in nodes if node.covered is not None}
    outside: dict[str, int] = {}
    edges = []
    for node_id, parents in coverage.parents().items():
        items = coverage.nodes[node_id].items["edges"]
        for label, parent in parents.items():
            source = numbers.get(parent.id) if parent is not None else outside.get(label)
            if source is None:
                source = outside[label] = len(nodes)
                nodes.append(GraphNode(source, visible(label.partition(" ")[2] or label), "outside", None))
            edges.append(GraphEdge(source, numbers[node_id], label, items[label]))
    return CoverageGraph(nodes, edges)


def _state(node: CoveredNode) -> str:
    count = node.count
    return "all" if count.covered == count.total else "some" if count.covered else "none"
