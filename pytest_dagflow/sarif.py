"""SARIF 2.1.0: findings that code scanning shows at the lines of the source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from pytest_dagflow.report_files import json_text, visible

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
"""The name of the folder to which the paths are relative. Code scanning knows it."""
_ESCAPES = str.maketrans({"\\": r"\\", "[": r"\[", "]": r"\]", "{": "{{", "}": "}}"})
"""The characters of links and placeholders in messages."""


class Finding(NamedTuple):
    """One result of a report.

    Attributes:
        rule: The id of its rule.
        level: "warning" or "note".
        text: The message, as plain text.
        path: The file, relative to the root of the sources. Code scanning shows no result without a file.
        line: The line.
        identity: A text that is the same in every session, so that code scanning recognizes the finding.
    """

    rule: str
    level: str
    text: str
    path: str
    line: int
    identity: str


def sarif_text(tool: str, rules: Mapping[str, str], findings: Iterable[Finding], *, fingerprint: str) -> str:
    """Return a SARIF log with one run.

    Args:
        tool: The name of the tool.
        rules: The description of each rule, by its id.
        findings: The results.
        fingerprint: The name of the form of the identities, as "dagItem/v1".

    Example:
        >>> import json
        >>> found = [Finding("unused", "note", "a [b]", "shop.py", 3, "unused a")]
        >>> log = json.loads(sarif_text("shop", {"unused": "not used"}, found, fingerprint="shop/v1"))
        >>> print(log["runs"][0]["results"][0]["message"]["text"])
        a \\[b\\]
    """
    positions = {rule: position for position, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "rules": [
                    {"id": rule, "shortDescription": {"text": meaning}} for rule, meaning in rules.items()
                ],
            }
        },
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the sources"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, positions[one.rule], fingerprint) for one in findings],
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, position: int, fingerprint: str) -> dict[str, Any]:
    uri = quote(finding.path.encode("utf-8", "surrogatepass"))
    place = {
        "artifactLocation": {"uri": uri, "uriBaseId": _ROOT},
        "region": {"startLine": max(finding.line, 1)},
    }
    digest = hashlib.sha256(finding.identity.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "ruleId": finding.rule,
        "ruleIndex": position,
        "level": finding.level,
        "message": {"text": visible(finding.text).translate(_ESCAPES)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {fingerprint: digest[:32]},
    }
