"""The files of the reports about two revisions, and the summary of a GitHub job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flights_result import flights

from pytest_dagflow.against.formats.markdown_format import MARKER
from pytest_dagflow.against.write import write_reports


def test_reports_are_written(
    tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each report is in its file, and one that cannot be written has a reason."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    result = flights()
    files = [("markdown", tmp_path / "new" / "a.md"), ("json", tmp_path / "a.json"), ("json", tmp_path)]

    (problem,) = write_reports(result, files, pytestconfig)

    assert problem.startswith("the json report cannot be written: ")
    assert [name for name, _ in result.written] == ["markdown", "json"]
    assert files[0][1].read_text(encoding="utf-8").startswith(MARKER)
    assert json.loads(files[1][1].read_text(encoding="utf-8"))["reference"] == "main"
    assert result.notes == flights().notes


def test_the_summary_of_a_job(
    tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Markdown is appended to the summary; a note says why that was not possible."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    result = flights()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert write_reports(result, [], pytestconfig) == []
    assert summary.read_text(encoding="utf-8").startswith(f"before\n{MARKER}\n")

    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert write_reports(result, [], pytestconfig) == []
    assert result.notes[-1].startswith("the summary for GitHub cannot be written: ")
