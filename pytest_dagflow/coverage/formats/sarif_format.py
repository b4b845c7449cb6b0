"""The SARIF report, from which code scanning shows the missed items on the lines of their definitions."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_dagflow.coverage.formats.sources import Paths
from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.pages.names import visible

if TYPE_CHECKING:
    from dagflow.testing import CoveredNode

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_NEVER = "never-ran"
_ESCAPES = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "{": "{{", "}": "}}"})
"""The characters of links and placeholders in messages."""


def render(result: CoverageResult, paths: Paths) -> str:
    """Return the report. Nodes without a place have no result, because code scanning needs a file."""
    from dagflow.testing import DENOMINATORS

    coverage = result.coverage
    untested = [node for node in coverage.untested() if node.file]
    ids = {node.id for node in coverage.untested()}
    found = [
        _finding(_NEVER, "warning", node, f"no test runs {_text(node.label)}", paths) for node in untested
    ]
    found += [
        _finding(
            miss.denominator,
            "note",
            miss.node,
            f"{_text(miss.node.label)}: no test exercises {miss.denominator}: "
            + _text(", ".join(miss.labels)),
            paths,
        )
        for miss in coverage.misses()
        if miss.node.id not in ids and miss.node.file
    ]
    rules = [{"id": _NEVER, "shortDescription": {"text": "a node that no test runs"}}]
    rules += [
        {"id": name, "shortDescription": {"text": f"missed: {meaning}"}}
        for name, meaning in DENOMINATORS.items()
    ]
    driver = {"name": "dagflow graph coverage", "rules": rules}
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the sources"}}},
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _finding(rule: str, level: str, node: CoveredNode, text: str, paths: Paths) -> dict[str, Any]:
    uri = quote(paths.shown(node.file).encode("utf-8", "surrogatepass"))
    place = {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": max(node.line, 1)},
    }
    digest = hashlib.sha256(f"{rule} {node.id}".encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"dagItem/v1": digest[:32]},
    }


def _text(text: str) -> str:
    return visible(text).translate(_ESCAPES)
