"""The annotations of GitHub: lines of output that it shows at the line of a definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths, visible

if TYPE_CHECKING:
    from dagflow.testing import CoveredNode

MAX_ANNOTATIONS = 10
"""The number of warnings that GitHub shows of one step."""


def annotation_lines(result: CoverageResult, paths: Paths) -> list[str]:
    """Return a line for each new miss; without a comparison, for each node that never ran.

    Args:
        result: The result of the session.
        paths: The paths of source files, relative to the workspace.
    """
    if result.base_path:
        named = [
            (miss.node, f"no test exercises {miss.denominator}: {', '.join(miss.labels)}")
            for miss in result.coverage.condensed(result.new_misses)
        ]
    else:
        named = [(node, "no test runs it") for node in result.coverage.untested()]
    found = [_annotation(node, text, paths) for node, text in named if node.file]
    return found[:MAX_ANNOTATIONS]


def _annotation(node: CoveredNode, text: str, paths: Paths) -> str:
    about = {"file": paths.shown(node.file), "line": str(node.line), "title": "graph coverage"}
    values = ",".join(f"{name}={_property(value)}" for name, value in about.items())
    return f"::warning {values}::{_data(f'{node.label}: {text}')}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
