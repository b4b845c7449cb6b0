"""The runs of the tests of this session, and the record of earlier sessions."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_dagflow.imports import when_loaded
from pytest_dagflow.options import RECORD_OPTION
from pytest_dagflow.selecting.record_file import Record, RecordError, read_record
from pytest_dagflow.session import cache_file, session_of

if TYPE_CHECKING:
    from dagflow import AssetCheckKey, AssetKey, ExecuteInProcessResult

_FILE_NAME = "record.jsonl"
_STEP_START = "STEP_START"
_STEP_FAILURE = "STEP_FAILURE"
_RUNS_KEY = pytest.StashKey[dict[str, "TestRun"]]()
_RECORD_KEY = pytest.StashKey["EarlierRecord"]()
_RUN_KEY = pytest.StashKey["TestRun"]()
"""The run of a test so far. Absent until the runtime is imported."""


@dataclass
class TestRun:
    """The run of a test in this session.

    Attributes:
        item: The test; None in the controller of xdist.
        nodes: The name and the job of each node that started.
        failed_nodes: The name and the job of each node that failed.
        ended: The time of its end; 0 if it has not ended, as after an interrupt.
        is_passed: Whether all its phases passed so far.
        is_failed: Whether one of its phases failed.
    """

    __test__ = False

    item: pytest.Item | None = None
    nodes: dict[tuple[str, str], None] = field(default_factory=dict)
    failed_nodes: dict[tuple[str, str], None] = field(default_factory=dict)
    ended: float = 0.0
    is_passed: bool = True
    is_failed: bool = False

    def add(self, result: ExecuteInProcessResult) -> None:
        """Add the nodes of a run of a pipeline."""
        self.nodes.update(started_nodes(result))
        if not result.success:
            self.failed_nodes.update(_nodes_with(result, _STEP_FAILURE))


def runs_of(config: pytest.Config) -> dict[str, TestRun]:
    """Return the runs of the tests of this session by test id."""
    return config.stash.setdefault(_RUNS_KEY, {})


@contextmanager
def recording_nodes(item: pytest.Item) -> Iterator[None]:
    """Record the nodes that run in a test, from the import of the runtime on. Benchmarks are not recorded."""
    runs = runs_of(item.config)
    if "benchmark" in getattr(item, "fixturenames", ()):
        yield
        runs.pop(item.nodeid, None)
        return
    run = runs[item.nodeid] = TestRun(item)
    with ExitStack() as stack:

        def observe() -> None:
            from dagflow.testing import observe_runs

            item.stash[_RUN_KEY] = run
            stack.enter_context(observe_runs(run.add))

        with when_loaded(observe):
            yield
    if _RUN_KEY in item.stash:
        del item.stash[_RUN_KEY]


def add_nodes(item: pytest.Item, nodes: dict[tuple[str, str], None]) -> None:
    """Add the nodes of fixtures, which may have run before the test, to the run of the test."""
    if _RUN_KEY in item.stash:
        item.stash[_RUN_KEY].nodes.update(nodes)


class Reports:
    """A plugin that receives the reports of the tests; on the controller of xdist those of all workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._runs = runs_of(config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record how a phase of a test ended. The first of several attempts at a test does not count."""
        if report.outcome not in ("passed", "failed", "skipped"):  # a plugin repeats the test
            return
        run = self._runs.get(report.nodeid)
        if run is None:
            run = self._runs[report.nodeid] = TestRun()
        is_expected = report.passed or hasattr(report, "wasxfail")
        run.is_passed = run.is_passed and is_expected
        run.is_failed = run.is_failed or report.failed
        if report.when not in ("setup", "call"):
            run.ended = time.time()


def started_nodes(result: ExecuteInProcessResult) -> dict[tuple[str, str], None]:
    """Return the name and the job of each node that started in a run, without mapping keys.

    A step of assets or checks counts as those that the run selected: `shop/cup`, `beans:fresh`.
    """
    return _nodes_with(result, _STEP_START)


def _nodes_with(result: ExecuteInProcessResult, event_type: str) -> dict[tuple[str, str], None]:
    from dagflow.testing import step_assets

    job, events = result.dagflow_run.job_name, result.all_events
    assets = {assets.step_key.partition("[")[0]: assets.selected for assets in step_assets(events)}
    started = {
        event.step_key.partition("[")[0]: None
        for event in events
        if event.event_type_value == event_type and event.step_key is not None
    }
    return {(name, job): None for node in started for name in _names_in_step(node, assets.get(node, ()))}


def _names_in_step(node: str, keys: Iterable[AssetKey | AssetCheckKey]) -> list[str]:
    is_inside_graph = "." in node  # an op inside the graph of an asset is a node itself
    names = sorted(key.to_user_string() for key in keys)
    return [node, *names] if is_inside_graph or not names else names


@dataclass
class EarlierRecord:
    """The record of earlier sessions.

    Attributes:
        path: The file of the record; None if there is no place for it.
        record: The record, with those of `--dag-record-from`.
        absence: The reason why there is no record; empty if there is one.
        ignored: The reasons why files are ignored.
    """

    path: Path | None
    record: Record = field(default_factory=Record)
    absence: str = ""
    ignored: list[str] = field(default_factory=list)


def record_of(config: pytest.Config) -> EarlierRecord:
    """Return the record of earlier sessions. The first call reads it."""
    if _RECORD_KEY not in config.stash:
        config.stash[_RECORD_KEY] = read_again(config)
    return config.stash[_RECORD_KEY]


def read_whole_record(config: pytest.Config) -> EarlierRecord:
    """Return the record of earlier sessions, with all of its lines read. A broken line makes it useless."""
    found = record_of(config)
    found.record.read_all()
    if found.record.broken and not found.absence:
        found.ignored += reasons_of(found.record)
        found.absence = found.ignored[0]
    return found


def read_again(config: pytest.Config) -> EarlierRecord:
    """Read the record, which another session may have written since the start of this session."""
    options = session_of(config).options
    path = options.record or cache_file(config, _FILE_NAME)
    found = EarlierRecord(path)
    for file in [*([path] if path else []), *options.record_from]:
        _merge_file(found, file, is_named=file == options.record)
    if not found.record.time:
        found.absence = found.ignored[0] if found.ignored else _absence(path)
    return found


def reasons_of(record: Record) -> list[str]:
    """Return the reasons why lines of a record are ignored."""
    return [f"of '{file}' is ignored: its line is broken" for file in record.broken]


def _merge_file(found: EarlierRecord, file: Path, *, is_named: bool) -> None:
    """Add the record of a file, or the reason why it is ignored."""
    try:
        found.record.merge(read_record(file))
    except RecordError as error:
        reason = f"'{file}' is ignored: {error}"
        if error.is_foreign and is_named:
            found.path = None
            reason += f". It is not replaced: name another file with {RECORD_OPTION}"
        found.ignored.append(reason)


def _absence(path: Path | None) -> str:
    if path is None:
        return f"pytest's cache is off or has no folder; {RECORD_OPTION}=PATH keeps the record in a file"
    return "no session has written one yet"


def deleted_tests(config: pytest.Config, record: Record, collected: set[str]) -> set[str]:
    """Return the tests of a record that no longer exist in the collected files."""
    if any("::" in argument for argument in config.args) or config.getoption("lf", False):
        return set()  # only a part of a file was collected
    files = {test_id.partition("::")[0] for test_id in collected}
    return {test_id for file in files for test_id in record.tests_in(file)} - collected


def is_runtime_loaded() -> bool:
    """Return whether the session has imported the runtime. Without it there is nothing to record."""
    return "dagflow" in sys.modules
