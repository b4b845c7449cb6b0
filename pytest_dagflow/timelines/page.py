"""The text of the page of a session."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_dagflow.against.formats.html_format import render_part as render_against
from pytest_dagflow.against.session import result_of as comparison_of
from pytest_dagflow.coverage.formats.html_format import render_part
from pytest_dagflow.coverage.session import result_of
from pytest_dagflow.pages.templates import render_template
from pytest_dagflow.report_files import Paths
from pytest_dagflow.reports.run_steps import format_time
from pytest_dagflow.session import session_of
from pytest_dagflow.timelines.collected import BAD, OUTCOMES, CollectedTests, PageTest

if TYPE_CHECKING:
    from pytest_dagflow.timelines.run_data import Timeline

MAX_OPEN = 20
"""The number of failed tests that are unfolded."""
_FEW = 10  # a session of so few tests is unfolded
_MAX_LINKS = 50


@dataclass(frozen=True)
class Entry:
    """A test on the page.

    Attributes:
        number: The number, which its link has.
        test: The test.
        name: Its name inside its file.
        time: The time of all its phases.
        runs: Its runs.
        is_open: Whether it is unfolded.
        others: The numbers and ids of the other tests that show runs of fixtures which it uses.
    """

    number: int
    test: PageTest
    name: str
    time: str
    runs: list[Timeline]
    is_open: bool
    others: dict[int, str] = field(default_factory=dict)


@dataclass
class Group:
    """The tests of a file.

    Attributes:
        name: The path of the file.
        entries: The tests.
        is_open: Whether it is unfolded.
    """

    name: str
    entries: list[Entry] = field(default_factory=list)
    is_open: bool = False

    @property
    def counts(self) -> list[tuple[str, int]]:
        """The number of tests by outcome."""
        found = [entry.test.outcome for entry in self.entries]
        return [(name, found.count(name)) for name in OUTCOMES if name in found]

    @property
    def is_bad(self) -> bool:
        """True if a test of it failed."""
        return any(entry.test.is_bad for entry in self.entries)


class CoveragePart(NamedTuple):
    """The part of the page about the coverage of the graph: the percentage, and the part as HTML."""

    percent: str
    html: str


def coverage_part(config: pytest.Config) -> CoveragePart | None:
    """Return the part about the coverage; None without `--dag-cov`, or if the graph is unknown.

    Args:
        config: The config of the session.
    """
    result = result_of(config) if session_of(config).options.coverage else None
    if result is None:
        return None
    paths = Paths(config.rootpath, config.invocation_params.dir)
    return CoveragePart(str(result.coverage.total.percent), render_part(result, paths))


class AgainstPart(NamedTuple):
    """The part of the page about two revisions: the revision, and the part as HTML."""

    reference: str
    html: str


def against_part(config: pytest.Config) -> AgainstPart | None:
    """Return the part about two revisions; None without `--dag-against`, or if the session ended before.

    Args:
        config: The config of the session.
    """
    result = comparison_of(config) if session_of(config).options.against is not None else None
    return None if result is None else AgainstPart(result.reference, render_against(result))


def render(
    collected: CollectedTests,
    coverage: CoveragePart | None,
    against: AgainstPart | None,
    *,
    started: float,
    is_interrupted: bool,
) -> str:
    """Return the page.

    Args:
        collected: The tests of the session.
        coverage: The part about the coverage, if it is measured.
        against: The part about two revisions, if they are compared.
        started: The time at which the session started.
        is_interrupted: Whether the session ended before all tests ran.
    """
    tests = collected.tests()
    groups = _groups(tests)
    entries = [entry for group in groups for entry in group.entries]
    _link_shared(entries)
    bad = [entry for entry in entries if entry.test.is_bad]
    return render_template(
        "timelines/page.html.jinja",
        counts=[(name, collected.counts[name]) for name in OUTCOMES if collected.counts.get(name)],
        total=sum(collected.counts.values()),
        left_out=sum(collected.counts.values()) - len(tests),
        runs=collected.runs,
        runs_left_out=collected.runs - sum(len(test.runs) for test in tests),
        date=time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started)),
        duration=format_time(time.time() - started),
        is_interrupted=is_interrupted,
        groups=groups,
        bad=bad[:_MAX_LINKS],
        more_bad=max(len(bad) - _MAX_LINKS, 0),
        bad_outcomes=BAD,
        coverage=coverage,
        against=against,
    )


def _groups(tests: list[PageTest]) -> list[Group]:
    """Return the tests by file. Failed tests are unfolded, and the tests of a small session."""
    groups: dict[str, Group] = {}
    opened = 0
    for number, test in enumerate(tests):
        file, _, name = test.nodeid.partition("::")
        group = groups.setdefault(file, Group(file))
        is_open = (test.is_bad or len(tests) <= _FEW) and opened < MAX_OPEN
        opened += is_open
        runs: list[Timeline] = list(map(json.loads, test.runs))
        group.entries.append(Entry(number, test, name or file, format_time(test.seconds), runs, is_open))
        group.is_open = group.is_open or is_open or len(tests) <= 3 * _FEW
    return list(groups.values())


def _link_shared(entries: list[Entry]) -> None:
    """Link each test to the tests that show the runs of its fixtures."""
    shown = {run["id"]: entry for entry in entries for run in entry.runs}
    for entry in entries:
        for run_id in entry.test.shared:
            other = shown.get(run_id, entry)
            if other is not entry:
                entry.others[other.number] = other.test.nodeid
