"""The writing of coverage reports, and what GitHub shows of them."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from pytest_dagflow.coverage.result import CoverageResult
from pytest_dagflow.coverage.settings import Settings
from pytest_dagflow.report_files import Paths, append_to_summary, repository_root, write_file


def write_reports(result: CoverageResult, settings: Settings, config: pytest.Config) -> list[str]:
    """Write the reports of a session.

    Args:
        result: The result of the session. The written reports are added to it.
        settings: The options.
        config: The config of the session.

    Returns:
        The reasons why reports could not be written.
    """
    failures = []
    start = config.invocation_params.dir
    repository = repository_root(start)
    for name, path in settings.files:
        # code scanning expects paths from the root of the repository, and tools that are called here do not
        base = repository if name == "sarif" else start
        try:
            write_file(path, render(name, result, Paths(config.rootpath, base)))
        except OSError as error:
            failures.append(f"the {name} report cannot be written: {error}")
        else:
            result.written.append((name, settings.shown(path)))
    problem = append_to_summary(lambda: render("markdown", result, Paths(config.rootpath, start)))
    if problem:
        result.notes.append(problem)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from pytest_dagflow.coverage.formats.annotations import annotation_lines

        result.annotations += annotation_lines(result, Paths(config.rootpath, repository))
    return failures


def render(name: str, result: CoverageResult, paths: Paths) -> str:
    """Return a report as a string.

    Args:
        name: The format.
        result: The result of the session.
        paths: The paths of source files in the report.
    """
    module = import_module(f"pytest_dagflow.coverage.formats.{name}_format")
    text: str = module.render(result, paths)
    return text
