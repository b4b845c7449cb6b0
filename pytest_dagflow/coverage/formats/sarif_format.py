"""The SARIF report, from which code scanning shows the missed items on the lines of their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths
from pytest_dagflow.sarif import Finding, sarif_text

if TYPE_CHECKING:
    from dagflow.testing import CoveredNode

_NEVER = "never-ran"


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report. Nodes without a place have no result, because code scanning needs a file."""
    from dagflow.testing import DENOMINATORS

    coverage = result.coverage
    untested = coverage.untested()
    ids = {node.id for node in untested}

    def finding(rule: str, level: str, node: CoveredNode, text: str) -> Finding:
        return Finding(rule, level, text, paths.shown(node.file), node.line, f"{rule} {node.id}")

    found = [finding(_NEVER, "warning", node, f"no test runs {node.label}") for node in untested if node.file]
    for miss in coverage.misses():
        if miss.node.id not in ids and miss.node.file:
            labels = ", ".join(miss.labels)
            text = f"{miss.node.label}: no test exercises {miss.denominator}: {labels}"
            found.append(finding(miss.denominator, "note", miss.node, text))
    rules = {_NEVER: "a node that no test runs"}
    rules |= {name: f"missed: {meaning}" for name, meaning in DENOMINATORS.items()}
    return sarif_text("dagflow graph coverage", rules, found, fingerprint="dagItem/v1")
