"""The two sides of a session: the tests on the revision, repeats on both, and the comparison of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_dagflow.against.checkout import Checkout
from pytest_dagflow.against.comparison import Comparison
from pytest_dagflow.against.declaring import Files
from pytest_dagflow.against.overlay import overlay_tests, restore
from pytest_dagflow.against.reading import read_side
from pytest_dagflow.against.recorder import VALUES
from pytest_dagflow.against.records import SideRecord, TestRun, Value
from pytest_dagflow.against.result import EXPECTED, UNEXPECTED, AgainstResult
from pytest_dagflow.against.rules import Declared
from pytest_dagflow.against.second import Ended, run_second
from pytest_dagflow.against.settings import NEVER, ON_ANY, Settings
from pytest_dagflow.against.stored import load_value
from pytest_dagflow.against.task import Task
from pytest_dagflow.against.worktree import copy_ignored, revision_folder
from pytest_dagflow.outcomes import FAILURES, SKIPPED
from pytest_dagflow.second_session import letters_of_second
from pytest_dagflow.selecting.git import RevisionError
from pytest_dagflow.selecting.revision import Revision, read_revision
from pytest_dagflow.sequence.matchers import count
from pytest_dagflow.session import session_of

NOW = "now"
"""The name of the side of the working tree in the folder of the records."""
_NO_TEST = ("no test ran", "hypothesis draws the inputs of the tests that ran")
_REVISION, _OF_REVISION, _AGAIN = "revision", "of-revision", "again"


class Revisions:
    """The comparison of the tests of a session, which have run, with those on its revision.

    Args:
        config: The config of the session.
        settings: The options.
        folder: The folder of the records.
        declared: What the session declares.
        files: The files of the project.
    """

    def __init__(
        self, config: pytest.Config, settings: Settings, folder: Path, declared: Declared, files: Files
    ) -> None:
        self._config = config
        self._settings = settings
        self._folder = folder
        self._declared = declared
        self._files = files
        self._now = read_side(folder, NOW)
        self._attempt = 0
        self._overlaid: list[str] = []

    def compare(self) -> AgainstResult:
        """Run the tests on the revision, and return the result, which has the reason if that fails."""
        result = AgainstResult(self._settings.reference)
        try:
            if self._declared.problem:
                raise RevisionError(self._declared.problem)
            revision = read_revision(
                str(self._config.rootpath), self._settings.reference, compares_repositories=False
            )
            result.commit = revision.commit
            if self._tests_to_run():
                with revision_folder(revision, self._config.rootpath) as checkout:
                    result = self._compare_with(revision, checkout)
            else:
                result.notes.append(f"{_NO_TEST[bool(self._now.draws)]}, so nothing was compared")
        except RevisionError as error:
            result.problem = str(error)
        result.failure = failure_of(result, self._settings.fails)
        return result

    def _tests_to_run(self) -> list[str]:
        """Return the tests that can be compared. Hypothesis would draw other inputs there."""
        ran = (test for test, run in self._now.tests.items() if run.outcome != SKIPPED)
        return [test for test in ran if test not in self._now.draws]

    def _compare_with(self, revision: Revision, checkout: Checkout) -> AgainstResult:
        notes = [*checkout.notes, *copy_ignored(checkout, self._files.read), *self._declared.notes]
        self._overlay(revision, checkout)
        base, of_revision = self._base(revision, checkout)
        comparison = Comparison(base, self._now, self._declared, self._load)
        for _ in range(self._settings.repeats):
            owners = set(comparison.differing_owners)
            if not owners:
                break
            again = self._repeat(_tests_of(base, owners), of_revision, revision, checkout)
            comparison.add_repeat(base, again)
            comparison.add_repeat(self._now, self._run_working_tree(_tests_of(self._now, owners)))
        result = comparison.result(self._settings.reference, revision.commit)
        result.of_revision = sorted(of_revision)
        result.notes = [*notes, *_notes_of(base, self._now)]
        if any(node.state == "moved" and not node.causes for node in result.nodes):
            of_tests = tuple(f"'{path}'" for path in self._overlaid)  # they are the same on both sides
            others = [one for one in self._declared.unassigned if not one.startswith(of_tests)]
            result.notes += [f"{one}. It may have moved nodes" for one in others]
        return result

    def _load(self, value: Value) -> object:
        return load_value(self._folder / VALUES, value)

    # the tests on the revision

    def _overlay(self, revision: Revision, checkout: Checkout) -> None:
        places = (node.place.rpartition(":")[0] or node.place for node in self._now.graph.values())
        tests = [test.partition("::")[0] for test in self._now.tests]
        self._overlaid = overlay_tests(
            checkout,
            revision,
            [*tests, *self._files.conftests],
            [*self._files.code, *(place for place in places if place)],
            self._config.inipath,
        )

    def _base(self, revision: Revision, checkout: Checkout) -> tuple[SideRecord, set[str]]:
        """Return what the revision recorded, and the tests that ran there as the revision has them.

        Raises:
            RevisionError: No test could run there.
        """
        tests = self._tests_to_run()
        base, ended = self._run(_REVISION, tests, checkout)
        of_revision: set[str] = set()
        again = [test for test in tests if _has_failed(base.tests.get(test))]
        if self._overlaid and again:
            restore(checkout, self._overlaid)
            own, ended_again = self._run(_OF_REVISION, again, checkout)
            ran = [{run.owner for run in side.runs} for side in (base, own)]
            of_revision = {
                test for test, run in own.tests.items() if not _has_failed(run) or test in ran[1] - ran[0]
            }
            base = _merged(base, own, of_revision)
            ended = ended if base.tests else ended_again
        if not base.tests:
            raise RevisionError(_why_nothing_ran(base, ended))
        return base, of_revision

    def _repeat(
        self, tests: list[str], of_revision: set[str], revision: Revision, checkout: Checkout
    ) -> SideRecord:
        """Run tests on the revision again, each as it ran before."""
        found = SideRecord()
        if self._overlaid:
            restore(checkout, self._overlaid)
        own = [test for test in tests if test in of_revision]
        if own:
            found.runs += self._run(f"{_OF_REVISION}-{_AGAIN}", own, checkout)[0].runs
        others = [test for test in tests if test not in of_revision]
        if others:
            self._overlay(revision, checkout)
            found.runs += self._run(f"{_REVISION}-{_AGAIN}", others, checkout)[0].runs
        return found

    def _run_working_tree(self, tests: list[str]) -> SideRecord:
        return self._run(f"{NOW}-{_AGAIN}", tests, None)[0]

    def _run(self, name: str, tests: list[str], checkout: Checkout | None) -> tuple[SideRecord, Ended]:
        """Run tests in a second session, and return its record. Without a worktree it is a repeat here."""
        self._attempt += 1
        side = f"{name}-{self._attempt}"
        config = self._config
        task = Task(
            folder=str(self._folder / side),
            tests=tests,
            now=session_of(config).now,
            root=str(config.rootpath if checkout is None else checkout.root),
            working_top=str(config.rootpath if checkout is None else checkout.working_top),
            checkout_top="" if checkout is None else str(checkout.top),
            attempt=self._attempt,
        )
        is_again = name.endswith(_AGAIN)
        tests_shown = "the tests with a difference again" if is_again else "the same tests"
        where = "the working tree" if checkout is None else self._settings.reference
        title = f"dag-against: {tests_shown} on {where}"
        with letters_of_second(config, title, is_first=self._attempt == 1) as show:
            ended = run_second(config, task, lambda test: show(test.outcome))
        found = read_side(self._folder, side)
        found.stopped = ended.stopped or found.stopped
        return found, ended


def failure_of(result: AgainstResult, fails: str) -> str:
    """Return the reason why a session fails; empty if it does not.

    Args:
        result: The result.
        fails: The value of `--dag-against-fail`.
    """
    if fails == NEVER:
        return ""
    if result.problem:
        return f"nothing was compared with '{result.reference}'"
    wanted = (UNEXPECTED, EXPECTED) if fails == ON_ANY else (UNEXPECTED,)
    number = sum(one.verdict in wanted for node in result.nodes for one in node.differences)
    if fails == ON_ANY:
        number += len(result.in_state("new", "gone")) + len(result.new_edges) + len(result.gone_edges)
    noun = "difference" if fails == ON_ANY else "unexpected difference"
    return count(number, noun) if number else ""


def _has_failed(run: TestRun | None) -> bool:
    return run is None or run.outcome in FAILURES


def _merged(base: SideRecord, own: SideRecord, tests: set[str]) -> SideRecord:
    """Return a record in which some tests are those of another one."""
    runs = [run for run in base.runs if run.owner not in tests]
    known = {run.owner for run in runs}.union(base.tests)
    runs += [run for run in own.runs if run.owner in tests or run.owner not in known]
    return SideRecord(
        tests={**base.tests, **{test: own.tests[test] for test in tests}},
        runs=runs,
        graph={**own.graph, **base.graph},
        graph_problem=base.graph_problem and own.graph_problem,
        broken={**base.broken, **own.broken},
        stopped=base.stopped or own.stopped,
        imported=sorted({*base.imported, *own.imported}),
        foreign=sorted({*base.foreign, *own.foreign}),
        missing=base.missing,
        draws=base.draws | own.draws,
    )


def _tests_of(side: SideRecord, owners: set[str]) -> list[str]:
    """Return the tests in which some tests and fixtures ran."""
    return list(dict.fromkeys(run.test for run in side.runs if run.owner in owners))


def _why_nothing_ran(base: SideRecord, ended: Ended) -> str:
    """Return the reason why no test ran on the revision."""
    if base.broken:
        file, error = next(iter(base.broken.items()))
        more = len(base.broken) - 1
        others = f" (and {count(more, 'more file')})" if more else ""
        return f"its tests cannot be collected: {file}: {error}{others}"
    if ended.stopped:
        lines = [line for line in ended.output.splitlines() if line.strip()]
        error_lines = [line for line in lines if line.startswith(("E  ", "ERROR"))] or lines[-1:]
        return f"the session on it ended early: {' '.join([ended.stopped, *error_lines[:1]])}"
    if base.missing:
        return "it has none of the tests"
    return f"no test ran on it: {base.stopped or 'the session ended without a test'}"


def _notes_of(base: SideRecord, now: SideRecord) -> list[str]:
    """Return what a reader must know about the sessions, a sentence each."""
    notes = []
    if base.foreign:
        notes.append(f"the revision imported files of the working tree: {', '.join(base.foreign[:5])}")
    elif not (base.imported or base.stopped) and now.runs:
        notes.append(
            "no file of the project was imported from the revision, so both sides ran the same code. Install "
            "the project with 'pip install -e .', or set 'pythonpath' in the ini file"
        )
    for side, name in ((base, "the revision"), (now, "the working tree")):
        if side.graph_problem:
            notes.append(f"the graph of {name} is unknown: {side.graph_problem}")
    if base.stopped:
        notes.append(f"not all tests ran on the revision: {base.stopped}")
    return notes
