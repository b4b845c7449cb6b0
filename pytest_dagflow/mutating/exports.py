"""The results of `--dag-mutate` as files: JSON, and SARIF 2.1.0 for code scanning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import pytest

from pytest_dagflow.mutating.terminal import shown_place
from pytest_dagflow.mutating.verdicts import STATUSES, SURVIVED, UNTESTED, Results, Verdict
from pytest_dagflow.options import MUTATE_REPORT_OPTION, MutateReport

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_VERSION = 1
"""The version of the form of the JSON document."""


def write_report(report: MutateReport, results: Results, root: Path) -> None:
    """Write the results to a file.

    Args:
        report: The form and the file.
        results: The results.
        root: The root folder of the project, to which places are relative.

    Raises:
        pytest.UsageError: The file cannot be written.
    """
    document = as_json(results, root) if report.format == "json" else as_sarif(results, root)
    try:
        report.path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise pytest.UsageError(f"{MUTATE_REPORT_OPTION}: cannot write '{report.path}': {error}") from error


def as_json(results: Results, root: Path) -> dict[str, Any]:
    """Return the results as one JSON document. docs/mutation.md describes its form."""
    return {
        "version": _VERSION,
        "percent": round(results.percent, 1),
        "total": results.total,
        "counts": {status: len(results.with_status(status)) for status in STATUSES},
        "seconds": round(results.seconds, 3),
        "notes": results.notes,
        "failing": results.failing,
        "mutants": [_mutant(verdict, root) for verdict in results.verdicts],
    }


def _mutant(verdict: Verdict, root: Path) -> dict[str, Any]:
    mutation = verdict.mutation
    file, line = _place(verdict, root)
    return {
        "status": verdict.status,
        "kind": mutation.kind,
        "node": mutation.name,
        "file": file,
        "line": line,
        "before": mutation.before,
        "after": mutation.after,
        "remedy": mutation.remedy,
        "tests": list(verdict.tests),
        "killed_by": verdict.killed_by,
        "detail": verdict.detail,
        "seconds": round(verdict.seconds, 3),
    }


def _place(verdict: Verdict, root: Path) -> tuple[str, int | None]:
    """Return the file, relative to the root folder if it is inside of it, and the line."""
    place = verdict.mutation.place
    if not place:
        return "", None
    file, _, line = shown_place(place, root).rpartition(":")
    return PurePath(file).as_posix(), int(line)


def as_sarif(results: Results, root: Path) -> dict[str, Any]:
    """Return the mutants that no test killed as a SARIF log with one run."""
    from dagflow.testing import mutation_kinds

    kinds = mutation_kinds()
    found = results.with_status(SURVIVED, UNTESTED)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-dagflow --dag-mutate",
                        "rules": [
                            {"id": kind, "shortDescription": {"text": _sentence(text)}}
                            for kind, text in kinds.items()
                        ],
                    }
                },
                "originalUriBaseIds": {"ROOT": {"uri": f"{root.as_uri()}/"}},
                "results": [_result(verdict, kinds, root) for verdict in found],
            }
        ],
    }


def _result(verdict: Verdict, kinds: Mapping[str, str], root: Path) -> dict[str, Any]:
    mutation = verdict.mutation
    text = (
        f"No test of {mutation.name} fails if {kinds[mutation.kind]}: '{mutation.before}' becomes "
        f"'{mutation.after}'. Kill it by {mutation.remedy}."
    )
    result: dict[str, Any] = {
        "ruleId": mutation.kind,
        "ruleIndex": list(kinds).index(mutation.kind),
        "level": "warning",
        "message": {"text": text},
    }
    file, line = _place(verdict, root)
    if line is not None:
        is_inside = not PurePath(file).is_absolute()
        uri = PurePath(file).as_posix() if is_inside else Path(file).as_uri()
        location = {"uri": _quoted(uri), "uriBaseId": "ROOT"} if is_inside else {"uri": uri}
        region = {"startLine": line}
        result["locations"] = [{"physicalLocation": {"artifactLocation": location, "region": region}}]
    return result


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
