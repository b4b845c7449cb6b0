"""The source lines of the definitions, for formats of source lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_dagflow.report_files import Paths

if TYPE_CHECKING:
    from dagflow.testing import Coverage, CoveredNode


class Definition(NamedTuple):
    """The lines of one node.

    Attributes:
        node: The node.
        line: The line of its `def`.
        items: All of its items without the run itself, and whether each is exercised.
    """

    node: CoveredNode
    line: int
    items: tuple[tuple[str, bool], ...]


class SourceFile(NamedTuple):
    """The lines of the definitions in one file.

    Attributes:
        path: The path in the report.
        hits: The number of runs by line.
        definitions: The nodes that are defined there, by line.
    """

    path: str
    hits: dict[int, int]
    definitions: tuple[Definition, ...]


def source_files(coverage: Coverage, paths: Paths) -> list[SourceFile]:
    """Return the files of the definitions with their lines, in order.

    A line of several nodes, such as that of an op in two jobs, has the runs of all of them.

    Args:
        coverage: The coverage.
        paths: The paths of source files in the report.
    """
    from dagflow.testing import span_at

    by_file: dict[str, list[CoveredNode]] = {}
    for node in coverage.ordered():
        if node.file and node.kind not in ("graph", "job"):  # their functions run when they are defined
            by_file.setdefault(node.file, []).append(node)
    found = []
    for file, nodes in by_file.items():
        hits: dict[int, int] = {}
        for node in nodes:
            span = span_at(paths.real(file), node.line)
            for line in (node.line,) if span is None else span.code:
                hits[line] = hits.get(line, 0) + node.runs
        definitions = tuple(Definition(node, node.line, _items(node)) for node in nodes)
        found.append(SourceFile(paths.shown(file), dict(sorted(hits.items())), definitions))
    return found


def _items(node: CoveredNode) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (f"{denominator}: {label}", is_covered)
        for denominator, items in node.items.items()
        if denominator != "nodes"
        for label, is_covered in items.items()
    )
