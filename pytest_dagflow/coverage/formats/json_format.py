"""The JSON report: totals for readers, and all items for a later comparison and for the merge of shards."""

from __future__ import annotations

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths, json_text


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report. Its paths are relative to the root folder, so that machines can be compared."""
    return json_text(result.coverage.to_json())
