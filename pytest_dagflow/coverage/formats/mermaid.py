"""The graph of a coverage as the source of a Mermaid flowchart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_dagflow.coverage.formats.graph import CoverageGraph

_STYLES = {
    "none": "fill:#fde3df,stroke:#b3261e,color:#1b1b1b",
    "some": "fill:#fff0cc,stroke:#8a5a00,color:#1b1b1b",
    "all": "fill:#dff3e4,stroke:#1b7a3d,color:#1b1b1b",
    "outside": "fill:#eeeeee,stroke:#777777,color:#1b1b1b",
}
_SPECIAL = re.compile(r"[^\w ./:-]")


def mermaid_source(graph: CoverageGraph) -> str:
    """Return a flowchart; a dotted line is an edge that no run exercised.

    Args:
        graph: The graph.

    Example:
        >>> from pytest_dagflow.coverage.formats.graph import CoverageGraph, GraphEdge, GraphNode
        >>> nodes = [GraphNode(0, "asset a", "all", None), GraphNode(1, 'asset "b"', "none", None)]
        >>> graph = CoverageGraph(nodes, [GraphEdge(0, 1, "from asset a", False)])
        >>> print(mermaid_source(graph).partition("  classDef")[0])
        flowchart LR
          n0["asset a"]:::all
          n1["asset #34;b#34;"]:::none
          n0 -.-> n1
        <BLANKLINE>
    """
    return "\n".join(_lines(graph))


def _lines(graph: CoverageGraph) -> Iterator[str]:
    yield "flowchart LR"
    for node in graph.nodes:
        yield f'  n{node.number}["{_escaped(node.label)}"]:::{node.state}'
    for edge in graph.edges:
        yield f"  n{edge.source} {'-->' if edge.is_covered else '-.->'} n{edge.target}"
    for state, style in _STYLES.items():
        yield f"  classDef {state} {style}"


def _escaped(text: str) -> str:
    """Return a label in which Mermaid interprets no character."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", text)
