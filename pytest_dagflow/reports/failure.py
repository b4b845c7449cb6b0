"""The report of a failed test about its runs: the frames of its traceback, properties, and the section."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_dagflow.hook_calls import redacted_result
from pytest_dagflow.markers.time import skipped_line
from pytest_dagflow.reports import run_text
from pytest_dagflow.reports.debugger import OUR_PACKAGES, ends_in_dagflow
from pytest_dagflow.reports.observed import ObservedRuns, runs_of, runs_of_fixtures
from pytest_dagflow.reports.saved import save_failed_steps, saving_lines
from pytest_dagflow.reports.step_names import expression_of

if TYPE_CHECKING:
    from dagflow import ExecuteInProcessResult


class _ShownRun(NamedTuple):
    """A run of a failed test.

    Attributes:
        result: The result, with the events as they may be shown.
        actual: The result with the events as they happened.
        fixture: The name of the fixture that started the run, or an empty string.
    """

    result: ExecuteInProcessResult
    actual: ExecuteInProcessResult
    fixture: str


def prepare_report(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Hide the frames of dagflow and add the JUnit properties, before pytest makes the report of a phase."""
    if call.excinfo is not None and "dagflow" in sys.modules:
        _hide_frames()
    runs = runs_of(item) if call.when == "call" or call.excinfo is not None else None
    found = [] if runs is None else runs.properties(runs_of_fixtures(item))
    if found:
        known = {name for name, _ in item.user_properties}
        item.user_properties.extend(pair for pair in found if pair[0] not in known)


def add_section(item: pytest.Item, report: pytest.TestReport) -> None:
    """Add a section about the runs of a test to the report of a failed phase."""
    if not report.failed:
        return
    runs = runs_of(item)
    of_fixtures = runs_of_fixtures(item)
    chosen: list[_ShownRun] = []
    problem = ""
    if runs is not None:
        try:
            chosen = [
                _ShownRun(redacted_result(item.config, result), result, fixture)
                for result, fixture in _choose_runs(runs, of_fixtures)
            ]
        except pytest.UsageError as error:
            problem = f"the runs of this test are not shown or saved: {error}"
        save_failed_steps(item, report, [one.result for one in chosen], problem)
    count = sum(one.count for one in (runs, *of_fixtures) if one is not None)
    if runs is None or not count or item.config.getoption("tbstyle", "auto") == "line":
        return  # the style "line" shows one line for each failure
    title = "dagflow" if count == 1 else f"dagflow: {count} runs"
    try:
        text = problem or "\n".join(_section_lines(item, runs, chosen, report.longreprtext))
    except Exception as error:  # a value that cannot be shown must not end the session
        text = f"the runs of this test cannot be shown: {type(error).__name__}: {error}"
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # else pytest escapes its line breaks too
    add = getattr(report.longrepr, "addsection", None)
    if add is not None:
        add(title, text, "-")
    else:  # `longrepr` is a string, which has no sections
        report.sections.append((title, text))


# frames


def _hide_frames() -> None:
    """Set `__tracebackhide__` in the modules of dagflow, so that tracebacks omit their frames."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in OUR_PACKAGES:
            vars(module).setdefault("__tracebackhide__", _is_user_error)


def _is_user_error(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Return whether an error was raised outside of dagflow, or is a DagflowError."""
    from dagflow import DagflowError

    return isinstance(excinfo.value, DagflowError) or not ends_in_dagflow(excinfo.tb)


# the section


def _section_lines(
    item: pytest.Item, runs: ObservedRuns, chosen: list[_ShownRun], report_text: str
) -> Iterator[str]:
    yield from _order_lines(runs)
    is_verbose = item.config.get_verbosity() > 0
    columns = shutil.get_terminal_size().columns  # a worker of xdist has no terminal writer: 80
    for result, actual, fixture in chosen:
        yield from run_text.run_lines(
            result, actual, fixture, report_text, is_verbose=is_verbose, columns=columns
        )
    skipped = skipped_line(item)
    if skipped:
        yield skipped
    yield f"run it again:  pytest {shlex.quote(_runnable_id(item))}"
    failed = [one.result for one in chosen if not one.result.success]
    names = dict.fromkeys(
        expression_of(result, key) for result in failed for key in run_text.failed_steps(result)
    )
    if names:
        yield from saving_lines(item, _runnable_id(item))
        yield f"tests of the failed nodes:  pytest --dag-select {shlex.quote(', '.join(names))}"


def _order_lines(runs: ObservedRuns) -> Iterator[str]:
    """Yield the orders in which loops over `interleavings` were left, by the failure or before."""
    from dagflow.testing import unfinished_orders

    for order in unfinished_orders():
        if order.run_id in runs.ids:  # else it is of an earlier test
            yield from (*order.description.splitlines(), "")


def _choose_runs(
    runs: ObservedRuns, of_fixtures: list[ObservedRuns]
) -> Iterator[tuple[ExecuteInProcessResult, str]]:
    """Yield the runs to show, each with the name of its fixture: the failed ones, and the last one."""
    for one in of_fixtures:
        if one.failed is not None:
            yield one.failed, one.fixture
    if runs.failed is not None:
        yield runs.failed, ""
    if runs.last is not None:
        if runs.last is not runs.failed:
            yield runs.last, ""
    elif of_fixtures and of_fixtures[-1].last is not None and of_fixtures[-1].failed is None:
        yield of_fixtures[-1].last, of_fixtures[-1].fixture


def _runnable_id(item: pytest.Item) -> str:
    """Return the id of a test relative to the folder in which pytest was started."""
    file, colons, name = item.nodeid.partition("::")
    path = item.config.rootpath / file
    try:
        file = os.path.relpath(path, item.config.invocation_params.dir)
    except ValueError:  # on another drive
        file = str(path)
    return f"{file}{colons}{name}"
