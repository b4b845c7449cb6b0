"""The tests of a session for its page: the outcome, the message and the runs of each.

The number of tests and runs that are kept has a limit, so that neither the memory nor the page of a large
session grows without end. The others are counted, and failures have a limit of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_dagflow.paths import shown_path
from pytest_dagflow.timelines.recorder import Phase

MAX_TESTS = MAX_RUNS = 1000
"""The number of tests, and of runs, that are kept of failed tests, and as many of the others."""
_MAX_MESSAGE, _MAX_LINES = 2000, 20
BAD = ("error", "failed", "interrupted", "xpassed")
OUTCOMES = ("interrupted", "error", "failed", "xpassed", "rerun", "xfailed", "skipped", "passed")
"""The outcomes of tests. If the phases of a test have several, the first one of this order counts."""


@dataclass
class PageTest:
    """A test on the page.

    Attributes:
        nodeid: The id of the test.
        outcome: One of OUTCOMES; empty until a phase decides it.
        seconds: The time of all its phases.
        message: The message of its failure, or the reason why it was skipped.
        runs: Its runs as JSON.
        count: The number of its runs, with those that are not kept.
        shared: The ids of runs in fixtures that it uses, which another test may have.
    """

    nodeid: str
    outcome: str = ""
    seconds: float = 0.0
    message: str = ""
    runs: list[str] = field(default_factory=list)
    count: int = 0
    shared: set[str] = field(default_factory=set)

    @property
    def is_bad(self) -> bool:
        """True if it failed, or was interrupted."""
        return self.outcome in BAD

    def add(self, phase: Phase) -> None:
        """Add the runs of a phase."""
        self.runs += phase.runs
        self.count += phase.total
        self.shared.update(phase.shared)


class CollectedTests:
    """The tests of a session so far.

    Attributes:
        counts: The number of tests by outcome, with those that are not kept.
        runs: The number of runs, with those that are not kept.

    Args:
        folder: The folder in which pytest was started.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.runs = 0
        self.counts: dict[str, int] = {}
        self._tests: dict[str, PageTest] = {}
        self._open: dict[str, PageTest] = {}
        self._kept = {True: 0, False: 0}
        self._kept_runs = {True: 0, False: 0}

    def add(self, report: pytest.TestReport, category: str, phase: Phase) -> None:
        """Add the report of a phase of a test.

        Args:
            report: The report.
            category: The category of its outcome, as `pytest_report_teststatus` returns it.
            phase: The runs of the phase.
        """
        test = self._open.setdefault(report.nodeid, PageTest(report.nodeid))
        test.seconds += report.duration
        test.add(phase)
        outcome = category if category in OUTCOMES else "failed" if report.failed else ""
        if outcome and (not test.outcome or OUTCOMES.index(outcome) < OUTCOMES.index(test.outcome)):
            test.outcome = outcome
            test.message = self._message(report, phase.is_redacted)
        if report.when == "teardown" or report.when not in ("setup", "call"):
            self.close(report.nodeid)

    def interrupt(self, nodeid: str, phase: Phase) -> None:
        """End a test that has no further report."""
        test = self._open.setdefault(nodeid, PageTest(nodeid))
        test.outcome = "interrupted"
        test.add(phase)
        self.close(nodeid)

    def add_error(self, report: pytest.CollectReport) -> None:
        """Add a file that could not be collected."""
        self._open[report.nodeid] = PageTest(report.nodeid, "error", message=self._message(report, False))
        self.close(report.nodeid)

    def close(self, nodeid: str) -> None:
        """Keep a finished test, or count it if too many are kept."""
        test = self._open.pop(nodeid)
        test.outcome = test.outcome or "passed"
        earlier = self._tests.pop(nodeid, None)  # a plugin repeats the test
        if earlier is not None:
            self._kept[earlier.is_bad] -= 1
            self._kept_runs[earlier.is_bad] -= len(earlier.runs)
            self.counts[earlier.outcome] -= 1
            test.runs = earlier.runs + test.runs
            test.count += earlier.count
            self.runs -= earlier.count
        self.counts[test.outcome] = self.counts.get(test.outcome, 0) + 1
        self.runs += test.count
        if self._kept[test.is_bad] >= MAX_TESTS:
            return
        room = MAX_RUNS - self._kept_runs[test.is_bad]
        test.runs = test.runs[max(len(test.runs) - room, 0) :]
        self._kept[test.is_bad] += 1
        self._kept_runs[test.is_bad] += len(test.runs)
        self._tests[nodeid] = test

    def tests(self) -> list[PageTest]:
        """Return the kept tests, in the order of their ends. Those without an end were interrupted."""
        for nodeid in list(self._open):
            self._open[nodeid].outcome = "interrupted"
            self.close(nodeid)
        return list(self._tests.values())

    def _message(self, report: pytest.TestReport | pytest.CollectReport, is_redacted: bool) -> str:
        """Return the message of a failure or skip, and its place.

        If events are redacted, a message of a test may have what must not be shown.
        """
        if report.passed:
            return getattr(report, "wasxfail", "")
        longrepr = report.longrepr
        if isinstance(longrepr, tuple):  # of a skip: file, line, reason
            return longrepr[2].removeprefix("Skipped: ")
        if is_redacted:
            return "The message is not shown, because the hook pytest_dagflow_redact cannot change it."
        crash = getattr(longrepr, "reprcrash", None)
        if crash is None:
            return _cut(str(longrepr or ""))
        reason = getattr(report, "wasxfail", "")
        text = f"{reason}\n{crash.message}" if reason else crash.message
        return f"{_cut(text)}\n{shown_path(Path(crash.path), self._folder)}:{crash.lineno}"


def _cut(text: str) -> str:
    lines = text.strip().splitlines()
    kept = lines[:_MAX_LINES]
    if len(lines) > len(kept):
        kept.append(f"... and {len(lines) - len(kept)} more lines")
    cut = "\n".join(kept)
    return cut if len(cut) <= _MAX_MESSAGE else f"{cut[: _MAX_MESSAGE - 3]}..."
