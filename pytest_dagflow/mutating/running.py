"""The run of some tests inside a session, without output, for a process that only returns their outcomes."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import pytest

from pytest_dagflow.selecting.runs_of_tests import runs_of


@dataclass
class TestOutcome:
    """The outcome of one test, from the reports of its phases.

    Attributes:
        is_failed: Whether a phase failed.
        is_passed: Whether the test itself passed.
        seconds: The time of all phases.
        message: The error of the first failed phase, in one line.
        nodes: The name and the job of each node that ran.
    """

    __test__ = False

    is_failed: bool = False
    is_passed: bool = False
    seconds: float = 0.0
    message: str = ""
    nodes: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the fields as plain data, for another process."""
        return asdict(self)


class _Reports:
    """A plugin that keeps the reports of the tests, and the time of the fixtures that several tests share."""

    def __init__(self) -> None:
        self.outcomes: dict[str, TestOutcome] = {}
        self.fixtures: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Measure a fixture of a wider scope. Each mutant sets it up again."""
        start = perf_counter()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                name, seconds = fixturedef.argname, perf_counter() - start
                self.fixtures[name] = max(seconds, self.fixtures.get(name, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the report of a phase. The first of several attempts at a test does not count."""
        if report.outcome not in ("passed", "failed", "skipped"):  # a plugin repeats the test
            return
        outcome = self.outcomes.setdefault(report.nodeid, TestOutcome())
        outcome.seconds += report.duration
        outcome.is_passed = outcome.is_passed or (report.when == "call" and report.passed)
        if report.failed and not outcome.is_failed:
            outcome.is_failed = True
            crash = getattr(report.longrepr, "reprcrash", None)
            lines = (str(getattr(crash, "message", "") or report.longreprtext)).strip().splitlines()
            outcome.message = lines[0] if lines else ""


def run_tests(session: pytest.Session, items: Iterable[pytest.Item], *, stops: bool) -> dict[str, Any]:
    """Run tests, with the hooks and fixtures of the session, and return their outcomes as plain data.

    The result also has the times of shared fixtures and the modules that the tests imported.

    Args:
        session: The session that collected the tests.
        items: The tests.
        stops: Whether to stop behind the first failure.
    """
    config, tests, loaded = session.config, list(items), set(sys.modules)
    reports = _Reports()
    config.pluginmanager.register(reports, "dagflow-mutant-reports")
    config.option.tbstyle = "native"  # the form of a traceback that is made fastest
    try:
        for item, following in zip(tests, [*tests[1:], None], strict=True):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if stops and any(outcome.is_failed for outcome in reports.outcomes.values()):
                break
    finally:
        # the fixtures of wider scopes, if the last test was not reached
        runner: Any = config.pluginmanager.get_plugin("runner")
        runner.pytest_sessionfinish(session)
        config.pluginmanager.unregister(reports)
    for test_id, run in runs_of(config).items():
        if test_id in reports.outcomes:
            reports.outcomes[test_id].nodes = list(run.nodes)
    tests_found = {test_id: outcome.as_json() for test_id, outcome in reports.outcomes.items()}
    modules = sorted(name for name in sys.modules.keys() - loaded if _is_harmless(name))
    return {"tests": tests_found, "fixtures": reports.fixtures, "modules": modules}


def _is_harmless(module: str) -> bool:
    """Return whether the import of a module changes nothing else: one of dagflow or of Python."""
    root = module.partition(".")[0]
    return root in ("dagflow", "pytest_dagflow") or root in sys.stdlib_module_names


def run_child(config: pytest.Config, work: Callable[[], Any], writing: int) -> None:
    """Run a function in a forked child, and end the child without the exit functions of its parent.

    Args:
        config: The config of the session.
        work: The function. Its result is plain JSON.
        writing: The pipe to the parent.
    """
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _silence(config)
        message = {"result": work(), "error": ""}
    except BaseException:
        message = {"result": None, "error": traceback.format_exc()}
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(message, pipe)
    finally:
        os._exit(0)


def _silence(config: pytest.Config) -> None:
    """Send all output to the null device, and give the capture of pytest files of its own."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None:
        capture.stop_global_capturing()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    if capture is not None:
        capture.start_global_capturing()
    debugger = config.pluginmanager.get_plugin("pdbinvoke")
    if debugger is not None:
        config.pluginmanager.unregister(debugger)
