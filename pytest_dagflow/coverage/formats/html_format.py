"""The HTML report: one file with the picture of the graph, its missed items, and a part about each node.

The file needs no script and loads nothing. Jinja escapes all names, and the ids of elements are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_dagflow.coverage.formats.graph import STATES, CoverageGraph, GraphNode, graph_of_coverage
from pytest_dagflow.coverage.formats.mermaid import mermaid_source
from pytest_dagflow.coverage.formats.picture import draw
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.pages.picture import PictureError
from pytest_dagflow.pages.templates import render_template
from pytest_dagflow.report_files import Paths, visible

if TYPE_CHECKING:
    from dagflow.testing import Count, CoveredNode

MAX_TESTS = 50
"""The number of tests that are listed for a node."""
_MAX_LABELS = 3  # of a denominator in a row of the table


class Item(NamedTuple):
    """An item of a node: its label, whether it is exercised, and the number of the node that it links to."""

    label: str
    is_covered: bool
    link: int | None


@dataclass(frozen=True)
class Row:
    """A node on the page.

    Attributes:
        node: The node of the graph.
        count: The exercised items, and all items.
        place: The file and line of its definition; empty if they are unknown.
        missed: The denominators with missed items, and labels of these; "never ran" alone for such a node.
        items: The items by denominator.
        readers: The nodes that read from it.
        tests: The first tests in which it ran.
        more_tests: The number of the other tests.
    """

    node: GraphNode
    count: Count
    place: str
    missed: list[tuple[str, str]]
    items: list[tuple[str, list[Item]]]
    readers: list[GraphNode]
    tests: list[str]
    more_tests: int


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report."""
    return render_template("coverage/formats/page.html.jinja", **_page_values(result, paths))


def render_part(result: CoverageResult, paths: Paths) -> str:
    """Return the report as a part of another page, whose template includes `part.css`.

    Args:
        result: The result of the session.
        paths: The paths of source files on the page.
    """
    return render_template("coverage/formats/part.html.jinja", **_page_values(result, paths))


def _page_values(result: CoverageResult, paths: Paths) -> dict[str, object]:
    from dagflow.testing import DENOMINATORS

    coverage = result.coverage
    graph = graph_of_coverage(coverage)
    picture, problem, source = None, "", ""
    if graph.nodes:
        try:
            picture = draw(graph)
        except PictureError as error:
            problem, source = str(error), mermaid_source(graph)
    rows = _rows(graph, {node.id for node in coverage.untested()}, paths)
    numbers = {node.covered.id: node.number for node in graph.nodes if node.covered is not None}
    return {
        "result": result,
        "total": coverage.total,
        "counts": coverage.counts(),
        "meanings": DENOMINATORS,
        "states": STATES,
        "picture": picture,
        "problem": problem,
        "source": source,
        "rows": rows,
        "worst_first": sorted(rows, key=_urgency),
        "new_misses": [
            (numbers[miss.node.id], visible(miss.node.label), miss.denominator, _labels(miss.labels))
            for miss in coverage.condensed(result.new_misses)
        ],
        "excluded": list(map(visible, coverage.excluded.values())),
    }


def _rows(graph: CoverageGraph, never: set[str], paths: Paths) -> list[Row]:
    readers: dict[int, list[GraphNode]] = {}
    sources: dict[tuple[int, str], int | None] = {}
    for edge in graph.edges:
        readers.setdefault(edge.source, []).append(graph.nodes[edge.target])
        is_outside = graph.nodes[edge.source].covered is None
        sources[edge.target, edge.label] = None if is_outside else edge.source
    found = []
    for node in graph.nodes:
        covered = node.covered
        if covered is None:
            continue
        tests = sorted(covered.tests)
        items = [
            (
                name,
                [
                    Item(visible(label), hit, sources.get((node.number, label)))
                    for label, hit in known.items()
                ],
            )
            for name, known in covered.items.items()
        ]
        found.append(
            Row(
                node=node,
                count=covered.count,
                place=visible(f"{paths.shown(covered.file)}:{covered.line}") if covered.file else "",
                missed=[("never ran", "")] if covered.id in never else _missed(covered),
                items=items,
                readers=readers.get(node.number, []),
                tests=list(map(visible, tests[:MAX_TESTS])),
                more_tests=max(len(tests) - MAX_TESTS, 0),
            )
        )
    return found


def _missed(node: CoveredNode) -> list[tuple[str, str]]:
    """Return the denominators with missed items, and labels of these."""
    found = []
    for denominator, items in node.items.items():
        labels = [label for label, is_covered in items.items() if not is_covered]
        if labels:
            found.append((denominator, _labels(labels)))
    return found


def _labels(labels: list[str] | tuple[str, ...]) -> str:
    text = ", ".join(map(visible, labels[:_MAX_LABELS]))
    return text if len(labels) <= _MAX_LABELS else f"{text} and {len(labels) - _MAX_LABELS} more"


def _urgency(row: Row) -> tuple[float, int, int]:
    """Return the key that sorts nodes with the smallest share first, and of these those with most misses."""
    covered, total = row.count
    return covered / total if total else 1, covered - total, row.node.number
