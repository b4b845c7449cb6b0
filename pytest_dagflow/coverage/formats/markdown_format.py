"""The Markdown report, for pull requests and for the summary of a GitHub job."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pytest_dagflow.coverage.formats.sources import Paths, visible
from pytest_dagflow.coverage.result import CoverageResult

if TYPE_CHECKING:
    from dagflow.testing import Miss

MAX_ROWS = 200
"""The number of rows of a table. GitHub rejects a summary of more than a megabyte."""
_ENTITIES = {ord(one): f"&#{ord(one)};" for one in string.punctuation}


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report."""
    return "".join(f"{line}\n" for line in _lines(result, paths))


def _lines(result: CoverageResult, paths: Paths) -> Iterator[str]:
    coverage = result.coverage
    yield f"## Graph coverage: {coverage.total.percent} %"
    yield ""
    if not coverage.nodes:
        yield "The session found no definitions."
        yield ""
        return
    for failure in result.failures:
        yield f"**Failed:** {_text(failure)}"
        yield ""
    yield "| | exercised | of | % |"
    yield "|---|---:|---:|---:|"
    for name, count in (*coverage.counts().items(), ("**total**", coverage.total)):
        yield f"| {name} | {count.covered} | {count.total} | {count.percent} |"
    yield ""
    if result.base_path:
        yield from _table("New misses", result.new_misses, paths)
    untested = {node.id for node in coverage.untested()}
    never = [miss for miss in coverage.misses() if miss.node.id in untested]
    firsts = {miss.node.id: miss for miss in reversed(never)}
    yield from _table("Never ran", firsts.values(), paths, has_items=False)
    rest = [miss for miss in coverage.misses() if miss.node.id not in untested]
    yield from _table("Missed in nodes that ran", rest, paths)
    if coverage.excluded:
        labels = ", ".join(code(label) for label in coverage.excluded.values())
        yield f"Left out by a comment: {labels}"
        yield ""


def _table(title: str, misses: Iterable[Miss], paths: Paths, *, has_items: bool = True) -> Iterator[str]:
    found = sorted(misses, key=lambda miss: not miss.node.file) if not has_items else list(misses)
    if not found:
        return
    yield f"<details{' open' if len(found) <= 20 else ''}><summary>{title}: {len(found)}</summary>"
    yield ""
    yield "| node | missed | defined at |" if has_items else "| node | defined at |"
    yield "|---|---|---|" if has_items else "|---|---|"
    for miss in found[:MAX_ROWS]:
        place = code(f"{paths.shown(miss.node.file)}:{miss.node.line}") if miss.node.file else ""
        missed = f" {miss.denominator}: {', '.join(map(code, miss.labels))} |" if has_items else ""
        yield f"| {code(miss.node.label)} |{missed} {place} |"
    yield ""
    if len(found) > MAX_ROWS:
        yield f"... and {len(found) - MAX_ROWS} more"
        yield ""
    yield "</details>"
    yield ""


def code(text: str) -> str:
    """Return a text as code of which Markdown and HTML interpret nothing, also inside a table.

    Example:
        >>> code("a|b")
        '<code>a&#124;b</code>'
    """
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return visible(text).translate(_ENTITIES)
