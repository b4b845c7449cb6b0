"""The option `--dag-save-failed`: each failed step of a failing test becomes a test of its own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.reports.run_text import failed_steps
from pytest_dagflow.session import session_of

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult

_EXAMPLE_FOLDER = "tests/replayed"
_MAX_LINES = 10
_SAVED = "dag_saved"
_NOT_SAVED = "dag_not_saved"
_key = pytest.StashKey[list[tuple[str, str]]]()


def save_failed_steps(
    item: pytest.Item, report: pytest.TestReport, results: Iterable[ExecuteInProcessResult], problem: str
) -> None:
    """Write the tests of the failed steps of a test, if the option is given, once for each test.

    The paths, and the reasons why a step cannot be replayed, become properties of the report, which xdist
    sends to its controller.

    Args:
        item: The test.
        report: The report of its failed phase.
        results: The runs of the test.
        problem: The reason why no step can be written; empty if there is none.
    """
    folder = session_of(item.config).options.save_failed
    if folder is None or _key in item.stash:
        return
    found = item.stash[_key] = [
        _saved(item, result, step_key, folder) for result in results for step_key in failed_steps(result)
    ]
    if problem:
        found.append((_NOT_SAVED, f"{item.nodeid}: {problem}"))
    item.user_properties += found
    report.user_properties += found


def _saved(item: pytest.Item, result: ExecuteInProcessResult, step_key: str, folder: Path) -> tuple[str, str]:
    """Write the test of a step, and return a property with its path, or with the reason why not."""
    from dagflow.testing import write_test

    file, _, test = item.nodeid.partition("::")
    name = f"{Path(file).stem.removeprefix('test_')}::{test}::{step_key}"
    try:
        path = write_test(result, step_key, folder, name=name)
    except Exception as error:  # of a value, too: the report of the test comes first
        text = str(error) if type(error).__module__.startswith("dagflow") else f"{step_key}: {error!r}"
        return _NOT_SAVED, text
    return _SAVED, _shown(path, item.config)


def _shown(path: Path, config: pytest.Config) -> str:
    """Return a path relative to the folder in which pytest was started."""
    try:
        return os.path.relpath(path, config.invocation_params.dir)
    except ValueError:  # on another drive
        return str(path)


def saving_lines(item: pytest.Item, test_id: str) -> Iterator[str]:
    """Yield the lines of the report section: the written tests, or the command that writes them.

    Args:
        item: The test.
        test_id: The id of the test, as pytest takes it.
    """
    if session_of(item.config).options.save_failed is None:
        yield (
            f"write the failed step as a test:  pytest --dag-save-failed={_EXAMPLE_FOLDER} "
            f"{shlex.quote(test_id)}"
        )
    for name, text in item.stash.get(_key, ()):
        if name == _SAVED:
            yield f"run the failed step alone:  pytest {shlex.quote(text)}"
        else:
            yield text


def print_saved(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the tests that were written, and the steps that cannot be replayed."""
    folder = session_of(config).options.save_failed
    if folder is None:
        return
    reports = [
        report
        for outcome in ("failed", "error")
        for report in terminalreporter.stats.get(outcome, ())
        if isinstance(report, pytest.TestReport)
    ]
    found = dict.fromkeys(pair for report in reports for pair in report.user_properties)
    paths = [text for name, text in found if name == _SAVED]
    reasons = [text for name, text in found if name == _NOT_SAVED]
    terminalreporter.write_line(
        f"dag-save-failed: {_saved_line(len(paths), len(reasons), _shown(folder, config))}"
    )
    for reason in reasons[:_MAX_LINES]:
        terminalreporter.write_line(f"dag-save-failed: {reason}")
    if len(reasons) > _MAX_LINES:
        terminalreporter.write_line(f"dag-save-failed: ... and {len(reasons) - _MAX_LINES} more steps")


def _saved_line(written: int, refused: int, folder: str) -> str:
    if written:
        tests = (
            "a test of 1 failed step; run it"
            if written == 1
            else f"tests of {written} failed steps; run them"
        )
        return f"wrote {tests}: pytest {shlex.quote(folder)}"
    return "wrote no test" if refused else "wrote no test, because no failing test has a failed step"
