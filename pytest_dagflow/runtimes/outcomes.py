"""The outcomes of the tests of one session, and their form in the file of the second session.

The file has one JSON document in each line: the tests as they end, so that the first session can show its
progress, and that an interrupt loses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass
class Side:
    """The session on one runtime.

    Attributes:
        name: The runtime: "dagflow" or "dagster".
        version: Its version.
        import_seconds: The time of its import.
        session_seconds: The time from the start of its import to the end of the last test.
        tests: The outcome of each test that ended, by its id, in the order of their ends.
        broken: The error of each file and folder that could not be collected, by its id.
        stopped: The reason why not all tests ran; empty if all did.
        exit_code: The exit code of the second session; None while it runs, and for the first session.
        is_collected: Whether all files were collected, apart from those in `broken`.
    """

    name: str
    version: str = ""
    import_seconds: float = 0.0
    session_seconds: float = 0.0
    tests: dict[str, Outcome] = field(default_factory=dict)
    broken: dict[str, Outcome] = field(default_factory=dict)
    stopped: str = ""
    exit_code: int | None = None
    is_collected: bool = False

    @property
    def tests_seconds(self) -> float:
        """The sum of the times of all tests."""
        return sum(outcome.seconds for outcome in self.tests.values())

    def count(self, *results: str) -> int:
        """Return the number of tests with some results."""
        return sum(outcome.result in results for outcome in self.tests.values())

    def read(self, line: str) -> Outcome | None:
        """Add a line of the file of the second session; return the outcome of a test, if it has one."""
        message: dict[str, Any] = json.loads(line)
        kind = message.pop("kind")
        if kind in ("test", "broken"):
            test_id = message.pop("id")
            outcome = Outcome(**message)
            (self.tests if kind == "test" else self.broken)[test_id] = outcome
            return outcome if kind == "test" else None
        for name, value in message.items():
            setattr(self, name, value)
        return None


class Recorder:
    """A plugin that adds the outcomes of the tests to a session; under xdist, on its controller.

    Args:
        side: The session.
        config: The config of pytest.
        send: Sends a message; default: nothing is sent.
    """

    def __init__(
        self, side: Side, config: pytest.Config, send: Callable[[Mapping[str, Any]], None] | None = None
    ) -> None:
        self._side = side
        self._root = config.rootpath
        self._send = send
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
            self._side.tests[report.nodeid] = self._running.pop(report.nodeid)
            self._message("test", report.nodeid, outcome)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add a file that cannot be collected."""
        if report.failed:
            outcome = Outcome(ERROR, 0.0, *_error_of(report, str(self._root)))
            self._side.broken[report.nodeid] = outcome
            self._message("broken", report.nodeid, outcome)

    def _message(self, kind: str, test_id: str, outcome: Outcome) -> None:
        if self._send is not None:
            self._send({"kind": kind, "id": test_id, **outcome._asdict()})


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
