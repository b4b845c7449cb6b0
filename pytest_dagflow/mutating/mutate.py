"""The hooks of a session of `--dag-mutate`: each mutant runs the tests of its node in a process of its own.

`plugin.py` registers this module as a plugin in sessions with the option. The mutations themselves are those
of `dagflow.testing`. No test and no fixture runs in this process, so that a fork begins without their state.
"""

from __future__ import annotations

import gc
import importlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from pytest_dagflow.mutating.exports import write_report
from pytest_dagflow.mutating.processes import Ended, ending_at_sigterm, run_forked, run_new, why_not_fork
from pytest_dagflow.mutating.running import run_tests
from pytest_dagflow.mutating.settings import settings_of
from pytest_dagflow.mutating.terminal import PROGRESS, print_results
from pytest_dagflow.mutating.tied import Mutants
from pytest_dagflow.mutating.verdicts import KILLED, SURVIVED, TIMED_OUT, UNTESTED, Results, Verdict
from pytest_dagflow.options import MUTATE_FAIL_UNDER, MUTATE_OPTION, MUTATE_TIMEOUT

if TYPE_CHECKING:
    from dagflow.testing import Mutation

_FACTOR, _MORE_SECONDS = 3, 5.0
"""The default time limit of a mutant: this many times the time without a mutation, and these seconds."""
_QUICK = 0.1
"""The seconds of the tests that run first, because they find most mutants at once."""
_RESULTS = pytest.StashKey[Results]()
_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and give the temporary folders of all processes one parent, which is removed.

    Raises:
        pytest.UsageError: An option is invalid.
    """
    settings_of(config)
    folder = config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="dag-mutate-"))
    # each process empties this folder when a test first uses it
    config.option.basetemp = str(folder / "tests")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary folders."""
    folder = config.stash.get(_FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the expressions."""
    return [f"dag-mutate: {', '.join(settings_of(config).expressions) or 'all nodes'}"]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the mutants instead of the tests.

    Raises:
        pytest.UsageError: An expression selects nothing, or the tests cannot run without a mutation.
    """
    config = session.config
    if config.option.collectonly or (session.testsfailed and not config.option.continue_on_collection_errors):
        return None  # pytest lists the tests, or ends the session with the errors
    with ending_at_sigterm():
        _Runner(session).run()
    results = config.stash[_RESULTS]
    settings = settings_of(config)
    results.failures += filter(None, (write_report(report, results, config) for report in settings.reports))
    least = settings.fail_under
    if least is not None and results.percent < least:
        results.failures.append(f"{MUTATE_FAIL_UNDER}={least:g}, but {results.percent:.1f} % were killed")
    session.testsfailed += len(results.failing) + len(results.failures)
    return True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the verdicts, also those before an interrupt."""
    results = config.stash.get(_RESULTS, None)
    if results is not None:
        print_results(terminalreporter, results, config)


def _notes(config: pytest.Config) -> list[str]:
    """Return a sentence about a plugin that measures the tests of its own process."""
    if getattr(config.option, "cov_source", None) and not getattr(config.option, "no_cov", False):
        return ["pytest-cov measures nothing but the collection: the tests run in processes of their own"]
    return []


class _Runner:
    """The run of all mutants of a session."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session
        self.config = session.config
        self.mutants = Mutants(self.config, session.items)
        notes = [*_notes(self.config), *self.mutants.notes]
        self.results = self.config.stash[_RESULTS] = Results(notes=notes, why_new=why_not_fork())
        self.reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.fixtures: dict[str, float] = {}
        self.seconds = 0.0

    def run(self) -> None:
        """Run the tests without a mutation, and then each mutant."""
        results, mutations = self.results, self.mutants.mutations
        results.total, results.nodes = len(mutations), len({one.name for one in mutations})
        if not mutations:
            return
        start = perf_counter()
        try:
            usable = self._run_unmutated()
            gc.freeze()  # a fork then shares the memory of the collected objects
            for mutation in mutations:
                verdict = self._verdict(mutation, self.mutants.tests_of(mutation, usable))
                results.verdicts.append(verdict)
                self._show(PROGRESS[verdict.status])
        finally:
            gc.unfreeze()
            results.seconds = perf_counter() - start
            self._show("\n")

    def _show(self, text: str) -> None:
        if self.reporter is not None and self.config.get_verbosity() >= 0:
            self.reporter.write(text)

    def _run_unmutated(self) -> list[pytest.Item]:
        """Run the tests that are tied to a mutant, and return those that pass."""
        items = self.mutants.candidates()
        if not items:
            return []
        self._show("\n")
        start = perf_counter()
        ended = self._run_process(items, None, None, stops=False)
        self.seconds = perf_counter() - start
        if ended.error:
            raise pytest.UsageError(
                f"{MUTATE_OPTION}: the tests could not run without a mutation: {ended.error}"
            )
        self.outcomes, self.fixtures = ended.result["tests"], ended.result["fixtures"]
        self.mutants.add_nodes({test_id: one["nodes"] for test_id, one in self.outcomes.items()})
        for test_id, one in self.outcomes.items():
            if one["is_failed"]:
                self.results.failing[test_id] = one["message"]
        usable = [item for item in items if self.outcomes.get(item.nodeid, {}).get("is_passed")]
        usable = [item for item in usable if item.nodeid not in self.results.failing]
        # quick tests first; within both groups the order of the session, which fixtures may depend on
        return sorted(usable, key=lambda item: self._seconds_of([item]) > _QUICK)

    def _seconds_of(self, items: Sequence[pytest.Item]) -> float:
        """Return the time of tests alone, with the shared fixtures that another test may have set up."""
        names = {name for item in items for name in getattr(item, "fixturenames", ())}
        shared = sum(self.fixtures.get(name, 0.0) for name in names)
        own: float = sum(self.outcomes[item.nodeid]["seconds"] for item in items)
        return shared + own

    def _verdict(self, mutation: Mutation, items: Sequence[pytest.Item]) -> Verdict:
        if not items:
            return Verdict(mutation, UNTESTED)
        limit = settings_of(self.config).timeout
        if limit is None:
            alone = self.seconds if self.results.why_new else self._seconds_of(items)
            limit = _MORE_SECONDS + _FACTOR * alone
        start = perf_counter()
        ended = self._run_process(items, mutation, limit, stops=True)
        seconds = perf_counter() - start
        tests = tuple(item.nodeid for item in items)
        if not ended.is_started:  # the mutation is not the reason
            problem = (
                f"it had {limit:.3g} s. Write {MUTATE_TIMEOUT}=30" if ended.is_timed_out else ended.error
            )
            raise pytest.UsageError(f"{MUTATE_OPTION}: a new pytest could not collect the tests: {problem}")
        if ended.is_timed_out:
            return Verdict(mutation, TIMED_OUT, tests, detail=f"after {limit:.1f} s", seconds=seconds)
        if ended.error:
            return Verdict(mutation, KILLED, tests, detail=ended.error, seconds=seconds)
        failed = [(test_id, one) for test_id, one in ended.result["tests"].items() if one["is_failed"]]
        if not failed:
            return Verdict(mutation, SURVIVED, tests, seconds=seconds)
        test_id, outcome = failed[0]
        return Verdict(mutation, KILLED, tuple(ended.result["tests"]), test_id, outcome["message"], seconds)

    def _run_process(
        self,
        items: Sequence[pytest.Item],
        mutation: Mutation | None,
        seconds: float | None,
        *,
        stops: bool,
    ) -> Ended:
        """Run tests with a mutation in a process of its own, and return their outcomes."""
        if not self.results.why_new and (reason := why_not_fork()):
            self.results.why_new = reason  # a thread began after the last fork
        if not self.results.why_new:
            ended = run_forked(self.config, self._work(items, mutation, stops=stops), seconds)
            for module in ended.result["modules"] if ended.result else ():
                with suppress(ImportError):  # so that the next fork has it
                    importlib.import_module(module)
            return ended
        task = {
            "tests": [item.nodeid for item in items],
            "mutation": None if mutation is None else mutation._asdict(),
            "stops": stops,
        }
        folder = self.config.stash[_FOLDER]
        return run_new(self.config, [f"--basetemp={folder / 'tests'}"], folder, task, seconds)

    def _work(
        self, items: Sequence[pytest.Item], mutation: Mutation | None, *, stops: bool
    ) -> Callable[[], dict[str, Any]]:
        from dagflow.testing import mutated

        graph = self.mutants.linked.project.graph

        def work() -> dict[str, Any]:
            with nullcontext() if mutation is None else mutated(mutation, graph):
                return run_tests(self.session, items, stops=stops)

        return work
