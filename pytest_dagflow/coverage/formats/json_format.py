"""The JSON report: totals for readers, and all items for a later comparison and for the merge of shards."""

from __future__ import annotations

import json

from pytest_dagflow.coverage.formats.sources import Paths
from pytest_dagflow.coverage.result import CoverageResult


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report. Its paths are relative to the root folder, so that machines can be compared."""
    return json.dumps(result.coverage.to_json(), indent=1) + "\n"
