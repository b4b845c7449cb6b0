"""The hooks of a session with `--dag-html`.

`plugin.py` registers this module as a plugin of its own in sessions with the option, so that other sessions
neither load it nor call it.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_dagflow.coverage.session import report_paths
from pytest_dagflow.options import COV, HTML
from pytest_dagflow.pages.templates import check_templates
from pytest_dagflow.paths import report_path, shown_path
from pytest_dagflow.report_files import write_file
from pytest_dagflow.session import session_of, worker_input_of
from pytest_dagflow.timelines.collected import CollectedTests
from pytest_dagflow.timelines.recorder import Phase, Recorder

_PHASE = "dag_phase"
"""The attribute of a report with the runs of its phase, which xdist sends with it."""
_RECORDER = pytest.StashKey[Recorder]()
_PAGE = pytest.StashKey["SessionPage"]()


class SessionPage:
    """The page of a session, and a plugin that receives the reports of its tests, also from workers of xdist.

    Attributes:
        tests: The tests so far.
        problem: The reason why the page could not be written; empty if there is none.
    """

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self.tests = CollectedTests(config.invocation_params.dir)
        self.problem = ""
        self._config = config
        self._path = path
        self._started = time.time()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the report of a phase, with the category that other plugins give to it."""
        status = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        category = status[0] if status else report.outcome  # None under -p no:terminal
        self.tests.add(report, category, Phase(*getattr(report, _PHASE, ())))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Add a file that could not be collected."""
        if report.failed:
            self.tests.add_error(report)

    def write(self, session: pytest.Session) -> None:
        """Write the page at the end of the session."""
        from pytest_dagflow.timelines.page import against_part, coverage_part, render

        text = render(
            self.tests,
            coverage_part(self._config),
            against_part(self._config),
            started=self._started,
            is_interrupted=_is_interrupted(session),
        )
        try:
            write_file(self._path, text)
        except OSError as error:
            self.problem = f"the page cannot be written: {error}"

    def line(self) -> str:
        """Return the line of the terminal about the page."""
        folder = self._config.invocation_params.dir
        return (
            f"dag-html failed: {self.problem}"
            if self.problem
            else f"html page: {shown_path(self._path, folder)}"
        )


def _is_interrupted(session: pytest.Session) -> bool:
    """Return whether Ctrl-C, an option such as `-x`, or a plugin ended the session before all tests ran."""
    return session.exitstatus == pytest.ExitCode.INTERRUPTED or bool(session.shouldstop or session.shouldfail)


def pytest_configure(config: pytest.Config) -> None:
    """Check the option, so that an invalid one ends the session at once.

    Raises:
        pytest.UsageError: The page cannot be written, or is the file of another report.
    """
    if worker_input_of(config):
        return  # the controller writes the page
    check_templates(HTML)
    path = report_path(session_of(config).options.html or "", config.invocation_params.dir, f"{HTML}=")
    if session_of(config).options.coverage and path in report_paths(config):
        raise pytest.UsageError(
            f"{HTML}: '{path}' is also the file of a report of {COV}. Write {HTML}=OTHER, whose page has the "
            "coverage too"
        )
    page = config.stash[_PAGE] = SessionPage(config, path)
    config.pluginmanager.register(page, "dagflow-page")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep the runs of a test."""
    recorder = item.stash[_RECORDER] = Recorder(item.config)
    try:
        with recorder.observing():
            return (yield)
    except BaseException:  # after Ctrl-C, or an end of the session by the test, there is no report
        if _PAGE in item.config.stash:
            item.config.stash[_PAGE].tests.interrupt(item.nodeid, recorder.take(item))
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the runs of a phase to its report, which xdist sends to its controller."""
    report = yield
    if _RECORDER in item.stash:
        setattr(report, _PHASE, list(item.stash[_RECORDER].take(item)))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Write the page after all workers ended, and fail the session if that is not possible."""
    yield
    if _PAGE not in session.config.stash:
        return
    page = session.config.stash[_PAGE]
    page.write(session)
    is_ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if page.problem and is_ended:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the path of the page, or the reason why there is none."""
    if _PAGE in config.stash:
        page = config.stash[_PAGE]
        terminalreporter.write_line(page.line(), red=bool(page.problem))
