"""The results of `--dag-mutate` as files: JSON, and SARIF for code scanning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_dagflow.mutating.settings import MutateReport
from pytest_dagflow.mutating.verdicts import STATUSES, SURVIVED, UNTESTED, Results, Verdict
from pytest_dagflow.report_files import Paths, json_text, repository_root, write_file
from pytest_dagflow.sarif import Finding, sarif_text

_VERSION = 1
"""The version of the form of the JSON document."""


def write_report(report: MutateReport, results: Results, config: pytest.Config) -> str:
    """Write the results to a file.

    Args:
        report: The form and the file.
        results: The results.
        config: The config of the session.

    Returns:
        The reason why the file cannot be written; empty if it is written.
    """
    root = config.rootpath
    if report.format == "json":
        text = json_text(as_json(results, Paths(root, root)))
    else:
        text = as_sarif(results, Paths(root, repository_root(root)))
    try:
        write_file(report.path, text)
    except OSError as error:
        return f"the {report.format} report cannot be written: {error}"
    return ""


def as_json(results: Results, paths: Paths) -> dict[str, Any]:
    """Return the results as one JSON document. docs/mutation.md describes its form."""
    return {
        "version": _VERSION,
        "percent": round(results.percent, 1),
        "total": results.total,
        "counts": {status: len(results.with_status(status)) for status in STATUSES},
        "seconds": round(results.seconds, 3),
        "notes": results.notes,
        "failing": results.failing,
        "mutants": [_mutant(verdict, paths) for verdict in results.verdicts],
    }


def _mutant(verdict: Verdict, paths: Paths) -> dict[str, Any]:
    mutation = verdict.mutation
    file, line = _place(verdict, paths)
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


def as_sarif(results: Results, paths: Paths) -> str:
    """Return the mutants that no test killed as SARIF. Those without a place have no result."""
    from dagflow.testing import mutation_kinds

    kinds = mutation_kinds()
    found = results.with_status(SURVIVED, UNTESTED)
    findings = (_finding(verdict, kinds, paths) for verdict in found if verdict.mutation.place)
    rules = {kind: f"{text[0].upper()}{text[1:]}." for kind, text in kinds.items()}
    return sarif_text("pytest-dagflow --dag-mutate", rules, findings, fingerprint="dagMutant/v1")


def _finding(verdict: Verdict, kinds: Mapping[str, str], paths: Paths) -> Finding:
    mutation = verdict.mutation
    text = (
        f"No test of {mutation.name} fails if {kinds[mutation.kind]}: '{mutation.before}' becomes "
        f"'{mutation.after}'. Kill it by {mutation.remedy}."
    )
    file, line = _place(verdict, paths)
    identity = f"{mutation.kind} {mutation.name} {mutation.before} {mutation.after}"
    return Finding(mutation.kind, "warning", text, file, line or 1, identity)


def _place(verdict: Verdict, paths: Paths) -> tuple[str, int | None]:
    """Return the path of the file in the report, and the line."""
    file, _, line = verdict.mutation.place.rpartition(":")
    return (paths.shown(file), int(line)) if file else ("", None)
