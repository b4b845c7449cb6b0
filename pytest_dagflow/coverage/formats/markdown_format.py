"""The Markdown report, for pull requests and for the summary of a GitHub job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.pages.markdown import code, escaped
from pytest_dagflow.report_files import Paths

if TYPE_CHECKING:
    from dagflow.testing import CoveredNode, Miss

MAX_ROWS = 200
"""The number of rows of a table. GitHub rejects a summary of more than a megabyte."""


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report."""
    return "".join(f"{line}\n" for line in _lines(result, paths))


def _lines(result: CoverageResult, paths: Paths) -> Iterator[str]:
    coverage = result.coverage
    percent = f"{coverage.total.percent} %" if coverage.nodes else "unknown"
    yield f"## Graph coverage: {percent}"
    yield ""
    if not coverage.nodes:
        yield "The session found no definitions."
        yield ""
        return
    for failure in result.failures:
        yield f"**Failed:** {escaped(failure)}"
        yield ""
    yield "| | exercised | of | % |"
    yield "|---|---:|---:|---:|"
    for name, count in (*coverage.counts().items(), ("**total**", coverage.total)):
        yield f"| {name} | {count.covered} | {count.total} | {count.percent} |"
    yield ""
    if result.base_path:
        rows = [_row(miss, paths) for miss in coverage.condensed(result.new_misses)]
        yield from _table("New misses", ("node", "missed", "defined at"), rows)
    untested = coverage.untested()
    never = [(code(node.label), _place(node, paths)) for node in untested]
    yield from _table("Never ran", ("node", "defined at"), never)
    ids = {node.id for node in untested}
    rest = [_row(miss, paths) for miss in coverage.misses() if miss.node.id not in ids]
    yield from _table("Missed in nodes that ran", ("node", "missed", "defined at"), rest)
    if coverage.excluded:
        labels = ", ".join(code(label) for label in coverage.excluded.values())
        yield f"Left out by a comment: {labels}"
        yield ""


def _row(miss: Miss, paths: Paths) -> tuple[str, ...]:
    labels = ", ".join(map(code, miss.labels))
    return code(miss.node.label), f"{miss.denominator}: {labels}", _place(miss.node, paths)


def _place(node: CoveredNode, paths: Paths) -> str:
    return code(f"{paths.shown(node.file)}:{node.line}") if node.file else ""


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table that can be folded; nothing without rows."""
    if not rows:
        return
    yield f"<details{' open' if len(rows) <= 20 else ''}><summary>{title}: {len(rows)}</summary>"
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows[:MAX_ROWS])
    yield ""
    if len(rows) > MAX_ROWS:
        yield f"... and {len(rows) - MAX_ROWS} more"
        yield ""
    yield "</details>"
    yield ""
