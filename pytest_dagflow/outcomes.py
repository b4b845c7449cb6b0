"""The outcomes of the tests of a session, each merged from the phases of its test."""

from __future__ import annotations

import re
from collections.abc import Callable
from os.path import relpath
from typing import Any, NamedTuple

import pytest

PASSED, FAILED, ERROR = "passed", "failed", "error"
SKIPPED, XFAILED, XPASSED = "skipped", "xfailed", "xpassed"
FAILURES = (FAILED, ERROR)
DURING_COLLECTION, INTERRUPTED = "it ended during the collection", "it was interrupted"
"""Reasons why not all tests ran."""
LETTERS = {PASSED: ".", FAILED: "F", ERROR: "E", SKIPPED: "s", XFAILED: "x", XPASSED: "X"}


class Outcome(NamedTuple):
    """The outcome of one test.

    Attributes:
        result: One of the constants of this module.
        seconds: The time of its setup, call and teardown.
        error: The first line of its error, or the reason of its skip; empty if it passed.
        place: The file and line of its error; empty without one.
        text: The whole error, as pytest shows it.
    """

    result: str
    seconds: float
    error: str = ""
    place: str = ""
    text: str = ""


class Recorder:
    """A plugin that passes on the outcomes of the tests of a session; under xdist, on its controller.

    Args:
        config: The config of pytest.
        keep: Is called with "test" when a test has ended, and with "broken" for a file that cannot be
            collected, each with its id and its outcome.
    """

    def __init__(self, config: pytest.Config, keep: Callable[[str, str, Outcome], None]) -> None:
        self._root = config.rootpath
        self._keep = keep
        self._running: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of a test."""
        if report.outcome not in (PASSED, FAILED, SKIPPED):  # a plugin repeats the test
            self._running.pop(report.nodeid, None)
            return
        earlier = self._running.get(report.nodeid, Outcome(PASSED, 0.0))
        if report.when == "setup":
            earlier = Outcome(PASSED, 0.0)
        result = _result_of(report)
        is_subtest = hasattr(report, "context")  # the time of its test has its time
        seconds = earlier.seconds + (0.0 if is_subtest else report.duration)
        if result == PASSED or earlier.result in FAILURES:
            outcome = earlier._replace(seconds=seconds)
        else:
            outcome = Outcome(result, seconds, *_error_of(report, str(self._root)))
        self._running[report.nodeid] = outcome
        if report.when not in ("setup", "call"):
            self._keep("test", report.nodeid, self._running.pop(report.nodeid))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add a file that cannot be collected."""
        if report.failed:
            outcome = Outcome(ERROR, 0.0, *_error_of(report, str(self._root)))
            self._keep("broken", report.nodeid, outcome)


def _result_of(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return XFAILED if report.skipped else XPASSED
    if report.failed:
        return FAILED if report.when == "call" else ERROR
    return str(report.outcome)


def _error_of(report: pytest.TestReport | pytest.CollectReport, root: str) -> tuple[str, str, str]:
    """Return the first line of the error of a report, its place, and the whole error."""
    longrepr: Any = report.longrepr
    if isinstance(longrepr, tuple):  # of a skip
        return str(longrepr[2]), "", ""
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        return _first_line(crash.message), _place(crash.path, crash.lineno, root), report.longreprtext
    # of a collection: the lines with an E are the error, and the text of a hook has none
    lines = [line for line in report.longreprtext.splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E ")]
    return _first_line((errors[-1:] or lines[:1] or [""])[0]), "", report.longreprtext


def _first_line(text: str) -> str:
    """Return the first line of an error, without the module of its class."""
    line = (text.strip().splitlines() or [""])[0].strip()
    return re.sub(r"^(?:\w+\.)+(?=\w+(?::|$))", "", line)


def _place(path: str, line: int, root: str) -> str:
    """Return a file and line of the project; empty for a file outside of it, such as one of pytest."""
    try:
        relative = relpath(path, root)
    except ValueError:  # on another drive
        return ""
    return "" if relative.startswith("..") else f"{relative}:{line}"
