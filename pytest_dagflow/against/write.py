"""The writing of the reports about two revisions."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest

from pytest_dagflow.against.result import AgainstResult
from pytest_dagflow.paths import shown_path
from pytest_dagflow.report_files import append_to_summary, write_file


def write_reports(
    result: AgainstResult, files: Iterable[tuple[str, Path]], config: pytest.Config
) -> list[str]:
    """Write the reports of a session, and append the Markdown to the summary of a job of GitHub.

    Args:
        result: The result of the session. The written reports are added to it, and the reason why the summary
            could not be written, which does not fail the session.
        files: The format and the path of each report: "markdown", "json" or "html".
        config: The config of the session.

    Returns:
        The reasons why reports could not be written.
    """
    problems = [_write(result, name, path, config) for name, path in files]
    unwritten = append_to_summary(lambda: render("markdown", result))
    if unwritten:
        result.notes.append(unwritten)
    return list(filter(None, problems))


def _write(result: AgainstResult, name: str, path: Path, config: pytest.Config) -> str:
    """Write a report; return the reason why that was not possible."""
    try:
        write_file(path, render(name, result))
    except OSError as error:
        return f"the {name} report cannot be written: {error}"
    result.written.append((name, shown_path(path, config.invocation_params.dir)))
    return ""


def render(name: str, result: AgainstResult) -> str:
    """Return a report as a string.

    Args:
        name: The format: "markdown", "json" or "html".
        result: The result of the session.
    """
    text: str = import_module(f"pytest_dagflow.against.formats.{name}_format").render(result)
    return text
