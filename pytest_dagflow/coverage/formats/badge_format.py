"""The badge: a JSON file for the endpoint of shields.io."""

from __future__ import annotations

import json

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.report_files import Paths

_COLORS = ((90, "brightgreen"), (75, "green"), (60, "yellow"), (40, "orange"), (0, "red"))


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the badge."""
    coverage = result.coverage
    percent = coverage.total.percent
    is_known = bool(coverage.nodes)
    color = next(color for minimum, color in _COLORS if percent >= minimum)
    badge = {
        "schemaVersion": 1,
        "label": "graph coverage",
        "message": f"{int(percent)}%" if is_known else "unknown",
        "color": color if is_known else "lightgrey",
    }
    return json.dumps(badge) + "\n"
