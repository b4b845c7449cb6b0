"""The report in the terminal: the counts, the nodes that never ran, and the missed items of the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import visible

if TYPE_CHECKING:
    from dagflow.testing import Count, CoveredNode, Miss

_MAX_LINES = 10
_TITLES = {
    "nodes": "nodes that never ran",
    "outputs": "outputs that were never given",
    "branches": "branches that were never taken",
    "edges": "edges that were never passed",
    "checks": "results of checks that never occurred",
    "retries": "retries that never ended so",
    "failures": "nodes that never failed",
    "hooks": "hooks that were never called",
    "partitions": "partitions that never ran",
    "config": "config fields that only had their default",
    "schedules": "schedules without a tick",
    "sensors": "sensors without a tick",
}
"""The title of the missed items of each denominator."""
_WIDTH = 80


def print_result(reporter: pytest.TerminalReporter, result: CoverageResult, *, is_whole: bool) -> None:
    """Print the result of a session.

    Args:
        reporter: The terminal.
        result: The result.
        is_whole: Whether to print the report, and not only the verdict.
    """
    coverage = result.coverage
    limit = _MAX_LINES if reporter.config.get_verbosity() < 1 else 10**9
    reporter.section("dag coverage")
    if not coverage.nodes:
        _write_line(
            reporter, "no definitions found: set ini key dag_definitions, or import them in a test module"
        )
    elif not is_whole:
        _print_counts(reporter, {}, coverage.total)
    else:
        _print_counts(reporter, coverage.counts(), coverage.total)
        _print_nodes(reporter, "never ran", coverage.untested(), limit)
        ids = {node.id for node in coverage.untested()}
        by_denominator: dict[str, list[Miss]] = {}
        for miss in coverage.misses():
            if miss.node.id not in ids:
                by_denominator.setdefault(miss.denominator, []).append(miss)
        for name, misses in by_denominator.items():
            _print_misses(reporter, _TITLES[name], misses, limit)
        if coverage.excluded:
            number = len(coverage.excluded)
            _write_line(reporter, "")
            _write_line(reporter, f"left out by '# dag: no cover': {number} node{'s' * (number > 1)}")
    if result.base_path:
        title = visible(f"new misses since {result.base_path}")
        misses = coverage.condensed(result.new_misses)
        numbers = result.new_numbers()
        rows = [(_place(one.node), _words(one, numbers[one.node.id])) for one in misses]
        _print_rows(reporter, title, rows, limit, number=result.new_number)
        if not result.new_misses:
            _write_line(reporter, f"no {title}")
    if result.written or result.notes or result.failures:
        _write_line(reporter, "")
    for name, path in result.written:
        _write_line(reporter, f"{name} report: {visible(path)}")
    for note in result.notes:
        _write_line(reporter, f"dag-cov: {visible(note)}", yellow=True)
    for failure in result.failures:
        _write_line(reporter, f"dag-cov failed: {visible(failure)}", red=True, bold=True)
    for line in result.annotations:
        _write_line(reporter, line)


def _print_counts(reporter: pytest.TerminalReporter, counts: dict[str, Count], total: Count) -> None:
    rows = [*counts.items(), ("total", total)]
    width = max(len(str(count.total)) for _, count in rows)
    for name, count in rows:
        numbers = f"{count.covered:>{width}} of {count.total:>{width}}"
        color = "green" if count.percent == 100 else "yellow" if count.percent >= 50 else "red"
        reporter.write(f"{name:<11} {numbers}  ", bold=name == "total")
        _write_line(reporter, f"{count.percent:>5} %", bold=name == "total", **{color: True})


def _print_nodes(reporter: pytest.TerminalReporter, title: str, nodes: list[CoveredNode], limit: int) -> None:
    _print_rows(reporter, title, [(_place(node), visible(node.label)) for node in nodes], limit)


def _print_misses(reporter: pytest.TerminalReporter, title: str, misses: Iterable[Miss], limit: int) -> None:
    rows = []
    for miss in misses:
        is_clear = miss.denominator in ("nodes", "failures", "schedules", "sensors")
        missed = "" if is_clear else f": {', '.join(miss.labels)}"
        rows.append((_place(miss.node), visible(f"{miss.node.label}{missed}")))
    _print_rows(reporter, title, rows, limit)


def _words(miss: Miss, number: int) -> str:
    """Return a missed item with its denominator, or a node that never ran with the number of its items."""
    if miss.denominator == "nodes":
        return visible(f"{miss.node.label} never ran ({number} item{'s' * (number != 1)})")
    return visible(f"{miss.node.label}: {miss.denominator}: {', '.join(miss.labels)}")


def _print_rows(
    reporter: pytest.TerminalReporter,
    title: str,
    rows: list[tuple[str, str]],
    limit: int,
    *,
    number: int | None = None,
) -> None:
    """Print a title with a number, by default that of the rows, and the rows."""
    if not rows:
        return
    _write_line(reporter, "")
    _write_line(reporter, f"{title} ({len(rows) if number is None else number})", bold=True)
    shown = rows[:limit]
    width = min(max(len(place) for place, _ in shown), 30)
    for place, text in shown:
        _write_line(reporter, f"  {place:<{width}}  {_cut(text, _WIDTH - 4 - max(width, len(place)))}")
    if len(rows) > limit:
        _write_line(reporter, f"  ... and {len(rows) - limit} more (-v shows all)")


def _place(node: CoveredNode) -> str:
    return visible(f"{node.file}:{node.line}") if node.file else "-"


def _cut(text: str, width: int) -> str:
    """Return a text of at most a width, but never less than 30 characters of it."""
    width = max(width, 30)
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _write_line(reporter: pytest.TerminalReporter, text: str, **markup: bool) -> None:
    """Write a line. The `write_line` of pytest may write an empty line before it."""
    reporter.write(text, **markup)
    reporter.write("\n")
